// What the shop sells, how it looks, and how Segment's ecommerce specification names it.

import { element } from "../dom.js";

export const products = [
  {
    id: "sencha",
    name: "Morning Sencha",
    category: "Green",
    price: 9.5,
    colours: ["#3f7d4e", "#cfe3b4"],
    taste: "Grassy, bright, a little sea air",
    story: "Steamed within hours of picking, then rolled to needles. Brew it cool, at 70 °C, and briefly.",
  },
  {
    id: "oolong",
    name: "Cliff Oolong",
    category: "Oolong",
    price: 14,
    colours: ["#7a5230", "#e8c99b"],
    taste: "Roasted, mineral, long",
    story: "Roasted over charcoal three times. It opens slowly and does not mind being forgotten in the pot.",
  },
  {
    id: "assam",
    name: "Second Flush",
    category: "Black",
    price: 8,
    colours: ["#8c2f24", "#f0c4a8"],
    taste: "Malty, dark, takes milk",
    story: "Picked in June, when the bushes flower for the second time. The one to wake up with.",
  },
  {
    id: "silver",
    name: "Silver Needle",
    category: "White",
    price: 19,
    colours: ["#5d6b7c", "#dfe5ea"],
    taste: "Melon, hay, hardly there",
    story: "Nothing but buds, withered in the shade for two days. Use more leaf than seems right.",
  },
  {
    id: "puerh",
    name: "Ten Year Pu-erh",
    category: "Dark",
    price: 22,
    colours: ["#3b2a2a", "#c9a48f"],
    taste: "Forest floor, cocoa, calm",
    story: "Pressed in 2016 and kept in a dry cellar since. Rinse it once; then it is good for eight cups.",
  },
  {
    id: "jasmine",
    name: "Jasmine Pearls",
    category: "Green",
    price: 12.5,
    colours: ["#2f6f73", "#f3ead2"],
    taste: "Flowers, honey, spring water",
    story: "Rolled by hand and scented over six nights with fresh blossoms, which are picked out again.",
  },
  {
    id: "smoke",
    name: "Pine Smoke",
    category: "Black",
    price: 10,
    colours: ["#2d3a33", "#b9a88a"],
    taste: "Bonfire, prune, leather",
    story: "Dried over pine. People love it or leave the room; there is no third way.",
  },
  {
    id: "chamomile",
    name: "Evening Chamomile",
    category: "Herbal",
    price: 7,
    colours: ["#b07a12", "#fbe9a9"],
    taste: "Apple, straw, sleep",
    story: "Whole flower heads and no caffeine at all. Cover the cup while it draws.",
  },
];

export const categories = [...new Set(products.map((product) => product.category))];

/** @typedef {typeof products[number]} Product */

/** @param {string | null} id */
export const productById = (id) => products.find((product) => product.id === id);

const MONEY = new Intl.NumberFormat("en", { style: "currency", currency: "EUR" });
export const money = (/** @type {number} */ amount) => MONEY.format(amount);

/** A product as an event's properties carry it. @param {Product} product */
export const asProperties = ({ id, name, category, price }, rest = {}) => ({
  product_id: id,
  sku: id.toUpperCase(),
  name,
  category,
  price,
  currency: "EUR",
  ...rest,
});

const SVG = "http://www.w3.org/2000/svg";
/** @param {string} tag @param {Record<string, unknown>} attributes */
const shape = (tag, attributes) => {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
};

/** A tin of the product, drawn in the page, so that a replay shows it without fetching anything. @param {Product} product */
export function tin({ colours: [dark, light] }) {
  const filling = { viewBox: "0 0 200 200", preserveAspectRatio: "xMidYMid slice" };
  const picture = shape("svg", { ...filling, "aria-hidden": "true", class: "tin" });
  picture.append(
    shape("rect", { width: 200, height: 200, fill: light }),
    shape("circle", { cx: 160, cy: 42, r: 64, fill: dark, opacity: 0.12 }),
    shape("ellipse", { cx: 100, cy: 172, rx: 62, ry: 9, fill: "#000", opacity: 0.16 }),
    shape("rect", { x: 52, y: 62, width: 96, height: 110, rx: 8, fill: dark }),
    shape("rect", { x: 46, y: 42, width: 108, height: 28, rx: 7, fill: dark }),
    shape("rect", { x: 52, y: 70, width: 96, height: 4, fill: "#000", opacity: 0.18 }),
    shape("rect", { x: 58, y: 74, width: 9, height: 94, rx: 4, fill: "#fff", opacity: 0.16 }),
    shape("rect", { x: 72, y: 88, width: 56, height: 62, rx: 3, fill: light }),
    shape("path", { d: "M100 97c13 9 15 27 0 43-15-16-13-34 0-43z", fill: dark, opacity: 0.85 }),
    shape("path", { d: "M100 104v34", stroke: light, "stroke-width": 2 }),
  );
  return picture;
}

/** A product in a list, with a heading that is next to the one above the list. */
export const card = (/** @type {Product} */ product, /** @type {"h2" | "h3"} */ heading) =>
  element(
    "li.card",
    {},
    tin(product),
    element(
      "div.card-text",
      {},
      element(heading, {}, element("a", { href: `product?id=${product.id}` }, product.name)),
      element("p.soft", {}, product.taste),
      element("p.price", {}, money(product.price), element("span.pill", {}, product.category)),
    ),
  );
