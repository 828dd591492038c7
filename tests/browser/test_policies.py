"""The policies in ``docs/how-to/csp.md``, as they stand there: a page under each records, and nothing is refused.

The page is at one origin, the bundle at another; Segment and Amplitude have their real addresses, answered here.
"""

import json
import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Route

from pyscript_replay.tools import script_tag
from pyscript_replay.tools.expectations import Replay

from ..documentation import titled
from .test_script_tag import kind

PAGE = "how-to/csp.md"
MODES = ("actions", "classic-device", "classic-cloud")
POLICIES = ("addresses", "nonce", "trusted-types", "isolated")
NONCE = "4f9c1d"
STATUS = "window.pyscriptReplay?.status ?? 'loading'"


def headers(title: str) -> dict[str, str]:
    """The header lines of a block; those of isolation stand beside a policy, here the strictest."""
    lines = titled(PAGE, "http", title).replace("NONCE", NONCE).splitlines()
    given = dict(line.split(": ", 1) for line in lines)
    return given | (headers("trusted-types") if title == "isolated" else {})


class Visit:
    """A page with the printed tag, under these headers."""

    def __init__(
        self, context: BrowserContext, page: Page, dist: Path, mode: str, headers: dict[str, str], **more: str
    ) -> None:
        manifest = json.loads((dist / "manifest.json").read_text())
        given = {"mode": mode, "api-key": "key", "sample-rate": "1", "write-key": "k", **more}
        tag = "\n".join(script_tag.lines(manifest, "https://cdn.example/r", given, nonce=NONCE))
        policy = headers["Content-Security-Policy"]
        types = titled(PAGE, "html", "trusted-types").replace("NONCE", NONCE) if "trusted-types" in policy else ""

        def cdn(route: Route) -> None:
            name = route.request.url.partition("?")[0].removeprefix("https://cdn.example/r/")
            route.fulfill(path=dist / name, headers={"Access-Control-Allow-Origin": "*", **kind(name)})

        def shop(route: Route) -> None:
            body = f"<!doctype html><html lang=en><meta charset=utf-8><title>Shop</title>{types}{tag}<h1>Shop</h1>"
            route.fulfill(body=body, headers={**headers, "Content-Type": "text/html"})

        self.page, self.said, self.uncaught = page, [], []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.uncaught.append(str(error)))
        context.route("https://shop.example/", shop)
        context.route("https://cdn.example/r/**", cdn)
        page.add_init_script(
            "window.refused = []; addEventListener('securitypolicyviolation', (it) =>"
            " refused.push(`${it.effectiveDirective} ${it.blockedURI} ${it.sample}`))"
        )
        page.goto("https://shop.example/")

    def status(self) -> str:
        """What it comes to. (Playwright's own way to wait for a condition needs ``'unsafe-eval'``.)"""
        end = time.monotonic() + 30
        while (status := self.page.evaluate(STATUS)) == "loading" and time.monotonic() < end:
            self.page.wait_for_timeout(50)
        return status

    @property
    def refused(self) -> list[str]:
        return self.page.evaluate("refused")


@pytest.fixture
def replay_mode(request: pytest.FixtureRequest) -> str:
    """The local Segment plays the mode of the test."""
    return request.node.callspec.params.get("mode", "actions")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("title", POLICIES)
def test_page_under_a_policy_of_the_docs_records_and_nothing_is_refused(
    context: BrowserContext, page: Page, replay: Replay, dist: Path, title: str, mode: str
) -> None:
    visit = Visit(context, page, dist, mode, headers(title))
    assert (visit.status(), visit.refused) == ("running", [])
    page.evaluate("void analytics.track('Bought')")
    replay.expect_event("Bought").in_replay()
    assert visit.refused == [] and visit.uncaught == []
    assert not [text for text in visit.said if "integrity" in text or "Content Security" in text]
    assert page.evaluate("crossOriginIsolated") == (title == "isolated")


# What is taken out of a policy, and what is refused without it.
NEEDED = [
    ("'wasm-unsafe-eval'", "addresses", "actions", "wasm-eval"),
    ("https://cdn.example", "addresses", "actions", "https://cdn.example/"),
    ("https://cdn.segment.com", "addresses", "actions", "https://cdn.segment.com/"),
    ("https://cdn.amplitude.com", "addresses", "classic-device", "https://cdn.amplitude.com/"),
    ("https://api.amplitude.com", "addresses", "classic-device", "https://api.amplitude.com/"),
    ("https://sr-client-cfg.amplitude.com", "nonce", "actions", "https://sr-client-cfg.amplitude.com/"),
    ("https://api-sr.amplitude.com", "nonce", "actions", "https://api-sr.amplitude.com/"),
    ("https://api.segment.io", "nonce", "actions", "https://api.segment.io/"),
    ("'strict-dynamic'", "nonce", "actions", "https://cdn.segment.com/"),
    ("blob:", "nonce", "actions", "worker-src blob"),
    ("trusted-types default", "trusted-types", "actions", "trusted-types"),
]


@pytest.mark.parametrize(("part", "title", "mode", "refused"), NEEDED)
def test_each_part_of_a_policy_of_the_docs_is_needed(
    context: BrowserContext, page: Page, replay: Replay, dist: Path, part: str, title: str, mode: str, refused: str
) -> None:
    given = headers(title)
    policy = given["Content-Security-Policy"].replace(f" {part}", "")
    if part.startswith("trusted-types"):
        policy = given["Content-Security-Policy"].replace(part, "trusted-types 'none'")
    assert policy != given["Content-Security-Policy"]
    worker = json.dumps({"useWebWorker": part == "blob:"})  # what a worker is refused, no page hears of
    visit = Visit(context, page, dist, mode, {**given, "Content-Security-Policy": policy}, options=worker)
    end, tracked = time.monotonic() + 40, False
    while not any(refused in each for each in visit.refused):
        assert time.monotonic() < end, f"that was not refused: {visit.refused}"
        if not tracked and page.evaluate(STATUS) != "loading":
            page.evaluate("void window.analytics?.track('Bought')")
            tracked = True
        page.evaluate("void window.pyscriptReplay?.flush()")
        page.wait_for_timeout(50)


def test_policies_differ_only_in_what_their_part_of_the_page_is_about() -> None:
    """Which addresses may be asked is the same in all of them."""
    asked = {re.findall(r"connect-src [^;]+", headers(title)["Content-Security-Policy"])[0] for title in POLICIES}
    assert len(asked) == 1
