// What becomes of a recording: everything that can be heard of session-replay-browser, told to recorder.py.
//
// By the SDK's own options: `handleFetchConfig` and `handleSendEvents` carry out its requests, and `loggerProvider` is
// told what it has to say. Those of the page are kept. That rrweb has taken a full snapshot is told by the bundle's
// rrweb-record-min.js (web/sdk/rrweb-record.js).

import { LATE, note } from "./doctor.js";
import { say } from "./say.js";

const RECORDED = Symbol.for("pyscript-replay.recorded"); // rrweb-record.js calls what is there
const SKIPPED = "X-Session-Replay-Event-Skipped";
const LEVELS = { error: 1, warn: 2, log: 3, debug: 4 };

/** @type {boolean | null} */
let conditional = null;

/** Whether Amplitude's configuration records under conditions; `false` once it was seen to have none. */
export const targeting = () => conditional !== false;

/**
 * The options with listeners: `hear` is told, as data, `what` was heard.
 * @param {RecorderOptions} options
 * @param {[text: string, reason: string][]} sayings texts of the SDK's logger, and what they mean
 * @param {Hear} hear
 * @param {() => boolean} off whether nothing may be sent: the visitor may not reach Amplitude
 * @param {Map<string, Promise<Response>>} [ahead] answers to what will be asked, by their address
 */
export function observed(options, sayings, hear, off = () => false, ahead = undefined) {
  /** @type {Hear} */
  const tell = (heard) => {
    note(heard); // for the doctor
    hear(heard);
  };
  Reflect.set(globalThis, RECORDED, (/** @type {"snapshot" | "ended"} */ what) => tell({ what }));
  return {
    ...options,
    handleFetchConfig: configured(unless(off, options.handleFetchConfig ?? asking(ahead)), tell),
    handleSendEvents: sent(unless(off, options.handleSendEvents ?? send), tell),
    loggerProvider: logger(options, sayings, tell),
  };
}

/**
 * Carry out a request; while the visitor may not reach Amplitude, answer as if it was done, so that nothing is kept.
 * @template R
 * @param {() => boolean} off
 * @param {(given: R) => Promise<Response>} request
 * @returns {(given: R) => Promise<Response>}
 */
const unless = (off, request) => async (given) => (off() ? new Response("{}") : request(given));

/** @param {NonNullable<RecorderOptions["handleFetchConfig"]>} request @param {Hear} hear */
const configured = (request, hear) => async (/** @type {ConfigRequest} */ given) => {
  const { url } = given;
  const response = await request(given).catch((error) => {
    hear({ what: "config", url, status: 0, present: false, detail: reason(error) });
    throw error;
  });
  const configs = response.ok ? await configsIn(response.clone()) : null;
  if (configs) conditional = Boolean(configs.sessionReplay?.sr_targeting_config);
  hear({
    what: "config",
    url,
    status: response.status,
    present: Boolean(configs?.sessionReplay),
    sample_rate: configs?.sessionReplay?.sr_sampling_config?.sample_rate,
    detail: `${response.status}`,
  });
  return response;
};

/** @param {Response} response */
const configsIn = (response) =>
  response.json().then(
    (answer) => answer?.configs ?? null,
    () => null,
  );

/** @param {NonNullable<RecorderOptions["handleSendEvents"]>} request @param {Hear} hear */
const sent = (request, hear) => async (/** @type {UploadRequest} */ given) => {
  const { url } = given;
  try {
    const response = await request(given);
    hear({
      what: "upload",
      url,
      status: response.status,
      skipped: response.headers?.get?.(SKIPPED) ?? "",
      detail: `${response.status}`,
    });
    return response;
  } catch (error) {
    hear({ what: "upload", url, status: 0, skipped: "", detail: reason(error) });
    throw error;
  }
};

/** @param {any} error whatever was thrown */
const reason = (error) => (error?.name === "AbortError" ? LATE : String(error?.message ?? error));

/** As the SDK itself would; what the loader has asked for is not asked for again. */
const asking =
  (/** @type {Map<string, Promise<Response>> | undefined} */ ahead) =>
  (/** @type {ConfigRequest} */ { url, method, headers, signal }) => {
    const answer = ahead?.get(url);
    ahead?.delete(url);
    return answer ? unlessAborted(answer, signal) : fetch(url, { method, headers, signal });
  };

/** @param {Promise<Response>} promise @param {AbortSignal | undefined} signal @returns {Promise<Response>} */
const unlessAborted = (promise, signal) =>
  Promise.race([
    promise,
    new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason), { once: true })),
  ]);

/**
 * As the SDK itself would; where a page that is left cannot keep a request alive, by a beacon.
 * @param {UploadRequest} request
 */
async function send({ url, method, headers, body, keepalive }) {
  if (keepalive && leaving && !("keepalive" in Request.prototype)) {
    const key = encodeURIComponent((headers.Authorization ?? "").replace("Bearer ", ""));
    const taken = navigator.sendBeacon(`${url}&api_key=${key}`, new Blob([body], { type: "application/json" }));
    return new Response(null, { status: taken ? 200 : 413 });
  }
  return fetch(url, { method, headers, body, keepalive });
}

let leaving = false;
globalThis.addEventListener?.("pagehide", () => (leaving = true));
globalThis.addEventListener?.("pageshow", () => (leaving = false));

/** What was said, and how to mend it, where that is known: see assets.js. @param {any[]} args */
function explained(args) {
  const error = args.find((each) => each?.fix);
  return { detail: error?.message ?? args.map(String).join(" "), fix: error?.fix ?? null };
}

/**
 * The page's logger, or one like the SDK's own, which says warnings and errors; and what we listen for.
 * @param {RecorderOptions} options
 * @param {[text: string, reason: string][]} sayings
 * @param {Hear} hear
 * @returns {Logger}
 */
function logger(options, sayings, hear) {
  const given = options.loggerProvider;
  let level = options.logLevel ?? LEVELS.warn;
  const saying =
    (/** @type {LoggerLevel} */ kind) =>
    (/** @type {unknown[]} */ ...args) => {
      const said = String(args[0]);
      const known = sayings.find(([text]) => said.includes(text));
      if (known) hear({ what: "said", reason: known[1], ...explained(args) });
      if (given) given[kind]?.(...args);
      else if (level >= LEVELS[kind]) say(globalThis, kind, `Amplitude Logger [${kind}]:`, ...args);
    };
  return {
    enable: (to = LEVELS.warn) => (given ? given.enable?.(to) : void (level = to)),
    disable: () => (given ? given.disable?.() : void (level = 0)),
    error: saying("error"),
    warn: saying("warn"),
    log: saying("log"),
    debug: saying("debug"),
  };
}
