// pyscript-replay's loader: <script async src="…/replay.js" data-api-key="…"></script>
//
// It does four things: it opens `window.pyscriptReplay`, holds Segment's events, fetches everything that will be needed,
// all of it together (Python's runtime with our wiring, the SDKs, Amplitude's remote configuration), and boots Python,
// which reads the tag and wires the page (tag.py). The site's analytics come first, on the network too: when Python says so,
// when `data-hold-ms` has passed, or when anything fails, the events go on, once each, in order. Who has opted out is
// not recorded, and nothing of that is done; Segment, where the tag brings it, is loaded all the same.

import { diagnoseWith, imported, there } from "./assets.js";
import { diagnosed } from "./diagnosis.js";
import { deferred, isOpen, openPage } from "./replay.js";
import { say } from "./say.js";
import { bringing, handOver, hasSegment, isTaken, snippetFetched, standIn, trackOn, watchSegment } from "./segment.js";
import { CONSENT, HANDED_ON, HOLD_MS } from "./tables.js";
import { askedBefore, leaveAsked } from "./visit.js";

const ASSETS = __ASSETS__; // logical name: path below this script's folder; written by `pyscript-replay build`
/** @type {Record<string, string>} */
const CONFIG = {
  US: "https://sr-client-cfg.amplitude.com/config",
  EU: "https://sr-client-cfg.eu.amplitude.com/config",
};

/** @type {any} a module has no currentScript; and an element of this name may stand in for it */
const current = [document.currentScript, document.querySelector("script[src][data-api-key]")].find(
  (/** @type {any} */ element) => element?.localName === "script" && element.src,
);
/** @type {HTMLScriptElement | undefined} */
const script = current;
const asset = (/** @type {string} */ name) => new URL(ASSETS[name], script?.src).href;

/** The tag's attributes, by the names that options.py knows: `data-api-key` is `api-key`. @type {Attributes} */
const tag = Object.create(null);
for (const { name, value } of script?.attributes ?? []) {
  if (name.startsWith("data-")) tag[name.slice("data-".length)] = value;
}
const name = tag.analytics || "analytics";

const json = (/** @type {string} */ text) => {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {}; // options.py will say what is wrong with it
  }
};

/** What the runtime is booted with: its module first. */
const runtimeFiles = () =>
  tag.runtime === "pyodide"
    ? [asset("pyodide"), ...PYODIDE.map((file) => asset("pyodide.dir") + file)]
    : [asset("micropython"), asset("micropython.wasm"), ...more()];
/** What MicroPython needs besides, to check options that are handed on to the SDKs. */
const more = () => (HANDED_ON.some((name) => name in tag) ? [asset("micropython.options")] : []);
const PYODIDE = ["pyodide.tag.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json"];

const HEADERS = 300; // bytes: what browsers count for an answer without its body

/** Options of Segment's by which a page may keep a visitor from Amplitude. */
const RESTRAINTS = ["disable", "integrations", "updateCDNSettings"];

const MAIN = "from pyscript_replay import tag; await tag.main()";

/** @type {Watch | null} */
let segment = null;
let turn = Promise.resolve(); // ours, on the network: Segment's snippet comes first
/** @type {Promise<void> | null} */
let booting = null;
/** @type {Bring | null} */
let bring = null; // Segment, where the tag is to
let runs = false; // Python: the first that arrives

/** Everything that is needed; what is there, or under way, is not asked for again. @param {Page} page */
function load(page) {
  if (!segment) {
    const given = Number(tag["hold-ms"]);
    segment = watchSegment(window, name, "hold-ms" in tag && given >= 0 ? given : HOLD_MS, page.given);
    page.serve({ release: segment.release });
    if (bring) segment.expect(needing(bring(segment.meet), bring.settings));
    fetchConfigurationAhead(page, segment);
    // Segment puts the time zone on events, and Chromium's first answer takes 25 ms: asked for while the page is idle,
    // they delay no event.
    globalThis.requestIdleCallback?.(() => Intl.DateTimeFormat().resolvedOptions());
    if (!cached()) turn = snippetFetched(window, name);
    turn.then(fetchAhead);
  }
  booting ??= turn.then(() => boot(page));
}

/** Whether this script is out of the browser's cache: then the rest should be, and take nothing from the network. */
function cached() {
  const [it] = /** @type {PerformanceResourceTiming[]} */ (performance.getEntriesByName(script?.src ?? ""));
  return it?.transferSize <= HEADERS && it.transferSize + it.decodedBodySize > 0; // both are 0 where that is not told
}

/** Python, which is welcome even when it comes after its time. @param {Page} page */
async function boot(page) {
  const files = runtimeFiles();
  /** @type {Deferred<void>} */
  const started = deferred();
  const wanted = () => {
    started.resolve();
    return !runs && (runs = true);
  };
  const module = tag.runtime === "pyodide" ? imported(files[0]) : needing(imported(files[0]), ...files.slice(1));
  const host = { page, segment, asset, more: more(), ahead, bring, wanted };
  const running = module.then(({ boot }) => boot(host, MAIN));
  running.catch(started.reject);
  try {
    await there(started.promise, files);
    await running;
  } catch (/** @type {any} */ error) {
    booting = null; // start() tries again
    if (error.told) return;
    page.failed({
      code: "runtime-load",
      message: `Python could not be started: ${error.message}`,
      fix: error.fix ?? "Please report this, with the browser's console.",
    });
  }
}

