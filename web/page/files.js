// Our Python as files, where a runtime has to import it from there.

/** Where Pyodide finds it. */
export const FOLDER = "/lib/pyscript-replay";

/** @param {Python} python @param {string} path @param {string | Uint8Array} content */
export function put(python, path, content) {
  python.FS.mkdirTree(path.slice(0, path.lastIndexOf("/")));
  python.FS.writeFile(path, content);
}
