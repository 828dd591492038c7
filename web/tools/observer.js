// What cannot be seen of a page from outside: which events Segment's SDK was given, and what is sent as a page is left.
//
// analytics-next has a hook for who wants to see its events. What a page sends while it is left passes by Playwright's
// routes, out into the network: so it is kept for the next page of the tab, which hands it over.

(() => {
  /** @typedef {{ event: { messageId: string, type: string, event?: string, name?: string } }} Context */
  /** @typedef {{ on(name: string, heard: (context: Context) => void): void }} Analytics */

  const page = /** @type {any} */ (window);
  /** @type {(what: object) => void} */
  const tell = page.__pyscript_replay_observer;
  const pattern = new RegExp(__PATTERN__);
  const theirs = (/** @type {string} */ url) => pattern.test(url) && !url.startsWith(__HERE__);
  const absolute = (/** @type {string | URL} */ url) => new URL(url, document.baseURI).href;
  const LEFT = "pyscript-replay.left";

  page.__SEGMENT_INSPECTOR__ ??= {};
  const inspector = page.__SEGMENT_INSPECTOR__;
  const { attach } = inspector;
  inspector.attach = (/** @type {Analytics} */ analytics) => {
    attach?.(analytics);
    analytics.on("dispatch_start", ({ event: { messageId, type, event, name } }) => {
      tell({ called: { messageId, type, event: event ?? name } });
    });
  };

  // On a machine without a network the browser says so, and Segment's SDK waits for one. Here all is answered.
  if (!navigator.onLine) {
    let onLine = true;
    addEventListener("offline", () => (onLine = false), { capture: true });
    addEventListener("online", () => (onLine = true), { capture: true });
    Object.defineProperty(Navigator.prototype, "onLine", { get: () => onLine, configurable: true });
  }

  const kept = () => JSON.parse(sessionStorage.getItem(LEFT) ?? "[]");

  function keep(/** @type {string} */ url, /** @type {unknown} */ body, headers = {}) {
    try {
      const text = typeof body === "string" || body instanceof URLSearchParams ? String(body) : null;
      sessionStorage.setItem(LEFT, JSON.stringify([...kept(), { url, body: text, headers }]));
    } catch {
      // no storage here, or too much for it: then it is lost, as with a page that crashes
    }
  }

  function handOver() {
    try {
      for (const left of kept()) tell({ left });
      sessionStorage.removeItem(LEFT);
    } catch {
      // no storage here
    }
  }

  addEventListener(
    "pagehide",
    () => {
      const { fetch } = window;
      const sendBeacon = navigator.sendBeacon.bind(navigator);
      navigator.sendBeacon = (url, body) => {
        if (!theirs(absolute(url))) return sendBeacon(url, body);
        keep(absolute(url), body);
        return true;
      };
      window.fetch = (input, init) => {
        const url = input instanceof Request ? input.url : absolute(input);
        if (!theirs(url)) return fetch(input, init);
        keep(url, init?.body, Object.fromEntries(new Headers(init?.headers)));
        return new Promise(() => {});
      };
      const cameBack = () => {
        window.fetch = fetch;
        navigator.sendBeacon = sendBeacon;
        handOver();
      };
      addEventListener("pageshow", cameBack, { once: true });
    },
    { capture: true },
  );
  handOver();
})();
