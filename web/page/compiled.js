// Pyodide's program is compiled as it comes in, and not only when the start has got that far.

import { fetch as fetched } from "./assets.js";

/** @type {WeakMap<Response, Promise<WebAssembly.Module>>} */
const modules = new WeakMap();

/** `fetch`, for Pyodide. @type {typeof fetched} */
export async function fetch(resource, options) {
  const response = await fetched(resource, options);
  if (response.headers.get("Content-Type") === "application/wasm") {
    const module = WebAssembly.compileStreaming(response);
    module.catch(() => {}); // told where it is waited for
    modules.set(response, module);
  }
  return response;
}

/**
 * `WebAssembly.instantiateStreaming`, for Pyodide.
 * @param {Promise<Response>} asked @param {WebAssembly.Imports} imports
 */
export async function instantiateStreaming(asked, imports) {
  const response = await asked;
  const module = await modules.get(response);
  // without its Content-Type it fails here, as it would without us
  if (!module) return WebAssembly.instantiateStreaming(response, imports);
  return { module, instance: await WebAssembly.instantiate(module, imports) };
}
