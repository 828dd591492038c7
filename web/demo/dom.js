// Elements made in one line. Whatever is shown goes in as text, never as markup: that is why nothing else is needed
// against hostile names in events and recordings. Used by the pages and, built in, by exported files.

/**
 * The page's element with this id, which it has in its HTML.
 * @param {string} id
 * @returns {any} of whichever kind the HTML says
 */
export const at = (id) => document.getElementById(id);

/**
 * `element("a.button", { href: "…" }, "text", child, …)`.
 * @param {string} kind
 * @param {Record<string, unknown>} attributes
 * @param {unknown[]} children nodes, and whatever is to be shown as text
 * @returns {any} of whichever kind the tag says
 */
export function element(kind, attributes = {}, ...children) {
  const [tag, ...classes] = kind.split(".");
  const made = document.createElement(tag);
  made.classList.add(...classes);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, String(value));
  }
  made.append(
    ...children.filter((child) => child != null).map((child) => (child instanceof Node ? child : String(child))),
  );
  return made;
}

const BYTES = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

/** 81234 → "81.2 kB". @param {number} count */
export function bytes(count) {
  if (count < 1000) return `${count} B`;
  if (count < 1e6) return `${BYTES.format(count / 1e3)} kB`;
  return `${BYTES.format(count / 1e6)} MB`;
}

/** Milliseconds as "1:02" or "1:02:03"; a second counts when it is over. @param {number} milliseconds */
export function duration(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (!parts[0]) parts.shift();
  return parts.map((part, index) => (index ? String(part).padStart(2, "0") : part)).join(":");
}

const CLOCK = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const DAY = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium" });

/** A time in epoch milliseconds as "14:03:22"; one that is beyond all calendars as "?". @param {number} time */
export const clock = (time) => written(CLOCK, time);

/** …and as "24 Nov 2026". @param {number} time */
export const day = (time) => written(DAY, time);

/** @param {Intl.DateTimeFormat} format @param {number} time */
const written = (format, time) => (Number.isNaN(new Date(time).getTime()) ? "?" : format.format(time));

/**
 * What to call a message of Segment. Its name may be anything: pages send what they like.
 * @param {Message} message
 */
export function nameOf({ event, name, type }) {
  const called = [event, name, type].find((each) => each != null && each !== "") ?? "nameless";
  return typeof called === "string" ? called : JSON.stringify(called);
}
