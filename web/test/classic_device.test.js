// amplitude-js, in whichever order its stub and the real object arrive.

import assert from "node:assert/strict";
import { test } from "node:test";
import "./page.js"; // before the loader's parts
import { amplitudeNow, observe, tellAmplitude, watchAmplitude } from "../page/classic_device.js";
import { settled } from "./page.js";

/** An instance of amplitude-js, as far as it is used; its calls are noted. */
function amplitude({ initialised = true } = {}) {
  const waiting = [];
  const instance = {
    calls: [],
    options: { deviceId: "device", sessionTimeout: 30 },
    _lastEventTime: 1,
    id: 7,
    getSessionId: () => instance.id,
    setSessionId: (id) => instance.calls.push(["setSessionId", id]),
    setDeviceId: (id) => instance.calls.push(["setDeviceId", id]),
    _logEvent: (type) => instance.calls.push(["_logEvent", type]),
    onInit: (callback) => void (initialised ? callback() : waiting.push(callback)),
    init: () => waiting.forEach((callback) => void callback()),
  };
  return instance;
}

const arrived = async (promise) => (await Promise.race([promise, settled()]))?.it;

test("a snippet's stub is not met, the real object is", async () => {
  const scope = { amplitude: { getInstance: () => ({ _q: [] }) } };
  const met = watchAmplitude(scope);
  assert.equal(await arrived(met), undefined);
  const instance = amplitude();
  scope.amplitude = { getInstance: () => instance };
  assert.equal(await arrived(met), instance);
});

test("an instance is met once it is initialised", async () => {
  const instance = amplitude({ initialised: false });
  const met = watchAmplitude({ amplitude: { getInstance: () => instance } });
  assert.equal(await arrived(met), undefined);
  instance.init();
  assert.equal(await arrived(met), instance);
});

test("its facts are read after it has re-read its cookie", () => {
  const instance = amplitude();
  instance._logEvent = () => (instance.id = 8); // another tab had moved on
  assert.deepEqual(amplitudeNow(instance), {
    session_id: 8,
    device_id: "device",
    last_event_time: 1,
    session_timeout: 30,
  });
});

test("several calls in one go are one change", async () => {
  const instance = amplitude();
  let changes = 0;
  observe(instance, () => (changes += 1));
  instance._logEvent("Order");
  instance.setSessionId(8);
  assert.equal(changes, 0);
  await settled();
  assert.equal(changes, 1);
  instance.setDeviceId("other");
  await settled();
  assert.equal(changes, 2);
});

test("reading the cookie, and what we tell it ourselves, is no change", async () => {
  const instance = amplitude();
  let changes = 0;
  observe(instance, () => (changes += 1));
  amplitudeNow(instance);
  tellAmplitude(instance, { device_id: "ada", session_id: 9 });
  await settled();
  assert.equal(changes, 0);
  assert.deepEqual(instance.calls, [
    ["_logEvent", ""],
    ["setDeviceId", "ada"],
    ["setSessionId", 9],
  ]);
});

test("the session that it is told is alive now", () => {
  const instance = amplitude();
  tellAmplitude(instance, { session_id: 9 });
  assert.ok(Date.now() - instance._lastEventTime < 60_000);
});

test("who observes anew takes the place of who did before", async () => {
  const instance = amplitude();
  const told = [];
  observe(instance, () => told.push("first"));
  observe(instance, () => told.push("second"));
  instance._logEvent("Order");
  await settled();
  assert.deepEqual(told, ["second"]);
});
