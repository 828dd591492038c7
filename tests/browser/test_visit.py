"""A further page of a visit: Amplitude is asked at once, if it is known that nothing keeps this visitor from it."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Route

from .conftest import NPM, Site
from .test_loader import SEGMENT_SNIPPET

CONFIG, SETTINGS = "/session-replay/config/", "**/v1/projects/*/settings"
NO_AMPLITUDE = {"integrations": {"All": False, "Segment.io": True}}
KEPT = "pyscript-replay.asked"


def show(site: Site, segment: str, **options: Any) -> None:
    """The site's page, with a Segment that is told these options."""
    given = {"analytics": site.dist("analytics"), "key": "actions", "cdn": site.cdn}
    snippet = SEGMENT_SNIPPET % given
    told = f"window.analytics = []; analytics._loadOptions = {options or 'undefined'};".replace("False", "false")
    site.file("segment.js", NPM % given if segment == "npm" else told.replace("True", "true") + snippet)
    brought = {"write_key": "actions", "segment_cdn": site.cdn, "segment_options": options}
    tag = site.tag(**({"mode": "actions"} | (brought if segment == "write-key" else {})))
    script = {"npm": '<script type="module" src="segment.js">', "snippet": '<script src="segment.js">', "write-key": ""}
    site.show(f"{script[segment]}</script>{tag}" if script[segment] else tag)


def visit(site: Site, held: str = "") -> list[str]:
    """Go to the page; what it has asked of Amplitude once ``held`` was asked for."""
    asked: list[str] = []
    waiting: list[Route] = []
    site.page.on("request", lambda request: asked.append(request.url) if CONFIG in request.url else None)
    if not held:
        site.page.goto(site.address())
        return asked

    def hold(route: Route) -> None:
        waiting.append(route)

    site.context.route(held, hold)
    site.page.goto(site.address(), wait_until="commit")
    site.wait_for(lambda: bool(waiting))
    site.page.wait_for_timeout(500)
    before = list(asked)
    for route in waiting:
        route.continue_()
    site.context.unroute(held, hold)
    return before


def recorded(site: Site, event: str) -> None:
    site.wait_for_status("running")
    site.agreed(site.track(event))


@pytest.mark.parametrize("segment", ["snippet", "write-key"])
def test_further_page_asks_amplitude_before_segment_has_its_settings(site: Site, segment: str) -> None:
    show(site, segment)
    assert visit(site, SETTINGS) == []
    recorded(site, "on the first page")

    asked: list[str] = []
    site.page.on("request", lambda request: asked.append(request.url) if CONFIG in request.url else None)
    assert len(visit(site, SETTINGS)) == 1
    recorded(site, "on the second page")
    assert len(asked) == 1  # it is not asked once more


def test_npm_segment_does_not_show_its_options_so_its_pages_wait(site: Site) -> None:
    show(site, "npm")
    visit(site)
    recorded(site, "on the first page")
    assert visit(site, SETTINGS) == []
    recorded(site, "on the second page")


@pytest.mark.parametrize("segment", ["snippet", "write-key"])
def test_further_page_that_keeps_the_visitor_from_amplitude_contacts_nobody(site: Site, segment: str) -> None:
    show(site, segment)
    visit(site)
    recorded(site, "on the first page")
    show(site, segment, **NO_AMPLITUDE)
    assert visit(site, SETTINGS) == []
    asked: list[str] = []
    site.page.on("request", lambda request: asked.append(request.url) if CONFIG in request.url else None)
    site.wait_for_status("running")
    site.track("on the second page")
    site.page.wait_for_timeout(500)
    assert asked == []


def stopped(site: Site) -> None:
    site.page.evaluate("pyscriptReplay.stop()")
    site.page.evaluate("localStorage.clear()")  # as if the visitor had been asked anew, and said yes


def told_to_an_sdk(site: Site) -> None:
    site.page.evaluate("window.amplitude = { getOptOut: () => false }")  # it may be told otherwise in another tab


def long_ago(site: Site) -> None:
    site.file("other", "<title>A page without the tag</title>")
    site.page.goto(site.address("other"))
    assert site.page.evaluate(f"JSON.parse(sessionStorage.getItem('{KEPT}'))[1] > Date.now() - 60_000")
    site.page.evaluate(
        f"""() => {{
          const [url, at] = JSON.parse(sessionStorage.getItem("{KEPT}"));
          sessionStorage.setItem("{KEPT}", JSON.stringify([url, at - 31 * 60_000]));
        }}"""
    )


def the_page_s_own(site: Site) -> None:
    site.file("other", "<title>A page without the tag</title>")
    site.page.goto(site.address("other"))
    site.page.evaluate(f"sessionStorage.setItem('{KEPT}', 'no JSON')")


def another_project(site: Site) -> None:
    site.options["configServerUrl"] = f"{site.server.url}/amplitude/./session-replay/config"


def a_page_left_early(site: Site) -> None:
    site.context.route(SETTINGS, lambda route: None)
    assert len(visit(site)) <= 1
    site.wait_for("!!window.pyscriptReplay?.runtime")
    site.context.unroute(SETTINGS)


@pytest.mark.parametrize(
    "happens", [stopped, told_to_an_sdk, long_ago, the_page_s_own, another_project, a_page_left_early]
)
def test_further_page_waits_for_segment_after(site: Site, happens: Callable[[Site], None]) -> None:
    show(site, "snippet")
    visit(site)
    recorded(site, "on the first page")
    happens(site)
    show(site, "snippet")
    assert visit(site, SETTINGS) == []
    recorded(site, "on the next page")


def test_further_page_of_a_site_with_a_consent_wrapper_waits(site: Site) -> None:
    def with_consent(route: Route) -> None:
        settings = route.fetch().json()
        settings["consentSettings"] = {"allCategories": []}
        route.fulfill(json=settings)

    show(site, "snippet")
    site.context.route(SETTINGS, with_consent)
    visit(site)
    recorded(site, "on the first page")
    site.page.goto("about:blank")
    site.context.unroute(SETTINGS)
    assert visit(site, SETTINGS) == []
    recorded(site, "on the second page")


@pytest.mark.parametrize("given", ["5", '"text"', "null", "no JSON"])
def test_options_that_are_none_are_named_and_keep_no_event(site: Site, given: str) -> None:
    site.show(site.tag(write_key="actions", segment_cdn=site.cdn, segment_options=given))
    site.page.goto(site.address())
    site.page.evaluate("void analytics.track('first')")
    site.event("first")
    site.wait_for("pyscriptReplay.status !== 'loading'")
    assert site.errors == ["option-value"]
