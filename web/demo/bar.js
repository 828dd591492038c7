// Marks, in the bar at the top, the demo that one is in, and brings it into view where the bar is narrow.

const here = location.pathname;

for (const link of document.querySelectorAll(".bar nav a")) {
  const there = link.getAttribute("href");
  const inShopWithoutMode = there === "/actions/" && document.documentElement.dataset.mode === "actions";
  if (!here.startsWith(there) && !inShopWithoutMode) continue;
  link.setAttribute("aria-current", "page");
  link.parentElement.scrollLeft = link.offsetLeft - link.parentElement.offsetLeft - 16;
}
