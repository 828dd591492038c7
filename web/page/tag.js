// pyscript-replay's loader: <script async src="…/replay.js" data-api-key="…"></script>
//
// It does four things, and starts them all at once: it opens `window.pyscriptReplay`, holds Segment's events, fetches
// everything that will be needed (Python's runtime with our wiring, the SDKs, Amplitude's remote configuration), and
// boots Python, which reads the tag and wires the page (tag.py). The site's analytics come first: when Python says so,
// when `data-hold-ms` has passed, or when anything fails, the events go on, once each, in order. Who has opted out is
// not recorded, and nothing of that is done; Segment, where the tag brings it, is loaded all the same.

import { openPage } from "./replay.js";
import { hasSegment, standIn, trackOn, watchSegment } from "./segment.js";
import { CONSENT, HOLD_MS, SEGMENT_CDN } from "./tables.js";

const ASSETS = __ASSETS__; // logical name: path below this script's folder; written by `pyscript-replay build`
/** @type {Record<string, string>} */
const CONFIG = {
  US: "https://sr-client-cfg.amplitude.com/config",
  EU: "https://sr-client-cfg.eu.amplitude.com/config",
};

/** @type {any} a module has no currentScript */
const current = document.currentScript ?? document.querySelector("script[src][data-api-key]");
/** @type {HTMLScriptElement | null} */
const script = current;
const asset = (/** @type {string} */ name) => new URL(ASSETS[name], script?.src).href;

/** The tag's attributes, by the names that options.py knows: `data-api-key` is `api-key`. @type {Attributes} */
const tag = {};
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
    const { boot } = await import(asset(runtime));
    await boot({ page, segment, asset }, "from pyscript_replay import tag; await tag.main()");
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
      sdk: import(asset("analytics")),
      writeKey: tag["write-key"],
      cdnURL: tag["segment-cdn"],
      options: json(tag["segment-options"]),
    }));
}

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
  if (tag["write-key"])
    hint(
      "preload",
      `${tag["segment-cdn"] || SEGMENT_CDN}/v1/projects/${encodeURIComponent(tag["write-key"])}/settings`,
      "fetch",
      "anonymous",
    );
  if (tag["api-key"])
    hint(
      "preload",
      `${configServer()}/${encodeURIComponent(tag["api-key"])}?config_group=browser`,
      "fetch",
      "anonymous",
    );
}

const configServer = () => json(tag.options).configServerUrl || CONFIG[tag["server-zone"]] || CONFIG.US;

if (window.pyscriptReplay) {
  console.error("pyscript-replay: tag-twice: this page has a second script tag; the first one goes on alone.");
} else {
  const page = openPage(window, (...event) => trackOn(window, name, ...event));
  page.tag = tag;
  const bringSegment = segmentToBring();
  page.serve({
    load: () => load(page, bringSegment),
    release: () => void bringSegment?.().catch(page.error), // nothing is held when nothing was loaded
  });
  if (!script) {
    page.failed({
      code: "option-missing",
      message: "no script tag has data-api-key",
      fix: "Set it on the tag that loads replay.js.",
    });
  } else if ("consent" in tag && !CONSENT.includes(tag.consent)) {
    // said here, for what was meant may be "no"
    page.failed({
      code: "option-value",
      message: `data-consent is "${tag.consent}"`,
      fix: `It takes one of ${CONSENT.join(", ")}.`,
    });
  } else page.open(tag.consent);
}
