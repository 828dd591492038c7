// The page's Segment object, in whichever way and order it arrives: its events held until the wiring is ready, and
// shown to the wiring as they pass, each as one look and one patch (modes/base.py says what is in them).
//
// A page's Segment is a snippet's array of calls that later becomes the real object, or an npm `AnalyticsBrowser`,
// or (with `data-write-key`) ours. All three understand `register`, which is called at the first moment, for
// analytics-next lists an event's plugins before it runs the first of them: a plugin that comes while an event is held
// never sees that event.
//
// - The hold is a plugin of the first kind, `before`; events wait for it in their order. A source middleware is one, too,
//   but for its sake Segment out of npm fetches a file of its own, and does not go on loading until that is there.
// - Whatever an event waits for, it goes on when the visitor leaves the page.
// - The view is an enrichment plugin. Those of the page run after those of Segment's settings, and see what they added.
// - Python is not asked about an event that is like the one before, as long as its answer to that holds.

import { diagnosed, imported, there } from "./assets.js";
import { amplitudeNow, idsOf, observe, tellAmplitude, watchAmplitude } from "./classic_device.js";
import { json } from "./data.js";
import { lastOnes, passedEvent } from "./doctor.js";
import { attempt, put, read, watchProperty } from "./property.js";
import { targeting } from "./recorder.js";
import { deferred, replayError } from "./replay.js";
import { CARRIES_PROPERTIES, HOLD_MS, SEGMENT_CDN } from "./tables.js";

/** @type {SegmentCall[]} */
const CALLS = [...CARRIES_PROPERTIES, "identify", "group", "alias"];
const SESSION = "analytics_session_id";
const LAST_ACCESS = "analytics_session_id.last_access";
const ANONYMOUS_ID = "ajs_anonymous_id";
const MOST_ARRIVED = 1000;
const DESTINATION_SCRIPT = "script[src*='/next-integrations/']"; // Segment puts it there, once it has its settings
const SEGMENT_SCRIPT = "script[src*='/analytics.js/v1/']"; // the snippet's load() puts it there

/**
 * Watch for a Segment. `meet` is shown what may be one; `real` is kept once it is. An event is held until `release()`,
 * or until the first one has waited for `patience` milliseconds. Once `connect` was called, each event is looked at.
 * @param {number} patience
 * @returns {Watch}
 */
