// pyscript-replay's loader: <script async src="…/replay.js" data-api-key="…"></script>
//
// It does four things, and starts them all at once: it opens `window.pyscriptReplay`, holds Segment's events, fetches
// everything that will be needed (Python's runtime with our wiring, the SDKs, Amplitude's remote configuration), and
// boots Python, which reads the tag and wires the page (tag.py). The site's analytics come first: when Python says so,
// when `data-hold-ms` has passed, or when anything fails, the events go on, once each, in order.

import { openPage } from "./page.js";
import { loadSegment, watchSegment } from "./segment.js";

const ASSETS = __ASSETS__; // logical name: path below this script's folder; written by `pyscript-replay build`
const HOLD_MS = 2000;
const SEGMENT = "https://cdn.segment.com";
const CONFIG = { US: "https://sr-client-cfg.amplitude.com/config", EU: "https://sr-client-cfg.eu.amplitude.com/config" };

const script = document.currentScript;
const asset = (name) => new URL(ASSETS[name], script.src).href;

/** The tag's attributes, by the names that options.py knows: `data-api-key` is `api-key`. */
const tag = {};
for (const { name, value } of script.attributes) {
  if (name.startsWith("data-")) tag[name.slice("data-".length)] = value;
}

const json = (text) => {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {}; // options.py will say what is wrong with it
  }
};

function begin(page) {
  page.report({ status: "loading" });
  const name = tag.analytics || "analytics";
  if (tag["write-key"] && !hasSegment(name)) bringSegment(page, name);
  const segment = watchSegment(window, name);
  const given = Number(tag["hold-ms"]);
  setTimeout(segment.release, "hold-ms" in tag && given >= 0 ? given : HOLD_MS);
  fetchAhead();
  boot(page, segment).catch((error) => {
    segment.release();
    page.fail({
      code: "runtime-load",
      message: `Python could not be started: ${error.message}`,
      fix: "Check that the bundle is complete and that the Content-Security-Policy allows 'self' and 'wasm-unsafe-eval'.",
    });
  });
}

function bringSegment(page, name) {
  const settings = { writeKey: tag["write-key"], ...(tag["segment-cdn"] && { cdnURL: tag["segment-cdn"] }) };
  const options = json(tag["segment-options"]);
  options.cookie = { secure: location.protocol === "https:", ...options.cookie };
  loadSegment(window, name, import(asset("analytics")), settings, options).catch((error) =>
    page.error({
      code: "segment-load",
      message: `Segment could not be loaded: ${error.message}`,
      fix: "Check data-write-key and data-segment-cdn, and that nothing blocks them.",
    }),
  );
}

const hasSegment = (name) => window[name] && (window[name].invoked || !Array.isArray(window[name]));

async function boot(page, segment) {
  const runtime = tag.runtime === "pyodide" ? "pyodide" : "micropython";
  const { boot } = await import(asset(runtime));
  await boot({ page, segment, asset }, "from pyscript_replay import tag; await tag.main()");
}

/** What would otherwise be asked for one after the other is asked for now. */
function fetchAhead() {
  const hint = (rel, href, as, crossOrigin) => {
    const link = Object.assign(document.createElement("link"), { rel, href });
    if (as) Object.assign(link, { as, crossOrigin });
    document.head.append(link);
  };
  hint("modulepreload", asset(tag.mode === "classic-cloud" ? "amplitude" : "session-replay"));
  for (const path of ASSETS["session-replay.chunks"]) hint("modulepreload", new URL(path, script.src).href);
  if (tag.runtime !== "pyodide") hint("preload", asset("micropython.wasm"), "fetch", "anonymous");
  if (tag["write-key"]) hint("preload", `${tag["segment-cdn"] || SEGMENT}/v1/projects/${encodeURIComponent(tag["write-key"])}/settings`, "fetch", "anonymous");
  const { configServerUrl } = json(tag.options);
  const server = configServerUrl || CONFIG[tag["server-zone"]] || CONFIG.US;
  hint("preload", `${server}/${encodeURIComponent(tag["api-key"])}?config_group=browser`, "fetch", "anonymous");
}

/** Without consent nothing is loaded or stored; what is asked meanwhile is answered here. */
function wait(page) {
  page.report({ status: page.optedOut ? "stopped" : "waiting" });
  const finding = { level: "warning", code: "waiting", message: "nothing is recorded: there is no consent", fix: "Call pyscriptReplay.start()." };
  page.serve({
    start() {
      page.serve(null);
      page.optedOut = false;
      begin(page);
      return page.facade.ready;
    },
    stop() {
      page.optedOut = true;
      page.report({ status: "stopped" });
    },
    doctor: () => [finding],
  });
}

if (window.pyscriptReplay) {
  console.error("pyscript-replay: tag-twice: this page has a second script tag; the first one goes on alone.");
} else {
  const page = openPage(window);
  page.tag = tag;
  if (!["granted", "wait", undefined].includes(tag.consent)) {
    // said here, for what was meant may be "no"
    page.fail({ code: "option-value", message: `data-consent is "${tag.consent}"`, fix: "It takes one of granted, wait." });
  } else if (tag.consent === "wait" || page.optedOut) wait(page);
  else begin(page);
}
