// The life cycle of a page's recording. The table is lifecycle.py's, written in by `pyscript-replay build`; the state
// is kept here, because a page may look at it before Python runs, and when Python never comes.

const { shown, live, transitions, mends } = __LIFECYCLE__;

/** A life cycle in its first state. */
export function lifecycle() {
  let state = "new";
  return {
    get state() {
      return state;
    },

    /** What a page is shown as `status`. */
    get status() {
      return shown[state];
    },

    /** Whether events are to be looked at. */
    get live() {
      return live.includes(state);
    },

    /** The codes of the errors that are mended once this has happened. */
    mended: (happening) => mends[happening] ?? [],

    /** Take the step that follows from this happening, and answer its effects, in their order. */
    step(happening) {
      const next = transitions[`${state} ${happening}`];
      if (!next) return [];
      state = next.state;
      return next.effects;
    },
  };
}
