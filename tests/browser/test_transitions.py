"""Sessions as visitors live them, on the real SDKs: transitions x modes x ways in. (``test_conformance.py`` has more.)

Each row does something to a page that has been recording, and says what has become of the session id, the device id,
and why. Whatever the row, event, cookie, ``window.pyscriptReplay`` and upload must agree to the last digit.
"""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from .conftest import Site, carried, in_all_ways, in_turns

MODES = ("actions", "classic-device", "classic-cloud")


def reload(site: Site) -> None:
    site.page.reload()
    site.wait_for_status("running")


def after_minutes(minutes: int) -> Callable[[Site], None]:
    return lambda site: site.pass_minutes(minutes)


def call(script: str) -> Callable[[Site], None]:
    return lambda site: site.page.evaluate(script)


class Row(NamedTuple):
    """What is done; whether the session and the device are the same afterwards; why."""

    do: Callable[[Site], None]
    session: str
    device: str
    reason: str | None


ROWS = {
    "a reload": Row(reload, "same", "same", "resumed"),
    "31 minutes": Row(after_minutes(31), "new", "same", "renewed"),
    "reset()": Row(call("analytics.reset()"), "new", "new", "identity-changed"),
}

# amplitude-js keeps its own device id, whoever the visitor is to Segment
DEVICE_OF_ITS_OWN = {
    "reset()": Row(call("analytics.reset()"), "same", "same", None),
}


@pytest.mark.parametrize(("name", "mode", "way"), in_all_ways(list(ROWS), MODES))
def test_transition(site: Site, name: str, mode: str, way: str) -> None:
    row = DEVICE_OF_ITS_OWN.get(name, ROWS[name]) if mode == "classic-device" else ROWS[name]
    site.page.clock.install()
    site.open(mode, way)
    site.page.evaluate("void analytics.identify('ada')")
    session_id = site.agreed(site.track("before"))
    device_id = site.device_id
    heard = len(site.transitions)

    row.do(site)
    after = site.agreed(site.track("after"))

    assert (after == session_id) is (row.session == "same")
    assert after >= session_id, "ids only move forward"
    assert (site.device_id == device_id) is (row.device == "same")
    moved = site.page.evaluate("Date.now()")
    site.page.fill("#field", "recorded afterwards")
    site.wait_for(lambda: site.recorded_until(after) > moved)
    if (after, site.device_id) != (session_id, device_id):
        assert site.recorded_until(session_id, device_id) <= moved, "the old recording has gone on"

    assert site.transitions[0 if row.do is reload else heard :] == (
        []
        if row.reason is None
        else [
            {
                "previous": None if row.do is reload else session_id,
                "current": after,
                "deviceId": site.device_id,
                "reason": row.reason,
            }
        ]
    )


@pytest.mark.parametrize(("mode", "way"), in_all_ways(MODES))
def test_the_first_event_starts_and_carries_the_session(site: Site, mode: str, way: str) -> None:
    site.open(mode, way)
    session_id = site.agreed(site.track("first"))
    (only,) = site.transitions
    assert only == {"previous": None, "current": session_id, "deviceId": site.device_id, "reason": "started"}


@pytest.mark.parametrize(
    ("change", "mode", "way"),
    in_all_ways(["analytics.reset()", "analytics.identify('grace')"], ["actions", "classic-cloud"]),
)
def test_late_event_belongs_to_the_visitor_before_reset(site: Site, change: str, mode: str, way: str) -> None:
    """Segment makes an event at once and delivers it later; by then the visitor may have gone."""
    site.open(mode, way)
    site.page.evaluate("void analytics.identify('ada')")
    session_id = site.agreed(site.track("before"))
    device_id = site.device_id
    site.page.evaluate(f"void (analytics.track('Signed Out'), {change}, analytics.track('Signed In'))")
    last, first = site.event("Signed Out"), site.event("Signed In")
    assert last["anonymousId"] == device_id
    assert carried(last) == session_id
    assert last["properties"]["[Amplitude] Session Replay ID"] == f"{device_id}/{session_id}"
    assert first["anonymousId"] == site.device_id != device_id
    assert site.agreed(first) == carried(first)


@pytest.mark.parametrize("mode", in_turns(MODES))
def test_a_visit_after_half_an_hour_is_a_new_session_from_its_first_moment(site: Site, mode: str) -> None:
    site.page.clock.install()
    site.open(mode)
    before = site.agreed(site.track("before"))
    site.pass_minutes(31)
    reloaded = site.page.evaluate("Date.now()")
    reload(site)
    after = site.agreed(site.track("after"))
    assert after > before
    assert site.reasons == ["renewed"]
    assert site.recorded_until(before) < reloaded, "the dead session was recorded"
