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
    if (typeof instance?.getSessionId !== "function") return; // the stub, or another SDK of that name
    instance.onInit(() => initialised.resolve({ it: instance })); // called at once when already past
  };
  const unwatch = watchProperty(scope, "amplitude", meet);
  meet(scope.amplitude);
  initialised.promise.then(unwatch);
  return initialised.promise;
}
