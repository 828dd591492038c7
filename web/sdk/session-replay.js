// The replay SDK, for the plugin that is bundled into amplitude.js: the bundle's one copy of it. What is tried again is
// asked for anew, as web/page/assets.js has it.

const here = new URL(__SESSION_REPLAY__, import.meta.url).href;
const { again = "" } = /** @type {any} */ (globalThis)[Symbol.for("pyscript-replay.assets")] ?? {};

export const {
  init,
  setSessionId,
  getSessionId,
  getSessionReplayProperties,
  flush,
  start,
  stop,
  shutdown,
  evaluateTargetingAndCapture,
} = await import([here, again].join(""));
