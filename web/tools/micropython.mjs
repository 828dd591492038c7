// @ts-nocheck it runs in node, of which the checker knows nothing
//
// MicroPython's memory with our modules in it: `node micropython.mjs PROGRAM`; their files come in as JSON. Out go a line
// of JSON, where the stack begins and ends, and the memory.

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
// The page puts another one in its place (bundle.py), where it is the first thing of JavaScript's that Python has.
// Nothing may ask for what is in it before that, or have anything else of JavaScript's.
const border = new Proxy({}, {
  get(_, name) {
    throw new Error(`a module asks for the page's ${String(name)} when it is imported`);
  },
});
python.registerJsModule("pyscript_replay_border", border);
const references = globalThis.proxy_js_ref.length;
const size = exports.memory.buffer.byteLength;

const modules = Object.keys(files).map((path) => path.replace(/(\/__init__)?\.mpy$/, "").replaceAll("/", "."));
// out of a file, for a text that JavaScript hands over would stay in the memory
put(python, "/load.py", `for name in ${JSON.stringify(modules)}:\n    __import__(name)`);
python.runPython("exec(open('/load.py').read())");
python.runPython("del name; import gc; gc.collect(); del gc"); // which is done when this comes to its end
if (globalThis.proxy_js_ref.length > references) throw new Error("a module has something of JavaScript's when it is imported");
if (exports.memory.buffer.byteLength > size) throw new Error("the modules need more memory than there is at first");

const memory = new Uint8Array(exports.memory.buffer);
process.stdout.write(`${JSON.stringify([exports.emscripten_stack_get_end(), exports.emscripten_stack_get_base()])}\n`);
process.stdout.write(memory.subarray(0, memory.findLastIndex(Boolean) + 1));
