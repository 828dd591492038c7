"""``session_started`` and ``session_ended``, when asked for: each once, and of the session that it tells of."""

from typing import Any

import pytest

from .conftest import Site, carried

MODES = ("actions", "classic-device", "classic-cloud")
REPLAY_ID = "[Amplitude] Session Replay ID"


def told(site: Site, count: int) -> list[tuple[str, int]]:
    """So many of them: each its name, and the session that it tells of."""
    names = ("session_started", "session_ended")

    def found() -> list[tuple[str, int]]:
        events = [each for each in site.events if each.get("event") in names]
        return [(each["event"], each["properties"]["session_id"]) for each in events]

    site.wait_for(lambda: len(found()) >= count)
    return found()


def of(site: Site, name: str, session_id: int) -> dict[str, Any]:
    (message,) = [
        each for each in site.events if each.get("event") == name and each["properties"]["session_id"] == session_id
    ]
    return message


@pytest.mark.parametrize(
    ("way", "mode"), [*(("tag-micropython", mode) for mode in MODES), ("tag-pyodide", "classic-cloud")]
)
def test_a_session_that_starts_and_ends_is_told_in_events(site: Site, way: str, mode: str) -> None:
    site.page.clock.install()
    site.open(mode, way, session_events="on")
    first = site.agreed(site.track("first"))
    assert told(site, 1) == [("session_started", first)]
    site.agreed(of(site, "session_started", first))
    site.pass_minutes(31)
    second = site.agreed(site.track("second"))
    assert told(site, 3) == [("session_started", first), ("session_ended", first), ("session_started", second)]
    ended = of(site, "session_ended", first)
    assert ended["properties"][REPLAY_ID] == f"{site.device_id}/{first}"
    assert carried(ended) == (None if mode == "classic-device" else first)
    site.agreed(of(site, "session_started", second))
    assert site.agreed(site.track("third")) == second


@pytest.mark.parametrize("mode", ["actions", "classic-cloud", "classic-device-anonymous"])
def test_the_end_of_a_session_by_reset_is_of_the_visitor_who_had_it(site: Site, mode: str) -> None:
    site.open(mode.removesuffix("-anonymous"), key=mode, session_events="on")
    first = site.agreed(site.track("first"))
    device_id = site.device_id
    site.page.evaluate("analytics.reset()")
    second = site.agreed(site.track("second"))
    assert told(site, 3) == [("session_started", first), ("session_ended", first), ("session_started", second)]
    ended = of(site, "session_ended", first)
    assert ended["anonymousId"] == device_id
    assert ended["properties"][REPLAY_ID] == f"{device_id}/{first}"
    assert of(site, "session_started", second)["anonymousId"] != device_id


@pytest.mark.parametrize("mode", MODES)
def test_the_end_of_an_earlier_visit_is_told_on_the_next_one(site: Site, mode: str) -> None:
    site.page.clock.install()
    site.open(mode, session_events="on")
    first = site.agreed(site.track("first"))
    told(site, 1)
    site.page.goto("about:blank")
    site.pass_minutes(31)
    site.open(mode, session_events="on")
    second = site.agreed(site.track("second"))
    assert told(site, 3) == [("session_started", first), ("session_ended", first), ("session_started", second)]
    ended = of(site, "session_ended", first)
    assert carried(ended) == (None if mode == "classic-device" else first)
    assert REPLAY_ID not in ended["properties"]  # nobody here knows whether it was recorded


@pytest.mark.parametrize("mode", MODES)
def test_a_reload_and_a_second_tab_start_no_session(site: Site, mode: str) -> None:
    site.open(mode, session_events="on")
    first = site.agreed(site.track("first"))
    site.page.reload()
    site.wait_for_status("running")
    other = site.tab()
    assert other.agreed(other.track("other")) == first
    site.agreed(site.track("last"))
    assert told(site, 1) == [("session_started", first)]


@pytest.mark.parametrize("mode", ["actions", "classic-cloud"])
def test_a_new_session_of_two_tabs_is_told_by_the_one_that_begins_it(site: Site, mode: str) -> None:
    site.page.clock.install()
    site.open(mode, session_events="on")
    first = site.agreed(site.track("first"))
    other = site.tab()
    other.agreed(other.track("other"))
    site.pass_minutes(31)
    second = site.agreed(site.track("second"))
    other.wait_for(f"pyscriptReplay.sessionId === {second}")
    assert other.agreed(other.track("other's second")) == second
    assert told(site, 3) == [("session_started", first), ("session_ended", first), ("session_started", second)]


def test_without_being_asked_for_there_are_no_such_events(site: Site) -> None:
    site.page.clock.install()
    site.open()
    site.agreed(site.track("first"))
    site.pass_minutes(31)
    site.agreed(site.track("second"))
    site.track("last")
    assert [each["event"] for each in site.events] == ["first", "second", "last"]
    # a site's own event of this name is left as it is
    own = site.track("session_ended", {"session_id": 1_795_000_000_000})
    site.agreed(own)
