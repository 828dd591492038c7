// amplitude-js 5, the SDK that Segment's Classic device-mode brings, in whichever order it arrives.
//
// `window.amplitude` is nothing at first, then a snippet's stub, then the real object, which may be initialised by
// then or not. A callback queued on the stub runs while the global still is the stub, so nothing is queued there.

import { watchProperty } from "./property.js";
import { deferred } from "./replay.js";

/**
 * A promise of `{ it: instance }`: the default instance, once it is the real one and initialised.
 * @param {Record<string, any>} scope
 * @returns {Promise<{ it: AmplitudeInstance }>}
 */
export function watchAmplitude(scope) {
  /** @type {Deferred<{ it: AmplitudeInstance }>} */
  const initialised = deferred();
  const meet = (/** @type {any} */ amplitude) => {
    const instance = amplitude?.getInstance?.();
    // the stub, or another SDK of that name
    if (typeof instance?.getSessionId !== "function" || typeof instance.onInit !== "function") return;
    instance.onInit(() => initialised.resolve({ it: instance })); // called at once when already past
  };
  const unwatch = watchProperty(scope, "amplitude", meet);
  initialised.promise.then(unwatch);
  return initialised.promise;
}

/**
 * What it has now. It re-reads its cookie first, as it does for each event; one without a type goes no further.
 * @param {AmplitudeInstance} instance
 * @returns {AmplitudeFacts}
 */
export function amplitudeNow(instance) {
  instance._logEvent?.("");
  return {
    ...idsOf(instance),
    last_event_time: instance._lastEventTime ?? null,
    session_timeout: instance.options.sessionTimeout,
  };
}

/**
 * Its ids, as it had them last.
 * @param {AmplitudeInstance} instance
 * @returns {AmplitudeIds}
 */
export const idsOf = (instance) => ({
  session_id: instance.getSessionId() ?? null,
  device_id: instance.options.deviceId ?? null,
});

/**
 * Give it another device id, or have it go on with another session, which is alive: its last event was just now.
 * @param {AmplitudeInstance} instance
 * @param {NonNullable<Patch["amplitude"]>} ids
 */
export function tellAmplitude(instance, { device_id, session_id }) {
  muted.add(instance); // what we do is no news
  try {
    if (device_id) instance.setDeviceId(device_id);
    if (!session_id) return;
    instance._lastEventTime = Date.now();
    instance.setSessionId(session_id); // which saves both
  } finally {
    muted.delete(instance);
  }
}

/** @type {WeakMap<AmplitudeInstance, () => void>} who is told of an instance's changes */
const observers = new WeakMap();
/** @type {WeakSet<AmplitudeInstance>} instances whose changes are ours just now */
const muted = new WeakSet();

/**
 * Call `changed` soon after the instance has logged an event, or was given an id or an opt-out: it tells nobody by itself.
 * @param {AmplitudeInstance} instance
 * @param {() => void} changed
 */
export function observe(instance, changed) {
  const known = observers.has(instance);
  observers.set(instance, changed);
  if (known) return;
  let due = false;
  const soon = () => {
    if (due) return;
    due = true;
    queueMicrotask(() => {
      due = false;
      observers.get(instance)?.();
    });
  };
  /** @type {Record<string, any>} */
  const methods = instance;
  for (const method of ["_logEvent", "setDeviceId", "setSessionId", "setOptOut"]) {
    const original = methods[method];
    methods[method] = (/** @type {unknown[]} */ ...args) => {
      const answer = original.apply(instance, args);
      if ((args[0] || method === "setOptOut") && !muted.has(instance)) soon(); // an event without a type is none: it only has the cookie read again
      return answer;
    };
  }
}
