// What the doctor is shown of a page, but for what Python itself knows: doctor.py has the table, and the rules.

import { refusals } from "./assets.js";
import { attempt } from "./property.js";
import { REPLAY_ID } from "./tables.js";

/** So many of the last events, and of the last uploads, are remembered. */
const LAST = 20;

/** Why a request has no answer: the SDK gave it up. */
export const LATE = "no answer in time";

const PROBE_MS = 2000;

/**
 * The last ones that were added.
 * @template T
 * @returns {{ add(each: T): void, all(): T[] }}
 */
export function lastOnes() {
  /** @type {T[]} */
  const kept = [];
  return {
    add(each) {
      kept.push(each);
      if (kept.length > LAST) kept.shift();
    },
    all: () => [...kept],
  };
}

/** @type {HeardConfig | null} */
let config = null;
/** @type {ReturnType<typeof lastOnes<HeardUpload>>} */
const uploads = lastOnes();
/** @type {number | null} when the present recording began */
let since = null;

/** Remember what was heard of the SDK. @type {Hear} */
export function note(heard) {
  if (heard.what === "config") config = heard;
  else if (heard.what === "upload") uploads.add(heard);
  else if (heard.what === "snapshot") since ??= performance.now();
  else if (heard.what === "ended") since = null;
}

const hostOf = (/** @type {string} */ url) => attempt(() => new URL(url).host) ?? url;

/** The evidence that only the page has. @param {Scope} scope @param {Watch | undefined} segment */
export async function evidence(scope, segment) {
  return {
    tags: scope.document?.querySelectorAll('script[src*="replay.js"][data-api-key]').length ?? 0,
    recorders: 1 + (scope.sessionReplay ? 1 : 0),
    hidden: Boolean(scope.document?.prerendering),
    ...segment?.evidence(),
    config: config && { present: config.present, ...(await answer(config)) },
    sample_rate: config?.sample_rate ?? null,
    recorded_ms: since === null ? 0 : Math.round(performance.now() - since),
    uploads: await Promise.all(uploads.all().map(upload)),
  };
}

/** Findings as lines for the console: what is wrong comes with its fix. @param {Finding[]} findings */
export function table(findings) {
  const count = (/** @type {string} */ level) => findings.filter((each) => each.level === level).length;
  const width = (/** @type {"level" | "code"} */ key) => Math.max(0, ...findings.map((each) => each[key].length));
  const [level, code] = [width("level"), width("code")];
  const lines = findings.flatMap((each) => [
    `${each.level.padEnd(level)}  ${each.code.padEnd(code)}  ${each.message}`,
    ...(each.fix ? [`${" ".repeat(level + code + 4)}${each.fix}`] : []),
  ]);
  return [`pyscript-replay: problems: ${count("problem")}, warnings: ${count("warning")}`, ...lines].join("\n");
}

/** @param {HeardUpload} heard */
async function upload(heard) {
  const asked = new URL(heard.url, location.href).searchParams;
  const ids = { device_id: asked.get("device_id"), session_id: Number(asked.get("session_id")) };
  return { ...ids, skipped: heard.skipped, ...(await answer(heard)) };
}

/** An answer; where there was none, the cause. @param {{ url: string, status: number, detail: string }} heard */
async function answer({ url, status, detail }) {
  if (status) return { status };
  const host = hostOf(url);
  const policy = refusals().find(({ blockedURI }) => hostOf(blockedURI) === host);
  if (policy) return { status, host, cause: "policy", directive: policy.directive };
  return { status, host, cause: await cause(url, detail) };
}

/** Why a request that the policy allows has come to nothing. @param {string} url @param {string} detail */
async function cause(url, detail) {
  if (navigator.onLine === false) return "offline";
  if (detail === LATE) return "timeout";
  // an answer that the page may not read is an answer
  const probe = fetch(url, { mode: "no-cors", signal: AbortSignal.timeout(PROBE_MS) });
  return probe.then(
    () => "cors",
    ({ name }) => (name === "TimeoutError" ? "timeout" : "blocked"),
  );
}

/**
 * An event as it passed.
 * @param {SegmentEvent} event
 * @param {string | null | undefined} destination
 * @param {AmplitudeIds | null} amplitude
 */
export const passedEvent = (event, destination, amplitude) => ({
  name: event.event ?? event.name ?? null,
  type: event.type,
  session_id: (destination ? event.integrations?.[destination]?.session_id : amplitude?.session_id) ?? null,
  replay_id: event.properties?.[REPLAY_ID] ?? null,
  device_id: (destination ? event.anonymousId : amplitude?.device_id) ?? null,
});
