// The buttons of the inspector: what normally takes half an hour, an account or a second visitor.

import { keeper } from "./keepers.js";
import { segment } from "./shop/segment.js";

/** @type {[name: string, traits: object][]} */
const USERS = [
  ["ada", { name: "Ada", plan: "gold" }],
  ["grace", { name: "Grace", plan: "silver" }],
];

/** @type {Record<string, (() => unknown) | undefined>} */
const controls = {
  idle() {
    keeper().idle(31 * 60 * 1000);
    return segment("track", "Came Back", { after_minutes: 31 });
  },
  login() {
    const known = localStorage.getItem("ajs_user_id") ?? "";
    const [user, traits] = USERS.find(([name]) => !known.includes(name)) ?? USERS[0];
    segment("identify", user, traits);
    return segment("track", "Signed In", { method: "demo" });
  },
  reset: () => segment("reset"),
  stop: () => window.pyscriptReplay?.stop?.(),
  start: () => window.pyscriptReplay?.start?.(),
};

/**
 * @param {HTMLElement} root
 * @param {(error: Error | null) => void} complain
 */
export function connectControls(root, complain) {
  root.addEventListener("click", async (/** @type {any} */ { target }) => {
    const control = controls[target.closest("button[data-control]")?.dataset.control];
    try {
      await control?.();
      if (control) complain(null);
    } catch (/** @type {any} */ error) {
      complain(error);
    }
  });
}
