// The shop's pages. Each is a function that fills its page and tells Segment what a real shop tells it, under the
// names of Segment's ecommerce specification. Nothing here knows that it is being recorded.

import { element } from "../dom.js";
import { asProperties, card, categories, money, productById, products, tin } from "./catalogue.js";
import * as order from "./order.js";
import { segment } from "./segment.js";

/** @returns {any} of whichever kind the page's HTML says */
const find = (/** @type {string} */ selector) => document.querySelector(selector);
const track = (/** @type {string} */ event, /** @type {object} */ properties) => segment("track", event, properties);

/** @typedef {import("./catalogue.js").Product} Product */

/** @type {Record<string, () => void>} */
const pages = {
  index() {
    const form = find("#find");
    find("#category").append(...categories.map((category) => element("option", { value: category }, category)));
    const show = () => {
      const asked = new FormData(form);
      const [query, category] = [String(asked.get("query") ?? ""), String(asked.get("category") ?? "")];
      const shown = products.filter(
        (product) =>
          (!category || product.category === category) &&
          `${product.name} ${product.category} ${product.taste}`.toLowerCase().includes(query.trim().toLowerCase()),
      );
      find("#products").replaceChildren(...shown.map((product) => card(product, "h2")));
      find("#found").textContent = shown.length === 1 ? "One tea" : `${shown.length || "No"} teas`;
      return { query, category, shown };
    };
    const list = (/** @type {Product[]} */ shown) => ({
      list_id: "teas",
      products: shown.map((product, index) => asProperties(product, { position: index + 1 })),
    });

    form.addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      const { query } = show();
      track("Products Searched", { query });
    });
    find("#category").addEventListener("change", () => {
      const { category, shown } = show();
      track("Product List Filtered", { ...list(shown), filters: [{ type: "category", value: category }] });
    });
    find("#products").addEventListener("click", (/** @type {any} */ { target }) => {
      const link = target.closest("a");
      const product = link && productById(new URL(link.href).searchParams.get("id"));
      if (product) track("Product Clicked", asProperties(product));
    });
    track("Product List Viewed", list(show().shown));
  },

  product() {
    const product = productById(new URLSearchParams(location.search).get("id")) ?? products[0];
    document.title = document.title.replace(/^[^·]+(?= ·)/, product.name);
    const button = element("button.primary", { type: "button" }, "Put it in the basket");
    const said = element("p.soft", { role: "status" });
    button.addEventListener("click", () => {
      order.add(product.id);
      said.textContent = `${product.name} is in the basket.`;
      track("Product Added", asProperties(product, { quantity: 1 }));
    });
    find("#product").append(
      tin(product),
      element(
        "div.product-text",
        {},
        element("p", {}, element("span.pill", {}, product.category)),
        element("h1", {}, product.name),
        element("p.lead", {}, product.taste),
        element("p", {}, product.story),
        element("p.price", {}, money(product.price), element("span.soft.small", {}, "for 100 g")),
        button,
        said,
      ),
    );
    find("#others").append(
      ...products
        .filter((other) => other !== product)
        .slice(0, 3)
        .map((product) => card(product, "h3")),
    );
    track("Product Viewed", asProperties(product));
  },

  basket() {
    const show = () => {
      find("#lines").replaceChildren(...order.lines().map(line));
      find("#total").textContent = money(order.total());
      find("#sum").hidden = !order.count();
      find("#empty").hidden = Boolean(order.count());
    };
    const line = (/** @type {{ product: Product, quantity: number }} */ { product, quantity }) => {
      const limits = { type: "number", min: 1, max: 20, value: quantity };
      const amount = element("input.amp-unmask", { ...limits, "aria-label": `How many of ${product.name}` });
      const remove = element("button.little", { type: "button", "aria-label": `Remove ${product.name}` }, "Remove");
      amount.addEventListener("change", () => {
        order.setQuantity(product.id, Math.min(20, Math.max(1, Math.round(amount.valueAsNumber) || 1)));
        show();
      });
      remove.addEventListener("click", () => {
        order.setQuantity(product.id, 0);
        track("Product Removed", asProperties(product, { quantity }));
        show();
        find("#main").focus();
      });
      const link = element("a", { href: `product?id=${product.id}` }, product.name);
      const price = element("span.price", {}, money(product.price * quantity));
      return element("li.line", {}, tin(product), link, amount, price, remove);
    };
    show();
    track("Cart Viewed", { cart_id: "basket", products: order.asProducts() });
  },

  checkout() {
    const id = `order-${Date.now()}`;
    find("#total").textContent = money(order.total());
    find("#note").addEventListener("input", (/** @type {any} */ { target }) => {
      find("#echo").hidden = !target.value;
      find("#echo").textContent = `Inside the tag: ${target.value}`;
    });
    drawOn(find("#canvas"), find("#clear"));
    find("#checkout").addEventListener("submit", (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      const form = new FormData(find("#checkout"));
      const completed = { order_id: id, total: order.total(), currency: "EUR", products: order.asProducts() };
      sessionStorage.setItem("demo.order", JSON.stringify({ completed, account: Boolean(form.get("password")) }));
      order.empty();
      location.assign("thanks");
    });
    track("Checkout Started", { order_id: id, value: order.total(), currency: "EUR", products: order.asProducts() });
  },

  thanks() {
    const { completed, account } = JSON.parse(sessionStorage.getItem("demo.order") ?? "{}");
    if (!completed) return;
    sessionStorage.removeItem("demo.order"); // a reload is not a second order
    if (account) segment("identify", "customer-7", { plan: "account" }); // names and passwords are nobody's business
    const number = completed.order_id.slice(-6);
    find("#thanks").textContent = `Order ${number} over ${money(completed.total)} is on its way, in spirit.`;
    track("Order Completed", completed);
  },

  journal() {
    const promotion = { promotion_id: "cliff-oolong", name: "Cliff Oolong, this week with a cup", position: "journal" };
    const watch = new IntersectionObserver(([{ isIntersecting }]) => {
      if (!isIntersecting) return;
      watch.disconnect();
      track("Promotion Viewed", promotion);
    });
    watch.observe(find("#promotion"));
    find("#promotion a").addEventListener("click", () => track("Promotion Clicked", promotion));
  },
};

/**
 * Lines that follow the pointer.
 * @param {HTMLCanvasElement} canvas
 * @param {HTMLElement} clear
 */
function drawOn(canvas, clear) {
  const pen = canvas.getContext("2d");
  if (!pen) return;
  /** @returns {[x: number, y: number]} */
  const at = (/** @type {PointerEvent} */ { offsetX: x, offsetY: y }) => [
    (x * canvas.width) / canvas.clientWidth,
    (y * canvas.height) / canvas.clientHeight,
  ];
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    const { color } = getComputedStyle(canvas);
    Object.assign(pen, { lineWidth: 4, lineCap: "round", lineJoin: "round", strokeStyle: color });
    pen.beginPath();
    pen.moveTo(...at(event));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!canvas.hasPointerCapture(event.pointerId)) return;
    pen.lineTo(...at(event));
    pen.stroke();
  });
  clear.addEventListener("click", () => pen.clearRect(0, 0, canvas.width, canvas.height));
}

const { page } = find("#main").dataset;
segment("page", "Shop", page);
order.showCount();
pages[page]();
