// Boots Pyodide, directly, from the bundle's own copy of it.

import { loadPyodide } from "pyodide";
import files from "python-pack"; // {path: source text}
import * as border from "./bridge.js";

/** @param {Host} host @param {string} main the Python program to run */
export async function boot(host, main) {
  border.adopt(host);
  const python = await loadPyodide({ indexURL: host.asset("pyodide.dir"), checkAPIVersion: false });
  for (const [path, source] of Object.entries(files)) {
    const target = `/lib/pyscript-replay/${path}`;
    python.FS.mkdirTree(target.slice(0, target.lastIndexOf("/")));
    python.FS.writeFile(target, source);
  }
  python.registerJsModule("pyscript_replay_border", border);
  python.runPython(`import sys; sys.path.append("/lib/pyscript-replay")`);
  await python.runPythonAsync(main);
}