/** How to load analytics-next; until then a stand-in keeps the page's calls. Nothing, where the page has a Segment. */
function segmentToBring() {
  if (!tag["write-key"] || hasSegment(window, name)) return null;
  return bringing(standIn(window, name), asset("analytics"), {
    writeKey: tag["write-key"],
    cdnURL: tag["segment-cdn"],
    options: json(tag["segment-options"]),
  });
}

/**
 * What needs files that were hinted at. Where it fails, browsers warn that they go unused: so they are used all the same.
 * @param {Promise<any>} promise @param {string[]} hinted
 */
function needing(promise, ...hinted) {
  promise.catch(() => {
    for (const file of hinted) fetch(file).catch(() => {});
  });
  return promise;
}

/** Address: a promise of its answer. @type {Map<string, Promise<Response>>} */
const ahead = new Map();

/** What would otherwise be asked for one after the other is asked for now. */
function fetchAhead() {
  for (const sdk of ["session-replay", ...(tag.mode === "classic-cloud" ? ["amplitude"] : [])])
    hint("modulepreload", asset(sdk));
  hint("modulepreload", asset("session-replay.record"));
  if (json(tag.options).useWebWorker !== false) hint("modulepreload", asset("session-replay.worker"));
  if (tag.runtime !== "pyodide")
    for (const file of runtimeFiles().slice(1)) hint("preload", file, "fetch", "anonymous");
  if (bring) hint("preload", bring.settings, "fetch", "anonymous");
}

/**
 * Amplitude is not asked before it is known that nothing on the page keeps this visitor from it. Segment says that, once
 * it has its settings; on a further page of a visit it is known from the page before, if what Segment was told is seen.
 * @param {Page} page @param {Watch} segment
 */
function fetchConfigurationAhead(page, segment) {
  const url = `${configServer()}/${encodeURIComponent(tag["api-key"])}?config_group=browser`;
  const optOut = [tag.options, tag["amplitude-options"]].some((given) => json(given).optOut);
  const may = () => Boolean(tag["api-key"]) && !page.optedOut && !optOut;
  const ask = () => {
    // no link: browsers warn of those that go unused, as this does where the wiring fails
    const answer = fetch(url);
    answer.catch(() => {}); // told where it is asked for
    ahead.set(url, answer);
  };
  const told = bring ? json(tag["segment-options"]) : segment.loadOptions;
  // an object, whatever the page has given: options.py says what is wrong with it
  const plain = told !== null && !RESTRAINTS.some((option) => option in Object(told));
  if (askedBefore(url) && plain && may()) ask();
  else
    segment.real.then(
      () => segment.unrestricted && may() && ask(),
      () => {},
    );
  leaveAsked(url, () => page.facade.recording && segment.unrestricted && !("amplitude" in globalThis));
}

/** @param {string} rel @param {string} href @param {string} [as] @param {string} [crossOrigin] */
function hint(rel, href, as, crossOrigin) {
  const link = Object.assign(document.createElement("link"), { rel, href });
  if (as) Object.assign(link, { as, crossOrigin });
  document.head.append(link);
}

const configServer = () => json(tag.options).configServerUrl || CONFIG[tag["server-zone"]] || CONFIG.US;

/** What keeps the page from being wired, as far as that can be told without Python. @returns {Problem | null} */
function refusal() {
  if (!script)
    return {
      code: "option-missing",
      message: "no script tag has data-api-key",
      fix: "Set it on the tag that loads replay.js.",
    };
  // said here, for what was meant may be "no"
  if ("consent" in tag && !CONSENT.includes(tag.consent))
    return {
      code: "option-value",
      message: `data-consent is "${tag.consent}"`,
      fix: `It takes one of ${CONSENT.join(", ")}.`,
    };
  if (tag["write-key"] && isTaken(window, name))
    return {
      code: "segment-load",
      message: `window.${name} is the page's own and no Segment, or cannot be replaced`,
      fix: "Leave out data-write-key, or name another global with data-analytics.",
    };
  return null;
}

diagnoseWith(diagnosed);
if (isOpen(window)) {
  say(
    globalThis,
    "error",
    "pyscript-replay: tag-twice: this page has a second script tag; the first one goes on alone.",
  );
} else {
  const page = openPage(window, (...event) => trackOn(window, name, ...event));
  const refused = refusal();
  bring = refused ? null : segmentToBring();
  page.tag = tag;
  page.serve({
    load: () => load(page),
    release: () => void bring?.().catch(page.error), // nothing is held when nothing was loaded
    use: (given) => handOver(window, name, given, { segment, bring }),
  });
  page.makeEarlyCalls();
  if (refused) page.refuse(refused);
  else page.open(tag.consent);
}
