// Calls that were made before the tag has run. A page that cannot know when that is, as a consent banner, puts a stub
// there, an array of calls, as analytics snippets have it:
//
//   window.pyscriptReplay ||= [];
//   pyscriptReplay.push(["start"]);
//
// An entry is `[method, ...args]`, or a function, which is given the facade. The README has a stub with the methods
// themselves. Whoever still holds the array later may go on pushing.

import { say } from "./say.js";

/**
 * The calls that wait at `before`, an array or something else; answers how to have them made, in their order.
 * @param {unknown} before
 * @returns {(facade: Facade) => void}
 */
export function earlyCalls(before) {
  if (!Array.isArray(before)) return () => {};
  return (facade) => {
    before.push = facade.push;
    facade.push(...before.splice(0));
  };
}

/** Make these calls. None of them is in the way of another one. @param {any} facade @param {EarlyCall[]} calls */
export function makeCalls(facade, calls) {
  for (const call of calls) {
    try {
      if (typeof call === "function") call(facade);
      else facade[call[0]](...call.slice(1));
    } catch (error) {
      say(globalThis, "error", `pyscript-replay: a call from before the tag has run failed: ${error}`);
    }
  }
  return 0;
}
