// What MicroPython has below it, in Emscripten's place: how JavaScript and its program hand texts and numbers to each
// other, more memory, and instead of an operating system some files and a place for its output.
//
// Emscripten's own can do all that C programs may want. It is larger than all the rest of MicroPython's JavaScript.

import { begun } from "./halves.js";
import { say } from "./say.js";

const PAGE = 65_536; // bytes of WebAssembly's memory
const GROWTH = 1.2;
const [NO_FILE, NOT_OPEN, NOT_HERE] = [44, 8, 52]; // errors, as WASI numbers them
const [FOLDER, FILE] = [0o040755, 0o100644];
const [STAT_SIZE, KIND_AT] = [96, 4]; // of C's `struct stat`, of which only the kind is told
const NEW_LINE = 10;

/** @type {any} what the program exports */
let program = null;
/** @type {DataView} */
let view;
/** @type {Uint8Array} */
let bytes;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true }); // which else would leave out a first U+FEFF
const SHORT = 16; // bytes, for which a decoder takes longer than it helps

/** What MicroPython's JavaScript calls by these names of Emscripten's. */
const Module = {
  getValue: (/** @type {number} */ at, /** @type {"i32" | "double"} */ type) =>
    type === "i32" ? view.getInt32(at, true) : view.getFloat64(at, true),
  setValue: (/** @type {number} */ at, /** @type {number} */ value, /** @type {"i32" | "double"} */ type) =>
    type === "i32" ? view.setInt32(at, value, true) : view.setFloat64(at, value, true),

  /** A text of so many bytes, or one that ends with a zero. @param {number} at @param {number} [length] */
  UTF8ToString(at, length = bytes.indexOf(0, at) - at) {
    const whole = bytes.subarray(at, at + length);
    const plain = length <= SHORT && whole.every((byte) => byte < 0x80);
    return plain ? String.fromCharCode(...whole) : decoder.decode(whole);
  },
  lengthBytesUTF8: (/** @type {string} */ text) => encoder.encode(text).length,
  stringToUTF8(/** @type {string} */ text, /** @type {number} */ at, /** @type {number} */ room) {
    const { written } = encoder.encodeInto(text, bytes.subarray(at, at + room - 1));
    bytes[at + written] = 0;
  },

  /** Call a function of the program. @param {string} name @param {string} _ @param {string[]} types @param {any[]} args */
  ccall(name, _, types, args) {
    const stack = program.emscripten_stack_get_current();
    const given = args.map((each, at) => (types[at] === "string" ? onStack(each) : each));
    const result = program[name](...given);
    program._emscripten_stack_restore(stack);
    return result;
  },
  _malloc: (/** @type {number} */ size) => program.malloc(size),
  _free: (/** @type {number} */ at) => program.free(at),
};

/** @param {string} text */
function onStack(text) {
  const room = Module.lengthBytesUTF8(text) + 1;
  const at = program._emscripten_stack_alloc(room);
  Module.stringToUTF8(text, at, room);
  return at;
}

/**
 * Load MicroPython's program, which imports what is here, and `own` of its JavaScript.
 * @param {string} url @param {(module: object) => Record<string, Function>} own
 */
export async function loaded(url, own) {
  const known = { ...own(Module), ...system };
  const imported = new Proxy(known, {
    get: (_, /** @type {string} */ name) => known[name] ?? (() => (name.startsWith("fd_") ? NOT_HERE : -NOT_HERE)),
  });
  program = await begun(url, { env: imported, wasi_snapshot_preview1: imported });
  look();
  program.__wasm_call_ctors();
  return Module;
}

/** After the memory has grown, it is another one to JavaScript. */
function look() {
  view = new DataView(program.memory.buffer);
  bytes = new Uint8Array(program.memory.buffer);
}

/** @type {Map<string, Uint8Array | null>} the files, by their paths; a folder has no content */
const files = new Map();
/** @type {Map<number, { content: Uint8Array, at: number }>} */
const opened = new Map();
/** @type {Record<number, { line: number[], method: "log" | "error" }>} what is being printed, and where it goes */
const outputs = { 1: { line: [], method: "log" }, 2: { line: [], method: "error" } };

/** Write a file. @param {string} path @param {Uint8Array} content */
export function put(path, content) {
  files.set(path, content);
  for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) files.set(path.slice(0, at), null);
}

/** @type {Record<string, Function>} */
const system = {
  __syscall_stat64(/** @type {number} */ path, /** @type {number} */ told) {
    const content = files.get(Module.UTF8ToString(path));
    if (content === undefined) return -NO_FILE;
    bytes.fill(0, told, told + STAT_SIZE);
    view.setUint32(told + KIND_AT, content ? FILE : FOLDER, true);
    return 0;
  },
  __syscall_openat(/** @type {number} */ _, /** @type {number} */ path) {
    const content = files.get(Module.UTF8ToString(path));
    if (!content) return -NO_FILE;
    let number = 3; // after those of input and output
    while (opened.has(number)) number++;
    opened.set(number, { content, at: 0 });
    return number;
  },
  fd_read(/** @type {number} */ number, /** @type {[number, number, number]} */ ...pieces) {
    const file = opened.get(number);
    if (!file) return NOT_OPEN;
    return summed(...pieces, (piece) => {
      const read = file.content.subarray(file.at, file.at + piece.length);
      piece.set(read);
      file.at += read.length;
      return read.length;
    });
  },
  fd_write(/** @type {number} */ number, /** @type {[number, number, number]} */ ...pieces) {
    const output = outputs[number];
    if (!output) return NOT_OPEN;
    return summed(...pieces, (piece) => {
      for (const byte of piece.slice()) {
        if (byte !== NEW_LINE) output.line.push(byte);
        else say(globalThis, output.method, decoder.decode(new Uint8Array(output.line.splice(0))));
      }
      return piece.length;
    });
  },
  fd_close: (/** @type {number} */ number) => (opened.delete(number) ? 0 : NOT_OPEN),
  emscripten_resize_heap(/** @type {number} */ wanted) {
    for (const size of [bytes.length * GROWTH, 0]) {
      try {
        program.memory.grow(Math.ceil((Math.max(wanted >>> 0, size) - bytes.length) / PAGE));
      } catch {
        continue; // it may be had without what would be to spare
      }
      look();
      return 1;
    }
    return 0;
  },
  _abort_js() {
    throw new WebAssembly.RuntimeError("MicroPython has given up");
  },
};

/**
 * What `each` makes of the pieces of memory that are listed; the sum is written down.
 * @param {number} list @param {number} count @param {number} sum @param {(piece: Uint8Array) => number} each
 */
function summed(list, count, sum, each) {
  let total = 0;
  for (let at = list; at < list + 8 * count; at += 8) {
    const start = view.getUint32(at, true);
    total += each(bytes.subarray(start, start + view.getUint32(at + 4, true)));
  }
  view.setUint32(sum, total, true);
  return 0;
}
