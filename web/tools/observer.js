// What cannot be seen of a page from outside: which events Segment's SDK was given, and what is sent as a page is left.
//
// analytics-next has a hook for who wants to see its events. What a page sends while it is left passes by Playwright's
// routes, out into the network: so it is kept for the next page of the tab, which hands it over.

(() => {
  const tell = window.__pyscript_replay_observer;
  const theirs = new RegExp(__PATTERN__);
  const LEFT = "pyscript-replay.left";

  window.__SEGMENT_INSPECTOR__ ??= {};
  const inspector = window.__SEGMENT_INSPECTOR__;
  const { attach } = inspector;
  inspector.attach = (analytics) => {
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

  function keep(url, body, headers = {}) {
    try {
      const text = typeof body === "string" || body instanceof URLSearchParams ? String(body) : null;
      sessionStorage.setItem(LEFT, JSON.stringify([...kept(), { url: String(url), body: text, headers }]));
    } catch {
      // no storage here, or too much for it: then it is lost, as with a page that crashes
    }
    return true;
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
      navigator.sendBeacon = (url, body) => (theirs.test(url) ? keep(url, body) : sendBeacon(url, body));
      window.fetch = (input, init) => {
        const url = input.url ?? input;
        if (!theirs.test(url)) return fetch(input, init);
        keep(url, init?.body, Object.fromEntries(new Headers(init?.headers)));
        return new Promise(() => {});
      };
      addEventListener(
        "pageshow",
        () => {
          window.fetch = fetch;
          navigator.sendBeacon = sendBeacon;
          handOver();
        },
        { once: true },
      );
    },
    { capture: true },
  );
  handOver();
})();
