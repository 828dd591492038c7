// `window.pyscriptReplay`, before Python and with a Python that does what it is told.

import assert from "node:assert/strict";
import { test } from "node:test";
import "./page.js"; // before the loader's parts
import { openPage } from "../page/replay.js";
import { NOT_STARTED, WAITING } from "../page/tables.js";
import { happen, openWindow, settled } from "./page.js";

/** A page, what its effects were asked for, in their order, and what was tracked. */
function open({ localStorage, prerendering = false } = {}) {
  const scope = openWindow(localStorage);
  scope.document.prerendering = prerendering;
  const done = [];
  const page = openPage(scope, (name, properties) => done.push(["track", name, properties]));
  page.serve(
    Object.fromEntries(["load", "release", "begin", "look", "end"].map((effect) => [effect, () => done.push(effect)])),
  );
  return { scope, page, facade: scope.pyscriptReplay, done };
}

/** The same, wired and recording. */
function running(given) {
  const opened = open(given);
  opened.page.open("granted");
  for (const happening of ["wired", "recorded"]) opened.page.happened(happening);
  opened.done.length = 0;
  return opened;
}

test("before Python the doctor says that it has not started", async () => {
  const { facade, page } = open();
  page.open("granted");
  assert.equal(facade.status, "loading");
  assert.deepEqual(await facade.doctor(), [NOT_STARTED]);
});

test("without consent nothing is loaded, and the doctor says so", async () => {
  const { facade, page, done } = open();
  page.open("wait");
  assert.equal(facade.status, "waiting");
  assert.deepEqual(await facade.doctor(), [WAITING]);
  assert.deepEqual(done, []);
});

test("start() gives consent: what is needed is loaded, and answers once it runs", async () => {
  const { facade, page, done } = open();
  page.open("wait");
  const started = facade.start();
  assert.deepEqual(done, ["load"]);
  page.happened("wired");
  page.happened("recorded");
  assert.equal(await started, facade);
});

test("ready is kept once the status is one that lasts", async () => {
  const { facade, page } = open();
  page.open("granted");
  let ready = false;
  facade.ready.then(() => (ready = true));
  await settled();
  assert.equal(ready, false);
  page.happened("wired");
  page.happened("recorded");
  assert.equal(await facade.ready, facade);
  assert.equal(facade.status, "running");
});

test("a failure is an event, a line on the console and a rejection of start(), never uncaught", async () => {
  const { scope, facade, page } = open();
  const heard = [];
  scope.addEventListener("pyscript-replay:error", ({ detail }) => heard.push(detail));
  const problem = { code: "sdk-load", message: "it did not come", fix: "Look for it." };
  page.open("granted");
  page.failed(problem);
  assert.deepEqual(heard, [problem]);
  assert.match(scope.said[0], /^pyscript-replay: sdk-load: it did not come/);
  assert.equal(facade.status, "failed");
  const again = facade.start();
  page.failed(problem);
  await assert.rejects(again, { name: "ReplayError", ...problem });
  assert.deepEqual(await facade.doctor(), [{ level: "problem", ...problem }]);
});

test("a changed status is announced with the one before", () => {
  const { scope, page } = open();
  const heard = [];
  scope.addEventListener("pyscript-replay:status", ({ detail }) => heard.push(detail));
  page.open("granted");
  for (const happening of ["wired", "recorded", "recorded", "stop"]) page.happened(happening);
  assert.deepEqual(heard, [
    { previous: "loading", status: "running" },
    { previous: "running", status: "stopped" },
  ]);
});

test("an opt-out is remembered over reloads, until start()", () => {
  const first = running();
  first.facade.stop();
  const { localStorage } = first.scope;
  const second = open({ localStorage });
  second.page.open("granted");
  assert.equal(second.facade.status, "stopped");
  assert.deepEqual(second.done, ["release"]);
  second.facade.start();
  assert.equal(open({ localStorage }).page.optedOut, false);
});

test("an opt-out in another tab stops this one", () => {
  const { scope, page, facade, done } = running();
  page.optedOut = true; // which all tabs share
  happen("storage", { key: "pyscript-replay.opt-out" }, scope);
  assert.equal(facade.status, "stopped");
  assert.deepEqual(done, ["end"]);
});

test("a page that is back from the bfcache looks where the session stands", () => {
  const { scope, done } = running();
  happen("pageshow", { persisted: true }, scope);
  assert.deepEqual(done, ["look"]);
});

test("a page that is back from the bfcache heeds an opt-out of meanwhile", () => {
  const { scope, page, facade } = running();
  page.optedOut = true;
  happen("pageshow", { persisted: true }, scope);
  assert.equal(facade.status, "stopped");
});

test("a hidden page that becomes visible looks, one that is hidden does not", () => {
  const { scope, done } = running();
  scope.document.visibilityState = "hidden";
  happen("visibilitychange", {}, scope.document);
  assert.deepEqual(done, []);
  scope.document.visibilityState = "visible";
  happen("visibilitychange", {}, scope.document);
  assert.deepEqual(done, ["look"]);
});

test("a prerendered page loads nothing until it is displayed", () => {
  const { scope, page, done } = open({ prerendering: true });
  page.open("granted");
  assert.deepEqual(done, []);
  scope.document.prerendering = false;
  happen("prerenderingchange", {}, scope.document);
  assert.deepEqual(done, ["load"]);
});

test("track() hands on at once, in order with Segment's own calls", () => {
  const { facade, done } = running();
  facade.track("Order", { total: 1 });
  done.push("Segment's own");
  facade.track("Paid");
  assert.deepEqual(done, [["track", "Order", { total: 1 }], "Segment's own", ["track", "Paid", {}]]);
});

for (const name of [undefined, "", 7, null]) {
  test(`track(${JSON.stringify(name)}) is refused: an event has a name`, async () => {
    const { facade, done } = running();
    await assert.rejects(facade.track(name), { code: "event-name" });
    assert.deepEqual(done, []);
  });
}

test("a page can read the values, and cannot change them", () => {
  const { facade, page } = running();
  page.report({ sessionId: 1795608000000, deviceId: "ada" });
  assert.equal(facade.sessionId, 1795608000000);
  assert.throws(() => {
    facade.sessionId = 1;
  }, TypeError);
  assert.equal(facade.deviceId, "ada");
});

test("where storage is forbidden, an opt-out lasts as long as the page", () => {
  const forbidden = () => {
    throw new Error("SecurityError");
  };
  const { page } = open({ localStorage: { getItem: forbidden, setItem: forbidden, removeItem: forbidden } });
  assert.equal(page.optedOut, false);
  page.optedOut = true;
  assert.equal(page.optedOut, true);
});

test("a Segment that is handed over is the one that track() calls; another is not taken for one", async () => {
  const { facade, page, done } = open();
  const tracked = [];
  const segment = { addSourceMiddleware() {}, track: (...event) => tracked.push(event) };
  page.serve({ use: (given) => done.push(["use", given]) });
  page.open("wait");
  await assert.rejects(facade.use({}), { name: "ReplayError", code: "segment-missing" });
  await facade.use(segment);
  await facade.track("Order", { total: 1 });
  assert.deepEqual(done, [["use", segment]]);
  assert.deepEqual(tracked, [["Order", { total: 1 }]]);
});
