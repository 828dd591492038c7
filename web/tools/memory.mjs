// @ts-nocheck it runs in node, of which the checker knows nothing
//
// Pyodide's memory with our modules in it: `node memory.mjs`, their sources come in as JSON, the memory goes out.
//
// Two runs make the same bytes: nothing in them comes from chance, the clock, or this machine.

import { readFileSync } from "node:fs";
import { FOLDER, put } from "../page/files.js";

const { loadPyodide } = await import(process.env.PYODIDE);
const files = JSON.parse(readFileSync(0, "utf8"));

Date.now = performance.now = () => 0;
crypto.getRandomValues = (array) => array.fill(0);

process.env.TZ = "UTC";
// as in a page, but for the hashes, which would be other ones each time
const env = { HOME: "/home/pyodide", PYTHONINSPECT: "1", PYTHONHASHSEED: "0", LANG: "en_US.UTF-8" };
const python = await loadPyodide({ _makeSnapshot: true, _sysExecutable: "./this.program", env });
for (const [path, source] of Object.entries(files)) put(python, `${FOLDER}/${path}`, source);
const modules = Object.keys(files).map((path) => path.replace(/(\/__init__)?\.py$/, "").replaceAll("/", "."));
python.runPython(`
import gc, random, sys
sys.path.remove("")  # each start adds it
sys.path.append("${FOLDER}")
sys.dont_write_bytecode = True
import ${modules.join(", ")}
random.seed(0)  # each start gives it another one
del pyscript_replay
gc.collect()
`);
process.stdout.write(python.makeMemorySnapshot());
