// PyScript itself, from the bundle: <script type="module" src="…/pyscript.js"></script>
//
// Gives the page's Python scripts a configuration in which the interpreter, our wiring and its JavaScript half are the
// bundle's, unless the page configures them: then it takes from pyscript.json what it needs. PyScript reads an
// interpreter's address relative to the page, not to the configuration, so no file can say it; this one knows.

const here = (path) => new URL(path, import.meta.url).href;
const asset = (name) => here(__ASSETS__[name]);

const INTERPRETERS = { mpy: asset("micropython.module"), py: asset("pyodide.dir") + "pyodide.mjs" };

for (const [type, interpreter] of Object.entries(INTERPRETERS)) {
  const scripts = [...document.querySelectorAll(`script[type="${type}"], ${type}-script`)];
  const configured = document.querySelector(`${type}-config`) || scripts.some((script) => script.hasAttribute("config"));
  if (configured) continue;
  const config = JSON.stringify({
    interpreter,
    files: { [asset("pyscript.files")]: "./*" },
    js_modules: { main: { [asset("border")]: "pyscript_replay_border" } },
  });
  for (const script of scripts) script.setAttribute("config", config);
}

await import(here("./pyscript/core.js"));
