// The life cycle, as the page's JavaScript renders it: what happens in, effects and status out.

import assert from "node:assert/strict";
import { test } from "node:test";
import { lifecycle } from "../page/lifecycle.js";
import { LIVE, SHOWN, TRANSITIONS } from "../page/tables.js";

test("a page that needs no consent loads, wires, records", () => {
  const life = lifecycle();
  assert.equal(life.status, "loading");
  assert.deepEqual(life.step("granted"), ["load"]);
  assert.deepEqual(life.step("wired"), ["release", "begin"]);
  assert.equal(life.status, "loading");
  assert.deepEqual(life.step("recorded"), []);
  assert.equal(life.status, "running");
});

test("a page that waits for consent loads nothing until start()", () => {
  const life = lifecycle();
  assert.deepEqual(life.step("consent-awaited"), []);
  assert.equal(life.status, "waiting");
  assert.deepEqual(life.step("start"), ["opt-in", "load"]);
});

test("what has no row changes nothing", () => {
  const life = lifecycle();
  life.step("consent-awaited");
  assert.deepEqual(life.step("recorded"), []);
  assert.equal(life.state, "waiting");
});

test("events are looked at only while the page is wired", () => {
  const life = lifecycle();
  const seen = [life.live];
  for (const happening of ["granted", "wired", "recorded", "stop"]) {
    life.step(happening);
    seen.push(life.live);
  }
  assert.deepEqual(seen, [false, false, true, true, false]);
});

test("every state of the table can be reached, and is shown", () => {
  const reached = new Set(["new"]);
  for (const { length } of Object.keys(SHOWN)) {
    for (const [from, { state }] of Object.entries(TRANSITIONS)) {
      if (length && reached.has(from.split(" ")[0])) reached.add(state);
    }
  }
  assert.deepEqual([...reached].sort(), Object.keys(SHOWN).sort());
  assert.ok(LIVE.every((state) => state in SHOWN));
});
