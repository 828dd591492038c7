"""Everybody can use the demo's pages: no barrier that axe knows of, keyboard, narrow screens, reduced motion."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from pyscript_replay.tools.npm import installed

from .test_demo_sessions import OF_TAB, TABS, recorded_page, watch

SHOP = ("", "product?id=oolong", "basket", "checkout", "journal", "thanks")
PAGES = (*(f"/{path}" for path in SHOP), "/sessions", "/pyscript/mpy")
MODES = ("actions", "classic-device", "classic-cloud", "auto")
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 780}
LOOKS = {"light": ("light", DESK), "dark": ("dark", DESK), "phone": ("dark", PHONE)}

# Every rule, of every level, those that axe leaves out by default too. What was recorded is not our page.
AXE = """async () => {
  const runOnly = axe.getRules().map(({ ruleId }) => ruleId);
  const { passes, violations } = await axe.run({ runOnly, iframes: false });
  if (!passes.length) throw new Error("axe has looked at nothing");
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(" ")}`));
}"""


@pytest.fixture(scope="session")
def axe() -> str:
    """axe's script; see axe/package.json."""
    return (installed(Path(__file__).parent / "axe") / "axe-core" / "axe.min.js").read_text("utf-8")


@pytest.fixture
def visitor(browser: Browser, server: Any, look: str) -> Any:
    scheme, viewport = LOOKS[look]
    context = browser.new_context(base_url=server.url, color_scheme=scheme, viewport=viewport)  # type: ignore[arg-type]
    yield context.new_page()
    context.close()


def is_recorded(page: Page) -> None:
    expect(page.locator("#replay-id")).to_have_text(re.compile("/"), timeout=60_000)


def barriers(page: Page, axe: str) -> list[str]:
    page.evaluate(axe)
    return page.evaluate(AXE)


@pytest.mark.parametrize(
    ("mode", "look"), [*((mode, "light") for mode in MODES), ("actions", "dark"), ("actions", "phone")]
)
def test_accessibility_axe_finds_no_violation_in_the_shop(visitor: Page, axe: str, mode: str) -> None:
    for path in SHOP if mode == "actions" else SHOP[:2]:  # a mode differs in the inspector, which is on each page
        visitor.goto(f"/{mode}/{path}")
        is_recorded(visitor)
        assert barriers(visitor, axe) == [], path


@pytest.mark.parametrize(("language", "look"), [*(("mpy", look) for look in LOOKS), ("py", "light")])
def test_accessibility_axe_finds_no_violation_on_pyscript_pages(visitor: Page, axe: str, language: str) -> None:
    visitor.goto(f"/pyscript/{language}")
    is_recorded(visitor)
    assert barriers(visitor, axe) == []


BOUGHT = {"type": "track", "event": "Bought", "timestamp": "1970-01-01T00:00:02.500Z"}


@pytest.mark.parametrize("look", LOOKS)
def test_accessibility_axe_finds_no_violation_in_the_list_and_the_viewer(
    visitor: Page, server: Any, axe: str, tmp_path: Path
) -> None:
    visitor.goto("/sessions")
    expect(visitor.locator("#nothing")).to_be_visible()
    assert barriers(visitor, axe) == [], "an empty list"

    watch(visitor, server, TABS, (BOUGHT, BOUGHT, {**BOUGHT, "event": "Bought more"}), tabs=OF_TAB)
    visitor.get_by_role("button", name="JSON of Bought").first.click()
    assert barriers(visitor, axe) == [], "the viewer"

    visitor.goto("/sessions")
    expect(visitor.get_by_role("link", name="Watch")).to_be_visible()
    assert barriers(visitor, axe) == [], "a list"
    visitor.get_by_role("button", name="Delete all").click()
    expect(visitor.get_by_role("dialog")).to_be_visible()
    assert barriers(visitor, axe) == [], "a question"

    visitor.goto(exported(visitor, tmp_path))
    expect(recorded_page(visitor).locator("h1")).to_be_attached()
    assert barriers(visitor, axe) == [], "an exported session"


def exported(page: Page, tmp_path: Path) -> str:
    file = tmp_path / "session.html"
    file.write_bytes(page.request.get("/export/made/1000.html").body())
    return file.as_uri()


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


def test_no_page_of_ours_has_an_error_on_its_console_or_violates_its_content_security_policy(
    browser: Browser, server: Any, tmp_path: Path
) -> None:
    context = browser.new_context(base_url=server.url)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("response", lambda answer: said.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None)
    for path in (*PAGES, "/pyscript/py"):
        page.goto(path)
        if path != "/sessions":
            is_recorded(page)
            page.mouse.wheel(0, 400)
            page.get_by_role("button", name="31 minutes pass").click()
            expect(page.locator("#events b").get_by_text("Came Back").first).to_be_visible()
    for session in server.store.sessions()[:3]:
        page.goto(f"/replay/{session['replay_id']}")
        expect(page.locator("#player iframe")).to_be_attached()
        page.locator("#seek").press("End")
    watch(page, server, TABS, (BOUGHT,), tabs=OF_TAB)
    page.get_by_role("button", name="Play").click()
    page.get_by_label("Tab").select_option(index=1)
    page.goto(exported(page, tmp_path))
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    assert said == []
    context.close()


def test_a_favicon_is_there_for_whoever_asks_by_its_usual_name(page: Page, server: Any) -> None:
    answer = page.request.get(f"{server.url}/favicon.ico")
    assert (answer.status, answer.headers["content-type"]) == (200, "image/svg+xml")
    page.goto(f"{server.url}/")
    icon = page.locator("link[rel=icon]").get_attribute("href")
    assert page.request.get(f"{server.url}{icon}").body() == answer.body()
