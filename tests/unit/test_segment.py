"""The page's Segment: found, brought, late or none, and what its half in JavaScript is told."""

from typing import Any

import pytest

from pyscript_replay import ReplayError, bridge

from ..runtime import cpython
from .memory.browser import Browser, pause, run
from .test_wiring import assert_recorded, every_mode

TOLD = {
    "actions": {
        "destination": "Actions Amplitude",
        "destinations": ["Actions Amplitude", "Amplitude (Actions)"],
        "page_event": {"named": "Viewed {}", "unnamed": "", "category": False},
    },
    "classic-device": {
        "destination": None,
        "destinations": ["Amplitude"],
        "page_event": {"named": "Viewed {} Page", "unnamed": "Loaded a Page", "category": True},
    },
    "classic-cloud": {
        "destination": "Amplitude",
        "destinations": ["Amplitude"],
        "page_event": {"named": "Viewed {} Page", "unnamed": "Loaded a Page", "category": True},
    },
}


@every_mode
@pytest.mark.parametrize(("given", "ended"), [({}, None), ({"session_events": "on"}, "session_ended")])
def test_what_the_page_is_told_of_the_mode(mode: str, given: dict, ended: str | None) -> None:
    async def story(browser: Browser) -> None:
        tab = await browser.open(session_hook="middleware", **given)
        assert tab.watch.wiring == {**TOLD[mode], "hook": "middleware", "ended": ended}
        assert set(tab.watch._tell) == {"event", "look", "reset", "cookie"}
        assert tab.watch.it["sdk"] is tab.sdk.it

    run(mode, story)


def test_a_newer_id_in_the_cookie_is_followed() -> None:
    async def story(browser: Browser) -> None:
        tab = await browser.open()
        event = await tab.track()
        newer = event["session_id"] + 5
        facts = {**tab.watch._look(None), "cookie": str(newer)}
        tab.do(lambda: tab.watch._apply(None, tab.watch._tell["cookie"](facts)))
        await pause(1)
        assert tab.session_id == newer and tab.sdk.running == tab.replay_id
        assert tab.facade.sessions[-1]["reason"] == "renewed"

    run("actions", story)


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        ({}, "after 10 s there is no Segment at window.analytics"),
        ({"analytics": "segment"}, "after 10 s there is no Segment at window.segment"),
        ({"unreadable": "SecurityError"}, "after 10 s window.analytics cannot be read: SecurityError"),
    ],
)
def test_segment_that_is_late_is_told_with_where_it_was_looked_for(given: dict, seen: str) -> None:
    async def story(browser: Browser) -> None:
        attributes = {name: value for name, value in given.items() if name == "analytics"}
        tab = browser.begin(segment=False, **attributes)
        tab.watch.unreadable = given.get("unreadable", "")
        await pause(9)
        assert tab.errors == []
        await pause(2)
        assert tab.facade.errors["segment-missing"]["message"] == seen
        assert tab.facade.errors["segment-missing"]["fix"] == (
            "Check that Segment's snippet runs unblocked, and that the option analytics names its global; "
            "hand over one that is no global: pyscriptReplay.use(analytics)."
        )
        await pause(60)
        assert tab.errors == ["segment-missing"]

    run("actions", story)


def test_segment_that_is_being_brought_and_is_late_is_told_with_what_it_waits_for() -> None:
    async def story(browser: Browser) -> None:
        tab = browser.begin(segment=False)
        tab.watch.awaited = "its settings"
        await pause(11)
        assert tab.errors == ["segment-load"]
        assert tab.facade.errors["segment-load"] == {
            "code": "segment-load",
            "message": "after 10 s Segment still waits for its settings",
            "fix": "See in the browser's network tab what holds it up; Segment keeps the events until it is there.",
        }

    run("actions", story)


def test_segment_that_the_page_has_not_loaded_yet_is_no_error() -> None:
    async def story(browser: Browser) -> None:
        tab = browser.begin(segment=False)
        tab.watch.deferred = True
        await pause(11)
        assert (tab.status, tab.errors) == ("loading", [])
        asked: list[Any] = []
        tab.do(lambda: tab.facade._effects["doctor"]()["then"](asked.append, asked.append))
        await pause(1)
        assert "switched-off" in [finding["code"] for finding in asked[0]]
        tab.do(tab.bring_segment)
        await pause(1)
        assert_recorded(tab, await tab.track())

    run("actions", story)


def test_segment_that_comes_in_time_is_not_told() -> None:
    async def story(browser: Browser) -> None:
        tab = await browser.open()
        await pause(20)
        assert tab.errors == []

    run("actions", story)


@pytest.mark.parametrize(
    ("given", "brought"),
    [
        ({}, None),
        ({"write_key": "wk"}, ("analytics", "wk", "", {})),
        (
            {"analytics": "mine", "write_key": "wk", "segment_cdn": "https://cdn.example", "segment_options": {"a": 1}},
            ("mine", "wk", "https://cdn.example", {"a": 1}),
        ),
    ],
)
def test_a_write_key_brings_a_segment(given: dict, brought: tuple | None) -> None:
    async def story(browser: Browser) -> None:
        tab = browser.blank(segment=brought is None)
        await tab.connect(**given)
        assert (tab.brought, tab.watched) == (brought, given.get("analytics", "analytics"))
        assert_recorded(tab, await tab.track())

    run("actions", story)


def test_a_segment_may_be_handed_over_as_an_object_and_nothing_else() -> None:
    class NoSegment:
        """What somebody may take for one."""

    async def story(browser: Browser) -> None:
        tab = browser.blank()
        with pytest.raises(ReplayError) as raised:
            await tab.connect(analytics=NoSegment())
        assert str(raised.value) == (
            "segment-missing: what was given as analytics is no Segment object: it has no track(). "
            "Give the name of its global: Python may change an object that can be awaited on its way in."
        )

    run("actions", story)


@pytest.mark.parametrize(
    "given", [bridge.Js(cpython.box({"track": print})), type("OfTheRuntime", (), {"track": print})()]
)
def test_a_segment_that_the_page_hands_over_as_an_object_is_taken(given: object) -> None:
    async def story(browser: Browser) -> None:
        tab = browser.blank()
        await tab.connect(analytics=given)
        assert_recorded(tab, await tab.track())

    run("actions", story)


@pytest.mark.parametrize(("more", "fix"), [({}, "See the browser's console."), ({"fix": "Mend it."}, "Mend it.")])
def test_segment_that_cannot_be_loaded_is_told(more: dict, fix: str) -> None:
    async def story(browser: Browser) -> None:
        tab = browser.begin(segment=False)
        tab.watch.fail({"name": "Error", "message": "it is blocked", **more})
        await pause(1)
        shown = tab.facade.errors["segment-load"]
        assert tab.status == "failed" and (shown["message"], shown["fix"]) == ("it is blocked", fix)

    run("actions", story)
