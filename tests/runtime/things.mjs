// What the suite meets on the other side. cpython.py has the same, where it can, for CPython.

export const things = {
  same: (value) => value,
  text: (value) => String(value),
  kind: (value) => (Array.isArray(value) ? "array" : value === null ? "null" : typeof value),
  count: (...values) => values.length,
  call: (callback, ...values) => callback(...values),
  make: (kind, ...values) => new kind(...values),
  complaints: [], // what the page was told
  raises(value) {
    throw value;
  },
  throws() {
    throw new Error("whatever is asked");
  },
  /** What calling it comes to, as a page would see it. */
  outcome(callback) {
    try {
      return ["returned", callback()];
    } catch (error) {
      return ["raised", String(error)];
    }
  },
  error: (message) => new RangeError(message),
  kept: (value) => Promise.resolve(value),
  broken: (value) => Promise.reject(value),
  Pair: class {
    constructor(left, right) {
      Object.assign(this, { left, right });
    }
    sum() {
      return this.left + this.right;
    }
  },
  // what AnalyticsBrowser.load() is like
  thenable: { loaded: 0, track: (name) => `tracked ${name}`, then(resolve) { this.loaded += 1; resolve("the real one"); } },
  values: {
    undefined: undefined,
    null: null,
    zero: 0,
    empty: "",
    no: false,
    nan: NaN,
    infinity: Infinity,
    minus: -Infinity,
    id: 1795433609897,
    whole: 5.0,
    huge: 1e21,
    max: Number.MAX_SAFE_INTEGER,
    third: 1 / 3,
    emoji: "\u{1F600}",
    nul: "a\0b",
    separator: "a\u2028b",
    "Actions Amplitude": { session_id: 1795433609897 },
    list: [1, [2, { three: 3 }]],
    1: "one",
  },
  lone: "\ud800",
  symbol: Symbol("s"),
  bigint: 2n ** 64n,
  bare: () => Object.create(null),
  sparse: [, 1],
  circular: (() => {
    const it = {};
    return Object.assign(it, { it });
  })(),
  hostile: {
    get explodes() {
      throw new Error("as ordered");
    },
    get then() {
      throw new Error("no then");
    },
  },
  frozen: Object.freeze({ a: 1 }),
  date: new Date(1795433609897),
};

globalThis.things = things;
