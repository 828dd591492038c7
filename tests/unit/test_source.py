"""What Segment's settings of a source say about Amplitude."""

import pytest

from pyscript_replay import source


def plugin(**more: object) -> dict:
    return {"remotePlugins": [{"name": "Braze"}, more]}


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        (plugin(name="Amplitude (Actions)"), True),
        (plugin(name="Actions Amplitude"), True),
        (plugin(name="Mine", creationName="Actions Amplitude"), True),
        (plugin(name="Mine", libraryName="amplitude-pluginsDestination"), True),
        (plugin(name="Mine", libraryName="brazeDestination"), False),
        ({"remotePlugins": None}, False),
        ({}, False),
    ],
)
def test_amplitude_s_plugins(settings: dict, found: bool) -> None:
    assert source.plugins(settings) == (settings["remotePlugins"][1:] if found else [])


@pytest.mark.parametrize(
    ("settings", "key", "zone"),
    [
        ({"integrations": {"Amplitude": {"apiKey": "a", "endpoint": "north_america"}}}, "a", "US"),
        ({"integrations": {"Actions Amplitude": {"apiKey": "a", "endpoint": "europe"}}}, "a", "EU"),
        ({"integrations": {"Amplitude (Actions)": {"apiKey": "a", "serverZone": "EU"}}}, "a", "EU"),
        ({"integrations": {"Amplitude": {"serverZone": "US"}}}, None, "US"),
        ({"integrations": {"Amplitude": {"apiKey": "", "endpoint": "mars"}}}, None, None),
        ({"integrations": {"Amplitude": True}}, None, None),
        ({"integrations": {"Braze": {"apiKey": "b", "endpoint": "europe"}}}, None, None),
        (plugin(name="Amplitude (Actions)", settings={"apiKey": "p", "endpoint": "europe"}), "p", "EU"),
        (
            {
                "integrations": {"Amplitude": {"apiKey": "a", "endpoint": "europe"}},
                **plugin(name="Amplitude (Actions)", settings={"apiKey": "p", "serverZone": "US"}),
            },
            None,
            None,
        ),
        (
            {
                "integrations": {"Amplitude": {"apiKey": "a", "endpoint": "europe"}},
                **plugin(name="Amplitude (Actions)", settings={"apiKey": "a", "serverZone": "EU"}),
            },
            "a",
            "EU",
        ),
    ],
)
def test_the_key_and_the_zone_where_all_destinations_agree(settings: dict, key: str | None, zone: str | None) -> None:
    assert (source.api_key(settings), source.zone(settings)) == (key, zone)
    seen = source.evidence(settings)
    assert (seen.get("settings_api_key"), seen.get("settings_zone")) == (key, zone)


def subscription(action: str, subscribe: object, enabled: bool = True) -> dict:
    return {"partnerAction": action, "enabled": enabled, "subscribe": subscribe}


@pytest.mark.parametrize(
    ("subscriptions", "types"),
    [
        (None, []),
        ([subscription("sessionId", 'type = "track" or type = "group"')], ["track", "group"]),
        ([subscription("sessionId", 'type = "alias"'), subscription("sessionId", 'type = "page"')], ["page", "alias"]),
        ([subscription("sessionId", 'type = "track"', enabled=False)], []),
        ([subscription("logEvent", 'type = "track"')], []),
        ([subscription("sessionId", None)], []),
    ],
)
def test_the_types_of_events_that_get_a_session(subscriptions: list | None, types: list[str]) -> None:
    settings = plugin(name="Amplitude (Actions)", settings={"subscriptions": subscriptions})
    assert source.session_types(settings) == source.evidence(settings)["subscriptions"] == types
    assert source.session_types(plugin(name="Amplitude (Actions)")) == []
    assert source.session_types({}) is None and "subscriptions" not in source.evidence({})


@pytest.mark.parametrize(
    ("plan", "names"),
    [
        ({"track": {"Spam": {"enabled": False}, "Bought": {"enabled": True}, "Odd": False, "New": {}}}, ["Spam"]),
        ({"track": None}, []),
        ({}, []),
        (None, []),
    ],
)
def test_what_the_tracking_plan_switches_off(plan: dict | None, names: list[str]) -> None:
    assert source.switched_off_by_plan({"plan": plan}) == names
