// The page's Segment object, in whichever way and order it arrives: its events held until the wiring is ready, and
// shown to the wiring as they pass, each as one look and one patch (modes/base.py says what is in them).
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

import { amplitudeNow, observe, tellAmplitude, watchAmplitude } from "./classic_device.js";
import { watchProperty } from "./property.js";
import { deferred } from "./replay.js";
import { CARRIES_PROPERTIES, HOLD_MS } from "./tables.js";

/** @type {SegmentCall[]} */
const CALLS = [...CARRIES_PROPERTIES, "identify", "group", "alias"];
const SESSION = "analytics_session_id";
const LAST_ACCESS = "analytics_session_id.last_access";
const ANONYMOUS_ID = "ajs_anonymous_id";

/**
 * Watch for a Segment. `meet` is shown what may be one; `real` is kept once it is. An event is held until `release()`,
 * or until the first one has waited for `patience` milliseconds. Once `connect` was called, each event is looked at.
 * @param {number} patience
 * @returns {Watch}
 */
function watch(patience = HOLD_MS) {
  /** @type {Deferred<void>} */
  const gate = deferred();
  /** @type {Deferred<void>} */
  const real = deferred();
  const met = new WeakSet();
  /** @type {WeakMap<SegmentEvent, number>} */
  const arrived = new WeakMap(); // event: when it came
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {Segment} */
  let analytics; // the real one
  /** @type {SegmentUser} */
  let user;
  /** @type {Wiring | null} */
  let wiring = null; // what connect() was given
  /** @type {Partial<Looks>} */
  let tell = {}; // functions of Python's: facts in, a patch out
  /** @type {AmplitudeInstance | null} */
  let instance = null; // amplitude-js
  /** @type {Deferred<void>} */
  let settling = deferred();
  real.promise.catch(() => {}); // whoever awaits it sees a rejection; it must not also be an uncaught error

  /** @type {SourceMiddleware} */
  const hold = async ({ payload, next }) => {
    arrived.set(payload.obj, performance.now());
    timer ??= setTimeout(gate.resolve, patience);
    await unlessLeft(gate.promise);
    next(payload);
  };
  /** @type {View} */
  const view = {
    name: "pyscript-replay",
    type: "enrichment",
    version: "1.0.0",
    isLoaded: () => true,
    load: async () => {},
  };
  /** @type {Promise<unknown>} */
  let turn = Promise.resolve(); // an event that waits is not overtaken
  for (const call of CALLS) {
    view[call] = (/** @type {{ event: SegmentEvent }} */ context) => {
      turn = turn.then(() => see(context.event)).catch(() => {});
      return turn.then(() => context);
    };
  }

  /** One look, one patch; and once more, where the event has to wait for its recording. @param {SegmentEvent} event */
  async function see(event) {
    if (!tell.event || !live()) return;
    if (!apply(event, tell.event(look(event)))?.wait) return;
    const spent = performance.now() - (arrived.get(event) ?? performance.now());
    await unlessLeft(Promise.race([settling.promise, sleep(Math.max(0, patience - spent))]));
    if (live()) apply(event, tell.event({ ...look(event), waited: true }));
  }

  const live = () => segment.page?.live;

  /** Something other than an event may have moved the session. @param {keyof Looks} how @param {Partial<Facts>} more */
  const seen = (how, more = {}) => live() && apply(null, tell[how]?.({ ...look(null), ...more }));

  /**
   * The facts of now, and of an event: see modes/base.py.
   * @param {SegmentEvent | null} event
   * @returns {Facts}
   */
  function look(event) {
    const storage = attempt(() => analytics.storage);
    return {
      now: Date.now(),
      visitor: visitor(user),
      ...(storage && attempt(() => ({ stored: plain(storage.get(SESSION)), access: plain(storage.get(LAST_ACCESS)) }))),
      amplitude: instance && amplitudeNow(instance),
      event: event && wiring && eventFacts(event, wiring),
      properties: event && CARRIES_PROPERTIES.includes(event.type) ? properties() : null,
      waited: false,
    };
  }

  /** What the SDK wants an event to carry, while it records. */
  const properties = () =>
    segment.page?.facade.recording ? attempt(() => segment.sdk?.getSessionReplayProperties() ?? null) : null;

  /** Carry out a patch, and answer it. @type {Watch["apply"]} */
  function apply(event, patch) {
    if (!patch) return null;
    if (patch.clear) for (const key of [SESSION, LAST_ACCESS]) analytics.storage.clear(key);
    if (patch.store) store(analytics.storage, patch.store);
    if (patch.touch) analytics.storage.set(LAST_ACCESS, Date.now());
    if (patch.amplitude && instance) tellAmplitude(instance, patch.amplitude);
    if (event && patch.session_id && wiring?.destination) putSession(event, wiring.destination, patch.session_id);
    if (event && patch.properties) event.properties = { ...event.properties, ...patch.properties };
    return patch;
  }

  /** @type {Watch} */
  const segment = {
    real: real.promise,
    fail: real.reject, // it could not be loaded
    release: gate.resolve,
    page: null, // whose life cycle says whether events are to be looked at
    sdk: null, // what records
    look: () => look(null),
    apply,
    allows: (names) => allows(analytics.integrations, names),

    /** What Segment was told to load, and the names of the plugins that are registered. */
    destinations: () => ({
      settings: analytics.settings?.cdnSettings ?? {},
      plugins: (analytics.queue?.plugins ?? []).map(({ name }) => name),
    }),

    async meetAmplitude() {
      instance = (await watchAmplitude(globalThis)).it;
      observe(instance, () => seen("look"));
    },

    /** From here on every event is seen, and whatever else may move the session. */
    connect(given, functions) {
      const again = wiring !== null;
      wiring = given;
      tell = functions;
      if (again) return;
      if (given.hook !== "enrichment") addDocumentedHook(given.hook);
      analytics.on("reset", () => seen("reset"));
      onSessionChange(seen, () => globalThis.pyscriptReplay?.sessionId ?? null);
    },

    settled() {
      settling.resolve();
      settling = deferred();
    },

    call: (method, args) => analytics[method](...args),

    meet(/** @type {any} */ value) {
      if (!value || typeof value !== "object" || value[STAND_IN] || met.has(value)) return;
      if (Array.isArray(value)) {
        value.push(["addSourceMiddleware", hold], ["register", view]); // older snippets have no `register`, but Segment does
      } else if (typeof value.addSourceMiddleware === "function") {
        const taken = value.queue?.plugins?.includes(view); // the snippet's array has handed both over already
        if (!taken) {
          value.addSourceMiddleware(hold);
          value.register(view);
        }
        Promise.resolve(value.user()).then((it) => {
          user = it;
          analytics = value.instance ?? value; // an npm AnalyticsBrowser is a front for the instance that it has made by now
          real.resolve();
        }, real.reject);
      } else return;
      met.add(value);
    },
  };

  /** Amplitude's documentation reads the id in a source middleware, at once or after a moment. @param {string} hook */
  function addDocumentedHook(hook) {
    analytics.addSourceMiddleware(({ payload, next }) => {
      const early = () => attempt(() => seen("look", { event: wiring && eventFacts(payload.obj, wiring) }));
      if (hook === "deferred") setTimeout(early, 0);
      else early();
      next(payload);
    });
  }

  return segment;
}

