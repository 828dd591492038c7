// Plain data as JSON text, on pages of whatever kind: prototype.js and its like give arrays and objects a `toJSON` of
// their own, which would turn them into text within the text.

import { define } from "./property.js";

/**
 * `JSON.stringify(value)`, past any `toJSON` that is inherited by all arrays, objects or texts.
 * @param {unknown} value
 * @returns {string | undefined}
 */
export const json = (value) => JSON.stringify(bare(value));

/** @param {string | undefined} text */
export const parse = (text) => (text === undefined ? undefined : JSON.parse(text));

const POLLUTED = [Array.prototype, Object.prototype];

/** @param {unknown} value @returns {unknown} */
function bare(value) {
  if (!POLLUTED.some((prototype) => Object.hasOwn(prototype, "toJSON"))) return value;
  if (Array.isArray(value)) return define(value.map(bare), "toJSON", { value: undefined });
  if (!value || typeof value !== "object" || value instanceof Date) return value;
  return Object.assign(
    Object.create(null),
    Object.fromEntries(Object.entries(value).map(([key, each]) => [key, bare(each)])),
  );
}
