// The script tag: its attributes, and what the loader does about them before there is any Python.
//
// The loader is run as a page runs it, once for each test, with a document that has nothing but the tag.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import "./page.js"; // before the loader's parts
import { openWindow, settled } from "./page.js";

const RUNTIME = `data:text/javascript,export const boot = async (host, main) => void globalThis.booted.push([NAME, host, main]);`;
globalThis.__ASSETS__ = {
  micropython: RUNTIME.replace("NAME", "'micropython'"),
  pyodide: RUNTIME.replace("NAME", "'pyodide'"),
  "pyodide.dir": "assets/pyodide/",
  "micropython.wasm": "assets/micropython.wasm",
  "micropython.options": "assets/sdk_options.mpy",
  "session-replay": "assets/session-replay.js",
  "session-replay.record": "assets/chunk.js",
  amplitude: "assets/amplitude.js",
};
let loaders = 0;
let asked = []; // what is fetched ahead

beforeEach(() => {
  asked = [];
  globalThis.booted = [];
});

/** Run the loader on a page whose tag has these attributes; `null`: there is no tag. */
async function load(attributes, scope = openWindow()) {
  const src = "https://cdn.example/replay/replay.js";
  const listed = Object.entries(attributes ?? {}).map(([name, value]) => ({ name, value }));
  const script = attributes && { localName: "script", src, attributes: listed };
  Object.assign(scope.document, {
    currentScript: script,
    querySelector: () => null,
    createElement: () => ({}),
    head: { append: ({ href }) => asked.push(href) },
  });
  scope.location = { href: "https://shop.example/" };
  globalThis.fetch = async (url) => {
    asked.push(String(url));
    return new Response("{}");
  };
  globalThis.window = scope;
  globalThis.document = scope.document;
  loaders += 1;
  await import(`../page/tag.js?${loaders}`);
  await settled();
  await new Promise((resolve) => setTimeout(resolve, 20)); // the runtime is a module of its own
  return scope;
}

/** A window with a Segment that has loaded. */
const withSegment = (more = {}) =>
  Object.assign(openWindow(), {
    analytics: {
      addSourceMiddleware() {},
      on() {},
      register() {},
      user: () => ({}),
      settings: { writeKey: "W", cdnSettings: {} },
      integrations: {},
      ...more,
    },
  });

const attributesSeen = () => ({ ...booted[0][1].page.tag });

test("the attributes reach Python without their data-, and no others do", async () => {
  await load({ src: "replay.js", async: "", "data-api-key": "KEY", "data-mode": "actions", "data-x": "" });
  assert.deepEqual(attributesSeen(), { "api-key": "KEY", mode: "actions", x: "" });
});

test("MicroPython runs the wiring, unless data-runtime says pyodide", async () => {
  await load({ "data-api-key": "KEY" });
  await load({ "data-api-key": "KEY", "data-runtime": "pyodide" });
  assert.deepEqual(
    booted.map(([runtime]) => runtime),
    ["micropython", "pyodide"],
  );
});

test("what the bundle has lies beside the script", async () => {
  await load({ "data-api-key": "KEY" });
  assert.ok(asked.includes("https://cdn.example/replay/assets/session-replay.js"));
  assert.ok(asked.includes("https://cdn.example/replay/assets/chunk.js"));
  assert.ok(asked.includes("https://cdn.example/replay/assets/micropython.wasm"));
});

for (const [attributes, times] of [
  [{}, 0],
  [{ "data-options": "{}" }, 1],
  [{ "data-segment-options": "{}" }, 1],
  [{ "data-options": "{}", "data-runtime": "pyodide" }, 0],
]) {
  test(`the Python that checks the SDKs' options is fetched ${times} times with ${JSON.stringify(attributes)}`, async () => {
    await load({ "data-api-key": "KEY", ...attributes });
    const file = "https://cdn.example/replay/assets/sdk_options.mpy";
    assert.equal(asked.filter((url) => url === file).length, times);
  });
}

test("the shell's SDK is fetched ahead in classic-cloud", async () => {
  await load({ "data-api-key": "KEY", "data-mode": "classic-cloud" });
  assert.ok(asked.includes("https://cdn.example/replay/assets/amplitude.js"));
});