const sleep = (/** @type {number} */ milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * What looking answers; `null` where it fails.
 * @template T
 * @param {() => T} look
 */
const attempt = (look) => {
  try {
    return look();
  } catch {
    return null;
  }
};

/**
 * A value as the facts have it: numbers and texts as they are, anything else as an empty text, which is no id.
 * @param {unknown} value
 */
const plain = (value) => {
  if (value === undefined || value === null) return null;
  return typeof value === "number" || typeof value === "string" ? value : "";
};

/**
 * Segment's anonymous id, read from its stores in the order of its own `anonymousId()`: cookies first. That method is
 * not called, because it also writes the id it has found to every store: in a tab that has not seen another tab's new
 * id yet, it would put the old one back.
 * @param {SegmentUser} user
 */
function visitor(user) {
  const stores = user.identityStore?.stores ?? [];
  const kept = (/** @type {SegmentStore} */ store) => attempt(() => store.get(user.anonKey)) || null;
  const cookies =
    typeof user.identityStore?.getConsistent === "function"
      ? stores.filter((store) => typeof store.opts === "function")
      : [];
  for (const store of [...cookies, ...stores]) {
    const found = kept(store);
    if (found) return String(found);
  }
  return attempt(() => user.anonymousId());
}

/**
 * What the rules need of an event.
 * @param {SegmentEvent} event
 * @param {Wiring} wiring
 * @returns {EventFacts}
 */
function eventFacts(event, { destination, destinations }) {
  const { type, integrations, properties } = event;
  return {
    type,
    name: text(event.name ?? properties?.name),
    category: text(event.category ?? properties?.category),
    user_id: text(event.userId),
    group_id: text(event.groupId),
    traits: Object.keys(event.traits ?? {}).length > 0,
    anonymous_id: text(event.anonymousId),
    allowed: allows(integrations, destinations),
    session_id: plain(destination && integrations?.[destination]?.session_id),
  };
}

const text = (/** @type {unknown} */ value) => (value === undefined || value === null ? null : String(value));

/**
 * Whether `integrations`, of an event or of the page, let a destination have events: `false` under any of its names
 * switches it off, and so does `All: false` where it is not named.
 * @param {Integrations | undefined} integrations
 * @param {string[]} names
 */
function allows(integrations, names) {
  const chosen = names.map((name) => integrations?.[name]).filter((value) => value !== undefined && value !== null);
  return chosen.length ? chosen.every(Boolean) : integrations?.All !== false;
}

/**
 * Put the session on an event. What else the caller has set for the destination stays, and the caller's own object is
 * not changed.
 * @param {SegmentEvent} event
 * @param {string} destination
 * @param {number} session_id
 */
function putSession(event, destination, session_id) {
  const given = event.integrations?.[destination];
  event.integrations = {
    ...event.integrations,
    [destination]: { ...(typeof given === "object" ? given : {}), session_id },
  };
}

/**
 * Store a session id where Segment's plugin does, unless it is there. The cookie is looked at separately: it may have
 * been deleted while local storage still has the id.
 * @param {SegmentStorage} storage
 * @param {number} id
 */
function store(storage, id) {
  if (String(storage.get(SESSION)) !== String(id) || !document.cookie.split("; ").includes(`${SESSION}=${id}`))
    storage.set(SESSION, id);
}

/**
 * Look when another tab, or the site, has written the session or the visitor. (What Segment itself writes in this tab
 * it writes with an event, and events are looked at anyway.)
 * @param {(how: "look" | "cookie", more?: Partial<Facts>) => unknown} seen
 * @param {() => number | null} known the session id that replay has
 */
function onSessionChange(seen, known) {
  addEventListener("storage", ({ key, newValue }) => {
    // Segment removes the old anonymous id before it writes the new one: the first change shows no visitor yet
    if (key === SESSION || key === null || (key === ANONYMOUS_ID && newValue !== null)) seen("look");
  });
  // not in every browser, only on secure origins, and not where cookies are forbidden
  attempt(() =>
    window.cookieStore.addEventListener("change", ({ changed }) => {
      for (const { name, value } of changed) {
        if (name === SESSION && value !== String(known())) seen("cookie", { cookie: value });
        else if (name === ANONYMOUS_ID) seen("look");
      }
    }),
  );
}

let leaving = false;
globalThis.addEventListener?.("pageshow", () => (leaving = false)); // back from the bfcache

/**
 * Wait for a promise, but no longer than until the page is about to be left: what still waits then is lost.
 * @param {Promise<void>} promise
 * @returns {Promise<void>}
 */
function unlessLeft(promise) {
  if (!globalThis.addEventListener) return promise;
  if (leaving) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (/** @type {Event | undefined} */ event = undefined) => {
      removeEventListener("beforeunload", done); // a listener that stays may keep the page out of the bfcache
      leaving ||= event?.type === "beforeunload";
      resolve();
    };
    addEventListener("beforeunload", done);
    promise.then(
      () => done(),
      () => done(),
    );
  });
}

