// The page's Segment object, in whichever way and order it arrives: its events held until the wiring is ready, and
// shown to the wiring as they pass.
//
// A page's Segment is a snippet's array of calls that later becomes the real object, or an npm `AnalyticsBrowser`,
// or (with `data-write-key`) ours. All three understand `addSourceMiddleware` and `register`. Both are called at the
// first moment, for analytics-next lists an event's plugins before it runs the first of them: a plugin that comes
// while an event is held never sees that event.
//
// - The hold is a source middleware that returns a promise; events wait for it in their order. One that calls `next`
//   after it has returned loses the event, so `next` is called inside the awaited function.
// - Whatever an event waits for, it goes on when the visitor leaves the page.
// - The view is an enrichment plugin. Those of the page run after those of Segment's settings, and see what they added.

import { deferred } from "./page.js";

const CALLS = ["track", "page", "screen", "identify", "group", "alias"];

/**
 * Watch for a Segment. `meet` is shown what may be one; `real` is kept with `{ it: analytics }` once it is (boxed, for
 * it may be thenable). An event is held until `release()`, or until the first one has waited for `patience`
 * milliseconds. `enrich` may be set to a function that is shown each event, and may answer a promise for the event to
 * wait for.
 */
function watch(patience) {
  const gate = deferred();
  const real = deferred();
  const met = new WeakSet();
  let timer;
  real.promise.catch(() => {}); // whoever waits for it is told

  const hold = async ({ payload, next }) => {
    timer ??= setTimeout(gate.resolve, patience);
    await unlessLeft(gate.promise);
    next(payload);
  };
  const view = { name: "pyscript-replay", type: "enrichment", version: "1.0.0", isLoaded: () => true, load: async () => {} };
  let turn = Promise.resolve(); // an event that waits is not overtaken
  for (const call of CALLS) {
    view[call] = (context) => {
      turn = turn.then(() => unlessLeft(segment.enrich?.(context.event))).catch(() => {});
      return turn.then(() => context);
    };
  }

  const segment = {
    real: real.promise,
    fail: real.reject, // it could not be loaded
    release: gate.resolve,
    enrich: null,
    meet(value) {
      if (!value || typeof value !== "object" || value[STAND_IN] || met.has(value)) return;
      if (Array.isArray(value)) {
        value.push(["addSourceMiddleware", hold], ["register", view]); // older snippets have no `register`, but Segment does
      } else if (typeof value.addSourceMiddleware === "function") {
        const taken = value.queue?.plugins?.includes(view); // over, from a snippet's array
        if (!taken) {
          value.addSourceMiddleware(hold);
          value.register(view);
        }
        real.resolve({ it: value });
      } else return;
      met.add(value);
    },
  };
  return segment;
}

let leaving = false;
globalThis.addEventListener?.("pageshow", () => (leaving = false)); // back again

/** Wait for a promise, but no longer than until the page is about to be left: what still waits then is lost. */
function unlessLeft(promise) {
  if (typeof promise?.then !== "function" || !globalThis.addEventListener) return promise;
  if (leaving) return undefined;
  return new Promise((resolve) => {
    const done = (event) => {
      removeEventListener("beforeunload", done); // one that stays may keep the page from the back/forward cache
      leaving ||= event?.type === "beforeunload";
      resolve();
    };
    addEventListener("beforeunload", done);
    promise.then(() => done(), () => done());
  });
}

/** Watch what `scope[name]` is, or becomes. */
export function watchSegment(scope, name, patience) {
  const segment = watch(patience);
  const unwatch = watchProperty(scope, name, segment.meet);
  segment.real.then(unwatch, () => {});
  return segment;
}

/** Watch a Segment that is at hand. */
export function watchObject(analytics) {
  if (typeof analytics?.addSourceMiddleware !== "function") throw new TypeError("this is no Segment object");
  const segment = watch();
  segment.meet(analytics);
  return segment;
}

