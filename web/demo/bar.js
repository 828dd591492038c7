// Marks, in the bar at the top, the demo that one is in.

const here = location.pathname;

for (const link of document.querySelectorAll(".bar nav a")) {
  const there = link.getAttribute("href");
  const inShopWithoutMode = there === "/actions/" && document.documentElement.dataset.mode === "actions";
  if (here.startsWith(there) || inShopWithoutMode) link.setAttribute("aria-current", "page");
}
