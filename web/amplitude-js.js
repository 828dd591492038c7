// amplitude-js 5, the SDK that Segment's Classic device-mode brings, in whichever order it arrives.
//
// `window.amplitude` is nothing at first, then a snippet's stub, then the real object, which may be initialised by
// then or not. A callback queued on the stub runs while the global still is the stub, so nothing is queued there.

import { deferred } from "./page.js";
import { watchProperty } from "./segment.js";

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

const OBSERVED = Symbol("observed");

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
      if (args[0]) soon(); // an event without a type is none: it only has the cookie read again
      return answer;
    };
  }
}
