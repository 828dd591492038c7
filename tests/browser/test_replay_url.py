"""A link to the replay: on the facade, in Python, and on events when asked for; the shortest recording that is kept."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from .conftest import PROXIES, Site

MODES = ("actions", "classic-device", "classic-cloud")
REPLAY_ID = "[Amplitude] Session Replay ID"
AMPLITUDE: dict[str, Any] = {"amplitude_org": "acme", "amplitude_project": "123456"}


@pytest.mark.parametrize("mode", MODES)
def test_link_to_the_replay_on_the_facade_and_on_events(site: Site, mode: str) -> None:
    site.open(mode, **AMPLITUDE, replay_url_property="Replay")
    message = site.track("linked")
    site.agreed(message)
    url = site.facade("replayUrl")["replayUrl"]
    assert url.startswith("https://app.amplitude.com/analytics/acme/session-replay/project/123456/search/replay?")
    assert parse_qs(urlsplit(url).query) == {"sessionReplayId": [message["properties"][REPLAY_ID]]}
    assert message["properties"]["Replay"] == url
    site.page.evaluate("pyscriptReplay.stop()")
    assert site.facade("replayUrl") == {"replayUrl": None}
    assert "Replay" not in site.track("unlinked")["properties"]


@pytest.mark.parametrize("mode", ["actions", "classic-cloud"])
def test_late_event_of_before_reset_has_the_link_to_its_own_replay(site: Site, mode: str) -> None:
    site.open(mode, replay_url="https://help.example/{deviceId}/{sessionId}", replay_url_property="Replay")
    site.agreed(site.track("before"))
    site.page.evaluate("void (analytics.track('last'), analytics.reset(), analytics.track('first'))")
    for name in ("last", "first"):
        properties = site.event(name)["properties"]
        assert properties["Replay"] == f"https://help.example/{properties[REPLAY_ID]}"
    assert site.event("last")["properties"][REPLAY_ID] != site.event("first")["properties"][REPLAY_ID]


def test_without_being_asked_for_there_is_no_link(site: Site) -> None:
    site.open()
    message = site.track("plain")
    assert site.facade("replayUrl") == {"replayUrl": None}
    assert set(message["properties"]) == {REPLAY_ID}


PYTHON = """
from pyscript import window
from pyscript_replay import connect

replay = await connect(
    "actions", api_key="local", sample_rate=1, options=%r, amplitude_org="acme", amplitude_project="7", server_zone="EU"
)
window.look = create_proxy(lambda *_: setattr(window, "linked", replay.replay_url))
"""


@pytest.mark.parametrize("kind", PROXIES)
def test_link_to_the_replay_in_python(site: Site, kind: str) -> None:
    site.run_python(kind, PYTHON % site.replay_options)
    site.agreed(site.track("first"))
    site.wait_for("Boolean(window.look)")
    site.page.evaluate("void look()")
    assert site.page.evaluate("linked") == site.facade("replayUrl")["replayUrl"]
    assert site.page.evaluate("linked").startswith("https://app.eu.amplitude.com/analytics/acme/")


# Shortest recording: Amplitude's configuration has it (``min_session_duration_ms``), and the SDK heeds it.

SHORTEST = {"sr_sampling_config": {"sample_rate": 1, "capture_enabled": True, "min_session_duration_ms": 20_000}}


@pytest.mark.parametrize("mode", MODES)
def test_shortest_recording_by_amplitude_s_configuration(site: Site, mode: str) -> None:
    site.page.clock.install()
    site.server.configuration.update(SHORTEST)
    site.open(mode)
    site.track("early")
    site.page.evaluate("pyscriptReplay.flush()")
    site.page.clock.run_for(5_000)
    assert site.server.store.uploads() == []
    site.page.clock.run_for(20_000)
    site.page.fill("#field", "still here")
    site.page.clock.run_for(1_000)
    site.agreed(site.track("late"))
    (early,) = [each for each in site.events if each.get("event") == "early"]
    assert early["properties"][REPLAY_ID] == site.event("late")["properties"][REPLAY_ID]


def test_shortest_recording_as_an_option_is_refused_with_where_to_set_it(site: Site) -> None:
    site.options = {"minSessionDurationMs": 20_000}
    site.open(wait=False)
    site.wait_for_status("failed")
    (error,) = site.page.evaluate("heard.error")
    assert error["code"] == "option-value"
    assert "remote configuration" in error["fix"]
