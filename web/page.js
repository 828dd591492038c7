// `window.pyscriptReplay`: what a page may rely on, there from the loader's first line, whatever comes after.
//
// The object is made here, in JavaScript, because a page may look at it before Python runs. Python (tag.py,
// replay.py) later reports through `report` and answers the commands through `serve`. What is called before that
// waits; what is called after a failure answers quietly: the page never sees an uncaught error of ours.

const STARTING = { level: "problem", code: "not-running", message: "Python has not started yet", fix: "Ask again in a moment." };
const OPT_OUT = "pyscript-replay.opt-out";

/** Open it on `scope`. `track` tracks an event on Segment itself. */
export function openPage(scope, track) {
  const state = { status: "loading", mode: null, runtime: null, sessionId: null, deviceId: null, replayId: null };
  const ready = deferred();
  let serving = deferred();
  let commands = null;

  /** Ask whoever answers now, or else whoever will. What goes wrong is told as an event; a rejection is for who waits. */
  const command = (name) => (...args) => {
    if (name === "stop") page.optedOut = true; // at once: the page may be left before anybody answers
    const answer = (async () => {
      if (!commands && name === "doctor") return [STARTING];
      if (!commands) await serving.promise;
      return commands[name]?.(...args);
    })();
    answer.catch(() => {});
    return answer;
  };

  const facade = { ready: ready.promise };
  for (const name of Object.keys(state)) {
    Object.defineProperty(facade, name, { enumerable: true, get: () => state[name] });
  }
  for (const name of ["start", "stop", "flush", "doctor", "track"]) facade[name] = command(name);

  const emit = (name, detail) => scope.dispatchEvent(new scope.CustomEvent(`pyscript-replay:${name}`, { detail }));

  const page = {
    facade,

    /** Take over some of the facade's values; a changed status is announced. */
    report(values) {
      const previous = state.status;
      Object.assign(state, values);
      if (state.status !== previous) emit("status", { previous, status: state.status });
      if (!["loading", "waiting"].includes(state.status)) ready.resolve(facade);
    },

    /** A session was started, renewed, resumed, or has changed its identity. */
    session: (detail) => emit("session", detail),

    /** Something went wrong. It is said aloud, never thrown: the site must not suffer from its recorder. */
    error({ code, message, fix }) {
      scope.console.error(`pyscript-replay: ${code}: ${message} ${fix}`);
      emit("error", { code, message, fix });
    },

    /** Nothing will run, unless Python is there to try again. */
    fail(problem) {
      page.report({ status: "failed" });
      page.error(problem);
      if (!commands) page.serve({ start: () => facade, doctor: () => [{ level: "problem", ...problem }] });
    },

    /** The commands are answered by these from now on; `null`: by whoever comes next. No event is lost meanwhile. */
    serve(answers) {
      commands = answers && { track, ...answers };
      if (answers) serving.resolve();
      else serving = deferred();
    },

    get optedOut() {
      try {
        return scope.localStorage.getItem(OPT_OUT) !== null;
      } catch {
        return false; // storage is forbidden here, so nothing can have been stored
      }
    },

    set optedOut(out) {
      try {
        if (out) scope.localStorage.setItem(OPT_OUT, "1");
        else scope.localStorage.removeItem(OPT_OUT);
      } catch {
        // without storage the choice lasts as long as the page
      }
    },
  };
  /** The visitor may opt out in another tab, or while this page lies in the back/forward cache. */
  const heed = () => {
    if (page.optedOut && !["stopped", "waiting"].includes(state.status)) facade.stop();
  };
  scope.addEventListener?.("storage", ({ key }) => key === OPT_OUT && heed());
  scope.addEventListener?.("pageshow", heed);
  scope.pyscriptReplay = facade;
  return page;
}

export function deferred() {
  const result = {};
  result.promise = new Promise((resolve, reject) => Object.assign(result, { resolve, reject }));
  return result;
}
