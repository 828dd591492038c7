// What we say on the page's console, which the page may have replaced or taken away.

/**
 * `scope.console[method](…)`, if it can be done.
 * @param {Record<string, any>} scope @param {"error" | "warn" | "log" | "debug"} method @param {unknown[]} words
 */
export function say(scope, method, ...words) {
  try {
    scope.console[method](...words);
  } catch {
    // nobody listens
  }
}
