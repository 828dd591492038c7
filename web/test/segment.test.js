// Segment's events: held, in order, looked at as they pass; and the stand-in for a Segment that is still to come.
//
// The Segment here does what analytics-next does with an event: plugins of the kind "before" and source middlewares
// first, then enrichment plugins. That the real one does is what tests/browser shows.

import assert from "node:assert/strict";
import { test } from "node:test";
import "./page.js"; // before the loader's parts
import { hasSegment, standIn, trackOn, watchObject, watchSegment } from "../page/segment.js";
import { happen, settled } from "./page.js";

globalThis.document = { cookie: "" };

class Segment {
  maker = "ada"; // of its events
  sent = []; // the names of the events that have arrived, in order
  middlewares = [];
  queue = { plugins: [] };
  integrations = {};
  settings = { cdnSettings: { integrations: { Amplitude: {} } } };
  #kept = new Map();
  storage = {
    get: (key) => this.#kept.get(key) ?? null,
    set: (key, value) => void this.#kept.set(key, value),
    clear: (key) => void this.#kept.delete(key),
  };
  listeners = {};

  user = () => ({ anonKey: "ajs_anonymous_id", anonymousId: () => "ada" });
  on = (event, listener) => void (this.listeners[event] = listener);
  addSourceMiddleware = (middleware) => void this.middlewares.push(middleware);
  register = (...plugins) => void this.queue.plugins.push(...plugins);

  async track(name, properties) {
    const context = {
      event: { type: "track", event: name, anonymousId: this.maker, properties, integrations: {} },
    };
    const [before, enrichments] = ["before", "enrichment"].map((type) =>
      this.queue.plugins.filter((plugin) => plugin.type === type),
    );
    const middlewares = [...this.middlewares];
    for (const plugin of before) await plugin.track(context);
    for (const middleware of middlewares) {
      let went = false;
      await middleware({ payload: { obj: context.event }, next: () => (went = true) });
      if (!went) return context.event; // it was dropped
    }
    for (const plugin of enrichments) await plugin.track(context);
    this.sent.push(name);
    return context.event;
  }
}

/** A Segment that is watched, and what Python was shown of it. */
async function wired(answers, { hook = "enrichment" } = {}) {
  const segment = new Segment();
  const watch = watchObject(segment);
  const facts = [];
  await watch.real;
  watch.page = { live: true, facade: { recording: false } };
  const look = (how) => (told) => {
    facts.push([how, told]);
    return answers?.[how]?.(told) ?? {};
  };
  watch.connect(
    { destination: "Actions Amplitude", destinations: ["Actions Amplitude"], hook },
    { event: look("event"), look: look("look"), reset: look("reset"), cookie: look("cookie") },
  );
  watch.release();
  return { segment, watch, facts };
}

/** A time of the page's, which a test moves on. */
const NOON = 1795608000000;
const clock = (context) => context.mock.timers.enable({ apis: ["Date"], now: NOON });

test("an event like the one before gets the same answer, and Python is not asked while that holds", async (context) => {
  clock(context);
  const patch = { session_id: 5, properties: { replay: "a/5" }, holds: NOON + 1000 };
  const { segment, facts } = await wired({ event: () => patch });
  const events = [await segment.track("one"), await segment.track("two")];
  context.mock.timers.tick(999);
  events.push(await segment.track("three"));
  assert.equal(facts.length, 1);
  for (const { integrations, properties } of events) {
    assert.deepEqual(integrations, { "Actions Amplitude": { session_id: 5 } });
    assert.deepEqual(properties, { replay: "a/5" });
  }
  context.mock.timers.tick(1);
  await segment.track("four");
  assert.equal(facts.length, 2);
});

