// Boots a runtime as a page does, out of the bundle itself, and has it run a program: node run.mjs BUNDLE RUNTIME PROGRAM

import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import "./things.mjs";

const [bundle, runtime, program] = process.argv.slice(2);
const { assets } = JSON.parse(fs.readFileSync(path.join(bundle, "manifest.json"), "utf8"));
const others = { things: new URL("things.mjs", import.meta.url).href, broken: "file:///nowhere.mjs" };

function asset(name) {
  if (name in others) return others[name];
  if (name in assets) return path.join(bundle, assets[name]);
  throw new Error(`there is no ${name}`);
}

// MicroPython's program, which is for pages, asks for its files as pages do: it is the two halves that are tested
globalThis.window = globalThis;
globalThis.fetch = async (url) =>
  new Response(fs.readFileSync(url), { headers: { "Content-Type": "application/wasm" } });
globalThis.XMLHttpRequest = class {
  open(_, url) {
    this.url = url;
  }
  overrideMimeType() {}
  send() {
    this.status = 200;
    this.responseText = fs.readFileSync(this.url, "latin1");
  }
};

const { boot } = await import(pathToFileURL(asset(runtime)));
const page = { error: (problem) => things.complaints.push(problem), facade: { ready: new Promise(() => {}) } };
const more = runtime === "micropython" ? [asset("micropython.options")] : [];
await boot({ asset, page, more }, fs.readFileSync(program, "utf8"));
process.exit(0); // nothing is waited for any more
