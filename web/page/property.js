// A global that may be there, or may come, or may be replaced: a snippet's stub, then the real object.

/**
 * Call `found` with the value that `scope[name]` has, and with each that it is given; answers how to stop.
 * @param {Record<string, any>} scope
 * @param {string} name
 * @param {(value: any) => void} found
 */
export function watchProperty(scope, name, found) {
  const meet = (/** @type {unknown} */ value) => {
    try {
      found(value);
    } catch {
      // it is not what we look for, and whoever sets it must not be disturbed
    }
  };
  let current = scope[name];
  meet(current);
  try {
    Object.defineProperty(scope, name, {
      configurable: true,
      enumerable: true,
      get: () => current,
      set(value) {
        current = value;
        meet(value);
      },
    });
    return () =>
      Object.defineProperty(scope, name, { configurable: true, enumerable: true, writable: true, value: current });
  } catch {
    // a global `var` cannot be redefined: look at it from time to time instead, at last once a second
    let timer = 0;
    const look = (/** @type {number} */ pause) => {
      meet(scope[name]);
      timer = setTimeout(look, pause, Math.min(pause * 1.1, 1000));
    };
    look(50);
    return () => clearTimeout(timer);
  }
}
