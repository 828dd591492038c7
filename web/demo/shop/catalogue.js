// What the shop sells, how it looks, and how Segment's ecommerce specification names it.

import { element } from "../dom.js";

const TEAS = [
  ["sencha", "Morning Sencha", "Green", 9.5, ["#3f7d4e", "#cfe3b4"], "Grassy, bright, a little sea air", "Steamed within hours of picking, then rolled to needles. Brew it cool, at 70 °C, and briefly: a minute is enough."],
  ["oolong", "Cliff Oolong", "Oolong", 14, ["#7a5230", "#e8c99b"], "Roasted, mineral, long", "Charcoal-roasted three times over a winter. It opens slowly and does not mind being forgotten in the pot."],
  ["assam", "Second Flush", "Black", 8, ["#8c2f24", "#f0c4a8"], "Malty, dark, takes milk", "Picked in June, when the bushes flower for the second time. The one to wake up with."],
  ["silver", "Silver Needle", "White", 19, ["#5d6b7c", "#dfe5ea"], "Melon, hay, hardly there", "Nothing but buds, withered in the shade for two days. Use more leaf than seems right."],
  ["puerh", "Ten Year Pu-erh", "Dark", 22, ["#3b2a2a", "#c9a48f"], "Forest floor, cocoa, calm", "Pressed in 2016 and kept in a dry cellar since. Rinse it once; it then gives eight good infusions."],
  ["jasmine", "Jasmine Pearls", "Green", 12.5, ["#2f6f73", "#f3ead2"], "Flowers, honey, spring water", "Rolled by hand and scented over six nights with fresh blossoms, which are then picked out again."],
  ["smoke", "Pine Smoke", "Black", 10, ["#2d3a33", "#b9a88a"], "Bonfire, prune, leather", "Dried over pine. People love it or leave the room; there is no third way."],
  ["chamomile", "Evening Chamomile", "Herbal", 7, ["#b07a12", "#fbe9a9"], "Apple, straw, sleep", "Whole flower heads and no caffeine at all. Cover the cup while it draws."],
];

export const products = TEAS.map(([id, name, category, price, colours, taste, story]) => ({ id, name, category, price, colours, taste, story }));

export const categories = [...new Set(products.map((product) => product.category))];

export const productById = (id) => products.find((product) => product.id === id);

const MONEY = new Intl.NumberFormat("en", { style: "currency", currency: "EUR" });
export const money = (amount) => MONEY.format(amount);

/** A product as an event's properties carry it. */
export const asProperties = ({ id, name, category, price }, rest = {}) => ({
  product_id: id, sku: id.toUpperCase(), name, category, price, currency: "EUR", ...rest,
});

const SVG = "http://www.w3.org/2000/svg";
const shape = (tag, attributes) => {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
};

/** A tin of the product, drawn in the page, so that a replay shows it without fetching anything. */
export function tin({ colours: [dark, light] }) {
  const picture = shape("svg", { viewBox: "0 0 200 200", preserveAspectRatio: "xMidYMid slice", "aria-hidden": "true", class: "tin" });
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

/** A product in the list. */
export const card = (product) =>
  element("li.card", {},
    tin(product),
    element("div.card-text", {},
      element("h3", {}, element("a", { href: `product?id=${product.id}` }, product.name)),
      element("p.soft", {}, product.taste),
      element("p.price", {}, money(product.price), element("span.pill", {}, product.category)),
    ),
  );