/**
 * Watch what `scope[name]` is, or becomes.
 * @param {Record<string, any>} scope @param {string} name @param {number} [patience]
 */
export function watchSegment(scope, name, patience) {
  const segment = watch(patience);
  const unwatch = watchProperty(scope, name, segment.meet);
  segment.real.then(unwatch, () => {});
  return segment;
}

/** Watch a Segment that is at hand. @param {any} analytics */
export function watchObject(analytics) {
  if (typeof analytics?.addSourceMiddleware !== "function") throw new TypeError("this is no Segment object");
  const segment = watch();
  segment.meet(analytics);
  return segment;
}

/**
 * Track an event on Segment itself, whatever it is by now; where there is none yet, in the array that one will find.
 * @param {Record<string, any>} scope @param {string} name @param {unknown[]} event
 */
export function trackOn(scope, name, ...event) {
  const segment = (scope[name] ??= []);
  return typeof segment.track === "function" ? segment.track(...event) : segment.push(["track", ...event]);
}

/**
 * Whether the page has a Segment, or one on its way; an array of calls that nobody has taken on is none.
 * @param {Record<string, any>} scope @param {string} name
 */
export const hasSegment = (scope, name) =>
  Boolean(scope[name]?.invoked || typeof scope[name]?.addSourceMiddleware === "function");

