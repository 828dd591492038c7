// The shop's way to its analytics, as on any site with Segment: calls made before Segment is there wait in its array.

/** `segment("track", "Product Viewed", { … })`. @param {string} method @param {unknown[]} args */
export function segment(method, ...args) {
  const analytics = (window.analytics ??= []);
  return typeof analytics[method] === "function" ? analytics[method](...args) : analytics.push([method, ...args]);
}
