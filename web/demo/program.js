// Shows the page's Python, which stands in it anyway.

import { at } from "./dom.js";

at("program").textContent = at("python").textContent.trim();
