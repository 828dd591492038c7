// A global of the page's, which may be anything: missing, about to come, replaced (a snippet's stub, then the real
// object), an element that has this name as its id, guarded by a getter that throws, or not to be changed.

/**
 * What `scope[name]` is, and the error when it cannot be read.
 * @param {Record<string, any>} scope @param {string} name
 * @returns {{ value: any, error?: any }}
 */
export function read(scope, name) {
  try {
    return { value: scope[name] };
  } catch (error) {
    return { value: undefined, error };
  }
}

/**
 * Make `scope[name]` this value. Answers whether it is.
 * @param {Record<string, any>} scope @param {string} name @param {unknown} value
 */
export function put(scope, name, value) {
  const isIt = () => read(scope, name).value === value;
  try {
    scope[name] = value;
    if (isIt()) return true;
  } catch {
    // it has no setter, or one that throws
  }
  try {
    define(scope, name, { configurable: true, enumerable: true, writable: true, value });
  } catch {
    // nobody may change it
  }
  return isIt();
}

/**
 * `Object.defineProperty`, whatever pages have added to `Object.prototype`.
 * @template {object} T
 * @param {T} object @param {PropertyKey} name @param {PropertyDescriptor} descriptor
 */
export const define = (object, name, descriptor) =>
  Object.defineProperty(object, name, Object.assign(Object.create(null), descriptor));

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
  const before = Object.getOwnPropertyDescriptor(scope, name);
  let current = read(scope, name).value;
  meet(current);
  // somebody else's accessors are kept: they may watch it, too
  const accessors = {
    get: before?.set ? before.get : () => current,
    set(/** @type {unknown} */ value) {
      current = value;
      before?.set?.call(scope, value);
      meet(value);
    },
  };
  try {
    if (before?.get && !before.set) throw new TypeError("it cannot be set, but may change");
    define(scope, name, { configurable: true, enumerable: true, ...accessors });
    return () =>
      define(
        scope,
        name,
        before?.set ? before : { configurable: true, enumerable: true, writable: true, value: current },
      );
  } catch {
    // nor can a global `var` be redefined: look at it from time to time instead, at last once a second
    let timer = 0;
    const look = (/** @type {number} */ pause) => {
      meet(read(scope, name).value);
      timer = setTimeout(look, pause, Math.min(pause * 1.1, 1000));
    };
    look(50);
    return () => clearTimeout(timer);
  }
}

/**
 * What looking answers; `null` where it fails.
 * @template T
 * @param {() => T} look
 */
export const attempt = (look) => {
  try {
    return look();
  } catch {
    return null;
  }
};
