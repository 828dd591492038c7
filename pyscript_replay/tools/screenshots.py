"""The pictures in the README, taken of the running demo: ``uv run python -m pyscript_replay.tools.screenshots``.

One visit is made to the demo's shop, in a real browser, and each page is then photographed in both colour schemes.
"""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from . import chromium
from .bundle import cached
from .devserver import DevServer

DOCS = Path(__file__).parents[2] / "docs"
DESK: ViewportSize = {"width": 1360, "height": 850}
TALL: ViewportSize = {"width": 1360, "height": 1180}
PHONE: ViewportSize = {"width": 390, "height": 780}
SUFFIX = {"light": "", "dark": "-dark"}  # by colour scheme


def main() -> None:
    DOCS.mkdir(exist_ok=True)
    with DevServer(cached()) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(**chromium.find())
        for scheme in SUFFIX:
            _photograph(browser, server.url, scheme)
        browser.close()


def _photograph(browser: Browser, url: str, scheme: str) -> None:
    context = browser.new_context(viewport=DESK, color_scheme=scheme, base_url=url)  # type: ignore[arg-type]
    page = context.new_page()
    replay_id = _visit(page)
    for name, pose in _poses(replay_id).items():
        pose(page)
        page.wait_for_timeout(800)
        page.screenshot(path=DOCS / f"{name}{SUFFIX[scheme]}.png")
    context.close()


def _visit(page: Page) -> str:
    """Go shopping, come back after half an hour, and answer the replay id of the first session."""
    page.goto("/")
    expect(page.locator("#replay-id")).to_have_text(re.compile("/"))
    replay_id = page.evaluate("pyscriptReplay.replayId")
    page.mouse.move(300, 300)
    page.mouse.move(420, 620, steps=20)
    page.get_by_label("Find a tea").press_sequentially("roasted", delay=60)
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Cliff Oolong").click()
    expect(page.locator("#replay-id")).to_have_text(re.compile("/"))
    page.wait_for_timeout(500)
    page.get_by_role("button", name="Put it in the basket").click()
    page.wait_for_timeout(1200)
    page.get_by_role("link", name="Basket").click()
    page.locator("#events").get_by_text("Cart Viewed").first.wait_for()
    page.get_by_role("link", name="To the checkout").click()
    page.get_by_label("Name").press_sequentially("Ada Lovelace", delay=60)
    page.get_by_label("Greeting").press_sequentially("Many happy returns", delay=60)
    page.wait_for_timeout(1500)
    page.goto("/product?id=oolong")
    expect(page.locator("#replay-id")).to_have_text(re.compile("/"))
    page.get_by_role("button", name="31 minutes pass").click()
    page.locator("#events").get_by_text("Came Back").wait_for()
    return replay_id


def _poses(replay_id: str) -> dict[str, Callable[[Page], object]]:
    """Picture name: how to get the page to look like that."""

    def shop(page: Page) -> None:
        page.set_viewport_size(TALL)  # with what is at the foot of the inspector

    def replay(page: Page) -> None:
        page.set_viewport_size(DESK)
        page.goto(f"/replay/{replay_id}")
        page.locator("#moments").get_by_role("button", name="Product Added").first.click()

    def sessions(page: Page) -> None:
        page.goto("/sessions")

    def phone(page: Page) -> None:
        page.set_viewport_size(PHONE)
        page.goto("/")

    return {"shop": shop, "replay": replay, "sessions": sessions, "phone": phone}


if __name__ == "__main__":
    main()
