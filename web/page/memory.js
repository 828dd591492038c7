// Pyodide's start takes seconds of the processor's time. So the bundle has its memory as it is after that, with our
// modules in it (tools/memory.py), and a page that gets it in less time takes it over. Where it would take too long, a
// page with the tag fetches it for the visitor's next one.

const KNOWN = __MEMORY__;
/** A start without the memory takes as long, and so may the memory, all in all. */
export const START_MS = 3000;
const PIECE = 250_000; // bytes

let useless = false; // it is not to be had, or could not be taken over

/**
 * Start Pyodide. Answers it, and whether it has the memory.
 * @template Python
 * @param {(settings: { _loadSnapshot: Promise<ArrayBuffer | undefined> }) => Promise<Python>} load
 * @param {string} indexURL Pyodide's folder
 * @param {() => Promise<undefined>} before what is to be done before a start without it, which blocks the page
 * @returns {Promise<[Python, boolean]>}
 */
export async function started(load, indexURL, before = async () => undefined) {
  const memory = remembered(indexURL);
  try {
    return [await load({ _loadSnapshot: memory.then((it) => it ?? before()) }), Boolean(await memory)];
  } catch (/** @type {any} */ error) {
    if (error?.fix || !(await memory)) throw error;
  }
  return [await load({ _loadSnapshot: before() }), false]; // this browser cannot take it over
}

/** Have the browser keep it. @param {string} indexURL */
export async function fetchForTheNextPage(indexURL) {
  if (!useless) await fetch(new URL(KNOWN.file, indexURL));
}

/**
 * The memory, or nothing where it would take too long, as far as that can be told from a file that each start needs.
 * @param {string} indexURL
 * @returns {Promise<ArrayBuffer | undefined>}
 */
async function remembered(indexURL) {
  const signal = AbortSignal.timeout?.(START_MS);
  try {
    useless = !tablesGiveBack();
    if (useless) return undefined;
    const library = await taken(new URL(KNOWN.library, indexURL).href, signal);
    if (library * (1 + KNOWN.ratio) > START_MS) return undefined;
    const { body } = await fetch(new URL(KNOWN.file, indexURL), { integrity: KNOWN.integrity, signal });
    return await new Response(body?.pipeThrough(inTasks()).pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
  } catch {
    useless = !signal?.aborted;
    return undefined; // then the start takes its time
  }
}

/** What comes in goes on in pieces, each in a task of its own: all at once may be decompressed in a long one. */
const inTasks = () =>
  new TransformStream({
    /** @param {Uint8Array<ArrayBuffer>} bytes @param {TransformStreamDefaultController<Uint8Array<ArrayBuffer>>} on */
    async transform(bytes, on) {
      for (let from = 0; from < bytes.length; from += PIECE) {
        on.enqueue(bytes.subarray(from, from + PIECE));
        await aTask();
      }
    },
  });

/** Until the browser has done what else is due. (A timer would wait for a second in a tab that is not shown.) */
export const aTask = () =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => resolve(port1.close());
    port2.postMessage(null);
  });

/**
 * How many milliseconds a file has taken, once it is there.
 * @param {string} url @param {AbortSignal | undefined} signal
 * @returns {Promise<number>}
 */
const taken = (url, signal) =>
  new Promise((resolve, reject) => {
    signal?.addEventListener("abort", reject);
    new PerformanceObserver((list, observer) => {
      const [entry] = list.getEntriesByName(url);
      if (!entry) return;
      observer.disconnect();
      resolve(entry.duration);
    }).observe({ type: "resource", buffered: true });
  });

// (module (table (export "t") 1 funcref) (func (export "f")) (elem (i32.const 0) 0))
const PROGRAM = "AGFzbQEAAAABBAFgAAADAgEABAQBcAABBwkCAXQBAAFmAAAJBwEAQQALAQAKBAECAAs=";

/**
 * Whether WebAssembly's tables give back the very functions that are in them. Pyodide lays out its table by that, and
 * the memory refers to places there. (WebKitGTK 2.50 gives back others.)
 */
function tablesGiveBack() {
  const program = Uint8Array.from(atob(PROGRAM), (byte) => byte.charCodeAt(0));
  const { t, f } = /** @type {any} */ (new WebAssembly.Instance(new WebAssembly.Module(program)).exports);
  return t.get(0) === f;
}
