// Plain data as JSON, on pages whose prototypes have a toJSON (prototype.js).

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { json, parse } from "../page/data.js";

const EVENT = { name: "Order", products: [{ id: 1 }, { id: 2 }], none: null };

afterEach(() => {
  delete Array.prototype.toJSON;
  delete Object.prototype.toJSON;
});

function pollute(prototype) {
  Object.defineProperty(prototype, "toJSON", { configurable: true, value: () => "polluted" });
}

test("plain data is JSON", () => assert.equal(json(EVENT), JSON.stringify(EVENT)));

test("what has no JSON has no text, and no text is no data", () => {
  assert.equal(
    json(() => 1),
    undefined,
  );
  assert.equal(parse(undefined), undefined);
});

test("data comes back as it went", () => assert.deepEqual(parse(json(EVENT)), EVENT));

test("Array.prototype.toJSON does not turn arrays into text", () => {
  pollute(Array.prototype);
  assert.equal(JSON.stringify([1]), '"polluted"');
  assert.deepEqual(parse(json(EVENT)), EVENT);
});

test("Object.prototype.toJSON does not turn objects into text", () => {
  pollute(Object.prototype);
  assert.deepEqual(parse(json(EVENT)), EVENT);
});

test("a date keeps its own toJSON", () => {
  pollute(Array.prototype);
  assert.deepEqual(parse(json({ at: new Date(0) })), { at: "1970-01-01T00:00:00.000Z" });
});
