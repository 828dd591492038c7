// amplitude-js 5, the SDK that Segment's Classic device-mode brings, in whichever order it arrives.
//
// `window.amplitude` is nothing at first, then a snippet's stub, then the real object, which may be initialised by
// then or not. A callback queued on the stub runs while the global still is the stub, so nothing is queued there.

import { watchProperty } from "./property.js";
import { deferred } from "./replay.js";

/** A promise of `{ it: instance }`: the default instance, once it is the real one and initialised. */
export function watchAmplitude(scope) {
  const initialised = deferred();
  const meet = (amplitude) => {
    const instance = amplitude?.getInstance?.();
    // the stub, or another SDK of that name
    if (typeof instance?.getSessionId !== "function" || typeof instance.onInit !== "function") return;
    instance.onInit(() => initialised.resolve({ it: instance })); // called at once when already past
  };
  const unwatch = watchProperty(scope, "amplitude", meet);
  initialised.promise.then(unwatch);
  return initialised.promise;
}

/** What it has now. It re-reads its cookie first, as it does for each event; one without a type goes no further. */
export function amplitudeNow(instance) {
  instance._logEvent?.("");
  return {
    session_id: instance.getSessionId() ?? null,
    device_id: instance.options.deviceId ?? null,
    last_event_time: instance._lastEventTime ?? null,
    session_timeout: instance.options.sessionTimeout,
  };
}

/** Give it another device id, or have it go on with another session, which is alive: its last event was just now. */
export function tellAmplitude(instance, { device_id, session_id }) {
  instance[MUTED] = true; // what we do is no news
  try {
    if (device_id) instance.setDeviceId(device_id);
    if (!session_id) return;
    instance._lastEventTime = Date.now();
    instance.setSessionId(session_id); // which saves both
  } finally {
    instance[MUTED] = false;
  }
}

const OBSERVED = Symbol("observed");
const MUTED = Symbol("muted");

/** Call `changed` soon after the instance has logged an event, or was given an id: it tells nobody by itself. */
export function observe(instance, changed) {
  const known = instance[OBSERVED];
  instance[OBSERVED] = changed;
  if (known) return;
  let due = false;
  const soon = () => {
    if (due) return;
    due = true;
    queueMicrotask(() => {
      due = false;
      instance[OBSERVED]();
    });
  };
  for (const method of ["_logEvent", "setDeviceId", "setSessionId"]) {
    const original = instance[method];
    instance[method] = function (...args) {
      const answer = original.apply(this, args);
      if (args[0] && !this[MUTED]) soon(); // an event without a type is none: it only has the cookie read again
      return answer;
    };
  }
}
