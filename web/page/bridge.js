// The JavaScript half of bridge.py: what neither Python can do by itself, as plain functions.
//
// MicroPython truncates integers to 31 bits and cannot catch a JavaScript exception; Pyodide turns thenables into
// futures; each tells `undefined`, `null` and "missing" apart in its own way. So Python never touches a JavaScript
// value. It holds a *box*, `{ it: value }`, and asks here; an *answer* says what kind a value is, with primitives as
// text (exact on every runtime) and objects boxed. An exception is an answer too.

import { module } from "./assets.js";
import { json, parse } from "./data.js";
import { evidence as gathered } from "./doctor.js";
import { observed as observedOptions } from "./recorder.js";
import { deferred, isOpen, replayError } from "./replay.js";
import { say } from "./say.js";
import { REPORT } from "./tables.js";

export const window = { it: globalThis };

/** @param {any} value @returns {Answer} */
function answer(value) {
  if (value === null) return { kind: "null" };
  switch (typeof value) {
    case "undefined":
      return { kind: "undefined" };
    case "boolean":
    case "number":
      return { kind: typeof value, text: String(value) };
    case "string":
      return { kind: "string", text: value };
    default:
      if (value instanceof Promise) value.catch(() => {}); // Python will ask; the browser would not wait for that
      return { kind: typeof value, box: { it: value } };
  }
}

/** @param {any} error @returns {Answer} */
function failure(error) {
  const described = { kind: "error", name: "Error", text: "an exception that cannot be described", box: { it: error } };
  try {
    described.name = String(error?.name ?? "Error");
    described.text = String(error?.message ?? error);
  } catch {
    // anything can be thrown, even what has no text
  }
  return described;
}

/** @param {() => Answer} look */
const attempt = (look) => {
  try {
    return look();
  } catch (error) {
    return failure(error);
  }
};

/**
 * `object[key]`, where a key that is nowhere on the object is told from one that holds `undefined`.
 * @param {Box} box @param {string | number} key
 */
export const get = (box, key) => attempt(() => (key in Object(box.it) ? answer(box.it[key]) : { kind: "missing" }));

/** @param {Box} box @param {string | number} key @param {Box} value */
export const set = (box, key, value) => attempt(() => answer((box.it[key] = value.it)));

/** `object.method(...args)`; `args` is a boxed array. @param {Box} box @param {string} method @param {Box} args */
export const call = (box, method, args) => attempt(() => answer(box.it[method](...args.it)));

/** `fn(...args)`. @param {Box} box @param {Box} args */
export const apply = (box, args) => attempt(() => answer(box.it(...args.it)));

/** A promise of an answer, for any value; it is never rejected. @param {Box} box */
export const settle = (box) => new Promise((resolve) => resolve(box.it)).then(answer, failure);

/** @param {Box} one @param {Box} other */
export const same = (one, other) => Object.is(one.it, other.it);

// Python values on their way out.
export const undefined_ = () => ({ it: undefined });
export const null_ = () => ({ it: null });
export const boolean = (/** @type {unknown} */ value) => ({ it: Boolean(value) });
export const number = (/** @type {string} */ text) => ({ it: Number(text) });
export const string = (/** @type {string} */ text) => ({ it: text });
export const parsed = (/** @type {string} */ text) => ({ it: JSON.parse(text) });
/** @returns {Box} */
export const array = () => ({ it: [] });
/** @returns {Box} */
export const object = () => ({ it: {} });
export const push = (/** @type {Box} */ box, /** @type {Box} */ value) => void box.it.push(value.it);

/** Plain data as JSON text, `undefined` if it has none. @param {Box} box */
export const stringify = (box) => attempt(() => answer(json(box.it)));

/**
 * A JavaScript function that calls Python with its boxed arguments. Python answers with a box, or nothing.
 * @param {(args: Box) => Box | undefined} python
 */
export const callback = (python) => guarded(python, (call, args) => call({ it: args })?.it);

