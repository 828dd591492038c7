// @ts-nocheck it runs in node, of which the checker knows nothing
//
// MicroPython's memory with our modules in it: `node micropython.mjs PROGRAM`; their files come in as JSON, and out go a
// line of JSON, where the stack is, and the memory.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { put } from "../page/files.js";

process.on("uncaughtException", ({ message }) => {
  console.error(message);
  process.exit(1);
});
const { loadMicroPython } = await import(pathToFileURL(process.env.MICROPYTHON));
const files = JSON.parse(readFileSync(0, "utf8"));

let exports;
const { instantiate } = WebAssembly;
WebAssembly.instantiate = async (...given) => {
  const made = await instantiate(...given);
  ({ exports } = made.instance);
  return made;
};

const python = await loadMicroPython({ url: process.argv[2] });
for (const [path, bytes] of Object.entries(files)) put(python, `/lib/${path}`, Buffer.from(bytes, "base64"));
// The page gives another one the same place, for both are the first thing of JavaScript's that Python has. Nothing may
// ask for what is in it before that.
const border = new Proxy({}, {
  get(_, name) {
    throw new Error(`a module asks for the page's ${String(name)} when it is imported`);
  },
});
python.registerJsModule("pyscript_replay_border", border);
const modules = Object.keys(files).map((path) => path.replace(/(\/__init__)?\.mpy$/, "").replaceAll("/", "."));
python.runPython(`
def load():
    import sys
    sys.path.append("/lib")
    for name in ${JSON.stringify(modules)}:
        __import__(name)
load()
del load
`);
python.runPython("import gc; gc.collect(); del gc"); // which is done when this comes to its end

const memory = new Uint8Array(exports.memory.buffer);
const stack = [exports.emscripten_stack_get_end(), exports.emscripten_stack_get_base()];
process.stdout.write(`${JSON.stringify({ stack })}\n`);
process.stdout.write(memory.subarray(0, memory.findLastIndex(Boolean) + 1));
