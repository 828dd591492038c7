"""Targeted capture: Amplitude's configuration records under conditions, which Segment's events meet, or do not."""

from typing import Any

import pytest

from .conftest import Site

MODES = ("actions", "classic-device", "classic-cloud")
REPLAY_ID = "[Amplitude] Session Replay ID"


def condition(*selector: str, values: list[str]) -> dict[str, Any]:
    """Amplitude's configuration: record sessions in which this is one of these values."""
    met = {"selector": ["context", *selector], "op": "is", "values": values}
    return {
        "sr_targeting_config": {
            "key": "sr_targeting_config",
            "variants": {each: {"key": each} for each in ("on", "off")},
            "segments": [{"conditions": [[met]], "variant": "on"}, {"variant": "off"}],
        }
    }


EVENT = condition("event", "event_type", values=["Purchase"])


@pytest.mark.parametrize("mode", MODES)
def test_targeting_recording_begins_with_the_matching_event(site: Site, mode: str) -> None:
    site.server.configuration.update(EVENT)
    site.open(mode)
    assert REPLAY_ID not in site.track("Browse")["properties"]
    assert site.facade("status", "recording") == {"status": "running", "recording": False}
    assert "targeted" in [each["code"] for each in site.page.evaluate("pyscriptReplay.doctor()")]
    site.page.evaluate("analytics.track('Purchase'); void analytics.track('Thanks')")
    session_id = site.agreed(site.event("Purchase"))
    assert site.agreed(site.event("Thanks")) == session_id
    assert site.errors == []


def test_targeting_by_an_event_s_properties(site: Site) -> None:
    site.server.configuration.update(condition("event", "event_properties", "plan", values=["pro"]))
    site.open()
    assert REPLAY_ID not in site.track("upgrade", {"plan": "free"})["properties"]
    site.agreed(site.track("upgrade to pro", {"plan": "pro"}))


@pytest.mark.parametrize("mode", MODES)
def test_targeting_by_a_user_property_that_identify_brings(site: Site, mode: str) -> None:
    site.server.configuration.update(condition("user", "user_properties", "plan", values=["pro"]))
    site.open(mode)
    assert REPLAY_ID not in site.track("before")["properties"]
    site.page.evaluate("void analytics.identify('ada', { plan: 'pro' })")
    site.agreed(site.track("after"))


@pytest.mark.parametrize(
    ("mode", "event"),
    [
        ("actions", "Viewed Pricing"),
        ("classic-device", "Viewed Shop Pricing Page"),
        ("classic-cloud", "Viewed Shop Pricing Page"),
    ],
)
def test_targeting_by_a_page_as_the_destination_names_it(site: Site, mode: str, event: str) -> None:
    site.server.configuration.update(condition("event", "event_type", values=[event]))
    site.open(mode)
    site.track("before")
    site.page.evaluate("void analytics.page('Shop', 'Pricing')")
    site.wait_for(lambda: any(each["type"] == "page" for each in site.events))
    (message,) = [each for each in site.events if each["type"] == "page"]
    assert message["properties"][REPLAY_ID] == f"{site.device_id}/{site.session_id}"


def test_targeting_an_event_kept_from_amplitude_starts_nothing(site: Site) -> None:
    site.server.configuration.update(EVENT)
    site.open()
    site.track("before")
    site.track("Purchase", options={"integrations": {"All": False, "Segment.io": True}})
    site.page.wait_for_timeout(300)
    assert site.facade("recording") == {"recording": False}


def test_targeting_the_sdk_is_asked_only_where_there_are_conditions(site: Site) -> None:
    """It keeps what it was asked in a database."""
    site.open(sample_rate=0)
    site.track("no conditions")
    names = site.page.evaluate("indexedDB.databases().then((all) => all.map(({ name }) => name))")
    assert [name for name in names if "targeting" in name] == []
