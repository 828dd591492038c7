// Boots MicroPython, directly: nothing is evaluated from text, so `script-src 'self' 'wasm-unsafe-eval'` is enough.

import { loadMicroPython } from "@micropython/micropython-webassembly-pyscript/micropython.mjs";
import { booted, fetch, named, there } from "./assets.js";
import * as border from "./bridge.js";
import { expect, rest } from "./halves.js";
import { put } from "./system.js";

/** @param {Host} host @param {string} main the Python program to run */
export async function boot(host, main) {
  border.adopt(host);
  const url = host.asset("micropython.wasm");
  const later = __SPLIT__ ? host.asset("micropython.rest") : null;
  const write = (/** @type {string} */ path, /** @type {Uint8Array} */ bytes) => put(`/lib/${path}`, bytes);
  expect(later, write, border.lost);
  const [python, ...modules] = await booted(
    () => Promise.all([loadMicroPython({ url, border }), ...(host.more ?? []).map(fetched)]),
    __INTEGRITY__,
  );
  for (const [path, bytes] of modules) write(path, bytes);
  host.page.rest = () => there(rest(), later ? [later] : []);
  if (!(host.wanted?.() ?? true)) return;
  border.afterwards(host.page, () => host.page.rest?.());
  await python.runPythonAsync(main);
}

/** A module of ours: its path, and what it is. @param {string} url @returns {Promise<[string, Uint8Array]>} */
async function fetched(url) {
  const response = await fetch(url);
  return [`pyscript_replay/${named(url)}`, new Uint8Array(await response.arrayBuffer())];
}
