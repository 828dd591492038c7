"""MicroPython in two halves: what a page loads before it is recorded, and what becomes of the rest."""

import json
from pathlib import Path

import pytest

from .conftest import NPM, Site

REST = "**/micropython-rest.wasm"
UNFORESEEN = "analytics.setAnonymousId('a/b'); void analytics.track('second')"  # what pages in the profile never did


def show(site: Site, mode: str) -> None:
    """A page with a Segment of its own, and an event at once."""
    site.file("segment.js", NPM % {"analytics": site.dist("analytics"), "key": mode, "cdn": site.cdn})
    site.file("event.js", "analytics.track('first');")
    scripts = "".join(f'<script type="module" src="{name}.js"></script>' for name in ("segment", "event"))
    site.show(scripts + site.tag(mode=mode))
    site.page.goto(f"{site.server.url}/site/")
    site.wait_for("window.pyscriptReplay?.recording", seconds=30)


def loaded(site: Site) -> dict[str, float]:
    """The bundle's files that the page has asked for, but for Segment, and when, in milliseconds since 1970."""
    look = "performance.getEntriesByType('resource').map((it) => [it.name, performance.timeOrigin + it.startTime])"
    root = f"{site.server.url}/dist/"
    names = {url.removeprefix(root): at for url, at in site.page.evaluate(look) if url.startswith(root)}
    return {name: at for name, at in names.items() if name != site.assets["analytics"]}


def asked_for_the_rest(site: Site) -> bool:
    return site.assets["micropython.rest"] in loaded(site)


def first_snapshot(site: Site) -> float:
    def snapshots() -> list[float]:
        events = (event for upload in site.replay.uploads for event in upload.events)
        return [event["timestamp"] for event in events if event["type"] == 2]

    site.page.evaluate("pyscriptReplay.flush()")
    site.wait_for(lambda: bool(snapshots()))  # the first upload may be without one
    return min(snapshots())


@pytest.mark.parametrize(
    ("mode", "requests", "kilobytes"), [("actions", 6, 209), ("classic-device", 6, 209), ("classic-cloud", 7, 267)]
)
def test_brotli_bytes_and_requests_before_the_first_snapshot(
    site: Site, dist: Path, mode: str, requests: int, kilobytes: int
) -> None:
    """Of a tag with options; what one without them needs, test_script_tag.py says."""
    show(site, mode)
    snapshot = first_snapshot(site)
    files = json.loads((dist / "manifest.json").read_text("utf-8"))["files"]
    before = [name for name, at in loaded(site).items() if at < snapshot]
    assert len(before) == requests, before
    assert sum(files[name]["brotli"] for name in before) <= kilobytes * 1000


def test_the_rest_of_micropython_arrives_when_the_page_is_recorded(site: Site) -> None:
    show(site, "actions")
    site.wait_for(lambda: asked_for_the_rest(site))
    assert loaded(site)[site.assets["micropython.rest"]] > first_snapshot(site)
    codes = [each["code"] for each in site.page.evaluate("pyscriptReplay.doctor()")]
    assert "recording" in codes and "runtime-load" not in codes


def test_what_is_called_before_the_rest_is_there_waits_for_it(site: Site) -> None:
    """An error in the options, which no page of the profile has, while Python boots."""
    site.open(wait=False, options={"flushMaxRetries": "many"})
    site.wait_for_status("failed")
    assert site.errors == ["option-value"]
    assert asked_for_the_rest(site)
    site.page.evaluate("void analytics.track('first')")
    site.event("first")


def test_without_the_rest_a_page_is_recorded_and_the_doctor_names_the_file(site: Site) -> None:
    site.context.route(REST, lambda route: route.abort())
    show(site, "actions")
    site.agreed(site.event("first"))
    findings = site.page.evaluate("pyscriptReplay.doctor()")
    assert [each["code"] for each in findings] == ["runtime-load"]
    assert "micropython-rest.wasm" in findings[0]["message"] and findings[0]["fix"]
    site.page.evaluate("pyscriptReplay.stop()")
    site.page.evaluate("pyscriptReplay.start()")
    site.wait_for("pyscriptReplay.recording")
    site.agreed(site.track("second"))
    assert site.errors == []


def test_where_the_rest_is_needed_and_cannot_be_had_events_go_on_and_one_error_says_so(site: Site) -> None:
    site.context.route(REST, lambda route: route.abort())
    show(site, "actions")
    site.page.evaluate(UNFORESEEN)
    site.event("second")
    assert site.facade("status", "recording") == {"status": "failed", "recording": False}
    assert site.page.evaluate("pyscriptReplay.start().catch(({ code }) => code)") == "runtime-load"
    third = site.track("third")
    assert "[Amplitude] Session Replay ID" not in third["properties"]
    site.page.evaluate("pyscriptReplay.stop()")
    assert site.facade("status") == {"status": "stopped"}
    assert set(site.errors) == {"runtime-load"}
    findings = site.page.evaluate("pyscriptReplay.doctor()")
    assert [each["code"] for each in findings] == ["runtime-load"]


def test_where_the_rest_is_needed_while_python_boots_and_cannot_be_had_events_go_on(site: Site) -> None:
    site.context.route(REST, lambda route: route.abort())
    site.open(wait=False, options={"flushMaxRetries": "many"}, hold_ms=60_000)
    site.page.evaluate("void analytics.track('first')")
    site.event("first")
    assert site.facade("status") == {"status": "failed"}
    assert site.errors == ["runtime-load"]
