// `window.pyscriptReplay`: what a page may rely on, there from the loader's first line, whatever comes after.
//
// The object is made here, in JavaScript, because a page may look at it before Python runs. Python's half (replay.py)
// reports values through `report`, tells what happens through `happened`, and carries out the effects it has given to
// `serve`. The page never sees an uncaught error of ours.

import { lifecycle } from "./lifecycle.js";
import { NOT_STARTED, WAITING } from "./tables.js";

const OPT_OUT = "pyscript-replay.opt-out";

/**
 * Open it on `scope`. `track(name, properties)` tracks an event on Segment itself.
 * @param {Scope} scope
 * @param {(name: string, properties: Properties) => unknown} track
 * @returns {Page}
 */
export function openPage(scope, track) {
  const life = lifecycle();
  /** @type {Values} */
  const values = {
    status: life.status,
    mode: null,
    runtime: null,
    sessionId: null,
    deviceId: null,
    replayId: null,
    recording: false,
  };
  /** @type {Deferred<Facade>} */
  const ready = deferred();
  /** @type {Deferred<void>} */
  let moved = deferred(); // resolved, and made anew, whenever the status changes
  /** @type {Problem | null} */
  let lastError = null;
  let opted = false; // where storage is forbidden, the choice lasts as long as the page

  const emit = (/** @type {string} */ name, /** @type {unknown} */ detail) =>
    scope.dispatchEvent(new scope.CustomEvent(`pyscript-replay:${name}`, { detail }));

  /** What carries out each effect; `serve` adds to it as soon as there is something that can. @type {Effects} */
  const effects = {
    "opt-in": () => (page.optedOut = false),
    "opt-out": () => (page.optedOut = true),
  };

  /** Wait while the status is `loading`; then answer the facade, or throw what went wrong. */
  async function settled() {
    while (values.status === "loading") await moved.promise;
    if (values.status === "failed" && lastError)
      throw Object.assign(new Error(lastError.message), { name: "ReplayError", ...lastError });
    return facade;
  }

  const methods = {
    ready: ready.promise,
    async start() {
      page.happened("start");
      return settled();
    },
    async stop() {
      await Promise.all(page.happened("stop"));
    },
    async flush() {
      await effects.flush?.();
    },
    async doctor() {
      if (effects.doctor) return effects.doctor();
      if (life.state === "waiting") return [WAITING];
      return [lastError ? { level: "problem", ...lastError } : NOT_STARTED];
    },
    /**
     * At once, so that it stays in order with Segment's own calls.
     * @param {string} name
     * @param {Properties} properties
     */
    async track(name, properties = {}) {
      if (typeof name !== "string" || !name) {
        throw Object.assign(new Error(`the event's name is ${JSON.stringify(name)}`), {
          name: "ReplayError",
          code: "event-name",
          fix: "Give it a name, as text.",
        });
      }
      return track(name, properties);
    },
  };
  /** @type {any} it becomes one here, property by property */
  const made = methods;
  /** @type {Facade} */
  const facade = made;
  for (const name of /** @type {(keyof Values)[]} */ (Object.keys(values))) {
    Object.defineProperty(facade, name, { enumerable: true, get: () => values[name] });
  }
  // whoever awaits the answer sees its rejection; for a page that does not, it must not become an uncaught error
  for (const name of ["start", "stop", "flush", "doctor", "track"]) {
    const method = made[name];
    made[name] = (/** @type {unknown[]} */ ...args) => {
      const answer = method(...args);
      answer.catch(() => {});
      return answer;
    };
  }

  /** @type {Page} */
  const page = {
    facade,

    /** Something has happened (lifecycle.py has the names): take the step, and answer what its effects answer. */
    happened(happening) {
      const due = life.step(happening);
      page.report({ status: life.status });
      return due.map((effect) => effects[effect]?.());
    },

    /** What is carried out by whom: `{ effect: function }`, besides those that are known; also `flush` and `doctor`. */
    serve: (more) => void Object.assign(effects, more),

    /** The page's first step. Answers a promise of the facade, once it is known what has become of it. */
    open(consent) {
      if (life.state !== "new") page.happened("start");
      else if (page.optedOut) page.happened(consent === "wait" ? "stop" : "opted-out");
      else if (consent === "wait") page.happened("consent-awaited");
      else if (scope.document?.prerendering) {
        scope.document.addEventListener("prerenderingchange", () => page.happened("displayed"), { once: true });
        page.happened("prerendering");
      } else page.happened("granted");
      const answer = settled();
      answer.catch(() => {});
      return answer;
    },

    /** Whether events are to be looked at. */
    get live() {
      return life.live;
    },

    /** Take over some of the facade's values; a changed status is announced. */
    report(news) {
      const previous = values.status;
      Object.assign(values, news);
      if (values.status === previous) return;
      if (!["loading", "waiting"].includes(values.status)) ready.resolve(facade);
      const before = moved;
      moved = deferred();
      before.resolve();
      emit("status", { previous, status: values.status });
    },

    /** A session was started, renewed or resumed, or its visitor is another one. */
    session: (detail) => emit("session", detail),

    /** Something went wrong. It is said aloud, never thrown: the site must not suffer from its recorder. */
    error({ code, message, fix }) {
      lastError = { code, message, fix };
      scope.console.error(`pyscript-replay: ${code}: ${message}. ${fix}`);
      emit("error", { code, message, fix });
    },

    /** The wiring has failed. */
    failed(problem) {
      page.error(problem);
      page.happened(life.state === "new" ? "refused" : "wiring-failed");
    },

    get optedOut() {
      try {
        return scope.localStorage.getItem(OPT_OUT) !== null;
      } catch {
        return opted;
      }
    },

    set optedOut(out) {
      opted = out;
      try {
        if (out) scope.localStorage.setItem(OPT_OUT, "1");
        else scope.localStorage.removeItem(OPT_OUT);
      } catch {
        // storage is forbidden here
      }
    },
  };

  /** The visitor may opt out in another tab, or while this page lies in the back/forward cache. */
  const heed = () => page.optedOut && !["stopped", "waiting", "new"].includes(life.state) && page.happened("stop");
  scope.addEventListener?.("storage", ({ key }) => key === OPT_OUT && heed());
  scope.addEventListener?.("pageshow", () => heed() || page.happened("back"));
  scope.document?.addEventListener?.("resume", () => page.happened("back"));
  scope.document?.addEventListener?.(
    "visibilitychange",
    () => scope.document?.visibilityState === "visible" && page.happened("back"),
  );
  scope.pyscriptReplay = facade;
  return page;
}

/**
 * A promise, and the two ways to settle it. (`Promise.withResolvers` is too young for many browsers.)
 * @template T
 * @returns {Deferred<T>}
 */
export function deferred() {
  const result = /** @type {Deferred<T>} */ ({});
  result.promise = new Promise((resolve, reject) => Object.assign(result, { resolve, reject }));
  return result;
}
