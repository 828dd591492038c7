// What we say on the page's console, which the page may have replaced or taken away.

/** `console[method](…)`, if it can be done. */
export function say(method, ...words) {
  try {
    globalThis.console[method](...words);
  } catch {
    // nobody listens
  }
}