const STAND_IN = Symbol("stand-in");
/** @type {SegmentCall[]} */
const EVENTS = [...CALLS, "reset"];
const OTHERS = [
  "ready",
  "on",
  "once",
  "off",
  "user",
  "setAnonymousId",
  "addSourceMiddleware",
  "addDestinationMiddleware",
  "register",
  "deregister",
  "debug",
  "trackLink",
  "trackForm",
  "trackClick",
  "trackSubmit",
  "pageview",
];

/**
 * A Segment for a page that has none: at once a stand-in, which keeps the calls in memory; and, once the answered
 * `load({ sdk, writeKey, cdnURL, options })` is called, analytics-next. `sdk` is a promise of its module. Events are
 * let go in the order in which they were made, whichever their kind (Segment's own buffer keeps the order of each
 * kind only).
 * @param {Record<string, any>} scope @param {string} name
 * @returns {Load}
 */
export function standIn(scope, name) {
  /** @type {Deferred<Segment>} */
  const loading = deferred();
  /** @type {Deferred<{ browser: Loading }>} */
  const browser = deferred();
  /** @type {Record<string | symbol, any>} */
  const stub = Object.assign([], { invoked: true, [STAND_IN]: true }); // `invoked` keeps a late snippet from loading a second Segment
  for (const method of OTHERS) {
    stub[method] = (/** @type {unknown[]} */ ...args) => {
      const answer = browser.promise.then((it) => it.browser[method](...args));
      answer.catch(() => {}); // that Segment could not be loaded is said once
      return answer;
    };
  }
  stub.push = (/** @type {[method: string, ...args: unknown[]][]} */ ...calls) => {
    for (const [method, ...args] of calls) stub[method]?.(...args);
  };
  for (const method of EVENTS) {
    stub[method] = (/** @type {unknown[]} */ ...args) => {
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
      scope[name] = analytics; // this global is watched, so events are held before the first early call goes on
      loading.resolve(analytics);
    } catch (/** @type {any} */ error) {
      throw Object.assign(new Error(`Segment could not be loaded: ${error.message}`), {
        code: "segment-load",
        fix: "Check data-write-key and data-segment-cdn, and that nothing blocks them.",
      });
    }
  };
}

/**
 * Where the visitor was when an early event was made, in the form in which Segment's snippet hands it over.
 * @param {Record<string, any>} scope
 */
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