/**
 * A JavaScript function that hands Python plain data, as text, and takes plain data back: one crossing.
 * @param {(text: string) => string | undefined} python
 */
export const told = (python) => guarded(python, (call, [data]) => parse(call(String(json(data ?? null)))));

/**
 * No exception of ours reaches the page, whatever the runtime does. After `release` nothing happens any more.
 * @template P
 * @param {P} python
 * @param {(python: P, args: unknown[]) => unknown} cross
 */
function guarded(python, cross) {
  const state = { python: /** @type {P | null} */ (python) };
  const it = (/** @type {unknown[]} */ ...args) => {
    if (!state.python) return undefined;
    try {
      return cross(state.python, args);
    } catch (error) {
      if (error !== end) complain("internal", String(error), REPORT);
      return undefined;
    }
  };
  return { it, release: () => (state.python = null) };
}

/** @type {unknown} what has ended Python */
let end = null;

/** Python is not called any more: events go on without it, and nothing is recorded. @param {any} error */
export function lost(error) {
  end = error;
  error.told = true;
  const { page, segment } = opened();
  try {
    /** @type {any} */ (segment?.sdk)?.shutdown();
  } catch {
    // then it was not recording
  }
  page.lost({ code: error.fix ? "runtime-load" : "internal", message: error.message, fix: error.fix ?? REPORT });
  segment?.settled();
}

/** Tell the page that something of ours is wrong. @param {string} code @param {string} message @param {string} fix */
export const complain = (code, message, fix) => host?.page?.error?.({ code, message, fix });

/** A box of a promise, with the two ways to settle it. */
export function pending() {
  const { promise, resolve, reject } = deferred();
  promise.catch(() => {}); // whoever awaits it sees a rejection; it must not also be an uncaught error
  return {
    it: promise,
    resolve: (/** @type {Box | undefined} */ value) => resolve(value?.it),
    reject: (/** @type {Box | undefined} */ error) => reject(error?.it),
  };
}

/** A box of a JavaScript value that Python was handed by its runtime, past this border. */
export const box = (/** @type {unknown} */ it) => ({ it });

/**
 * An error of ours, so that a page can read `code` and `fix` from a rejection.
 * @param {string} code @param {string} message @param {string} fix
 */
export const problem = (code, message, fix) => ({ it: replayError({ code, message, fix }) });

/** Say something on the console. @param {string} text */
export const warn = (text) => say(globalThis, "warn", text);

/** Delete from local storage, and of IndexedDB's databases, whatever has a name that begins with this. @param {string} prefix */
export async function forget(prefix) {
  try {
    for (const key of Object.keys(localStorage)) if (key.startsWith(prefix)) localStorage.removeItem(key);
    // a database that is still open is deleted once the page has closed it
    for (const { name } of await indexedDB.databases()) if (name?.startsWith(prefix)) indexedDB.deleteDatabase(name);
  } catch {
    // storage is forbidden here, so there is nothing to delete
  }
}

export const now = () => String(Date.now());

/** @param {number} milliseconds @returns {Promise<void>} */
export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(() => resolve(), milliseconds));

/**
 * Resolved when the boxed promise is kept or broken (then true), or after `milliseconds`.
 * @param {number} milliseconds @param {Box} box
 */
export const within = (milliseconds, box) =>
  Promise.race([
    Promise.resolve(box.it).then(
      () => true,
      () => true,
    ),
    sleep(milliseconds).then(() => false),
  ]);

/**
 * Resolved when the browser has nothing better to do, or after `milliseconds`.
 * @param {number} milliseconds
 * @returns {Promise<void>}
 */
export const idle = (milliseconds) =>
  new Promise((resolve) =>
    "requestIdleCallback" in globalThis
      ? requestIdleCallback(() => resolve(), { timeout: milliseconds })
      : setTimeout(() => resolve(), Math.min(milliseconds, 50)),
  );

const [LOOKS, LOOK_MS] = [20, 250]; // so often is looked whether the page is recorded, for there may be no event yet
const IDLE_MS = 5000; // the longest to wait for an idle moment