for (const [what, change] of Object.entries({
  "another session is stored": ({ segment }) => segment.storage.set("analytics_session_id", 6),
  "the last access was longer ago": ({ segment }) => segment.storage.set("analytics_session_id.last_access", NOON - 1),
  "the last access is none": ({ segment }) => segment.storage.set("analytics_session_id.last_access", "garbage"),
  "the last access is yet to come": ({ segment }) => segment.storage.set("analytics_session_id.last_access", NOON + 1),
  "the clock was put back": ({ context }) => context.mock.timers.setTime(NOON - 1),
  "Python has looked": ({ watch }) => watch.look(),
  "the SDK records": ({ watch }) => {
    watch.page.facade.recording = true;
    watch.sdk = { getSessionReplayProperties: () => ({ replay: "a/5" }) };
  },
}))
  test(`Python is asked about an event like the one before when ${what}`, async (context) => {
    clock(context);
    const { segment, watch, facts } = await wired({ event: () => ({ holds: NOON + 1000 }) });
    segment.storage.set("analytics_session_id", 5);
    segment.storage.set("analytics_session_id.last_access", NOON);
    await segment.track("one");
    await segment.track("two");
    assert.equal(facts.length, 1);
    change({ segment, watch, context });
    await segment.track("three");
    assert.equal(facts.length, 2);
  });

test("Python is asked when the page has changed the consent that it stamps each event with", async (context) => {
  clock(context);
  const { segment, facts } = await wired({ event: () => ({ holds: NOON + 1000 }) });
  const consent = { categoryPreferences: { Analytics: true } };
  segment.register({
    name: "consent",
    type: "enrichment",
    track: (passing) => void (passing.event.context = { consent }),
  });
  segment.queue.plugins.reverse(); // stamped before we look
  await segment.track("one");
  await segment.track("two");
  assert.equal(facts.length, 1);
  consent.categoryPreferences.Analytics = false;
  await segment.track("three");
  assert.equal(facts.length, 2);
});

test("an answer that does not hold is asked for each time", async () => {
  const { segment, facts } = await wired();
  await segment.track("one");
  await segment.track("two");
  assert.equal(facts.length, 2);
});

test("events are held until they are released, and go on in their order", async () => {
  const segment = new Segment();
  const watch = watchObject(segment);
  const all = ["one", "two", "three"].map((name) => segment.track(name));
  await settled();
  assert.deepEqual(segment.sent, []);
  watch.release();
  await Promise.all(all);
  assert.deepEqual(segment.sent, ["one", "two", "three"]);
});

test("an event is held no longer than data-hold-ms", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const scope = { analytics: new Segment() };
  watchSegment(scope, "analytics", 500);
  const event = scope.analytics.track("held");
  context.mock.timers.tick(499);
  await settled();
  assert.deepEqual(scope.analytics.sent, []);
  context.mock.timers.tick(1);
  await event;
  assert.deepEqual(scope.analytics.sent, ["held"]);
});

test("a held event goes on at beforeunload, and so does one that comes then", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] }); // no time passes
  const segment = new Segment();
  watchObject(segment);
  const held = segment.track("held");
  await settled();
  happen("beforeunload");
  await held;
  await segment.track("late");
  assert.deepEqual(segment.sent, ["held", "late"]);
  happen("pageshow"); // the visitor has stayed
});

test("a snippet's array is given the hold and the view, and the real object neither again", async () => {
  const scope = { analytics: [] };
  const watch = watchSegment(scope, "analytics");
  const [[register, ...plugins]] = scope.analytics;
  assert.equal(register, "register");
  const segment = new Segment();
  segment.register(...plugins); // what Segment does with the array
  scope.analytics = segment;
  await watch.real;
  assert.deepEqual(
    segment.queue.plugins.map(({ type }) => type),
    ["before", "enrichment"],
  );
});

test("a held event keeps what it had when it was made", async () => {
  const segment = new Segment();
  const watch = watchObject(segment);
  const since = new Date(0);
  const properties = { total: 1, items: [{ size: "S" }], since };
  const event = segment.track("Order", properties);
  await settled();
  properties.total = 2;
  properties.items[0].size = "L";
  since.setTime(1);
  watch.release();
  assert.deepEqual((await event).properties, { total: 1, items: [{ size: "S" }], since: new Date(0) });
});

test("an event that holds itself, or other people's objects, passes as it is", async () => {
  const segment = new Segment();
  const watch = watchObject(segment);
  watch.release();
  const own = {};
  own.own = own;
  assert.equal((await segment.track("Order", own)).properties, own);
  for (const other of [new Map(), new URL("https://shop.example/")])
    assert.equal((await segment.track("Order", { other })).properties.other, other);
});

test("what is no Segment is refused", () => {
  for (const other of [null, {}, [], "analytics"]) assert.throws(() => watchObject(other), TypeError);
});

