// The bundle's files, on their way into the page: each wait for one has an end, and a failure its true cause.
//
// A browser says of a file that it "failed to fetch", whatever the reason, and of one that hangs it says nothing. So what
// is not there in time is looked into: by what the policy has refused, by the status that the browser has noted, by
// asking once more. A failed `import()` may be remembered by the browser for as long as the page is there; what is
// tried again is therefore asked for under another address (`renew`).

const DEADLINE_MS = 7000;
const DIAGNOSIS_MS = 1500;

// one for the page, whose loader and runtime are bundled apart; the replay SDK's parts are asked for with `again`, too
const shared = (globalThis[Symbol.for("pyscript-replay.assets")] ??= opened());

function opened() {
  const state = { tries: 0, again: "", refused: [] };
  globalThis.document?.addEventListener("securitypolicyviolation", ({ blockedURI, effectiveDirective }) =>
    state.refused.push({ blockedURI, directive: effectiveDirective }),
  );
  return state;
}

/** From here on everything is asked for anew. */
export const renew = () => void (shared.again = `?retry=${++shared.tries}`);

/** A module of the bundle, whenever it comes. */
export const imported = (url) =>
  import(url + shared.again).catch(async (error) => {
    throw await diagnosed([url], error);
  });

/** What `promise` comes to, if in time; else an error with the cause, which lies with one of the files at `urls`. */
export async function there(promise, urls) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Late()), DEADLINE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } catch (error) {
    throw error.fix ? error : await diagnosed(urls, error);
  } finally {
    clearTimeout(timer);
  }
}

class Late extends Error {}

// Of the runtime that is booting: called with the cause when a file is not to be had; the files' integrity, as known.
let lost = () => {};
let sums = {};

/** What `boot()` comes to, which fetches by the function below. `integrity` is of files whose damage it would not see. */
export function booted(boot, integrity = {}) {
  sums = integrity;
  const failed = new Promise((_, reject) => (lost = reject));
  return Promise.race([failed, boot()]);
}

/**
 * `fetch`, for the runtimes. They do not survive a failure (one waits for ever, another throws into the page), so none
 * reaches them: `booted` is told. All but WebAssembly, which is compiled as it streams in, is handed over as a whole.
 */
export const fetch = (resource, options) =>
  new Promise((resolve) => whole(resource, options).then(resolve, (error) => failedToFetch(String(resource), error)));

async function whole(resource, options) {
  const response = await globalThis.fetch(resource, { ...options, integrity: sums[named(String(resource))] ?? "" });
  if (!response.ok) throw answered(named(String(resource)), response.status);
  if (response.headers.get("Content-Type") === "application/wasm") return response;
  return new Response(await response.arrayBuffer(), { status: response.status, headers: response.headers });
}

const failedToFetch = async (url, error) => lost(error.fix ? error : await diagnosed([url], error));

/** The first cause that is found. */
async function diagnosed(urls, error) {
  const found = await Promise.all(urls.map((url) => cause(url, error)));
  const unknown = { message: error.message || String(error), fix: "See the browser's console and its network tab." };
  if (error instanceof Late) Object.assign(unknown, late(urls.map(named).join(", ")));
  return found.find(Boolean) ?? told(unknown.message, unknown.fix);
}

const told = (message, fix) => Object.assign(new Error(message), { fix });

const named = (url) => url.split(/[?#]/)[0].split("/").pop();

const late = (file) => ({
  message: `${file} has not arrived after ${DEADLINE_MS / 1000} s`,
  fix: "See in the browser's network tab what holds it up; start() tries again.",
});

const answered = (file, status) =>
  status === 404 || status === 410
    ? told(`${file} is missing: the server answered ${status}`, "Copy the whole bundle to where replay.js is.")
    : told(`the server answered ${status} for ${file}`, "See the server's log; start() tries again.");

/** Why a file is not there, or nothing when it seems to be. */
async function cause(url, error) {
  const file = named(url);
  const refused = shared.refused.find(({ blockedURI }) => named(blockedURI) === file || blockedURI === "wasm-eval");
  if (refused) return policy(file, refused);
  const status = globalThis.performance?.getEntriesByName?.(url).at(-1)?.responseStatus ?? 0;
  if (status >= 400) return answered(file, status);
  const signal = AbortSignal.timeout(DIAGNOSIS_MS);
  let response;
  try {
    response = await globalThis.fetch(url, { credentials: "same-origin", signal });
    if (!response.ok) return answered(file, response.status);
    return await content(file, response, error);
  } catch {
    if (signal.aborted && !(file in sums)) return told(late(file).message, late(file).fix);
    if (response) return damaged(file, "its end is missing");
    if (await isThere(url)) return foreign(file, url);
    return told(
      `${file} could not be reached: ${error.message}`,
      "See whether the server is up, and whether an ad blocker or a proxy keeps the file away; start() tries again.",
    );
  }
}

/** What is wrong with a file that has arrived. */
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

const damaged = (file, why) =>
  told(`${file} is damaged: ${why}`, "Copy the bundle anew, and see that nothing on its way changes or cuts it.");

const policy = (file, { blockedURI, directive }) =>
  blockedURI === "wasm-eval"
    ? told(
        `the Content-Security-Policy (${directive}) forbids WebAssembly`,
        "Add 'wasm-unsafe-eval' to script-src in the Content-Security-Policy.",
      )
    : told(
        `the Content-Security-Policy (${directive}) refuses ${file}`,
        `Allow the bundle's address in ${directive.replace("script-src-elem", "script-src")}.`,
      );

const foreign = (file, url) =>
  told(
    `${file} is refused by CORS: ${new URL(url).origin} does not let ${globalThis.origin} read it`,
    "Have that server send Access-Control-Allow-Origin with the bundle's files, or serve them from the page's origin.",
  );

/** Whether there is something at another origin, though it may not be read. */
const isThere = async (url) => {
  if (new URL(url, globalThis.location?.href).origin === globalThis.location?.origin) return false;
  try {
    await globalThis.fetch(url, { mode: "no-cors", signal: AbortSignal.timeout(DIAGNOSIS_MS) });
    return true;
  } catch {
    return false;
  }
};
