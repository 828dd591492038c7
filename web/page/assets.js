// The bundle's files, on their way into the page: each wait for one has an end, and a failure its true cause.
//
// A browser says of a file that it "failed to fetch", whatever the reason, and of one that hangs it says nothing. So what
// is not there in time is looked into: by what the policy has refused, by the status that the browser has noted, by
// asking once more. A failed `import()` may be remembered by the browser for as long as the page is there; what is
// tried again is therefore asked for under another address (`renew`).

const DEADLINE_MS = 6000;
const DIAGNOSIS_MS = 1500;
const SHARED = Symbol.for("pyscript-replay.assets");

/** @type {{ [shared: symbol]: Assets }} */
const scope = /** @type {any} */ (globalThis);
scope[SHARED] ??= watched();
const shared = scope[SHARED]; // one for the page, whose loader and runtime are bundled apart, and so is the replay SDK

function watched() {
  /** @type {Assets} */
  const state = { tries: 0, again: "", refused: [], module };
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
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Late()), DEADLINE_MS);
  });
  try {
    return /** @type {T} */ (await Promise.race([promise, late]));
  } catch (/** @type {any} */ error) {
    throw error?.fix ? error : await diagnosed(urls, error);
  } finally {
    clearTimeout(timer);
  }
}

class Late extends Error {}

// Of the runtime that is booting: called with the cause when a file is not to be had; the files' integrity, as known.
let lost = (/** @type {unknown} */ _) => {};
/** @type {Record<string, string>} */
let sums = {};

/**
 * What `boot()` comes to, which fetches by the function below. `integrity` is of files whose damage it would not see.
 * @template T
 * @param {() => Promise<T>} boot
 * @param {Record<string, string>} integrity
 * @returns {Promise<T>}
 */
export function booted(boot, integrity = {}) {
  sums = integrity;
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
  const response = await globalThis.fetch(url, { ...options, integrity: sums[named(url)] ?? "" });
  if (!response.ok) throw answered(named(url), response.status);
  if (response.headers.get("Content-Type") === "application/wasm") return response;
  return new Response(await response.arrayBuffer(), { status: response.status, headers: response.headers });
}

/** The first cause that is found. @param {string[]} urls @param {any} error */
async function diagnosed(urls, error) {
  const found = await Promise.all(urls.map((url) => cause(url, error)));
  const known = found.find(Boolean);
  if (known) return known;
  if (error instanceof Late) return late(urls.map(named).join(", "));
  return told(error?.message || String(error), "See the browser's console and its network tab.");
}

const told = (/** @type {string} */ message, /** @type {string} */ fix) => Object.assign(new Error(message), { fix });

const named = (/** @type {string} */ url) => url.split(/[?#]/)[0].split("/").at(-1) ?? "";

const late = (/** @type {string} */ file) =>
  told(
    `${file} has not arrived after ${DEADLINE_MS / 1000} s`,
    "See in the browser's network tab what holds it up; start() tries again.",
  );

const answered = (/** @type {string} */ file, /** @type {number} */ status) =>
  status === 404 || status === 410
    ? told(`${file} is missing: the server answered ${status}`, "Copy the whole bundle to where replay.js is.")
    : told(`the server answered ${status} for ${file}`, "See the server's log; start() tries again.");

/** Why a file is not there, or nothing when it seems to be. @param {string} url @param {any} error */
async function cause(url, error) {
  const file = named(url);
  const refused = shared.refused.find(
    ({ blockedURI }) => named(blockedURI) === file || (blockedURI === "wasm-eval" && file.endsWith(".wasm")),
  );
  if (refused) return policy(file, refused);
  /** @type {any} */
  const seen = globalThis.performance?.getEntriesByName?.(url).at(-1);
  if (seen?.responseStatus >= 400) return answered(file, seen.responseStatus);
  const signal = AbortSignal.timeout(DIAGNOSIS_MS);
  let response;
  try {
    response = await globalThis.fetch(url, { credentials: "same-origin", signal });
    if (!response.ok) return answered(file, response.status);
    return await content(file, response, error);
  } catch {
    if (signal.aborted && !(file in sums)) return late(file);
    if (response) return damaged(file, "its end is missing");
    if (await isElsewhere(url)) return foreign(file, url);
    return told(
      `${file} could not be reached: ${error?.message}`,
      "See whether the server is up, and whether an ad blocker or a proxy keeps the file away; start() tries again.",
    );
  }
}

/** What is wrong with a file that has arrived. @param {string} file @param {Response} response @param {unknown} error */
async function content(file, response, error) {
  const type = response.headers.get("Content-Type") ?? "";
  const bytes = await response.arrayBuffer();
  if (file.endsWith("js") && !/(java|ecma)script/.test(type))
    return told(
      `${file} was served as ${type || "nothing in particular"}`,
      "Have the server send it as text/javascript; an HTML page in its place means that the file is missing.",
    );
  if (file.endsWith(".wasm") && !WebAssembly.validate(bytes)) return damaged(file, "it is no WebAssembly");
  if (error instanceof Late) return null;
  if (error instanceof SyntaxError) return damaged(file, error.message);
  return file in sums ? damaged(file, "its content is not what was built") : null;
}

const damaged = (/** @type {string} */ file, /** @type {string} */ why) =>
  told(`${file} is damaged: ${why}`, "Copy the bundle anew, and see that nothing on its way changes or cuts it.");

/** @param {string} file @param {Assets["refused"][0]} refused */
const policy = (file, { blockedURI, directive }) =>
  blockedURI === "wasm-eval"
    ? told(
        `the Content-Security-Policy (${directive}) forbids WebAssembly`,
        "Add 'wasm-unsafe-eval' to script-src in the Content-Security-Policy.",
      )
    : told(`the Content-Security-Policy (${directive}) refuses ${file}`, `Allow the bundle's address in ${directive}.`);

const foreign = (/** @type {string} */ file, /** @type {string} */ url) =>
  told(
    `${file} is refused by CORS: ${new URL(url).origin} does not let ${globalThis.origin} read it`,
    "Have that server send Access-Control-Allow-Origin with the bundle's files, or serve them from the page's origin.",
  );

/** Whether there is something at another origin, though it may not be read. @param {string} url */
async function isElsewhere(url) {
  if (new URL(url, globalThis.location?.href).origin === globalThis.location?.origin) return false;
  try {
    await globalThis.fetch(url, { mode: "no-cors", signal: AbortSignal.timeout(DIAGNOSIS_MS) });
    return true;
  } catch {
    return false;
  }
}
