// The types of what the demo's pages are told by the development server, and of what they meet on their page.

declare global {
  interface Window {
    // biome-ignore lint/suspicious/noExplicitAny: a snippet's array, or the real Segment: the page does not know
    analytics?: any;
    // biome-ignore lint/suspicious/noExplicitAny: amplitude-js, of which the demo touches what is private
    amplitude?: any;
  }

  /** A message of Segment, as it arrived: pages send what they like. */
  interface Message {
    type: string;
    event?: unknown;
    name?: unknown;
    messageId?: string;
    anonymousId?: string;
    timestamp?: string;
    originalTimestamp?: string;
    properties?: Record<string, unknown>;
    context?: { device?: { id?: string }; page?: { url?: string } };
    integrations?: Record<string, { session_id?: number } | boolean | undefined>;
  }

  /** A message, with when it came, and the replay id that the page had then. */
  interface Arrived {
    message: Message;
    received: number;
    replayId?: string | null | false;
  }

  /** What `pyscript-replay:session` tells, and when. */
  type Transition = import("../page/facade.d.ts").Transition & { time: number };

  /** What is said of a recorded session. */
  interface Summary {
    replay_id: string;
    device_id: string;
    session_id: number;
    started: number;
    length_ms: number;
    uploads: number;
    upload_bytes: number;
  }

  /** …with how much there is of what. */
  interface Counted extends Summary {
    pages: number;
    events: number;
  }

  /** A session as it is played. */
  interface Session extends Summary {
    recording: RecordedEvent[];
    /** The number of the tab that each event comes from; left out where there was one. */
    tabs?: number[];
    events: Arrived[];
    transitions: { at: number; previous: number | null }[];
  }

  /** An event of rrweb's, of somebody else's page: `playable` says whether its data has the form of its type. */
  interface RecordedEvent {
    type: number;
    timestamp: number;
    // biome-ignore lint/suspicious/noExplicitAny: its form is not known before it has been looked at
    data: any;
  }

  interface Tab {
    events: RecordedEvent[];
    pages: RecordedEvent[];
    opened: number;
    closed: number;
  }

  /** Something on the time line. */
  interface Moment {
    kind: string;
    name: string;
    offset: number;
    raw: unknown;
    tab?: Tab;
    shown?: HTMLElement[];
  }

  /** rrweb-player, as far as it is used. */
  class RrwebPlayer {
    constructor(how: { target: HTMLElement; props: Record<string, unknown> });
    // biome-ignore lint/suspicious/noExplicitAny: three of its methods are wrapped, whatever they take
    getReplayer(): Record<string, (event: RecordedEvent, ...more: any[]) => unknown>;
    // biome-ignore lint/suspicious/noExplicitAny: a time, or the name of a state
    addEventListener(event: string, listener: (event: { payload: any }) => void): void;
    goto(offset: number, play?: boolean): void;
    toggle(): void;
    pause(): void;
    setSpeed(speed: number): void;
    toggleSkipInactive(): void;
    triggerResize(): void;
    $set(props: Record<string, unknown>): void;
    $destroy(): void;
  }

  const rrwebPlayer: { Player: typeof RrwebPlayer };
}

export {};
