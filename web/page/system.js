// What MicroPython has below it instead of an operating system: our Python as files, and a place for its output.
//
// Emscripten's own is a whole file system, larger than all the rest of MicroPython's JavaScript.

const [NO_FILE, NOT_OPEN, NOT_HERE] = [44, 8, 52]; // errors, as WASI numbers them
const [FOLDER, FILE] = [0o040755, 0o100644];
const KIND_AT = 4; // in C's `struct stat`
const OUTPUT = [1, 2];
const NEW_LINE = 10;

/** @type {Map<string, Uint8Array | null>} what is there, by its path; a folder has no content */
const files = new Map();
/** @type {Map<number, { content: Uint8Array, at: number }>} */
const opened = new Map();
/** @type {number[]} of the line that is being printed */
let line = [];

/** Write a file. @param {string} path @param {Uint8Array} content */
export function put(path, content) {
  files.set(path, content);
  for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) files.set(path.slice(0, at), null);
}

/**
 * The functions that MicroPython imports.
 * @param {WebAssembly.Imports} given those of Emscripten's JavaScript
 * @param {() => ArrayBuffer} memory
 * @returns {WebAssembly.Imports}
 */
export function withSystem(given, memory) {
  const word = (/** @type {number} */ at) => new DataView(memory()).getUint32(at, true);
  const write = (/** @type {number} */ at, /** @type {number} */ value) =>
    new DataView(memory()).setUint32(at, value, true);
  const path = (/** @type {number} */ at) => {
    const bytes = new Uint8Array(memory(), at);
    return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
  };

  /** What `each` makes of the pieces of memory in a list, until it has no more; and the sum is written down. */
  const pieces = (
    /** @type {number} */ list,
    /** @type {number} */ count,
    /** @type {number} */ sum,
    /** @type {(piece: Uint8Array) => number} */ each,
  ) => {
    let done = 0;
    for (let at = list; at < list + 8 * count; at += 8) done += each(new Uint8Array(memory(), word(at), word(at + 4)));
    write(sum, done);
    return 0;
  };

  /** @type {Record<string, Function>} */
  const system = {
    __syscall_stat64(/** @type {number} */ name, /** @type {number} */ told) {
      const content = files.get(path(name));
      if (content === undefined) return -NO_FILE;
      write(told + KIND_AT, content ? FILE : FOLDER);
      return 0;
    },
    __syscall_openat(/** @type {number} */ _folder, /** @type {number} */ name) {
      const content = files.get(path(name));
      if (!content) return -NO_FILE;
      let number = 3; // after those of input and output
      while (opened.has(number)) number++;
      opened.set(number, { content, at: 0 });
      return number;
    },
    fd_read(/** @type {number} */ number, /** @type {[number, number, number]} */ ...into) {
      const file = opened.get(number);
      if (!file) return NOT_OPEN;
      return pieces(...into, (piece) => {
        const read = file.content.subarray(file.at, file.at + piece.length);
        piece.set(read);
        file.at += read.length;
        return read.length;
      });
    },
    fd_write(/** @type {number} */ number, /** @type {[number, number, number]} */ ...from) {
      if (!OUTPUT.includes(number)) return NOT_OPEN;
      return pieces(...from, (piece) => {
        for (const byte of piece) byte === NEW_LINE ? say() : line.push(byte);
        return piece.length;
      });
    },
    fd_close: (/** @type {number} */ number) => (opened.delete(number) ? 0 : NOT_OPEN),
  };
  const of = (/** @type {string} */ module) =>
    new Proxy(given[module] ?? {}, {
      get: (theirs, /** @type {string} */ name) =>
        system[name] ?? Reflect.get(theirs, name) ?? (() => (name.startsWith("fd_") ? NOT_HERE : -NOT_HERE)),
    });
  return { ...given, env: of("env"), wasi_snapshot_preview1: of("wasi_snapshot_preview1") };
}

/** A line that Python has printed. */
function say() {
  console.log(new TextDecoder().decode(new Uint8Array(line)));
  line = [];
}
