// The order that is being put together: product ids and how many of each, kept in this browser.

import { asProperties, productById } from "./catalogue.js";

const KEY = "demo.basket";

/** @returns {Record<string, number>} how many, by product id */
const load = () => JSON.parse(localStorage.getItem(KEY) ?? "{}");

/** `[{ product, quantity }, …]`. */
export const lines = () =>
  Object.entries(load()).flatMap(([id, quantity]) => {
    const product = productById(id);
    return product ? [{ product, quantity }] : [];
  });

/** @param {string} id @param {number} quantity */
export function setQuantity(id, quantity) {
  const basket = load();
  if (quantity > 0) basket[id] = quantity;
  else delete basket[id];
  localStorage.setItem(KEY, JSON.stringify(basket));
  showCount();
}

export const add = (/** @type {string} */ id) => setQuantity(id, (load()[id] ?? 0) + 1);

export function empty() {
  localStorage.removeItem(KEY);
  showCount();
}

export const count = () => lines().reduce((sum, { quantity }) => sum + quantity, 0);

export const total = () => lines().reduce((sum, { product, quantity }) => sum + product.price * quantity, 0);

/** The basket as an event's properties carry it. */
export const asProducts = () => lines().map(({ product, quantity }) => asProperties(product, { quantity }));

/** The number beside "Basket" in the masthead. */
export function showCount() {
  const counter = document.querySelector("#basket-count");
  if (counter) counter.textContent = String(count() || "");
}
