// rrweb's recorder as session-replay-browser loads it, which tells when it has taken a full snapshot, and when it ends.
// The SDK itself tells nobody whether anything is recorded: see web/page/recorder.js.

import { record as original } from "@amplitude/session-replay-browser/lib/scripts/rrweb-record-min.js";

const FULL_SNAPSHOT = 2;
const tell = (/** @type {"loaded" | "snapshot" | "ended"} */ what) =>
  Reflect.get(globalThis, Symbol.for("pyscript-replay.recorded"))?.(what);

tell("loaded");

/** @param {Parameters<typeof original>[0]} options */
export function record(options) {
  const stop = original({
    ...options,
    emit(event, ...more) {
      options.emit(event, ...more);
      if (event.type === FULL_SNAPSHOT) tell("snapshot");
    },
  });
  // a frame that hands its recording to the page around it emits nothing here
  if (stop && options.recordCrossOriginIframes && window.parent !== window) tell("snapshot");
  return (
    stop &&
    (() => {
      tell("ended");
      stop();
    })
  );
}

Object.setPrototypeOf(record, original); // its methods: takeFullSnapshot, addCustomEvent, mirror
