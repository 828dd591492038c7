// bridge.js for PyScript pages, where no loader has opened the page or found out where the bundle is.
// PyScript imports it under the name that bridge.py knows: see the bundle's pyscript.json.

import { diagnoseWith } from "./assets.js";
import { openWith } from "./bridge.js";
import { diagnosed } from "./diagnosis.js";
import { openPage } from "./replay.js";
import { bringing, handOver, hasSegment, standIn, trackOn, watchObject, watchSegment } from "./segment.js";
import { HOLD_MS } from "./tables.js";

export * from "./bridge.js";

// This file is one of the bundle's assets, so the bundle's root is one level up.
const asset = (/** @type {string} */ name) => new URL(`../${__ASSETS__[name]}`, import.meta.url).href;

diagnoseWith(diagnosed);
openWith({
  open(host) {
    const named = () => host()?.name ?? "analytics";
    const page = openPage(globalThis, (...event) => trackOn(globalThis, named(), ...event));
    page.serve({ use: (given) => handOver(globalThis, named(), given, host() ?? {}) });
    uncoverCurrentScript();
    return { page, asset };
  },
  bring: (host, name, settings) =>
    host.page.given || hasSegment(globalThis, name)
      ? null
      : bringing(standIn(globalThis, name), host.asset("analytics"), settings),
  watch: (name, given) => unheld(watchSegment(globalThis, name, HOLD_MS, given)),
  watchObject: (object) => unheld(watchObject(object)),
});

const unheld = (/** @type {Watch} */ segment) => {
  segment.release();
  return segment;
};

/**
 * While a Python script runs, PyScript has it stand for `document.currentScript`. A script that loads meanwhile, as
 * Segment's plugins do, must find itself there: that is how it knows where its parts are.
 */
function uncoverCurrentScript() {
  if (!globalThis.document || !Object.hasOwn(document, "currentScript")) return;
  const covering = document.currentScript;
  const own = Object.getOwnPropertyDescriptor(Document.prototype, "currentScript");
  const get = () => own?.get?.call(document) ?? covering;
  Object.defineProperty(document, "currentScript", { configurable: true, get });
}