for (const [attributes, server] of [
  [{}, "https://sr-client-cfg.amplitude.com/config"],
  [{ "data-server-zone": "EU" }, "https://sr-client-cfg.eu.amplitude.com/config"],
  [{ "data-options": '{"configServerUrl": "https://own.example"}', "data-server-zone": "EU" }, "https://own.example"],
  [{ "data-options": "no JSON" }, "https://sr-client-cfg.amplitude.com/config"],
]) {
  test(`the configuration is asked for ahead: ${JSON.stringify(attributes)}`, async () => {
    await load({ "data-api-key": "a/b", ...attributes }, withSegment());
    assert.ok(asked.includes(`${server}/a%2Fb?config_group=browser`), asked.join("\n"));
  });
}

for (const [why, segment, attributes] of [
  ["there is no Segment yet", undefined, {}],
  ["Segment was loaded with integrations", { integrations: { All: false } }, {}],
  ["destinations depend on a consent", { settings: { writeKey: "W", cdnSettings: { consentSettings: {} } } }, {}],
  ["Segment was loaded as disabled", { settings: { writeKey: "" } }, {}],
  ["the SDK is told to opt out", {}, { "data-options": '{"optOut": true}' }],
]) {
  test(`the configuration is not asked for ahead where ${why}`, async () => {
    await load({ "data-api-key": "a/b", ...attributes }, segment ? withSegment(segment) : openWindow());
    assert.deepEqual(
      asked.filter((url) => url.includes("config_group")),
      [],
    );
  });
}

test("consent that is waited for: nothing is fetched, nothing is booted", async () => {
  const { pyscriptReplay } = await load({ "data-api-key": "KEY", "data-consent": "wait" });
  assert.equal(pyscriptReplay.status, "waiting");
  assert.deepEqual([asked, booted], [[], []]);
});

test("start() gives the consent that was waited for", async () => {
  const { pyscriptReplay } = await load({ "data-api-key": "KEY", "data-consent": "wait" });
  pyscriptReplay.start();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(booted.length, 1);
});

for (const consent of ["no", "", "Granted"]) {
  test(`unknown consent ${JSON.stringify(consent)}: nothing is fetched, and the page is told`, async () => {
    const { pyscriptReplay, said } = await load({ "data-api-key": "KEY", "data-consent": consent });
    assert.equal(pyscriptReplay.status, "failed");
    assert.match(said[0], /option-value: data-consent is/);
    assert.match(said[0], /granted, wait/);
    assert.deepEqual([asked, booted], [[], []]);
  });
}

test("a loader that finds no tag of its own says so", async () => {
  const { pyscriptReplay, said } = await load(null);
  assert.equal(pyscriptReplay.status, "failed");
  assert.match(said[0], /option-missing/);
});

test("an opt-out of an earlier page: nothing is fetched", async () => {
  const scope = openWindow();
  scope.localStorage.setItem("pyscript-replay.opt-out", "1");
  const { pyscriptReplay } = await load({ "data-api-key": "KEY" }, scope);
  assert.equal(pyscriptReplay.status, "stopped");
  assert.deepEqual([asked, booted], [[], []]);
});

test("a second tag leaves the page to the first one", async (context) => {
  const said = context.mock.method(console, "error", () => {});
  const scope = await load({ "data-api-key": "KEY" });
  const first = scope.pyscriptReplay;
  await load({ "data-api-key": "OTHER" }, scope);
  assert.equal(scope.pyscriptReplay, first);
  assert.equal(booted.length, 1);
  assert.match(said.mock.calls[0].arguments.join(" "), /tag-twice/);
});

test("a runtime that cannot be loaded is told to the page, and the events go on", async () => {
  const micropython = __ASSETS__.micropython;
  __ASSETS__.micropython = "data:text/javascript,throw new Error('blocked')";
  const { pyscriptReplay, said } = await load({ "data-api-key": "KEY" });
  __ASSETS__.micropython = micropython;
  assert.equal(pyscriptReplay.status, "failed");
  assert.match(said[0], /runtime-load: .*blocked/);
});