test("a Segment that cannot be loaded is told to who waits for it", async () => {
  const watch = watchSegment({}, "analytics");
  watch.expect(Promise.reject(new Error("blocked")));
  await assert.rejects(watch.real, /blocked/);
});

test("an event's facts are plain data", async () => {
  const { segment, facts } = await wired();
  segment.storage.set("analytics_session_id", 7);
  segment.storage.set("analytics_session_id.last_access", 8);
  await segment.track("Order", { category: "tea" });
  const [how, told] = facts[0];
  assert.equal(how, "event");
  assert.deepEqual(JSON.parse(JSON.stringify(told)), told);
  assert.deepEqual(
    { ...told, now: 0 },
    {
      now: 0,
      visitor: "ada",
      stored: 7,
      access: 8,
      amplitude: null,
      event: {
        type: "track",
        name: null,
        category: "tea",
        user_id: null,
        group_id: null,
        traits: false,
        anonymous_id: "ada",
        allowed: true,
        session_id: null,
        device_id: null,
        ends: null,
      },
      before: null,
      reach: { disabled: false, enabled: true, opted_out: false, passing: true, consent: null },
      plugin: false,
      properties: null,
      waited: false,
    },
  );
});

test("who the visitor is is read again for an event of another one, for one that has waited, and for any other look", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { segment, watch, facts } = await wired();
  let reads = 0;
  const read = () => ++reads && "ada";
  segment.user = () => ({ anonKey: "ajs_anonymous_id", anonymousId: read });
  for (const plugin of segment.queue.plugins) await plugin.load(null, segment);
  await segment.track("the first");
  const before = reads;
  await segment.track("the second");
  assert.equal(reads, before);
  assert.equal(facts.at(-1)[1].visitor, "ada");
  watch.look();
  assert.equal(reads, before + 1);
  context.mock.method(performance, "now", () => 1e9);
  const waited = segment.track("that waits");
  context.mock.method(performance, "now", () => 1e9 + 1000);
  await waited;
  assert.equal(reads, before + 2);
  segment.maker = "grace";
  await segment.track("of another");
  assert.equal(reads, before + 3);
});

test("a patch puts session and properties on the event, and stores the session", async () => {
  const patch = { session_id: 9, properties: { id: "ada/9" }, store: 9, touch: true };
  const { segment } = await wired({ event: () => patch });
  const event = await segment.track("Order", { total: 1 });
  assert.deepEqual(event.properties, { total: 1, id: "ada/9" });
  assert.deepEqual(event.integrations, { "Actions Amplitude": { session_id: 9 } });
  assert.equal(segment.storage.get("analytics_session_id"), 9);
  assert.ok(segment.storage.get("analytics_session_id.last_access"));
});

test("a patch can delete what is stored", async () => {
  const { segment } = await wired({ event: () => ({ clear: true }) });
  segment.storage.set("analytics_session_id", "garbage");
  await segment.track("Order");
  assert.equal(segment.storage.get("analytics_session_id"), null);
});

test("an event that waits for its recording is looked at again, and is not overtaken", async () => {
  const { segment, watch, facts } = await wired({ event: ({ waited }) => (waited ? {} : { wait: true }) });
  const all = ["first", "second"].map((name) => segment.track(name));
  await settled();
  assert.deepEqual(segment.sent, []);
  watch.settled();
  await settled();
  watch.settled();
  await Promise.all(all);
  assert.deepEqual(segment.sent, ["first", "second"]);
  assert.deepEqual(
    facts.map(([, told]) => told.waited),
    [false, true, false, true],
  );
});

test("a failing Python costs no event", async () => {
  const { segment } = await wired({
    event() {
      throw new Error("ours");
    },
  });
  await segment.track("Order");
  assert.deepEqual(segment.sent, ["Order"]);
});

test("a page that is not live is not looked at", async () => {
  const { segment, watch, facts } = await wired();
  watch.page.live = false;
  await segment.track("Order");
  assert.deepEqual(facts, []);
  assert.deepEqual(segment.sent, ["Order"]);
});

test("the documented source middleware sees the event before the view does", async () => {
  const { segment, facts } = await wired({}, { hook: "middleware" });
  await segment.track("Order");
  assert.deepEqual(
    facts.map(([how]) => how),
    ["look", "event"],
  );
});

