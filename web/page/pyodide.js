// Boots Pyodide, directly, from the bundle's own copy of it.

import { loadPyodide } from "pyodide";
import files from "python-pack"; // {path: source text}
import { booted, imported } from "./assets.js";
import * as border from "./bridge.js";

/** @param {Host} host @param {string} main the Python program to run */
export async function boot(host, main) {
  border.adopt(host);
  const indexURL = host.asset("pyodide.dir");
  const program = imported(`${indexURL}pyodide.asm.mjs`);
  program.catch(() => {}); // told where it is waited for
  const createPyodideModule = async (/** @type {object} */ settings) => (await program).default(settings);
  const python = await booted(
    () => loadPyodide({ indexURL, createPyodideModule, checkAPIVersion: false }),
    __INTEGRITY__,
  );
  for (const [path, source] of Object.entries(files)) {
    const target = `/lib/pyscript-replay/${path}`;
    python.FS.mkdirTree(target.slice(0, target.lastIndexOf("/")));
    python.FS.writeFile(target, source);
  }
  python.registerJsModule("pyscript_replay_border", border);
  python.runPython(`import sys; sys.path.append("/lib/pyscript-replay")`);
  if (host.wanted?.() ?? true) await python.runPythonAsync(main);
}
