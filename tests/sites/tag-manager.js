// What a tag manager puts into a page, some time after it has loaded: Segment's snippet, and our tag.

addEventListener("load", () => {
  setTimeout(() => {
    const analytics = [];
    window.analytics = analytics;
    analytics._writeKey = "segment-key";
    analytics._cdn = "https://cdn.segment.com";
    for (const method of ["track", "page", "identify", "reset", "ready", "on", "register", "addSourceMiddleware"]) {
      analytics[method] = (...args) => analytics.push([method, ...args]);
    }
    const add = (src, data) => {
      const script = Object.assign(document.createElement("script"), { async: true, src });
      Object.assign(script.dataset, data);
      document.head.append(script);
    };
    add("/dist/replay.js", { mode: "actions", apiKey: "api-key", sampleRate: "1" });
    add("https://cdn.segment.com/analytics.js/v1/segment-key/analytics.min.js");
  }, 200);
});

document.querySelector("#buy").onclick = () => window.analytics.track("Checkout Started", { total: 3 });
