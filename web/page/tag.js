// pyscript-replay's loader: <script async src="…/replay.js" data-api-key="…"></script>
//
// It does four things, and starts them all at once: it opens `window.pyscriptReplay`, holds Segment's events, fetches
// everything that will be needed (Python's runtime with our wiring, the SDKs, Amplitude's remote configuration), and
// boots Python, which reads the tag and wires the page (tag.py). The site's analytics come first: when Python says so,
// when `data-hold-ms` has passed, or when anything fails, the events go on, once each, in order. Who has opted out is
// not recorded, and nothing of that is done; Segment, where the tag brings it, is loaded all the same.

import { isOpen, openPage } from "./replay.js";
import { say } from "./say.js";
import { hasSegment, isTaken, standIn, trackOn, watchSegment } from "./segment.js";
import { CONSENT, HOLD_MS, SEGMENT_CDN } from "./tables.js";

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

/** @type {Watch | null} */
let segment = null;
/** @type {Promise<void> | null} */
let booting = null;

/**
 * Everything that is needed, at once; what is there, or under way, is not asked for again.
 * @param {Page} page
 * @param {(() => Promise<void>) | null} bringSegment
 */
function load(page, bringSegment) {
  if (!segment) {
    const given = Number(tag["hold-ms"]);
    segment = watchSegment(window, name, "hold-ms" in tag && given >= 0 ? given : HOLD_MS);
    page.serve({ release: segment.release });
    bringSegment?.().catch(segment.fail);
    fetchAhead();
  }
  booting ??= boot(page);
}

/** @param {Page} page */
async function boot(page) {
  try {
    const runtime = tag.runtime === "pyodide" ? "pyodide" : "micropython";
    const module = import(asset(runtime));
    const { boot } = await (runtime === "micropython" ? needing(module, asset("micropython.wasm")) : module);
    await boot({ page, segment, asset, ahead }, "from pyscript_replay import tag; await tag.main()");
  } catch (/** @type {any} */ error) {
    booting = null; // start() tries again
    page.failed({
      code: "runtime-load",
      message: `Python could not be started: ${error.message}`,
      fix: "Check that the bundle is complete and that the Content-Security-Policy allows 'self' and 'wasm-unsafe-eval'.",
    });
  }
}

/** How to load analytics-next; until then a stand-in keeps the page's calls. Nothing, where the page has a Segment. */
function segmentToBring() {
  if (!tag["write-key"] || hasSegment(window, name)) return null;
  const load = standIn(window, name);
  /** @type {Promise<void> | undefined} */
  let loading;
  return () =>
    (loading ??= load({
      sdk: needing(import(asset("analytics")), settings()),
      writeKey: tag["write-key"],
      cdnURL: tag["segment-cdn"],
      options: json(tag["segment-options"]),
    }));
}

/** Segment's, of this source. */
const settings = () =>
  `${tag["segment-cdn"] || SEGMENT_CDN}/v1/projects/${encodeURIComponent(tag["write-key"])}/settings`;

/**
 * A module; without it what was hinted at goes unused, of which browsers warn. So it is used all the same.
 * @param {Promise<any>} module @param {string} hinted
 */
function needing(module, hinted) {
  module.catch(() => fetch(hinted).catch(() => {}));
  return module;
}

/** Address: a promise of its answer. @type {Map<string, Promise<Response>>} */
const ahead = new Map();

/** What would otherwise be asked for one after the other is asked for now. */
function fetchAhead() {
  const hint = (
    /** @type {string} */ rel,
    /** @type {string} */ href,
    /** @type {string | undefined} */ as = undefined,
    /** @type {string | undefined} */ crossOrigin = undefined,
  ) => {
    const link = Object.assign(document.createElement("link"), { rel, href });
    if (as) Object.assign(link, { as, crossOrigin });
    document.head.append(link);
  };
  hint("modulepreload", asset(tag.mode === "classic-cloud" ? "amplitude" : "session-replay"));
  for (const path of ASSETS["session-replay.chunks"]) hint("modulepreload", new URL(path, script?.src).href);
  if (tag.runtime !== "pyodide") hint("preload", asset("micropython.wasm"), "fetch", "anonymous");
  if (tag["write-key"]) hint("preload", settings(), "fetch", "anonymous");
  if (tag["api-key"]) {
    // no link: browsers warn of those that go unused, as this does where the wiring fails
    const url = `${configServer()}/${encodeURIComponent(tag["api-key"])}?config_group=browser`;
    const answer = fetch(url);
    answer.catch(() => {}); // told where it is asked for
    ahead.set(url, answer);
  }
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

if (isOpen(window)) {
  say(window, "error", "pyscript-replay: tag-twice: this page has a second script tag; the first one goes on alone.");
} else {
  const page = openPage(window, (...event) => trackOn(window, name, ...event));
  const refused = refusal();
  const bringSegment = refused ? null : segmentToBring();
  page.tag = tag;
  page.serve({
    load: () => load(page, bringSegment),
    release: () => void bringSegment?.().catch(page.error), // nothing is held when nothing was loaded
  });
  page.makeEarlyCalls();
  if (refused) page.refuse(refused);
  else page.open(tag.consent);
}
