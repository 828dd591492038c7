// bridge.js for PyScript pages, where no loader has found out where the bundle is.
// PyScript imports it under the name that bridge.py knows: see the bundle's pyscript.json.

import { locateWith } from "./bridge.js";

export * from "./bridge.js";

// This file is one of the bundle's assets, so the bundle's root is one level up.
locateWith((/** @type {string} */ name) => new URL(`../${__ASSETS__[name]}`, import.meta.url).href);
