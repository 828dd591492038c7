// A global that may be there, may come, or may be replaced.

import assert from "node:assert/strict";
import { test } from "node:test";
import { watchProperty } from "../page/property.js";

test("a global that is there is met at once", () => {
  const met = [];
  watchProperty({ analytics: "real" }, "analytics", (value) => met.push(value));
  assert.deepEqual(met, ["real"]);
});

test("a global that comes later, and each that replaces it, is met", () => {
  const scope = {};
  const met = [];
  watchProperty(scope, "analytics", (value) => met.push(value));
  scope.analytics = "stub";
  scope.analytics = "real";
  assert.deepEqual(met, [undefined, "stub", "real"]);
  assert.equal(scope.analytics, "real");
});

test("whoever sets the global sees no exception of the watcher's", () => {
  const scope = {};
  watchProperty(scope, "analytics", () => {
    throw new Error("not what I look for");
  });
  scope.analytics = "real";
  assert.equal(scope.analytics, "real");
});

test("a global that is no longer watched is a plain property with its last value", () => {
  const scope = {};
  const met = [];
  const stop = watchProperty(scope, "analytics", (value) => met.push(value));
  scope.analytics = "real";
  stop();
  scope.analytics = "later";
  assert.deepEqual(met, [undefined, "real"]);
  assert.deepEqual(Object.getOwnPropertyDescriptor(scope, "analytics"), {
    configurable: true,
    enumerable: true,
    writable: true,
    value: "later",
  });
});

test("a global var cannot be redefined, so it is looked at from time to time", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const scope = Object.defineProperty({}, "analytics", { configurable: false, writable: true, value: "stub" });
  const met = [];
  const stop = watchProperty(scope, "analytics", (value) => met.push(value));
  scope.analytics = "real";
  context.mock.timers.tick(1000);
  assert.equal(met.at(-1), "real");
  stop();
  const before = met.length;
  context.mock.timers.tick(10_000);
  assert.equal(met.length, before);
});