test("reset(), and another tab's new session, are looked at", async () => {
  const { segment, facts } = await wired();
  segment.listeners.reset();
  happen("storage", { key: "analytics_session_id", newValue: "9" });
  happen("storage", { key: "something else", newValue: "9" });
  assert.deepEqual(
    facts.map(([how]) => how),
    ["reset", "look"],
  );
});

test("another tab's new visitor is looked at, and a visitor who has only gone is not", async (context) => {
  const { facts } = await wired();
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const looks = (newValue) => {
    happen("storage", { key: "ajs_anonymous_id", newValue });
    context.mock.timers.tick(1000);
    return facts.splice(0).length;
  };
  assert.deepEqual(['"ada"', "null", null].map(looks), [1, 0, 0]);
});

for (const [integrations, allowed] of [
  [{}, true],
  [{ All: false }, false],
  [{ All: false, "Actions Amplitude": true }, true],
  [{ "Actions Amplitude": false }, false],
  [{ "Actions Amplitude": { session_id: 1 } }, true],
]) {
  test(`integrations ${JSON.stringify(integrations)} ${allowed ? "allow" : "forbid"} the destination`, async () => {
    const { segment, watch } = await wired();
    segment.integrations = integrations;
    assert.equal(watch.look().reach.enabled, allowed);
  });
}

test("an event of ours waits in the array where there is no Segment yet", () => {
  const scope = {};
  trackOn(scope, "analytics", "Order", { total: 1 });
  assert.deepEqual(scope.analytics, [["track", "Order", { total: 1 }]]);
});

test("an array of calls that nobody has taken on is no Segment", () => {
  assert.equal(hasSegment({}, "analytics"), false);
  assert.equal(hasSegment({ analytics: [] }, "analytics"), false);
  assert.equal(hasSegment({ analytics: Object.assign([], { invoked: true }) }, "analytics"), true);
  assert.equal(hasSegment({ analytics: new Segment() }, "analytics"), true);
});

/** A page without a Segment, and with one that analytics-next would be. */
function withoutSegment(analytics = []) {
  const document = { querySelector: () => null, title: "Shop", referrer: "" };
  const location = { protocol: "https:", pathname: "/shop", href: "https://shop.example/shop", search: "" };
  const calls = [];
  const real = Object.fromEntries(
    ["track", "page", "identify", "reset", "ready"].map((method) => [
      method,
      (...args) => calls.push([method, ...args]),
    ]),
  );
  return { scope: { analytics, document, location }, calls, real };
}

/** The module of analytics-next: `AnalyticsBrowser.load(…)`, and `new AnalyticsBrowser().load(…)`, can be awaited. */
async function analyticsNext(real) {
  class AnalyticsBrowser {
    static load = () => new AnalyticsBrowser();
    load() {}
    // biome-ignore lint/suspicious/noThenProperty: it is thenable, which is what its users have to live with
    then = (done, failed) => Promise.resolve([real, {}]).then(done, failed);
  }
  return { AnalyticsBrowser };
}

test("a stand-in lets calls go in the order in which they were made, whichever their kind", async () => {
  const { scope, calls, real } = withoutSegment([["page"], ["track", "early"]]);
  const load = standIn(scope, "analytics");
  scope.analytics.track("one");
  scope.analytics.identify("ada");
  scope.analytics.reset();
  scope.analytics.push(["track", "two"]);
  await load({ sdk: analyticsNext(real), writeKey: "KEY" });
  await settled();
  assert.deepEqual(
    calls.map(([method, name]) => (typeof name === "string" ? `${method} ${name}` : method)),
    ["page", "track early", "track one", "identify ada", "reset", "track two"],
  );
  assert.equal(scope.analytics, real);
});

test("an early call says where the visitor was then", async () => {
  const { scope, calls, real } = withoutSegment();
  const load = standIn(scope, "analytics");
  scope.analytics.track("early");
  scope.location = { ...scope.location, pathname: "/elsewhere" };
  await load({ sdk: analyticsNext(real), writeKey: "KEY" });
  await settled();
  assert.equal(calls[0].at(-1).p, "/shop");
});

test("a late snippet does not load a second Segment beside the stand-in", () => {
  const { scope } = withoutSegment();
  standIn(scope, "analytics");
  assert.equal(scope.analytics.invoked, true);
  assert.equal(hasSegment(scope, "analytics"), true);
});
