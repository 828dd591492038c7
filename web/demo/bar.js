// Marks, in the bar at the top, the demo that one is in, and brings it into view where the bar is narrow.

const here = location.pathname;

/** @type {NodeListOf<HTMLAnchorElement>} */
const links = document.querySelectorAll(".bar div a");
for (const link of links) {
  const there = link.getAttribute("href") ?? "";
  const inShopWithoutMode = there === "/actions/" && document.documentElement.dataset.mode === "actions";
  if (!here.startsWith(there) && !inShopWithoutMode) continue;
  link.setAttribute("aria-current", "page");
  const bar = link.parentElement;
  if (bar) bar.scrollLeft = link.offsetLeft - bar.offsetLeft - 16;
}
