// MicroPython's program, with our Python inside of it, in two halves (tools/halves.py).
//
// The first has all that pages were seen to need. The rest is fetched when the page has nothing better to do. What of it
// is called for before that is fetched at once, by a synchronous request, for WebAssembly cannot wait. Where that fails,
// Python has come to its end in the middle of something: it is not called any more, and the page is told.

import * as assets from "./assets.js";

const { Instance, Module, RuntimeError, instantiate, instantiateStreaming } = WebAssembly;
const SECTION = "python"; // as bundle.py calls it

/** @type {{ exports: WebAssembly.Exports, imports: WebAssembly.Imports } | null} */
let first = null;
/** @type {string | null} where the rest is, until it is there */
let due = null;
/** @type {Error | null} what has ended Python */
let end = null;
/** @type {(error: Error) => void} */
let ended = () => {};

/** @type {(path: string, bytes: Uint8Array) => void} */
let write = () => {};

/**
 * Before MicroPython is loaded: where the rest of it is, or `null` where there is none; how to write a file; and who is
 * told of its end.
 * @param {string | null} rest @param {typeof write} given @param {typeof ended} lost
 */
export function expect(rest, given, lost) {
  due = rest;
  write = given;
  ended = lost;
}

/**
 * Load the first half. Answers what it exports.
 * @param {string} url @param {WebAssembly.Imports} given
 */
export async function begun(url, given) {
  const imports = { ...given, split: { load } };
  const { module, instance } = await loaded(url, imports);
  first = { exports: instance.exports, imports };
  unpack(module);
  const exports = Object.entries(instance.exports).map(([name, it]) => [
    name,
    typeof it === "function" ? guarded(it) : it,
  ]);
  return Object.fromEntries(exports);
}

/** @param {string} url @param {WebAssembly.Imports} imports */
async function loaded(url, imports) {
  const response = await assets.fetch(url);
  if (response.headers.get("Content-Type") !== "application/wasm")
    return instantiate(await response.arrayBuffer(), imports);
  return instantiateStreaming(response, imports).catch(async () => {
    const again = await assets.fetch(url); // it may have broken off
    return instantiate(await again.arrayBuffer(), imports);
  });
}

/** @param {Function} call */
const guarded =
  (call) =>
  (/** @type {unknown[]} */ ...args) => {
    if (end) throw end;
    try {
      return call(...args);
    } catch (error) {
      if (error instanceof RuntimeError) finish(error);
      throw error;
    }
  };

/** Python's last error. Whoever was in the middle of a call sees it; the page has been told. @param {Error} error */
function finish(error) {
  if (end) return;
  end = error;
  for (const type of ["error", "unhandledrejection"]) {
    const mute = (/** @type {any} */ event) => {
      if ((event.error ?? event.reason) !== end) return;
      event.preventDefault();
      event.stopImmediatePropagation();
    };
    globalThis.addEventListener?.(type, mute, { capture: true });
  }
  ended(error);
}

/** Called by the first half, for something in the rest. */
function load() {
  if (!due || !first) return;
  try {
    const module = new Module(fetchedAtOnce(due));
    new Instance(module, imports());
    arrived(module);
  } catch (/** @type {any} */ error) {
    const lost = new Error(`the rest of MicroPython is needed, and could not be had: ${error.message}`);
    finish(Object.assign(lost, { fix: "See in the browser's network tab what became of it, and reload the page." }));
    throw end;
  }
}

const imports = () => ({ ...first?.imports, first: /** @type {WebAssembly.ModuleImports} */ (first?.exports) });

/** @param {string} url */
function fetchedAtOnce(url) {
  const request = new XMLHttpRequest();
  request.open("GET", url, false);
  request.overrideMimeType("text/plain; charset=x-user-defined"); // a code for each byte: no other way is allowed here
  request.send();
  if (request.status !== 200) throw new Error(`the server answered ${request.status}`);
  return Uint8Array.from(request.responseText, (character) => character.charCodeAt(0) & 0xff);
}

/** The rest, if it is not there yet. */
export async function rest() {
  if (end) throw end;
  if (!due) return;
  const response = await fetch(due);
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  const bytes = await response.arrayBuffer();
  if (!due) return; // it was needed meanwhile
  const module = await WebAssembly.compile(bytes);
  if (!due) return;
  new Instance(module, imports());
  arrived(module);
}

/** @param {WebAssembly.Module} module */
function arrived(module) {
  due = null;
  unpack(module);
}

/**
 * The Python files that a module has inside: after a line of JSON, with each one's path and size, they come themselves.
 * @param {WebAssembly.Module} module
 */
function unpack(module) {
  const [section] = Module.customSections(module, SECTION);
  if (!section) return;
  const bytes = new Uint8Array(section);
  let at = bytes.indexOf(10) + 1;
  for (const [path, size] of JSON.parse(new TextDecoder().decode(bytes.subarray(0, at))))
    write(path, bytes.subarray(at, (at += size)));
}
