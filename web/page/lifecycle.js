// The life cycle of a page's recording. The table is lifecycle.py's (see tables.js); the state is kept here, because a
// page may look at it before Python runs, and when Python never comes.

import { LIVE, MENDS, SHOWN, TRANSITIONS } from "./tables.js";

/** A life cycle in its first state. */
export function lifecycle() {
  /** @type {import("./tables.js").State} */
  let state = "new";
  return {
    get state() {
      return state;
    },

    /** What a page is shown as `status`. */
    get status() {
      return SHOWN[state];
    },

    /** Whether events are to be looked at. */
    get live() {
      return LIVE.includes(state);
    },

    /**
     * The codes of the errors that are mended once this has happened.
     * @param {import("./tables.js").Happening} happening
     */
    mended: (happening) => MENDS[happening] ?? [],

    /**
     * Take the step that follows from this happening, and answer its effects, in their order.
     * @param {import("./tables.js").Happening} happening
     */
    step(happening) {
      const next = TRANSITIONS[`${state} ${happening}`];
      if (!next) return [];
      state = next.state;
      return next.effects;
    },
  };
}
