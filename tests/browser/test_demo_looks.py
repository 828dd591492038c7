"""Everybody can use the demo's pages: contrast in both schemes, names, keyboard, narrow screens, reduced motion."""

from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page

PAGES = ("/", "/product?id=oolong", "/basket", "/checkout", "/journal", "/thanks", "/sessions", "/pyscript/mpy")

# The contrast of each visible text with what is painted behind it, where that is less than WCAG's AA asks for.
PALE_TEXTS = """() => {
  const parsed = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const linear = (each) => (each <= 10 ? each / 255 / 12.92 : ((each / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const behind = (element) => {
    for (; element; element = element.parentElement) {
      const colour = parsed(getComputedStyle(element).backgroundColor);
      if ((colour[3] ?? 1) === 1) return colour;
    }
    return [255, 255, 255];
  };
  const pale = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.data.trim();
    if (!text || !element.checkVisibility() || element.closest("script, style, :disabled")) continue;
    const colours = [parsed(getComputedStyle(element).color), behind(element)];
    const [dark, light] = colours.map(luminance).sort((one, other) => one - other);
    const contrast = (light + 0.05) / (dark + 0.05);
    if (contrast < 4.5) pale.push(`${contrast.toFixed(2)} ${text.slice(0, 40)}`);
  }
  return pale;
}"""

NAMELESS = """() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary, canvas, iframe")]
  .filter((each) => each.checkVisibility())
  .filter((each) => !(each.getAttribute("aria-label") || each.title || each.textContent.trim() || each.labels?.length))
  .map((each) => each.outerHTML.slice(0, 80))"""


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> Literal["light", "dark"]:
    return request.param


@pytest.fixture
def visitor(browser: Browser, server: Any, scheme: Literal["light", "dark"]) -> Any:
    context = browser.new_context(base_url=server.url, color_scheme=scheme, viewport={"width": 1280, "height": 800})
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("path", PAGES)
def test_accessibility_contrast_names_and_headings(visitor: Page, path: str) -> None:
    visitor.goto(path)
    visitor.wait_for_timeout(300)
    assert visitor.evaluate(PALE_TEXTS) == []
    assert visitor.evaluate(NAMELESS) == []
    assert visitor.locator("h1").count() == 1
    assert visitor.locator("html").get_attribute("lang") == "en"


@pytest.mark.parametrize("path", PAGES)
def test_no_horizontal_scrolling_on_a_phone(page: Page, server: Any, path: str) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(server.url + path)
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_keyboard_focus_goes_everywhere(page: Page, server: Any) -> None:
    page.goto(f"{server.url}/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.get_by_label("Find a tea").focus()
    page.keyboard.type("smoke")
    page.keyboard.press("Enter")
    page.get_by_role("status").filter(has_text="One tea").wait_for()
    for _ in range(3):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Pine Smoke"
    page.keyboard.press("Enter")
    page.wait_for_url("**/product?id=smoke")


def test_prefers_reduced_motion_shows_none(browser: Browser, server: Any) -> None:
    context = browser.new_context(base_url=server.url, reduced_motion="reduce")
    page = context.new_page()
    page.goto("/")
    durations = "[...document.querySelectorAll('*')].map((each) => getComputedStyle(each).transitionDuration)"
    assert set(page.evaluate(durations)) == {"0s"}
    context.close()


def test_no_page_violates_its_own_content_security_policy(page: Page, server: Any) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    for path in PAGES:
        page.goto(server.url + path)
        page.wait_for_timeout(500)
    assert [each for each in said if "Content Security Policy" in each or "Error" in each] == []
