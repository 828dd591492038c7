// The page's Segment object, in whichever way and order it arrives, and the hold on its events.
//
// A page's Segment is a snippet's array of calls that later becomes the real object, or an npm `AnalyticsBrowser`,
// or (with `data-write-key`) ours. All three understand `addSourceMiddleware`, and a source middleware that returns
// a promise holds an event, in order, until the promise is kept. One that calls `next` after it has returned loses
// the event, so `next` is called inside the awaited function.

import { deferred } from "./page.js";

/** Watch `scope[name]`. `real` is kept with `{ it: analytics }` (boxed, for it may be thenable); `release()` ends the hold. */
export function watchSegment(scope, name) {
  const gate = deferred();
  const real = deferred();
  const held = new WeakSet();

  const pyscriptReplayHold = async ({ payload, next }) => {
    await gate.promise;
    next(payload);
  };

  const meet = (value) => {
    if (!value || typeof value !== "object" || held.has(value)) return;
    if (typeof value.addSourceMiddleware === "function") value.addSourceMiddleware(pyscriptReplayHold);
    else if (Array.isArray(value)) value.push(["addSourceMiddleware", pyscriptReplayHold]);
    else return;
    held.add(value);
    if (!Array.isArray(value)) real.resolve({ it: value });
  };

  const unwatch = watchProperty(scope, name, meet);
  // Without a Segment yet, our call waits in the array that a snippet will find and take over.
  if (!scope[name]) scope[name] = [];
  else meet(scope[name]);
  real.promise.then(unwatch);
  return { real: real.promise, release: gate.resolve };
}

/** Call `meet` with each value that `scope[name]` is given; answers how to stop. */
function watchProperty(scope, name, meet) {
  let current = scope[name];
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
    // a global `var` cannot be redefined: look at it from time to time instead
    const timer = setInterval(() => meet(scope[name]), 20);
    return () => clearInterval(timer);
  }
}

const EVENTS = ["track", "page", "identify", "group", "alias", "screen", "reset"];
const OTHERS = [
  "ready", "on", "once", "off", "user", "setAnonymousId", "addSourceMiddleware", "addDestinationMiddleware",
  "register", "deregister", "debug", "trackLink", "trackForm", "trackClick", "trackSubmit", "pageview",
];

/**
 * Load analytics-next from the bundle, for a page that has no Segment of its own. The stand-in keeps the calls that
 * are made meanwhile; events are let go in the order in which they were made, whichever their kind (Segment's own
 * buffer keeps the order of each kind only).
 */
export async function loadSegment(scope, name, sdk, settings, options) {
  const loading = deferred();
  const browser = deferred();
  const standIn = Object.assign([], { invoked: true }); // `invoked` keeps a late snippet from loading a second Segment
  for (const method of OTHERS) {
    standIn[method] = (...args) => browser.promise.then((it) => it.browser[method](...args));
  }
  for (const method of EVENTS) {
    standIn[method] = (...args) => {
      const call = method === "reset" ? args : [...args, pageContext(scope)];
      return loading.promise.then((analytics) => analytics[method](...call));
    };
  }
  const early = Array.isArray(scope[name]) ? scope[name].splice(0) : [];
  scope[name] = standIn;
  for (const [method, ...args] of early) standIn[method]?.(...args);
  try {
    const { AnalyticsBrowser } = await sdk;
    const it = AnalyticsBrowser.load(settings, options);
    browser.resolve({ browser: it }); // boxed: it is thenable
    const [analytics] = await it;
    scope[name] = analytics; // held from here, before the first call is let go
    loading.resolve(analytics);
    return analytics;
  } catch (error) {
    loading.promise.catch(() => {});
    loading.reject(error);
    throw error;
  }
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