function watch(patience = HOLD_MS) {
  /** @type {Deferred<void> | null} */
  let gate = deferred(); // until events go on
  const met = new WeakSet();
  /** @type {Map<string | undefined, number>} */
  const arrived = new Map(); // an event's messageId: when it came
  /** @type {ReturnType<typeof lastOnes<{ event: SegmentEvent, amplitude: AmplitudeIds | null }>>} */
  const passed = lastOnes(); // for the doctor
  /** @type {Deferred<void>} */
  let real = deferred();
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
  /** @type {unknown} */
  let waiting = null; // what will be the real one, once it has loaded
  /** @type {Deferred<void>} */
  let settling = deferred();
  /** @type {unknown} */
  let handed = null; // the one, of whatever is met
  let failed = false; // to bring one
  let brought = false; // whether one is being brought
  /** @type {string | null} */
  let known = null; // the visitor, as last seen
  /** @type {string | null | undefined} */
  let lastRead; // the visitor, by their cookie
  /** @type {string | null} */
  let before = null; // the one who was there before a reset() at which nobody looked
  /** @type {{ facts: Facts, patch: Patch } | null} */
  let latest = null; // the last event's facts, and Python's answer, if that holds for those that are like it
  real.promise.catch(() => {}); // whoever awaits it sees a rejection; it must not also be an uncaught error

  /**
   * It is there. While it still loads, too: it may wait for an event, which waits for us.
   * @param {Segment} it @param {SegmentUser} its
   */
  function found(it, its) {
    user = its;
    if (it !== analytics) {
      known = visitor(user);
      it.on("reset", () => (live() ? seen("reset") : (before ??= known)));
    }
    analytics = it;
    real.resolve();
  }

  function release() {
    gate?.resolve();
    gate = null;
  }

  const hold = plugin("pyscript-replay hold", "before", async (context) => {
    context.event = attempt(() => copied(context.event)) ?? context.event;
    const { messageId, anonymousId } = context.event;
    const [oldest] = arrived.size < MOST_ARRIVED ? [] : arrived.keys();
    if (oldest) arrived.delete(oldest); // it was dropped on its way
    arrived.set(messageId, performance.now());
    known = anonymousId ?? known;
    timer ??= setTimeout(release, patience);
    if (gate) await unlessLeft(gate.promise);
    return context;
  });

  /** @type {Promise<unknown>} */
  let turn = Promise.resolve(); // an event that waits is not overtaken
  const view = plugin(
    "pyscript-replay",
    "enrichment",
    (context) => {
      turn = turn.then(() => see(context.event)).catch(() => {});
      return turn.then(() => {
        passed.add({ event: context.event, amplitude: attempt(() => instance && idsOf(instance)) });
        return context;
      });
    },
    (instance) => attempt(() => found(instance, /** @type {SegmentUser} */ (instance.user()))),
  );

  /** One look, one patch; and once more, where the event has to wait for its recording. @param {SegmentEvent} event */
  async function see(event) {
    const came = arrived.get(event.messageId) ?? performance.now();
    arrived.delete(event.messageId);
    if (!tell.event || !live()) return;
    before = null;
    const waits = apply(event, answer(look(event, performance.now() - came < ONE_CHANGE_MS)))?.wait;
    const left = () => Math.max(0, patience - (performance.now() - came));
    const settled = () => unlessLeft(Promise.race([settling.promise, sleep(left())]));
    if (waits) await settled();
    let targeted = false;
    const asked = async () => void (targeted = await target(event));
    if (live() && conditional(event)) await unlessLeft(Promise.race([asked(), sleep(left())]));
    if (targeted && !recording()) await settled();
    if ((waits || targeted) && live()) apply(event, answer({ ...look(event), waited: true }));
  }

  /**
   * Python's answer to an event. As long as that holds, Python is not asked again about an event like it: one that
   * differs in its times only, and they move on.
   * @param {Facts} facts
   */
  function answer(facts) {
    if (latest && facts.now < (latest.patch.holds ?? 0) && isLike(latest.facts, facts)) return latest.patch;
    const patch = tell.event?.(facts);
    latest = patch?.holds ? { facts: JSON.parse(String(json(facts))), patch } : null; // a copy: the page may change its own
    return patch;
  }

  /** amplitude-js has logged an event, or was told something: looked at, if it has other ids or another opt-out now. */
  function logged() {
    const { amplitude, reach: before } = latest?.facts ?? {};
    const moved = !instance || ids(idsOf(instance)) !== ids(amplitude) || before?.opted_out !== reach(null).opted_out;
    if (moved) seen("look");
  }

  const recording = () => segment.page?.facade.recording;

  /** Whether Amplitude's configuration may have the recording begin with this event. @param {SegmentEvent} event */
  function conditional(event) {
    if (recording() || !targeting() || !segment.sdk || !segment.page?.facade.sessionId) return false;
    return Boolean(wiring && allows(event.integrations, wiring.destinations));
  }

  /**
   * Where Amplitude's configuration records under conditions, have the SDK see whether the event meets them.
   * @param {SegmentEvent} event
   * @returns {Promise<boolean>} whether its recording begins with this event
   */
  async function target(event) {
    const { sdk } = segment;
    if (!sdk || !wiring) return false;
    const promised = () => Object.keys(sdk.getSessionReplayProperties()).length > 0;
    try {
      if (promised()) return false; // no condition keeps it from recording: it does, or has failed to
      await sdk.evaluateTargetingAndCapture(targetingFacts(event, user, wiring.page_event));
      return promised();
    } catch {
      return false; // it concerns the recording only
    }
  }

  const live = () => segment.page?.live;

  /** What Segment drops, as a consent wrapper has it do, passes no view. @param {SegmentEvent} event */
  const dropped = (event) => live() && apply(null, tell.look?.({ ...look(null), reach: reach(event) }));

  /** Something other than an event may have moved the session. @param {keyof Looks} how @param {Partial<Facts>} more */
  const seen = (how, more = {}) => live() && apply(null, tell[how]?.({ ...look(null), ...more }));

  /** The last events, for the doctor. @param {Wiring} wiring */
  const eventsOf = ({ destination, destinations }) =>
    passed.all().map(({ event, amplitude }) => ({
      ...passedEvent(event, destination, amplitude),
      allowed: allows(event.integrations, destinations),
    }));

  /**
   * The visitor. For a new event Segment has just read who it is; where nothing has changed, it is not read once more:
   * right after Segment has written to the cookies, that would take half a millisecond.
   * @param {SegmentEvent | null} event
   * @param {boolean} isNew
   */
  function present(event, isNew) {
    if (!isNew || lastRead === undefined || event?.anonymousId !== lastRead) lastRead = visitor(user);
    return lastRead;
  }

  /**
   * The facts of now, and of an event: see modes/base.py.
   * @param {SegmentEvent | null} event
   * @param {boolean} [isNew]
   * @returns {Facts}
   */
  function look(event, isNew = false) {
    if (!event) latest = null; // Python may learn something
    const storage = attempt(() => analytics.storage);
    return {
      now: Date.now(),
      visitor: present(event, isNew),
      before,
      // as Segment's own plugin reads them
      ...(storage && attempt(() => ({ stored: plain(storage.get(SESSION)), access: plain(storage.get(LAST_ACCESS)) }))),
      amplitude: instance && amplitudeNow(instance),
      plugin: segment.destinations().plugins.some((name) => wiring?.destinations.some((each) => name.includes(each))),
      reach: reach(event),
      event: event && wiring && eventFacts(event, wiring),
      properties: event && CARRIES_PROPERTIES.includes(event.type) ? properties() : null,
      waited: false,
    };
  }

  /**
   * What decides whether the visitor may reach Amplitude: see reach.py.
   * @param {SegmentEvent | null} event
   * @returns {ReachFacts}
   */
  const reach = (event) => ({
    disabled: isDisabled(analytics),
    enabled: !wiring || allows(analytics.integrations, wiring.destinations),
    opted_out: Boolean(instance?.options.optOut || attempt(() => Reflect.get(globalThis, "amplitude")?.getOptOut?.())),
    passing: event !== null,
    consent: event?.context?.consent?.categoryPreferences ?? null,
  });

  /** What the SDK wants an event to carry, while it records. */
  const properties = () => (recording() ? attempt(() => segment.sdk?.getSessionReplayProperties() ?? null) : null);

  /** Carry out a patch, and answer it. @type {Watch["apply"]} */
  function apply(event, patch) {
    if (!patch) return null;
    if (patch.clear) for (const key of [SESSION, LAST_ACCESS]) analytics.storage.clear(key);
    if (patch.store) store(analytics.storage, patch.store);
    if (patch.touch) analytics.storage.set(LAST_ACCESS, Date.now());
    if (patch.amplitude && instance) tellAmplitude(instance, patch.amplitude);
    if (event && patch.session_id && wiring?.destination) putSession(event, wiring.destination, patch.session_id);
    if (event && patch.maker) event.anonymousId = patch.maker;
    if (event && patch.properties) event.properties = { ...event.properties, ...patch.properties };
    return patch;
  }

  /** @type {Watch} */
  const segment = {
    get real() {
      return real.promise;
    },
    release,
    page: null, // whose life cycle says whether events are to be looked at
    sdk: null, // what records
    look: () => look(null),
    apply(event, patch) {
      before = null;
      return apply(event, patch);
    },

    /** Whether nothing on the page can keep events from Amplitude: no consent, no `integrations`, no `disable`. */
    get unrestricted() {
      const { consentSettings = null } = /** @type {any} */ (analytics.settings?.cdnSettings ?? {});
      const { disabled, opted_out } = reach(null);
      return !consentSettings && !disabled && !opted_out && Object.keys(analytics.integrations ?? {}).length === 0;
    },

    /** What a snippet was told when it began to load Segment; `null` where it has not, or where that is not seen. */
    get loadOptions() {
      if (!Array.isArray(waiting) || segment.deferred()) return null;
      return /** @type {any} */ (waiting)._loadOptions ?? {};
    },

    /** Whether the page has a Segment that it has not begun to load. */
    deferred: () => waiting !== null && !(Array.isArray(waiting) && document.querySelector(SEGMENT_SCRIPT)),

    /** What one that is being brought still waits for, in words. */
    awaited() {
      if (!brought) return "";
      return document.querySelector(DESTINATION_SCRIPT) ? "a destination of its settings" : "its settings";
    },

    /** What the doctor is shown of it. */
    evidence: () => ({
      segment: attempt(() => analytics.VERSION) ?? null,
      events: wiring && eventsOf(wiring), // it knows where their session is to be found
    }),

    /** What Segment was told to load, and the names of the plugins that are registered. */
    destinations: () => ({
      settings: analytics.settings?.cdnSettings ?? {},
      plugins: (analytics.queue?.plugins ?? []).map(({ name }) => name),
    }),

    async meetAmplitude() {
      instance = (await watchAmplitude(globalThis)).it;
      observe(instance, logged);
    },

    /** From here on every event is seen, and whatever else may move the session. */
    connect(given, functions) {
      const again = wiring !== null;
      wiring = given;
      tell = functions;
      if (again) return;
      if (given.hook !== "enrichment") addDocumentedHook(given.hook);
      analytics.queue?.on?.("delivery_failure", ({ event }) => dropped(event));
      onSessionChange(seen, () => ({ session: segment.page?.facade.sessionId ?? null, visitor: lastRead }));
    },

    settled() {
      settling.resolve();
      settling = deferred();
    },

    call: (method, args) => analytics[method](...args),

    /** One is being brought; whether it comes is told to who waits for the real one. */
    expect(coming) {
      if (failed) {
        failed = false;
        real = deferred();
        real.promise.catch(() => {});
      }
      brought = true;
      coming.then(
        () => (brought = false),
        (error) => {
          brought = false;
          failed = true;
          real.reject(error);
        },
      );
    },

    use(given) {
      const kept = Array.isArray(waiting) && !("invoked" in waiting); // calls that no Segment has taken on
      if (waiting && waiting !== given && !kept) throw taken();
      handed = given;
      segment.meet(given);
    },

    meet(/** @type {any} */ value) {
      if (!value || typeof value !== "object" || value[STAND_IN] || met.has(value)) return;
      if (handed && value !== handed) return;
      if (Array.isArray(value)) {
        value.push(["register", hold, view]); // older snippets have no `register`, but Segment does
      } else if (typeof value.addSourceMiddleware === "function") {
        const taken = value.queue?.plugins?.includes(view); // the snippet's array has handed both over already
        // of an npm AnalyticsBrowser it is a promise, and if that cannot be loaded, that is told to who waits for it
        if (!taken) value.register(hold, view)?.catch?.(() => {});
        // an npm AnalyticsBrowser is a front for the instance that it has made by now
        const begin = (/** @type {SegmentUser} */ its) => found(value.instance ?? value, its);
        Promise.resolve(value.user()).then(begin, real.reject);
        // one that was loaded as disabled never makes the calls that its front has kept
        const loaded = (/** @type {[Segment]} */ [it]) => isDisabled(it) && Promise.resolve(it.user()).then(begin);
        value.then?.(loaded, () => {});
      } else return;
      met.add(value);
      waiting = value;
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

/**
 * A plugin of Segment's that is shown each event.
 * @param {string} name
 * @param {SegmentPlugin["type"]} type
 * @param {(context: { event: SegmentEvent }) => unknown} passes
 * @param {(instance: Segment) => void} loads
 * @returns {SegmentPlugin}
 */
const plugin = (name, type, passes, loads = () => {}) => ({
  name,
  type,
  version: "1.0.0",
  isLoaded: () => true,
  load: async (_, instance) => loads(instance),
  ...Object.fromEntries(CALLS.map((call) => [call, passes])),
});

/**
 * An event as it is now: what a page has put into it may be the page's own objects, which change while the event waits.
 * @template T
 * @param {T} value
 * @returns {T}
 */
function copied(value) {
  if (Array.isArray(value)) return /** @type {T} */ (value.map(copied));
  if (value instanceof Date) return /** @type {T} */ (new Date(value));
  if (!value || ![Object.prototype, null].includes(Object.getPrototypeOf(value))) return value;
  return /** @type {T} */ (
    Object.fromEntries(Object.entries(/** @type {object} */ (value)).map(([key, it]) => [key, copied(it)]))
  );
}

/** Whether it is Segment's own stand-in for one that was not to be loaded. @param {Segment} analytics */
const isDisabled = (analytics) => analytics.settings?.writeKey === "";

const sleep = (/** @type {number} */ milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * A value as the facts have it: numbers and texts as they are, anything else as an empty text, which is no id.
 * @param {unknown} value
 */
const plain = (value) => {
  if (value === undefined || value === null) return null;
  return (typeof value === "number" && Number.isFinite(value)) || typeof value === "string" ? value : "";
};

/**
 * Segment's anonymous id, read from its stores in the order of its own `anonymousId()`: cookies first. That method is
 * not called, because it also writes the id it has found to every store: in a tab that has not seen another tab's new
 * id yet, it would put the old one back.
 * @param {SegmentUser} user
 */
function visitor(user) {
  const found = consistent(user.identityStore, user.anonKey);
  return found ? String(found) : attempt(() => user.anonymousId());
}

/**
 * A stored value, where its places disagree the one that Segment takes: a cookie's, which all subdomains share.
 * @param {Pick<SegmentStorage, "stores" | "getConsistent"> | undefined} storage
 * @param {string} key
 */
function consistent(storage, key) {
  const stores = storage?.stores ?? [];
  const first = typeof storage?.getConsistent === "function" ? stores.filter(isCookie) : []; // older ones have no such rule
  for (const store of [...first, ...stores]) {
    const found = attempt(() => store.get(key));
    if (found || found === 0) return found;
  }
  return null;
}

const isCookie = (/** @type {SegmentStore} */ store) => typeof store.opts === "function";

/** @param {AmplitudeIds | null} [amplitude] */
const ids = (amplitude) => amplitude && json([amplitude.session_id, amplitude.device_id]);

/**
 * Whether an event's facts are those of one before, but for the times; and these have not gone back, nor lie ahead.
 * @param {Facts} before @param {Facts} facts
 */
function isLike(before, facts) {
  const [known, times] = [before, facts].map(({ now, access, amplitude }) =>
    [now, access ?? 0, amplitude?.last_event_time ?? 0].map(Number),
  );
  const [seen, others] = [before, facts].map(({ now, access, amplitude, ...more }) =>
    json([more, amplitude && { ...amplitude, last_event_time: null }]),
  );
  return seen === others && times.every((time, at) => time >= known[at] && time <= facts.now);
}

/**
 * What the rules need of an event.
 * @param {SegmentEvent} event
 * @param {Wiring} wiring
 * @returns {EventFacts}
 */
function eventFacts(event, { destination, destinations, ended }) {
  const { type, integrations, properties } = event;
  return {
    type,
    name: text(event.name ?? properties?.name),
    category: text(event.category ?? properties?.category),
    user_id: text(event.userId),
    group_id: text(event.groupId),
    traits: Object.keys(event.traits ?? {}).length > 0,
    anonymous_id: text(event.anonymousId),
    device_id: ownDevice(event, destinations),
    allowed: allows(integrations, destinations),
    session_id: plain(destination && integrations?.[destination]?.session_id),
    ends: ended && event.event === ended ? plain(properties?.session_id) : null,
  };
}

/**
 * The device that an event names by itself: Segment's servers take it before the anonymous id.
 * @param {SegmentEvent} event
 * @param {string[]} destinations
 */
function ownDevice({ integrations, context }, destinations) {
  const given = destinations.map((name) => integrations?.[name]).find((each) => each?.device_id ?? each?.deviceId);
  return text(given?.device_id ?? given?.deviceId ?? context?.device?.id);
}

/**
 * An event as Amplitude will have it, for the SDK's targeting. Only tracks and pages are events there.
 * @param {SegmentEvent} event
 * @param {SegmentUser} user
 * @param {Wiring["page_event"]} named how the destination names a page: with "{}" for its name; `unnamed` without one
 */
function targetingFacts(event, user, named) {
  const { type, category, properties } = event;
  const name = text(event.name ?? properties?.name);
  const full = named.category && category && name ? `${category} ${name}` : name;
  const kind = type === "screen" ? "Screen" : "Page";
  const page = (full ? named.named.replace("{}", () => full) : named.unnamed).replace("Page", kind);
  const event_type = type === "track" ? event.event : ["page", "screen"].includes(type) ? page : "";
  return {
    event: event_type ? { event_type, event_properties: properties ?? {}, time: Date.now() } : undefined,
    userProperties: { ...attempt(() => user.traits?.()), ...(type === "identify" ? event.traits : null) },
    page: { url: location.href },
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
  const differs = (/** @type {SegmentStore} */ store) =>
    attempt(() => String(store.get(SESSION)) !== String(id)) ?? false;
  if ((storage.stores ?? [storage]).some(differs)) storage.set(SESSION, id);
}

const ONE_CHANGE_MS = 50;

/** A cookie's text. @param {string | undefined} value */
const unquoted = (value) => attempt(() => decodeURIComponent(String(value)).replaceAll('"', ""));

/**
 * Look when another tab, or the site, has written the session or the visitor. (What Segment itself writes in this tab
 * it writes with an event, and events are looked at anyway.)
 * @param {(how: "look" | "cookie", more?: Partial<Facts>) => unknown} seen
 * @param {() => { session: number | null, visitor: string | null | undefined }} known what Python was told last
 */
function onSessionChange(seen, known) {
  // a new visitor is written first, and right after it their session: until then they would seem to be in the old one
  const visitorChanged = () => setTimeout(() => seen("look"), ONE_CHANGE_MS);
  addEventListener("storage", ({ key, newValue }) => {
    if (key === SESSION || key === null) seen("look");
    // Who has gone is written as "null", and then removed; there is a new one when somebody asks Segment. A look would
    // ask, and might bring back the visitor whom this tab remembers.
    else if (key === ANONYMOUS_ID && ![null, "null"].includes(newValue)) visitorChanged();
  });
  // not in every browser, only on secure origins, and not where cookies are forbidden
  attempt(() =>
    window.cookieStore.addEventListener("change", ({ changed }) => {
      for (const { name, value } of changed) {
        const { session, visitor } = known();
        if (name === SESSION && value !== String(session)) seen("cookie", { cookie: value });
        // Segment writes the same one again with each event
        else if (name === ANONYMOUS_ID && unquoted(value) !== visitor) visitorChanged();
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
 * Watch what `scope[name]` is, or becomes; or the Segment that was `given` in its place.
 * @param {Record<string, any>} scope @param {string} name @param {number} [patience] @param {Segment | null} [given]
 */
export function watchSegment(scope, name, patience, given) {
  const segment = watch(patience);
  if (given) segment.use(given);
  const unwatch = watchProperty(scope, name, segment.meet);
  segment.real.then(unwatch, () => {});
  segment.unreadable = () => String(read(scope, name).error?.message ?? "");
  return segment;
}

const SNIPPET_MS = 2000; // the longest to wait for the snippet's script

/**
 * Until the script that the page's snippet asks for has come, has failed, or has taken too long; at once, where none is
 * on its way. Everything waits for Segment, and a slow network is shared by what is asked for at the same time.
 * @param {Record<string, any>} scope @param {string} name
 * @returns {Promise<void>}
 */
export async function snippetFetched(scope, name) {
  const script = /** @type {HTMLScriptElement | null} */ (document.querySelector(SEGMENT_SCRIPT));
  if (!script || !Array.isArray(read(scope, name).value)) return;
  if (performance.getEntriesByName(script.src).length) return; // it has failed, or has only just come
  /** @type {Deferred<void>} */
  const over = deferred();
  for (const type of ["load", "error"]) script.addEventListener(type, () => over.resolve(), { once: true });
  await Promise.race([over.promise, sleep(SNIPPET_MS)]);
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
  const { value } = read(scope, name);
  if (typeof value?.track === "function") return value.track(...event);
  const calls = Array.isArray(value) ? value : [];
  if (calls !== value && (isTaken(scope, name) || !put(scope, name, calls)))
    throw replayError({
      code: "segment-missing",
      message: `window.${name} is the page's own and no Segment, or cannot be replaced`,
      fix: "Name the global that has Segment with data-analytics, or hand Segment over: pyscriptReplay.use(analytics).",
    });
  return calls.push(["track", ...event]);
}

/**
 * A Segment that is no global is handed over, to whoever watches for one; the calls that `trackOn` has kept are its.
 * @param {Record<string, any>} scope @param {string} name @param {any} given
 * @param {{ segment?: Watch | null, bring?: Bring | null }} host
 */
export function handOver(scope, name, given, { segment, bring }) {
  if (bring) throw taken();
  segment?.use(given);
  const { value } = read(scope, name);
  if (!Array.isArray(value) || hasSegment(scope, name)) return;
  for (const [method, ...args] of value.splice(0)) if (EVENTS.includes(method)) given[method](...args);
}

/** There is a Segment already. */
const taken = () =>
  replayError({
    code: "segment-taken",
    message: "this page has another Segment already, which is recorded",
    fix: "Leave out data-write-key; or name with data-analytics a global that is no Segment; or give no other to use().",
  });

/**
 * Whether something else than Segment has this name, and is to keep it. An element with this id is to give way.
 * @param {Record<string, any>} scope @param {string} name
 */
export function isTaken(scope, name) {
  const { value } = read(scope, name);
  if (hasSegment(scope, name)) return false;
  const own = Object.getOwnPropertyDescriptor(scope, name);
  if (!own) return false;
  if (own.configurable === false && !own.writable && !own.set) return true;
  return !Array.isArray(value) && typeof value?.track === "function";
}

/**
 * Whether the page has a Segment, or one on its way; an array of calls that nobody has taken on is none.
 * @param {Record<string, any>} scope @param {string} name
 */
export const hasSegment = (scope, name) =>
  attempt(() => Boolean(scope[name]?.invoked || typeof scope[name]?.addSourceMiddleware === "function")) ?? false;

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
  const { value: before } = read(scope, name);
  const early = Array.isArray(before) ? before.splice(0) : [];
  put(scope, name, stub);
  stub.push(...early);

  let loaded = false;
  return async function load({ sdk, writeKey, cdnURL, options = {} }, meet) {
    const cookie = { secure: scope.location.protocol === "https:", ...options.cookie };
    try {
      const { AnalyticsBrowser } = await sdk;
      if (loaded) return; // by another try
      loaded = true;
      const it = new AnalyticsBrowser();
      meet?.(it); // before it loads, for it may have events of its own then
      it.load({ writeKey, ...(cdnURL && { cdnURL }) }, { ...options, cookie });
      browser.resolve({ browser: it }); // boxed: it is thenable
      const [analytics] = await it;
      put(scope, name, analytics); // this global is watched, so events are held before the first early call goes on
      loading.resolve(analytics);
    } catch (error) {
      loaded = false;
      throw error;
    }
  };
}

/**
 * How to bring Segment with a stand-in's `load`, from the bundle's file at `url`; what has failed may be tried again.
 * @param {Load} load
 * @param {string} url
 * @param {Omit<Parameters<Load>[0], "sdk">} settings
 * @returns {Bring}
 */
export function bringing(load, url, settings) {
  const { writeKey, cdnURL } = settings;
  const source = `${cdnURL || SEGMENT_CDN}/v1/projects/${encodeURIComponent(writeKey)}/settings`; // as Segment asks
  /** @type {Promise<void> | null} */
  let underWay = null;
  /** Segment itself says little of why its settings are not there. @param {any} error */
  const explained = async (error) => {
    throw error.fix ? error : new Error((await diagnosed([source], error)).message);
  };
  const bring = async (/** @type {((value: unknown) => void) | undefined} */ meet) => {
    try {
      const sdk = imported(url);
      await Promise.all([there(sdk, [url]), load({ ...settings, sdk }, meet).catch(explained)]);
    } catch (/** @type {any} */ error) {
      underWay = null;
      throw replayError({
        code: "segment-load",
        message: `Segment could not be loaded: ${error.message}`,
        fix: error.fix ?? "Check data-write-key and data-segment-cdn, and that nothing blocks them.",
      });
    }
  };
  /** @param {Parameters<Bring>[0]} meet */
  const brought = (meet) => (underWay ??= bring(meet));
  return Object.assign(brought, { settings: source });
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
