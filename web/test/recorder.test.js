// What is heard of session-replay-browser: its requests, and what it says to its logger.

import assert from "node:assert/strict";
import { test } from "node:test";
import "./page.js"; // before the loader's parts
import { observed } from "../page/recorder.js";

const SAYINGS = [
  ["due to sample rate", "sampled-out"],
  ["Failed to load rrweb-record", "no-recorder"],
];

/** The SDK's options, and what was heard. */
function listen(options = {}) {
  const heard = [];
  return { heard, options: observed(options, SAYINGS, (told) => heard.push(told)) };
}

const answers = (body, init) => async () => new Response(body && JSON.stringify(body), init);
const fails = (error) => async () => {
  throw error;
};
const UPLOAD = { url: "https://replay.example/", headers: {}, body: "{}" };

test("a configuration that speaks of Session Replay is present, and the SDK reads the same answer", async () => {
  const body = { configs: { sessionReplay: { sr_sampling_config: {} } } };
  const { heard, options } = listen({ handleFetchConfig: answers(body) });
  const response = await options.handleFetchConfig({ url: "" });
  assert.deepEqual(await response.json(), body);
  assert.deepEqual(heard, [
    { what: "config", url: "", status: 200, present: true, sample_rate: undefined, detail: "200" },
  ]);
});

for (const [what, body] of [
  ["that is empty", { configs: {} }],
  ["without JSON", undefined],
]) {
  test(`a configuration ${what} is not present`, async () => {
    const { heard, options } = listen({ handleFetchConfig: answers(body) });
    await options.handleFetchConfig({ url: "" });
    assert.equal(heard[0].present, false);
  });
}

test("a refused configuration is heard with its status", async () => {
  const { heard, options } = listen({
    handleFetchConfig: answers({ configs: { sessionReplay: {} } }, { status: 403 }),
  });
  await options.handleFetchConfig({ url: "" });
  assert.deepEqual(heard, [
    { what: "config", url: "", status: 403, present: false, sample_rate: undefined, detail: "403" },
  ]);
});

test("a configuration server that cannot be reached is heard, and the SDK told", async () => {
  const { heard, options } = listen({ handleFetchConfig: fails(new TypeError("Failed to fetch")) });
  await assert.rejects(options.handleFetchConfig({ url: "" }), TypeError);
  assert.deepEqual(heard, [{ what: "config", url: "", status: 0, present: false, detail: "Failed to fetch" }]);
});

test("a request that was aborted had no answer in time", async () => {
  const { heard, options } = listen({ handleFetchConfig: fails(new DOMException("aborted", "AbortError")) });
  await assert.rejects(options.handleFetchConfig({ url: "" }));
  assert.equal(heard[0].detail, "no answer in time");
});

for (const status of [200, 403, 500]) {
  test(`an upload that is answered ${status} is heard, and answered to the SDK`, async () => {
    const { heard, options } = listen({ handleSendEvents: answers(undefined, { status }) });
    assert.equal((await options.handleSendEvents(UPLOAD)).status, status);
    assert.deepEqual(heard, [{ what: "upload", url: UPLOAD.url, status, skipped: "", detail: `${status}` }]);
  });
}

test("an upload that the server skips says why", async () => {
  const headers = { "X-Session-Replay-Event-Skipped": "quota" };
  const { heard, options } = listen({ handleSendEvents: answers(undefined, { headers }) });
  await options.handleSendEvents(UPLOAD);
  assert.equal(heard[0].skipped, "quota");
});

test("an upload that fails is heard, and the SDK told", async () => {
  const { heard, options } = listen({ handleSendEvents: fails(new TypeError("Failed to fetch")) });
  await assert.rejects(options.handleSendEvents(UPLOAD), TypeError);
  assert.deepEqual(heard, [{ what: "upload", url: UPLOAD.url, status: 0, skipped: "", detail: "Failed to fetch" }]);
});

test("the page's own handlers are given what the SDK asks for", async () => {
  const asked = [];
  const own = async (request) => {
    asked.push(request);
    return new Response("{}");
  };
  const { options } = listen({ handleFetchConfig: own, handleSendEvents: own });
  await options.handleFetchConfig({ url: "config" });
  await options.handleSendEvents(UPLOAD);
  assert.deepEqual(asked, [{ url: "config" }, UPLOAD]);
});

test("other options are handed through as they are", () => {
  assert.equal(listen({ sampleRate: 0.5 }).options.sampleRate, 0.5);
});

test("a reason for not recording is heard from the SDK's logger", () => {
  const { heard, options } = listen({ loggerProvider: {} });
  options.loggerProvider.warn("Opting session 1 out of recording due to sample rate.", "more");
  options.loggerProvider.log("Starting capture");
  assert.deepEqual(heard, [
    {
      what: "said",
      reason: "sampled-out",
      detail: "Opting session 1 out of recording due to sample rate. more",
      fix: null,
    },
  ]);
});

test("the page's own logger is told everything", () => {
  const said = [];
  const { options } = listen({ loggerProvider: { debug: (...args) => said.push(args) } });
  options.loggerProvider.debug("a", 1);
  assert.deepEqual(said, [["a", 1]]);
});

test("without a logger of the page's, warnings and errors go to the console, as the SDK's own do", (context) => {
  const said = [];
  for (const kind of ["error", "warn", "log", "debug"]) context.mock.method(console, kind, () => said.push(kind));
  const { loggerProvider } = listen().options;
  const all = () => ["error", "warn", "log", "debug"].forEach((kind) => void loggerProvider[kind]("text"));
  all();
  assert.deepEqual(said.splice(0), ["error", "warn"]);
  loggerProvider.enable(4);
  all();
  assert.deepEqual(said.splice(0), ["error", "warn", "log", "debug"]);
  loggerProvider.disable();
  all();
  assert.deepEqual(said, []);
});

test("a full snapshot of rrweb's is heard", () => {
  const { heard } = listen();
  globalThis[Symbol.for("pyscript-replay.recorded")]("snapshot"); // as rrweb-record.js does
  assert.deepEqual(heard, [{ what: "snapshot" }]);
});
