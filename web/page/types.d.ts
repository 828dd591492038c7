// The types of what crosses between the modules in web/page/, and of what they meet on a page: Segment, amplitude-js,
// session-replay-browser. Of those only what is used here, as it was seen to be in the versions of web/package.json.

import type * as shown from "./facade.d.ts";
import type { Effect, Happening } from "./tables.js";

declare global {
  /** Logical name: path below the bundle's root. Written by `pyscript-replay build`. */
  const __ASSETS__: Record<string, string>;
  /** Whether MicroPython comes in two halves. */
  const __SPLIT__: boolean;
  /** File name: the integrity of what is booted with it. */
  const __INTEGRITY__: Record<string, string>;
  /** Pyodide's memory, from Pyodide's folder; a file there that each start needs; how many times as large it is. */
  const __MEMORY__: { file: string; integrity: string; library: string; ratio: number };
  /** Where the replay SDK is, from where amplitude.js is. */
  const __SESSION_REPLAY__: string;

  interface Document {
    prerendering?: boolean;
  }

  // What we show and tell.

  type Problem = shown.Problem;
  type Finding = shown.Finding;
  type Values = shown.Values;
  type Facade = shown.Facade;
  type EarlyCall = shown.EarlyCall;

  type Effects = { [effect in Effect]?: () => unknown } & {
    flush?: () => unknown;
    doctor?: () => Promise<Finding[]>;
    use?: (given: Segment) => void;
  };

  /** What stands behind `window.pyscriptReplay`: see replay.js. */
  interface Page {
    facade: Facade;
    given: Segment | null;
    /** The attributes of the script tag, which Python reads (tag.py). */
    tag?: Attributes;
    /** Brings the part of Python that is not there at first: the doctor. */
    rest?(): Promise<void>;
    optedOut: boolean;
    readonly live: boolean;
    readonly off: boolean;
    happened(happening: Happening): unknown[];
    serve(more: Effects): void;
    open(consent: string | undefined): Promise<Facade>;
    report(news: Partial<Values>): void;
    session(detail: unknown): void;
    error(problem: Problem): void;
    failed(problem: Problem): void;
    lost(problem: Problem): void;
    refuse(problem: Problem): void;
    errors(): Problem[];
    makeEarlyCalls(): void;
  }

  /** What the loader hands to Python's half, by `adopt` of bridge.js. */
  interface Host {
    page: Page;
    segment?: Watch;
    asset: (name: string) => string;
    /** MicroPython: where the modules are that this tag needs besides. */
    more?: string[];
    /** Answers to what will be asked, by their address. */
    ahead?: Map<string, Promise<Response>>;
    /** How to load Segment, where it is to be brought. */
    bring?: Bring | null;
    /** Python is about to run: whether it is to. (Another may have come first.) */
    wanted?(): boolean;
    /** The name of Segment's global, where Python was given it. */
    name?: string;
    /** Whether this page is being wired already. */
    claimed?: boolean;
  }

  /** What a page does for itself that has no loader: see pyscript.js. */
  interface Opener {
    open(host: () => Host | null): Host;
    bring(host: Host, name: string, settings: Omit<Parameters<Load>[0], "sdk">): Bring | null;
    watch(name: string, given: Segment | null): Watch;
    watchObject(analytics: unknown): Watch;
  }

  /** What has become of the bundle's files: see assets.js. */
  interface Assets {
    /** How often they were asked for anew, and what is put behind an address for that. */
    tries: number;
    again: string;
    /** What the Content-Security-Policy has refused. */
    refused: { blockedURI: string; directive: string }[];
    /** The integrity of what is booted with a runtime, by the files' names. */
    sums: Record<string, string>;
    /** Why one of these files is not there: see diagnosis.js. */
    diagnosed?(urls: string[], error: unknown): Promise<Error>;
    /** A module of the bundle, in time, for the replay SDK. */
    module(url: string): Promise<unknown>;
  }

  /** The attributes of a script tag whose names begin with `data-`, without that. */
  type Attributes = Record<string, string>;

  /** The window, or what plays it in a test. */
  interface Scope {
    // biome-ignore lint/suspicious/noExplicitAny: the page's globals are whatever the page has put there
    [name: string]: any;
    document?: Document;
    location?: Location;
    localStorage: Storage;
    console: Pick<Console, "error">;
    CustomEvent: typeof CustomEvent;
    dispatchEvent(event: Event): boolean;
    addEventListener?(type: string, listener: (event: StorageEvent) => void): void;
  }

  interface Deferred<T> {
    promise: Promise<T>;
    resolve(value: T | PromiseLike<T>): void;
    reject(reason: unknown): void;
  }

  // Between Python and JavaScript: see bridge.js and bridge.py.

  /** What Python holds of a JavaScript value. */
  interface Box {
    // biome-ignore lint/suspicious/noExplicitAny: any value at all, of which Python asks what it likes
    it: any;
  }

  /** What kind a value is; primitives as text. */
  interface Answer {
    kind: string;
    text?: string;
    name?: string;
    box?: Box;
  }

  // What a mode is told of an event, and answers: modes/base.py has the tables, and says what each means.

  type Properties = Record<string, unknown>;

  interface EventFacts {
    type: string;
    name: string | null;
    category: string | null;
    user_id: string | null;
    group_id: string | null;
    traits: boolean;
    anonymous_id: string | null;
    device_id: string | null;
    allowed: boolean;
    session_id: number | string | null;
    ends: number | string | null;
  }

  interface AmplitudeIds {
    session_id: number | null;
    device_id: string | null;
  }

  interface AmplitudeFacts extends AmplitudeIds {
    last_event_time: number | null;
    session_timeout: number;
  }

  interface ReachFacts {
    disabled: boolean;
    enabled: boolean;
    opted_out: boolean;
    passing: boolean;
    consent: Record<string, boolean> | null;
  }

  interface Facts {
    now: number;
    visitor: string | null;
    before: string | null;
    stored?: number | string | null;
    access?: number | string | null;
    amplitude: AmplitudeFacts | null;
    plugin: boolean;
    reach: ReachFacts;
    event: EventFacts | null;
    properties: Properties | null;
    waited: boolean;
    cookie?: string;
  }

  interface Patch {
    session_id?: number | null;
    maker?: string;
    properties?: Properties;
    store?: number | null;
    touch?: boolean;
    clear?: boolean;
    amplitude?: { session_id?: number | null; device_id?: string | null };
    wait?: boolean;
    holds?: number;
  }

  /** A function of Python's: facts in, a patch out. Nothing, where it failed; the page was told then. */
  type Look = (facts: Facts) => Patch | null | undefined;

  interface Looks {
    event: Look;
    look: Look;
    reset: Look;
    cookie: Look;
  }

  /** What segment.py says of the mode. */
  interface Wiring {
    destination: string | null;
    destinations: string[];
    hook: "enrichment" | "middleware" | "deferred";
    /** The event that tells a session's end, where that is asked for. */
    ended: string | null;
    /** How the destination names the event of a page: modes/base.py. */
    page_event: { named: string; unnamed: string; category: boolean };
  }

  /** What watches a page's Segment: see segment.js. */
  interface Watch {
    /** Why its global cannot be read, if it cannot. */
    unreadable?(): string;
    readonly real: Promise<void>;
    expect(coming: Promise<unknown>): void;
    release(): void;
    page: Page | null;
    sdk: Recorder | null;
    look(): Facts;
    apply(event: SegmentEvent | null, patch: Patch | null | undefined): Patch | null;
    readonly unrestricted: boolean;
    readonly loadOptions: Record<string, unknown> | null;
    deferred(): boolean;
    awaited(): string;
    evidence(): object;
    destinations(): { settings: object; plugins: string[] };
    meetAmplitude(): Promise<void>;
    connect(given: Wiring, functions: Looks): void;
    settled(): void;
    call(method: SegmentCall, args: unknown[]): unknown;
    meet(value: unknown): void;
    use(given: Segment): void;
  }

  // Segment: analytics-next.

  type SegmentCall = "track" | "page" | "screen" | "identify" | "group" | "alias" | "reset";

  interface SegmentEvent {
    type: SegmentCall;
    name?: string;
    category?: string;
    userId?: string | null;
    groupId?: string;
    anonymousId?: string | null;
    messageId?: string;
    context?: { device?: { id?: unknown }; consent?: { categoryPreferences?: Record<string, boolean> } };
    traits?: object;
    event?: string;
    properties?: Properties;
    integrations?: Integrations;
  }

  // biome-ignore lint/suspicious/noExplicitAny: by destination a boolean, or an object of that destination's own
  type Integrations = Record<string, any>;

  interface SegmentStore {
    get(key: string): unknown;
    opts?: () => unknown; // a cookie store has it
  }

  interface SegmentUser {
    anonKey: string;
    anonymousId(): string | null;
    traits?(): object;
    identityStore?: Pick<SegmentStorage, "stores" | "getConsistent">;
  }

  interface SegmentStorage {
    stores?: SegmentStore[];
    getConsistent?: unknown;
    get(key: string): unknown;
    set(key: string, value: unknown): void;
    clear(key: string): void;
  }

  type SourceMiddleware = (passing: { payload: { obj: SegmentEvent }; next: (payload: unknown) => void }) => unknown;

  type SegmentPlugin = {
    name: string;
    type: "before" | "enrichment";
    version: string;
    isLoaded(): boolean;
    load(context: unknown, instance: Segment): Promise<void>;
  } & { [call: string]: unknown }; // and one for each of Segment's calls

  /** The real object. */
  interface Segment extends Record<SegmentCall, (...args: unknown[]) => unknown> {
    /** An npm `AnalyticsBrowser` has it, once it has loaded. */
    instance?: Segment;
    integrations?: Integrations;
    settings?: { cdnSettings?: object; writeKey?: string };
    storage: SegmentStorage;
    VERSION?: string;
    queue?: {
      plugins: { name: string }[];
      on?(event: "delivery_failure", listener: (context: { event: SegmentEvent }) => void): unknown;
    };
    user(): SegmentUser | PromiseLike<SegmentUser>;
    on(event: string, listener: () => void): unknown;
    addSourceMiddleware(middleware: SourceMiddleware): unknown;
    register(...plugins: SegmentPlugin[]): unknown;
  }

  /** `AnalyticsBrowser.load(…)`: a stand-in that can be awaited. */
  interface Loading extends PromiseLike<[Segment, unknown]> {
    load(settings: { writeKey: string; cdnURL?: string }, options: SegmentOptions): unknown;
    // biome-ignore lint/suspicious/noExplicitAny: and Segment's methods
    [method: string]: any;
  }

  interface SegmentOptions {
    cookie?: object;
    [option: string]: unknown;
  }

  interface SegmentModule {
    AnalyticsBrowser: { new (): Loading };
  }

  /** How to load analytics-next: see `standIn` in segment.js. */
  type Load = (
    how: { sdk: Promise<SegmentModule>; writeKey: string; cdnURL?: string; options?: SegmentOptions },
    meet?: (value: unknown) => void,
  ) => Promise<void>;

  /** Load Segment, once; whoever watches for one is to meet it before it loads. */
  type Bring = ((meet?: (value: unknown) => void) => Promise<void>) & { settings: string };

  // amplitude-js 5.

  interface AmplitudeInstance {
    _lastEventTime?: number | null;
    _logEvent?(type: string, ...more: unknown[]): unknown;
    getSessionId(): number | null | undefined;
    setSessionId(id: number): unknown;
    setDeviceId(id: string): unknown;
    onInit(callback: () => void): void;
    options: { deviceId?: string | null; sessionTimeout: number; optOut?: boolean };
  }

  // session-replay-browser.

  interface Recorder {
    getSessionReplayProperties(): Properties;
    evaluateTargetingAndCapture(facts: object): Promise<void>;
  }

  interface ConfigRequest {
    url: string;
    method?: string;
    headers?: Record<string, string>;
    signal?: AbortSignal;
  }

  interface UploadRequest {
    url: string;
    method?: string;
    headers: Record<string, string>;
    body: string | Uint8Array<ArrayBuffer>;
    keepalive?: boolean;
  }

  type LoggerLevel = "error" | "warn" | "log" | "debug";

  type Logger = Record<LoggerLevel, (...args: unknown[]) => void> & {
    enable?(level?: number): void;
    disable?(): void;
  };

  interface RecorderOptions {
    logLevel?: number;
    loggerProvider?: Partial<Logger>;
    handleFetchConfig?(request: ConfigRequest): Promise<Response>;
    handleSendEvents?(request: UploadRequest): Promise<Response>;
    [option: string]: unknown;
  }

  /** What was heard of the SDK: recorder.py has a method `_on_…` for each. */
  type Heard =
    | { what: "loaded" | "snapshot" | "ended" }
    | HeardConfig
    | HeardUpload
    | { what: "said"; reason: string; detail: string; fix: string | null };

  type Hear = (heard: Heard) => void;

  interface HeardConfig {
    what: "config";
    url: string;
    status: number;
    present: boolean;
    sample_rate?: number;
    detail: string;
  }

  interface HeardUpload {
    what: "upload";
    url: string;
    status: number;
    skipped: string;
    detail: string;
  }

  // The runtimes.

  interface FileSystem {
    mkdirTree(path: string): void;
    writeFile(path: string, content: string | Uint8Array): void;
  }

  interface Python {
    FS: FileSystem;
    registerJsModule(name: string, module: object): void;
    runPython(program: string): unknown;
    runPythonAsync(program: string): Promise<unknown>;
  }
}
