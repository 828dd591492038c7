// What a page may rely on, as types: `window.pyscriptReplay`, what stands there before the tag has run, and the events on
// `window`. The built folder has it as `replay.d.ts`, with the words of the Python tables in place of the next line.

import type { Level, Mode, Reason, Runtime, Status } from "./tables.js";

/** What is wrong, and how to mend it. */
export interface Problem {
  code: string;
  message: string;
  fix: string;
}

/** What `doctor()` has found. */
export interface Finding extends Problem {
  level: Level;
  /** How far it keeps a replay from being there, why it matters, and where more is said of it. */
  stage?: string;
  why?: string;
  docs?: string;
  /** What it rests on. */
  evidence?: unknown;
}

/** What a page is shown of the session. */
export interface Values {
  /** `running`: wired, and nothing is known to be wrong. */
  status: Status;
  /** `auto` until it is told from Segment; `null` before Python runs, as with what follows. */
  mode: Mode | null;
  runtime: Runtime | null;
  /** In milliseconds since 1970. */
  sessionId: number | null;
  deviceId: string | null;
  /** `<deviceId>/<sessionId>`. */
  replayId: string | null;
  /** Where that is watched, if an option says (`data-replay-url`, or `data-amplitude-org`). */
  replayUrl: string | null;
  /** Whether a full snapshot of the present session was taken. */
  recording: boolean;
}

/** Segment's analytics-next: an `AnalyticsBrowser`, the `Analytics` that is awaited from it, or a snippet's. */
export interface SegmentLike {
  addSourceMiddleware(...middleware: never[]): unknown;
  register(...plugins: never[]): unknown;
  track(...event: never[]): unknown;
  user(...given: never[]): unknown;
}

/** `window.pyscriptReplay`, once the tag has run. What its methods reject with has a `Problem`'s members. */
export interface Facade extends Readonly<Values> {
  /** Itself, once it is `running`, `stopped` or `failed`. */
  readonly ready: Promise<Facade>;
  /** Begin to record: with consent, again after `stop()`, or again after a failure. */
  start(): Promise<Facade>;
  /** End the recording, and stay stopped, over reloads, until `start()`. */
  stop(): Promise<void>;
  /** Upload what has been recorded so far. */
  flush(): Promise<void>;
  doctor(): Promise<Finding[]>;
  /** Track an event on the page's Segment, at once, and so in order with its own calls. */
  track(name: string, properties?: Record<string, unknown>): Promise<unknown>;
  /** Hand over a Segment that is no global. */
  use(analytics: SegmentLike): Promise<void>;
  /** Calls in the form that they have before the tag has run; none of them waits any more. */
  push(...calls: EarlyCall[]): number;
}

/** A call of before the tag has run: the method's name and its arguments, or a function that is given the facade. */
export type EarlyCall =
  | MethodCall<"start" | "stop" | "flush" | "doctor" | "track" | "use">
  | ((facade: Facade) => void);

type MethodCall<Name extends keyof Facade> = Name extends unknown
  ? [method: Name, ...args: Parameters<Extract<Facade[Name], (...args: never[]) => unknown>>]
  : never;

/** What a page puts there before the tag has run: an array of calls, which may have the methods, too. */
export type Stub = EarlyCall[] & Partial<Omit<Facade, "push">>;

/** The detail of `pyscript-replay:status`. */
export interface StatusChange {
  previous: Status;
  status: Status;
}

/** The detail of `pyscript-replay:session`. */
export interface Transition {
  previous: number | null;
  current: number;
  deviceId: string;
  reason: Reason;
}

declare global {
  // `var`, for nothing else declares a property of globalThis
  var pyscriptReplay: Facade | Stub | undefined;

  interface WindowEventMap {
    "pyscript-replay:status": CustomEvent<StatusChange>;
    "pyscript-replay:session": CustomEvent<Transition>;
    "pyscript-replay:error": CustomEvent<Problem>;
  }
}
