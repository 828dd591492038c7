// Boots Pyodide, directly, from the bundle's own copy of it.

import { loadPyodide } from "pyodide";
import files from "python-pack"; // {path: source text}
import { booted, imported } from "./assets.js";
import * as border from "./bridge.js";
import { FOLDER, put } from "./files.js";
import { aTask, fetchForTheNextPage, START_MS, started } from "./memory.js";
import { HOLD_MS } from "./tables.js";

const SENT_MS = 100; // so long Segment may take to send the events that are let go

/** @param {Host} host @param {string} main the Python program to run */
export async function boot(host, main) {
  border.adopt(host);
  const indexURL = host.asset("pyodide.dir");
  const program = imported(`${indexURL}pyodide.tag.mjs`); // without WebAssembly's promises: bundle.py says why
  program.catch(() => {}); // told where it is waited for
  // each part of the start is a task of its own: one for all would be a long one
  const createPyodideModule = async (/** @type {any} */ settings) => {
    const { instantiateWasm } = settings;
    settings.instantiateWasm = (/** @type {object} */ imports, /** @type {Function} */ receive) =>
      instantiateWasm(imports, (/** @type {unknown[]} */ ...made) => aTask().then(() => receive(...made)));
    const { default: create } = await program;
    await aTask();
    const module = await create(settings);
    await aTask();
    return module;
  };
  const given = { indexURL, createPyodideModule, checkAPIVersion: false };
  const [python, remembers] = await started(
    (memory) => booted(() => loadPyodide({ ...given, ...memory }), __INTEGRITY__),
    indexURL,
    () => letEventsGo(host),
  );
  await aTask();
  python.registerJsModule("pyscript_replay_border", border);
  // where there is no memory of our modules, they are files
  if (!remembers) for (const [path, source] of Object.entries(files)) put(python, `${FOLDER}/${path}`, source);
  python.runPython(remembers ? REMEMBERED : WRITTEN);
  if (!(host.wanted?.() ?? true)) return;
  if (!remembers) border.afterwards(host.page, () => fetchForTheNextPage(indexURL));
  await python.runPythonAsync(main);
}

/**
 * Events are sent before a start that blocks the page for longer than they may wait.
 * @param {Host} host
 */
async function letEventsGo({ page, segment }) {
  if (!segment || Number(page.tag?.["hold-ms"]) > START_MS) return undefined;
  await Promise.race([segment.real.catch(() => {}), border.sleep(HOLD_MS)]);
  segment.release();
  await border.sleep(SENT_MS);
  return undefined;
}

const REMEMBERED = `
import random, pyscript_replay_border
from pyscript_replay import bridge
bridge._border = pyscript_replay_border
random.seed()
`;
const WRITTEN = `import sys; sys.path.append("${FOLDER}")`;
