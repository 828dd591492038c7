// What becomes of a recording: everything that can be heard of session-replay-browser, told to recorder.py.
//
// By the SDK's own options: `handleFetchConfig` and `handleSendEvents` carry out its requests, and `loggerProvider` is
// told what it has to say. Those of the page are kept. That rrweb has taken a full snapshot is told by the bundle's
// rrweb-record-min.js (web/sdk/rrweb-record.js).

const RECORDED = Symbol.for("pyscript-replay.recorded"); // rrweb-record.js calls what is there
const SKIPPED = "X-Session-Replay-Event-Skipped";
const LEVELS = { error: 1, warn: 2, log: 3, debug: 4 };

/**
 * The options with listeners: `hear` is told, as data, `what` was heard.
 * @param {RecorderOptions} options
 * @param {[text: string, reason: string][]} sayings texts of the SDK's logger, and what they mean
 * @param {Hear} hear
 */
export function observed(options, sayings, hear) {
  Reflect.set(globalThis, RECORDED, (/** @type {"snapshot" | "ended"} */ what) => hear({ what }));
  return {
    ...options,
    handleFetchConfig: configured(options.handleFetchConfig ?? ask, hear),
    handleSendEvents: sent(options.handleSendEvents ?? send, hear),
    loggerProvider: logger(options, sayings, hear),
  };
}

/** @param {NonNullable<RecorderOptions["handleFetchConfig"]>} request @param {Hear} hear */
const configured = (request, hear) => async (/** @type {ConfigRequest} */ given) => {
  const response = await request(given).catch((error) => {
    hear({ what: "config", status: 0, present: false, detail: reason(error) });
    throw error;
  });
  const present =
    response.ok &&
    Boolean(
      (
        await response
          .clone()
          .json()
          .catch(() => null)
      )?.configs?.sessionReplay,
    );
  hear({ what: "config", status: response.status, present, detail: `${response.status}` });
  return response;
};

/** @param {NonNullable<RecorderOptions["handleSendEvents"]>} request @param {Hear} hear */
const sent = (request, hear) => async (/** @type {UploadRequest} */ given) => {
  try {
    const response = await request(given);
    hear({
      what: "upload",
      status: response.status,
      skipped: response.headers?.get?.(SKIPPED) ?? "",
      detail: `${response.status}`,
    });
    return response;
  } catch (error) {
    hear({ what: "upload", status: 0, skipped: "", detail: reason(error) });
    throw error;
  }
};

/** @param {any} error whatever was thrown */
const reason = (error) => (error?.name === "AbortError" ? "no answer in time" : String(error?.message ?? error));

/** @param {ConfigRequest} request */
const ask = ({ url, method, headers, signal }) => fetch(url, { method, headers, signal });

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
  const say =
    (/** @type {LoggerLevel} */ kind) =>
    (/** @type {unknown[]} */ ...args) => {
      const said = String(args[0]);
      const known = sayings.find(([text]) => said.includes(text));
      if (known) hear({ what: "said", reason: known[1], detail: args.map(String).join(" ") });
      if (given) given[kind]?.(...args);
      else if (level >= LEVELS[kind]) console[kind](`Amplitude Logger [${kind}]:`, ...args);
    };
  return {
    enable: (to = LEVELS.warn) => (given ? given.enable?.(to) : void (level = to)),
    disable: () => (given ? given.disable?.() : void (level = 0)),
    error: say("error"),
    warn: say("warn"),
    log: say("log"),
    debug: say("debug"),
  };
}
