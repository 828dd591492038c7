// What Segment's snippet does, for the PyScript pages: an array that keeps the calls until analytics.js takes over.

const METHODS = [
  "track",
  "page",
  "screen",
  "identify",
  "group",
  "alias",
  "reset",
  "ready",
  "on",
  "once",
  "off",
  "addSourceMiddleware",
  "addDestinationMiddleware",
  "register",
  "setAnonymousId",
];

const { writeKey, segmentJs = "" } = /** @type {HTMLScriptElement} */ (document.currentScript).dataset;
const analytics = (window.analytics = window.analytics || []);

if (!analytics.invoked) {
  analytics.invoked = true;
  analytics._writeKey = writeKey;
  analytics._cdn = new URL(segmentJs.split("/analytics.js/")[0], location.href).href;
  analytics._loadOptions = {};
  for (const method of METHODS) {
    analytics[method] = (/** @type {unknown[]} */ ...args) => {
      if (window.analytics.initialized) return window.analytics[method](...args); // a caller has kept the stub
      analytics.push([method, ...args]);
      return analytics;
    };
  }
  document.head.append(Object.assign(document.createElement("script"), { async: true, src: segmentJs }));
}
