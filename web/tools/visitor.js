// What `pyscript-replay check` asks of a page, and does there: it has Segment's instance, wherever the page keeps it.

(() => {
  /** @typedef {{ track(name: string): void, reset(): void, queue?: { plugins: { name: string }[] } }} Analytics */

  const page = /** @type {any} */ (window);
  /** @type {Analytics | undefined} */
  let analytics;
  page.__SEGMENT_INSPECTOR__ ??= {};
  page.__SEGMENT_INSPECTOR__.attach = (/** @type {Analytics} */ attached) => (analytics = attached);

  /** @type {{ blocked: string, directive: string, policy: string }[]} */
  const violations = [];
  addEventListener("securitypolicyviolation", ({ blockedURI, effectiveDirective, disposition, originalPolicy }) => {
    if (disposition !== "enforce") return;
    violations.push({ blocked: blockedURI, directive: effectiveDirective, policy: originalPolicy });
  });

  const stored = () => {
    try {
      return localStorage.getItem("analytics_session_id");
    } catch {
      return null; // no storage here
    }
  };

  page.__pyscript_replay_visitor = {
    track: (/** @type {string} */ name) => analytics?.track(name),
    reset() {
      analytics?.reset();
      return Boolean(analytics);
    },
    stored,
    async evidence() {
      const ours = page.pyscriptReplay;
      return {
        segment: Boolean(analytics),
        plugins: analytics?.queue?.plugins.map(({ name }) => name) ?? null,
        tags: document.querySelectorAll('script[src*="replay.js"][data-api-key]').length,
        status: ours?.status ?? null,
        violations,
        doctor: (await ours?.doctor?.()) ?? [],
      };
    },
  };
})();
