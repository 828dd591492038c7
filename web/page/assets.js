// The bundle's files, on their way into the page: each wait for one has an end, and a failure its true cause, which
// diagnosis.js finds.
//
// A failed `import()` may be remembered by the browser for as long as the page is there; what is
// tried again is therefore asked for under another address (`renew`).

const DEADLINE_MS = 6000;
const SHARED = Symbol.for("pyscript-replay.assets");

/** @type {{ [shared: symbol]: Assets }} */
const scope = /** @type {any} */ (globalThis);
scope[SHARED] ??= watched();
const shared = scope[SHARED]; // one for the page, whose loader and runtime are bundled apart, and so is the replay SDK

function watched() {
  /** @type {Assets} */
  const state = { tries: 0, again: "", refused: [], sums: {}, module };
  globalThis.document?.addEventListener("securitypolicyviolation", ({ blockedURI, effectiveDirective }) =>
    state.refused.push({ blockedURI, directive: effectiveDirective.replace("script-src-elem", "script-src") }),
  );
  return state;
}

/** From here on everything is asked for anew. */
export function renew() {
  shared.tries += 1;
  shared.again = `?retry=${shared.tries}`;
}

/** What the page's policy has refused, by now. */
export const refusals = () => shared.refused;

/** The integrity of files, as far as it is known, by their names. */
export const sums = () => shared.sums;

/** How to find out why one of the files at these addresses is not there. @param {Assets["diagnosed"]} given */
export const diagnoseWith = (given) => (shared.diagnosed = given);

/** Why something at these addresses is not there, as far as that can be found out. @param {string[]} urls @param {any} error */
export const diagnosed = async (urls, error) => (await shared.diagnosed?.(urls, error)) ?? error;

/** A module of the bundle, whenever it comes. @param {string} url */
export function imported(url) {
  const address = url + shared.again;
  return import(address).catch(async (error) => {
    throw await diagnosed([address], error);
  });
}

/** The same, in time. @param {string} url */
export function module(url) {
  return there(imported(url), [url]);
}

/**
 * What `promise` comes to, if in time; else an error with the cause, which lies with one of the files at `urls`.
 * @template T
 * @param {Promise<T>} promise
 * @param {string[]} urls
 * @returns {Promise<T>}
 */
export async function there(promise, urls) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const tooLate = new Promise((_, reject) => {
    timer = setTimeout(() => reject(late()), DEADLINE_MS);
  });
  try {
    return /** @type {T} */ (await Promise.race([promise, tooLate]));
  } catch (/** @type {any} */ error) {
    throw error?.fix ? error : await diagnosed(urls, error);
  } finally {
    clearTimeout(timer);
  }
}

/** It has not come in time. (There are several copies of this module, which know each other's errors by this.) */
const late = () => Object.assign(new Error("it has not come in time"), { late: true });
export const isLate = (/** @type {any} */ error) => Boolean(error?.late);
export const LATE_S = DEADLINE_MS / 1000;

// Of the runtime that is booting: called with the cause when a file is not to be had.
let lost = (/** @type {unknown} */ _) => {};

/**
 * What `boot()` comes to, which fetches by the function below. `integrity` is of files whose damage it would not see.
 * @template T
 * @param {() => Promise<T>} boot
 * @param {Record<string, string>} integrity
 * @returns {Promise<T>}
 */
export function booted(boot, integrity = {}) {
  shared.sums = integrity;
  const failed = new Promise((_, reject) => {
    lost = reject;
  });
  return /** @type {Promise<T>} */ (Promise.race([failed, boot()]));
}

/**
 * `fetch`, for the runtimes. They do not survive a failure (one waits for ever, another throws into the page), so none
 * reaches them: `booted` is told. All but WebAssembly, which is compiled as it streams in, is handed over as a whole.
 * @type {(resource: string | URL, options?: RequestInit) => Promise<Response>}
 */
export const fetch = (resource, options) =>
  new Promise((resolve) =>
    whole(String(resource), options).then(resolve, async (error) =>
      lost(error.fix ? error : await diagnosed([String(resource)], error)),
    ),
  );

/** @param {string} url @param {RequestInit} [options] */
async function whole(url, options) {
  const asked = globalThis.fetch(url, { ...options, integrity: shared.sums[named(url)] ?? "" });
  const response = await asked.catch((error) => {
    throw Object.assign(error, { unread: true });
  });
  if (!response.ok) throw answered(named(url), response.status);
  if (response.headers.get("Content-Type") === "application/wasm") return response;
  return new Response(await response.arrayBuffer(), { status: response.status, headers: response.headers });
}

export const told = (/** @type {string} */ message, /** @type {string} */ fix) =>
  Object.assign(new Error(message), { fix });

export const named = (/** @type {string} */ url) => url.split(/[?#]/)[0].split("/").at(-1) ?? "";

export const answered = (/** @type {string} */ file, /** @type {number} */ status) =>
  status === 404 || status === 410
    ? told(`${file} is missing: the server answered ${status}`, "Copy the whole bundle to where replay.js is.")
    : told(`the server answered ${status} for ${file}`, "See the server's log; start() tries again.");
