// `window.pyscriptReplay`: what a page may rely on, there from the loader's first line, whatever comes after.
//
// The object is made here, in JavaScript, because a page may look at it before Python runs. Python's half (replay.py)
// reports values through `report`, tells what happens through `happened`, and carries out the effects it has given to
// `serve`. The page never sees an uncaught error of ours.

import { renew } from "./assets.js";
import { table } from "./doctor.js";
import { earlyCalls, makeCalls } from "./early.js";
import { lifecycle } from "./lifecycle.js";
import { define, put, read } from "./property.js";
import { say } from "./say.js";
import { NOT_STARTED, WAITING } from "./tables.js";

const OURS = Symbol.for("pyscript-replay"); // whatever else has its name, another tag's facade has this

const OPT_OUT = "pyscript-replay.opt-out";

const NO_SEGMENT = {
  code: "segment-missing",
  message: "what was given to use() is no Segment object",
  fix: "Give it what AnalyticsBrowser.load() answers, or the Segment that is awaited from that.",
};

/**
 * Whether a facade is there. An element with this id is none, nor is the array of early calls.
 * @param {Record<string, any>} scope
 */
export const isOpen = (scope) => Boolean(read(scope, "pyscriptReplay").value?.[OURS]);

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
    replayUrl: null,
    recording: false,
  };
  /** @type {Deferred<Facade>} */
  const ready = deferred();
  /** @type {Deferred<void>} */
  let moved = deferred(); // resolved, and made anew, whenever the status changes
  /** @type {Deferred<string>} */
  const displayed = deferred(); // a prerendered page is shown; its state then
  /** @type {Problem | null} */
  let lastError = null;
  /** @type {Set<() => void>} */
  const unanswered = new Set(); // who waits for Python, to be called when it is lost
  /** @type {Map<string, Problem>} those that are not mended, by code */
  const errors = new Map();
  const waiting = earlyCalls(read(scope, "pyscriptReplay").value);
  let opened = false;
  let opted = false; // where storage is forbidden, the choice lasts as long as the page

  const emit = (/** @type {string} */ name, /** @type {unknown} */ detail) =>
    dispatch(scope, `pyscript-replay:${name}`, detail);

  /** What carries out each effect; `serve` adds to it as soon as there is something that can. @type {Effects} */
  const effects = {
    "opt-in": () => (page.optedOut = false),
    "opt-out": () => (page.optedOut = true),
  };

  /** Wait while the status is `loading`; then answer the facade, or throw what went wrong. */
  async function settled() {
    while (values.status === "loading") await moved.promise;
    if (values.status === "failed" && lastError) throw replayError(lastError);
    return facade;
  }

  /**
   * What Python answers, or nothing when it comes to its end before that. (A race with one promise for all would be
   * kept by that promise, for as long as the page is there.)
   * @template T
   * @param {T} answer
   * @returns {Promise<Awaited<T> | undefined>}
   */
  function unlessLost(answer) {
    return new Promise((resolve, reject) => {
      const leave = () => resolve(undefined);
      const over = () => unanswered.delete(leave);
      unanswered.add(leave);
      Promise.resolve(answer).then(resolve, reject).finally(over);
    });
  }

  /** @returns {Promise<Finding[]>} what the doctor finds */
  async function examined() {
    let told = page.errors();
    try {
      await page.rest?.();
      const found = await unlessLost(effects.doctor?.());
      if (found) return found;
    } catch (/** @type {any} */ { message, fix }) {
      told = [{ code: "runtime-load", message: `the doctor could not be loaded: ${message}`, fix }, ...told];
    }
    if (life.state === "waiting") return [WAITING];
    return told.length ? told.map((error) => ({ level: "problem", ...error })) : [NOT_STARTED];
  }

  const methods = {
    ready: ready.promise,
    async start() {
      if (values.status === "failed") renew(); // what could not be had is asked for anew
      if (life.state === "prerendered" && (await displayed.promise) === "stopped") return facade;
      page.happened("start");
      return settled();
    },
    async stop() {
      await unlessLost(Promise.all(page.happened("stop")));
    },
    async flush() {
      await unlessLost(effects.flush?.());
    },
    async doctor() {
      const findings = await examined();
      say(scope, "log", table(findings));
      return findings;
    },
    /**
     * At once, so that it stays in order with Segment's own calls.
     * @param {string} name
     * @param {Properties} properties
     */
    async track(name, properties = {}) {
      if (typeof name !== "string" || !name) {
        throw replayError({
          code: "event-name",
          message: `the event's name is ${JSON.stringify(name)}`,
          fix: "Give it a name, as text.",
        });
      }
      return page.given ? page.given.track(name, properties) : track(name, properties);
    },
    /**
     * The page's Segment, where it is no global. What cannot be used is an error that is said, too.
     * @param {Segment} analytics
     */
    async use(analytics) {
      try {
        if (typeof analytics?.addSourceMiddleware !== "function") throw replayError(NO_SEGMENT);
        effects.use?.(analytics);
        page.given = analytics;
      } catch (/** @type {any} */ error) {
        const problem = error?.fix ? error : replayError(NO_SEGMENT); // anything can be handed over
        page.error(problem);
        throw problem;
      }
    },
  };
  /** @type {any} it becomes one here, property by property */
  const made = methods;
  /** @type {Facade} */
  const facade = made;
  for (const name of /** @type {(keyof Values)[]} */ (Object.keys(values))) {
    define(facade, name, { enumerable: true, get: () => values[name] });
  }
  // whoever awaits the answer sees its rejection; for a page that does not, it must not become an uncaught error
  for (const name of ["start", "stop", "flush", "doctor", "track", "use"]) {
    const method = made[name];
    made[name] = (/** @type {unknown[]} */ ...args) => {
      const answer = method(...args);
      answer.catch(() => {});
      return answer;
    };
  }

  // the form in which calls are made before the tag has run: it goes on working
  define(facade, "push", { value: (/** @type {EarlyCall[]} */ ...calls) => makeCalls(facade, calls) });
  define(facade, OURS, { value: true });

  /** @type {Page} */
  const page = {
    facade,

    /** The Segment that was handed over. */
    given: null,

    /** Something has happened (lifecycle.py has the names): take the step, and answer what its effects answer. */
    happened(happening) {
      const due = life.step(happening);
      for (const code of life.mended(happening)) errors.delete(code);
      page.report({ status: life.status });
      return due.map((effect) => effects[effect]?.());
    },

    /** What is carried out by whom: `{ effect: function }`, besides those that are known; also `flush`, `doctor`, `use`. */
    serve: (more) => void Object.assign(effects, more),

    /** The page's first step. Answers a promise of the facade, once it is known what has become of it. */
    open(consent) {
      if (opened) page.happened("start");
      else if (scope.document?.prerendering) {
        page.happened("prerendering");
        const shown = () => {
          page.happened("displayed");
          page.open(consent);
          displayed.resolve(life.state);
        };
        scope.document.addEventListener("prerenderingchange", shown, { once: true });
      } else {
        opened = true;
        if (page.optedOut) page.happened(consent === "wait" ? "stop" : "opted-out");
        else if (consent === "wait" && life.state !== "asked") page.happened("consent-awaited");
        else page.happened("granted");
      }
      const answer = settled();
      answer.catch(() => {});
      return answer;
    },

    /** Whether events are to be looked at. */
    get live() {
      return life.live;
    },

    /** Whether the visitor may not reach Amplitude: nothing may be sent there. */
    get off() {
      return life.state === "off";
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
      lastError = { code, message: message.trim().replace(/\.+$/, ""), fix };
      errors.delete(code);
      errors.set(code, lastError); // as the last one
      say(scope, "error", `pyscript-replay: ${code}: ${lastError.message}. ${fix}`);
      emit("error", { ...lastError });
    },

    /** Make the calls that were waiting. */
    makeEarlyCalls: () => waiting(facade),

    /** What is known to be wrong, the last thing last. */
    errors: () => [...errors.values()],

    /** The wiring has failed. */
    failed(problem) {
      page.error(problem);
      page.happened(["new", "asked"].includes(life.state) ? "refused" : "wiring-failed");
    },

    /** Python is lost, for as long as the page is there. */
    lost(problem) {
      const unrecorded = () => page.happened("not-recorded");
      const gone = { look: undefined, end: undefined, flush: undefined, doctor: undefined };
      page.serve({ ...gone, load: () => page.failed(problem), begin: unrecorded });
      page.rest = undefined;
      page.report({ recording: false });
      page.failed(problem);
      unrecorded();
      for (const leave of unanswered) leave();
    },

    /** What the tag says cannot be done; nor will it when it is tried again. */
    refuse(problem) {
      effects.load = () => page.failed(problem);
      page.failed(problem);
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
  if (!put(scope, "pyscriptReplay", facade))
    page.error({
      code: "global-taken",
      message: "window.pyscriptReplay is the page's own, and cannot be replaced",
      fix: "Give that another name, for without ours the page can neither start() nor stop() the recording.",
    });
  return page;
}

/**
 * Dispatch an event, also on a page that has replaced `CustomEvent`.
 * @param {Scope} scope @param {string} type @param {unknown} detail
 */
function dispatch(scope, type, detail) {
  try {
    scope.dispatchEvent(new scope.CustomEvent(type, { detail }));
  } catch {
    try {
      const event = /** @type {Document} */ (scope.document).createEvent("CustomEvent");
      event.initCustomEvent(type, false, false, detail);
      scope.dispatchEvent(event);
    } catch {
      // then nobody hears of it
    }
  }
}

/** An error as Python's half raises it. @param {Problem} problem */
export function replayError({ code, message, fix }) {
  const error = new Error(message);
  // not assigned: where a page has frozen what errors inherit, that would throw
  for (const [key, value] of Object.entries({ name: "ReplayError", code, fix }))
    define(error, key, { configurable: true, enumerable: true, writable: true, value });
  return error;
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
