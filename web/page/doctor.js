// What the doctor is shown of a page, but for what Python itself knows: doctor.py has the table, and the rules.

import { attempt } from "./property.js";
import { REPLAY_ID } from "./tables.js";

/** So many of the last events, and of the last uploads, are remembered. */
const LAST = 20;

/** @template T @returns {{ add(each: T): void, all(): T[] }} the last ones that were added */
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

/** What was heard of the SDK's requests: see recorder.js. */
export const heard = { /** @type {Answered | null} */ config: null, uploads: /** @type {ReturnType<typeof lastOnes<Answered>>} */ (lastOnes()) };

/** What the page's policy has refused. @type {{ host: string, directive: string }[]} */
const refused = [];
globalThis.document?.addEventListener("securitypolicyviolation", ({ blockedURI, effectiveDirective }) =>
  refused.push({ host: hostOf(blockedURI), directive: effectiveDirective }),
);

const hostOf = (/** @type {string} */ url) => attempt(() => new URL(url).host) ?? url;

/** The evidence that only the page has. @param {Scope} scope @param {Watch} segment */
export async function evidence(scope, segment) {
  const { document } = scope;
  return {
    tags: document?.querySelectorAll('script[src*="replay.js"][data-api-key]').length ?? 0,
    recorders: 1 + (scope.sessionReplay ? 1 : 0),
    hidden: Boolean(document?.prerendering),
    ...segment.evidence(),
    config: heard.config && (await explained(heard.config)),
    uploads: await Promise.all(heard.uploads.all().map(explained)),
  };
}

/** An answer; where there was none, with the cause. @param {Answered} answer */
async function explained({ url, detail, ...answer }) {
  if (answer.status) return answer;
  const host = hostOf(url);
  const policy = refused.find((each) => each.host === host);
  return { ...answer, host, directive: policy?.directive, cause: policy ? "policy" : await cause(url, detail) };
}

/** @param {string} url @param {string} detail */
async function cause(url, detail) {
  if (navigator.onLine === false) return "offline";
  if (detail === LATE) return "timeout";
  // an answer that the page may not read is an answer
  const reached = await fetch(url, { mode: "no-cors", signal: AbortSignal.timeout(2000) }).then(
    () => true,
    () => false,
  );
  return reached ? "cors" : "blocked";
}

export const LATE = "no answer in time";

/** Events as they passed. @param {ReturnType<typeof lastOnes<Passed>>} passed @param {(event: SegmentEvent) => boolean} allowed @param {string | null} destination */
export const events = (passed, allowed, destination) =>
  passed.all().map(({ event, amplitude }) => ({
    name: event.event ?? event.name ?? null,
    type: event.type,
    session_id: (destination ? event.integrations?.[destination]?.session_id : amplitude?.session_id) ?? null,
    replay_id: event.properties?.[REPLAY_ID] ?? null,
    device_id: amplitude ? amplitude.device_id : (event.anonymousId ?? null),
    allowed: allowed(event),
  }));
