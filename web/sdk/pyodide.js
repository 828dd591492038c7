// Pyodide for PyScript pages, which ask for it as they would for Pyodide's own module: with its memory where that pays.
// PyScript brings our modules itself, so those of the memory are forgotten.

import { loadPyodide as load, version } from "pyodide";
import { FOLDER } from "../page/files.js";
import { started } from "../page/memory.js";

export { version };

const FORGOTTEN = `
import random, sys
sys.path.remove("${FOLDER}")
for name in [name for name in sys.modules if name.startswith("pyscript_replay")]:
    del sys.modules[name]
random.seed()
`;

/** @param {{ indexURL: string }} settings */
export async function loadPyodide(settings) {
  const [python, remembers] = await started((memory) => load({ ...settings, ...memory }), import.meta.url);
  if (remembers) python.runPython(FORGOTTEN);
  return python;
}