/** Call `meet` with the value that `scope[name]` has, and with each that it is given; answers how to stop. */
export function watchProperty(scope, name, found) {
  const meet = (value) => {
    try {
      found(value);
    } catch {
      // it is not what we look for, and whoever sets it must not be disturbed
    }
  };
  let current = scope[name];
  meet(current);
  try {
    Object.defineProperty(scope, name, {
      configurable: true,
      enumerable: true,
      get: () => current,
      set(value) {
        current = value;
        meet(value);
      },
    });
    return () => Object.defineProperty(scope, name, { configurable: true, enumerable: true, writable: true, value: current });
  } catch {
    // a global `var` cannot be redefined: look at it from time to time instead, at last once a second
    let timer;
    const look = (pause) => {
      meet(scope[name]);
      timer = setTimeout(look, pause, Math.min(pause * 1.1, 1000));
    };
    look(50);
    return () => clearTimeout(timer);
  }
}

/** Track an event on Segment itself, whatever it is by now; where there is none yet, in the array that one will find. */
export function trackOn(scope, name, ...event) {
  const segment = (scope[name] ??= []);
  return typeof segment.track === "function" ? segment.track(...event) : segment.push(["track", ...event]);
}

/** Whether the page has a Segment, or one on its way; an array of calls that nobody has taken on is none. */
export const hasSegment = (scope, name) => Boolean(scope[name]?.invoked || typeof scope[name]?.addSourceMiddleware === "function");

const STAND_IN = Symbol("stand-in");
const EVENTS = [...CALLS, "reset"];
const OTHERS = [
  "ready", "on", "once", "off", "user", "setAnonymousId", "addSourceMiddleware", "addDestinationMiddleware",
  "register", "deregister", "debug", "trackLink", "trackForm", "trackClick", "trackSubmit", "pageview",
];

/**
 * A Segment for a page that has none: at once a stand-in, which keeps the calls in memory; and, once the answered
 * `load({ sdk, writeKey, cdnURL, options })` is called, analytics-next. `sdk` is a promise of its module. Events are
 * let go in the order in which they were made, whichever their kind (Segment's own buffer keeps the order of each
 * kind only).
 */
export function standIn(scope, name) {
  const loading = deferred();
  const browser = deferred();
  const stub = Object.assign([], { invoked: true, [STAND_IN]: true }); // `invoked` keeps a late snippet from loading a second Segment
  for (const method of OTHERS) {
    stub[method] = (...args) => {
      const answer = browser.promise.then((it) => it.browser[method](...args));
      answer.catch(() => {}); // that Segment could not be loaded is said once
      return answer;
    };
  }
  stub.push = (...calls) => {
    for (const [method, ...args] of calls) stub[method]?.(...args);
  };
  for (const method of EVENTS) {
    stub[method] = (...args) => {
      const call = method === "reset" ? args : [...args, pageContext(scope)];
      return loading.promise.then((analytics) => analytics[method](...call));
    };
  }
  const early = Array.isArray(scope[name]) ? scope[name].splice(0) : [];
  scope[name] = stub;
  stub.push(...early);

  return async function load({ sdk, writeKey, cdnURL, options = {} }) {
    const cookie = { secure: scope.location.protocol === "https:", ...options.cookie };
    try {
      const { AnalyticsBrowser } = await sdk;
      const it = AnalyticsBrowser.load({ writeKey, ...(cdnURL && { cdnURL }) }, { ...options, cookie });
      browser.resolve({ browser: it }); // boxed: it is thenable
      const [analytics] = await it;
      scope[name] = analytics; // held from here, before the first call is let go
      loading.resolve(analytics);
    } catch (error) {
      throw Object.assign(new Error(`Segment could not be loaded: ${error.message}`), {
        code: "segment-load",
        fix: "Check data-write-key and data-segment-cdn, and that nothing blocks them.",
      });
    }
  };
}

/** Where the visitor was when an early event was made, in the form in which Segment's snippet hands it over. */
function pageContext({ document, location }) {
  const canonical = document.querySelector("link[rel='canonical']")?.getAttribute("href") || undefined;
  return {
    __t: "bpc",
    c: canonical,
    p: location.pathname,
    u: location.href,
    s: location.search,
    t: document.title,
    r: document.referrer,
  };
}
