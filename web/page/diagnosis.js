// Why one of the bundle's files is not there.
//
// A browser says of a file that it "failed to fetch", whatever the reason, and of one that hangs it says nothing. So what
// is not there in time is looked into: by what the policy has refused, by the status that the browser has noted, by
// asking once more. The loader has this file, or what opens a PyScript page; the runtimes ask it (assets.js).

import { answered, isLate, LATE_S, named, refusals, sums, told } from "./assets.js";

const DIAGNOSIS_MS = 1500;

/** The first cause that is found. @param {string[]} urls @param {any} error */
export async function diagnosed(urls, error) {
  const found = await Promise.all(urls.map((url) => cause(url, error)));
  const known = found.find(Boolean);
  if (known) return known;
  if (isLate(error)) return late(urls.map(named).join(", "));
  return told(error?.message || String(error), "See the browser's console and its network tab.");
}

const late = (/** @type {string} */ file) =>
  told(
    `${file} has not arrived after ${LATE_S} s`,
    "See in the browser's network tab what holds it up; start() tries again.",
  );

/** Why a file is not there, or nothing when it seems to be. @param {string} url @param {any} error */
async function cause(url, error) {
  const file = named(url);
  const refused = refusals().find(
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
    if (signal.aborted && (isLate(error) || !(file in sums()))) return late(file);
    if (response) return damaged(file, "its end is missing");
    if (await isElsewhere(url)) return foreign(file, url);
    return told(
      `${file} could not be reached: ${error?.message}`,
      "See whether the server is up, and whether an ad blocker or a proxy keeps the file away; start() tries again.",
    );
  }
}

/** What is wrong with a file that has arrived. @param {string} file @param {Response} response @param {any} error */
async function content(file, response, error) {
  const type = response.headers.get("Content-Type") ?? "";
  const bytes = await response.arrayBuffer();
  if (file.endsWith("js") && !/(java|ecma)script/.test(type))
    return told(
      `${file} was served as ${type || "nothing in particular"}`,
      "Have the server send it as text/javascript; an HTML page in its place means that the file is missing.",
    );
  if (file.endsWith(".wasm") && !WebAssembly.validate(bytes)) return damaged(file, "it is no WebAssembly");
  if (isLate(error)) return null;
  if (error instanceof SyntaxError) return damaged(file, error.message);
  return error?.unread && file in sums() ? damaged(file, "its content is not what was built") : null;
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
