// What the loader's parts meet of a page, in Node: a window that hears events, storage in memory, a document with a
// script tag. Imported first, for the parts look at `globalThis` when they are loaded.

const hears = new EventTarget();
for (const name of ["addEventListener", "removeEventListener", "dispatchEvent"]) {
  globalThis[name] = hears[name].bind(hears);
}

/** Something has happened to the page: `happen("pageshow")`, `happen("storage", { key: "…" })`. */
export const happen = (type, details = {}, target = globalThis) =>
  target.dispatchEvent(Object.assign(new Event(type), details));

/** Let everything that is due happen: promises, and what they lead to. */
export const settled = () => new Promise((resolve) => setImmediate(resolve));

export class Storage {
  #kept = new Map();
  getItem = (key) => this.#kept.get(key) ?? null;
  setItem = (key, value) => void this.#kept.set(key, String(value));
  removeItem = (key) => void this.#kept.delete(key);
}

/** A window of its own, with what was said on its console. */
export function openWindow(localStorage = new Storage()) {
  const said = [];
  const document = Object.assign(new EventTarget(), { visibilityState: "visible", prerendering: false });
  const scope = Object.assign(new EventTarget(), { CustomEvent, document, localStorage, said });
  return Object.assign(scope, { console: { error: (text) => said.push(text) } });
}