/**
 * Fetch what may come later: once the page is recorded, or need not be, and has nothing better to do.
 * @param {Page} page @param {() => Promise<unknown> | undefined} what
 */
export async function afterwards(page, what) {
  await page.facade.ready;
  for (let looks = 0; looks < LOOKS && !page.facade.recording; looks++) await sleep(LOOK_MS);
  await idle(IDLE_MS);
  what()?.catch(() => {}); // asked for again when it is needed
}

// The page: the loader hands over what it has opened. A PyScript page has no loader, and opens its own (pyscript.js).
/** @type {Host | null} */
let host = null;

/** Called by the loader. @param {Host} opened */
export const adopt = (opened) => (host = opened);

/** @type {Opener | null} */
let opener = null;

/** Called where there is no loader. @param {Opener} given */
export const openWith = (given) => (opener = given);

/** @returns {Host} */
function opened() {
  if (!host) {
    host = /** @type {Opener} */ (opener).open(() => host);
    host.page.makeEarlyCalls();
  }
  return host;
}

/** Whether nobody else wires this page: there can be one session, and one recording of it. */
export function claim() {
  if (host ? host.claimed : isOpen(globalThis)) return false;
  return (opened().claimed = true);
}

export const unclaim = () => void (opened().claimed = false);

export const page = () => ({ it: opened().page });

/**
 * Load analytics-next from the bundle, unless the page has a Segment; `options` is a box of what it is to be given.
 * @param {string} name @param {string} writeKey @param {string} cdnURL @param {Box} options
 */
export function bringSegment(name, writeKey, cdnURL, options) {
  const here = opened();
  here.bring ??= opener?.bring(here, name, { writeKey, cdnURL, options: options.it });
  if (!here.bring) return;
  const { it } = segment(name);
  it.expect(here.bring(it.meet));
}

/**
 * What watches the page's Segment (segment.js): the loader's watch, or else one that holds nothing.
 * @param {string} name
 */
export function segment(name) {
  const here = opened();
  here.name = name;
  here.segment ??= /** @type {Opener} */ (opener).watch(name, here.page.given);
  here.segment.page = here.page;
  return { it: here.segment };
}

/** The same for a Segment that is at hand; an answer, for it may be something else. @param {Box} box */
export const segmentObject = (box) =>
  attempt(() => {
    const segment = /** @type {Opener} */ (opener).watchObject(box.it);
    const here = Object.assign(opened(), { segment });
    here.page.given = box.it;
    return answer(Object.assign(segment, { page: here.page }));
  });

/**
 * The SDK's options, with listeners: see recorder.js. `hear` is a function of Python's (`told`). No box is named here:
 * rrweb keeps what the SDK was given for each recording, and all that its functions can see.
 * @param {Box} options @param {Box} sayings @param {Box} hear
 */
export const observed = ({ it: options }, { it: sayings }, { it: hear }) =>
  attempt(() => answer(observedOptions(options, sayings, hear, () => opened().page.off, host?.ahead)));

/** Whether the browser takes a boxed text for a CSS selector. @param {Box} box */
export function isSelector(box) {
  try {
    document.createDocumentFragment().querySelector(box.it);
    return true;
  } catch {
    return false;
  }
}

export const jsonIsSound = () => JSON.stringify({ list: [{}] }) === '{"list":[{}]}';

/** A promise of what only the page has seen: see doctor.js. */
export const evidence = () => ({ it: gathered(globalThis, opened().segment) });

export const documentIsLoading = () => globalThis.document?.readyState === "loading";

/** A promise of an answer: one of the bundle's SDKs, as a module. */
export const sdk = async (/** @type {string} */ name) => {
  try {
    const urls = [...(name === "amplitude" ? ["session-replay"] : []), name].map(opened().asset); // what it needs first
    const modules = urls.map(module);
    for (const each of modules) each.catch(() => {}); // told below
    for (const each of modules) await each;
    return answer(await modules.at(-1));
  } catch (error) {
    return failure(error);
  }
};
