// PyScript itself, from the bundle: <script type="module" src="…/pyscript.js"></script>
//
// Gives the page's Python scripts a configuration in which the interpreter, our wiring and its JavaScript half are the
// bundle's; where the page has one of its own, in JSON or TOML, what it lacks of this is added. PyScript reads an
// interpreter's address relative to the page, not to the configuration, so no file can say it; this one knows.

import { parse } from "smol-toml";

const here = (/** @type {string} */ path) => new URL(path, import.meta.url).href;
const asset = (/** @type {string} */ name) => here(__ASSETS__[name]);

const INTERPRETERS = { mpy: asset("micropython.module"), py: asset("pyodide.module") };
const FILES = { [asset("pyscript.files")]: "./*" };
const MODULES = { [asset("border")]: "pyscript_replay_border" };

const WRITTEN_OUT = /^\s*(\{|\[|#|[\w"'.-]+\s*=)/; // JSON, or a table, a comment or a key of TOML: no address

/** @typedef {Record<string, any>} Config what PyScript's documentation calls the configuration */

/** @param {Config} config @param {string} interpreter */
const complete = (config, interpreter) => ({
  interpreter,
  ...config,
  files: { ...FILES, ...config.files },
  js_modules: { ...config.js_modules, main: { ...MODULES, ...config.js_modules?.main } },
});

/** @param {string} text @returns {Config} */
const parsed = (text) => (text.trimStart().startsWith("{") ? JSON.parse(text) : parse(text));

/**
 * A configuration as it is given: written out, or its address; in what lies there, others are relative to it.
 * @param {string} given
 * @returns {Promise<Config>}
 */
async function read(given) {
  if (!given.trim() || WRITTEN_OUT.test(given)) return parsed(given);
  const base = new URL(given.trim(), document.baseURI);
  const config = parsed(await (await fetch(base)).text());
  const absolute = (places = {}) =>
    Object.fromEntries(
      Object.entries(places).map(([from, to]) => [from.startsWith("{") ? from : new URL(from, base).href, to]),
    );
  return {
    ...config,
    files: absolute(config.files),
    js_modules: { ...config.js_modules, main: absolute(config.js_modules?.main) },
  };
}

/** @param {string | null} given @param {string} interpreter @param {(config: string) => void} write */
async function configure(given, interpreter, write) {
  try {
    write(JSON.stringify(complete(given ? await read(given) : {}, interpreter)));
  } catch {
    // it cannot be read, or is not to be had: the page's own affair
  }
}

for (const [type, interpreter] of Object.entries(INTERPRETERS)) {
  const element = document.querySelector(`${type}-config`);
  if (element) {
    await configure(element.getAttribute("src") ?? element.textContent, interpreter, (config) => {
      element.removeAttribute("src");
      element.removeAttribute("type");
      element.textContent = config;
    });
    continue;
  }
  for (const script of document.querySelectorAll(`script[type="${type}"], ${type}-script`)) {
    await configure(script.getAttribute("config"), interpreter, (config) => script.setAttribute("config", config));
  }
}

await import(here("./pyscript/core.js"));
