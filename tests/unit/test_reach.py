"""Whether the visitor may reach Amplitude: what Segment, consent and opt-outs say in, a reason or ``None`` out."""

from typing import Any

import pytest

from pyscript_replay import doctor, reach
from pyscript_replay.modes.actions import Actions
from pyscript_replay.modes.classic_cloud import ClassicCloud
from pyscript_replay.modes.classic_device import ClassicDevice
from pyscript_replay.reach import (
    CONSENT_REFUSED,
    CONSENT_UNKNOWN,
    INTEGRATIONS,
    NOT_LOADED,
    OPTED_OUT,
    SEGMENT_DISABLED,
    Reach,
)

OPTIONS: dict[str, Any] = {"options": {}, "amplitude_options": {}}
MAPPED = {"allCategories": ["analytics", "ads"], "hasUnmappedDestinations": False}
YES, NO, NEITHER = {"analytics": True}, {"analytics": False, "ads": True}, {"analytics": False, "ads": False}


def settings(name: str = "Actions Amplitude", *categories: str, consent: dict | None = None) -> dict[str, Any]:
    """A source's settings with one destination, which needs these categories."""
    return {
        "consentSettings": MAPPED if consent is None else consent,
        "integrations": {"Segment.io": {}, name: {"consentSettings": {"categories": list(categories)}}},
    }


def asked(reach: Reach, *looks: dict[str, Any], amplitude: dict | None = None) -> list[str | None]:
    return [reach.look({"reach": look, "amplitude": amplitude}) for look in looks]


def event(consent: dict | None = None, **more: Any) -> dict[str, Any]:
    return {"passing": True, "consent": consent, **more}


NOW: dict[str, Any] = {"passing": False, "consent": None}  # a look without an event


def test_nothing_known_keeps_nobody_away() -> None:
    assert asked(Reach(Actions, {}, OPTIONS), NOW, event(), NOW) == [None, None, None]


@pytest.mark.parametrize("name", ["Actions Amplitude", "Amplitude (Actions)"])
def test_consent_is_unknown_until_an_event_is_stamped_and_then_asked_again_for_each(name: str) -> None:
    story = (NOW, event(NO), NOW, event(YES), NOW, event(NO))
    refused, unknown = CONSENT_REFUSED, CONSENT_UNKNOWN
    reach = Reach(Actions, settings(name, "analytics"), OPTIONS)
    assert asked(reach, *story) == [unknown, refused, refused, None, None, refused]


def test_consent_an_event_without_a_stamp_says_that_there_is_no_wrapper() -> None:
    assert asked(Reach(Actions, settings("Actions Amplitude", "analytics"), OPTIONS), NOW, event()) == [
        CONSENT_UNKNOWN,
        None,
    ]


def test_consent_that_was_refused_is_not_given_by_an_event_without_a_stamp() -> None:
    reach = Reach(Actions, settings("Actions Amplitude", "analytics"), OPTIONS)
    assert asked(reach, event(NO), event()) == [CONSENT_REFUSED, CONSENT_REFUSED]


def test_consent_needs_every_category_of_the_destination() -> None:
    reach = Reach(Actions, settings("Actions Amplitude", "analytics", "ads"), OPTIONS)
    assert asked(reach, event(YES), event({"analytics": True, "ads": True})) == [CONSENT_REFUSED, None]


def test_consent_a_destination_without_categories_needs_none_unless_segment_itself_is_blocked() -> None:
    reach = Reach(Actions, settings(), OPTIONS)
    assert asked(reach, NOW, event(NO), event(NEITHER)) == [None, None, CONSENT_REFUSED]
    unmapped = {**MAPPED, "hasUnmappedDestinations": True}
    assert asked(Reach(Actions, settings(consent=unmapped), OPTIONS), event(NEITHER)) == [None]


def test_consent_a_destination_taken_out_of_the_settings_was_refused() -> None:
    """Opt-in: which categories were its own is not known any more, so all of them count."""
    reach = Reach(ClassicCloud, {"consentSettings": MAPPED, "integrations": {"Segment.io": {}}}, OPTIONS)
    both = {"analytics": True, "ads": True}
    assert reach.removed and reach.hopeless
    assert asked(reach, NOW, event(NO), event(YES), event(both)) == [
        CONSENT_UNKNOWN,
        CONSENT_REFUSED,
        CONSENT_REFUSED,
        None,
    ]


@pytest.mark.parametrize(
    "plugin", [{"name": "Amplitude (Actions)"}, {"name": "Mine", "creationName": "Actions Amplitude"}]
)
def test_consent_a_remote_plugin_without_an_entry_of_its_own_is_there(plugin: dict) -> None:
    remote = {"consentSettings": MAPPED, "remotePlugins": [plugin]}
    reach = Reach(Actions, remote, OPTIONS)
    assert not reach.removed and asked(reach, NOW) == [None]
    remote = {"consentSettings": MAPPED, "remotePlugins": [{"name": "Braze"}]}
    assert Reach(Actions, remote, OPTIONS).removed


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        ({"disabled": True}, SEGMENT_DISABLED),
        ({"enabled": False}, INTEGRATIONS),
        ({"opted_out": True}, OPTED_OUT),
        ({"disabled": False, "enabled": True, "opted_out": False}, None),
    ],
)
def test_what_the_page_shows_counts_for_as_long_as_it_shows_it(seen: dict, reason: str | None) -> None:
    assert asked(Reach(Actions, {}, OPTIONS), {**NOW, **seen}, NOW) == [reason, None]


@pytest.mark.parametrize("given", ["options", "amplitude_options"])
def test_opt_out_as_an_option_lasts(given: str) -> None:
    assert asked(Reach(Actions, {}, {**OPTIONS, given: {"optOut": True}}), NOW, event()) == [OPTED_OUT, OPTED_OUT]


def test_amplitude_js_that_is_not_there() -> None:
    reach = Reach(ClassicDevice, {}, OPTIONS)
    assert asked(reach, NOW) == [NOT_LOADED]
    assert asked(reach, NOW, amplitude={"session_id": 1}) == [None]


def test_the_doctor_knows_each_reason() -> None:
    reasons = {value for name, value in vars(reach).items() if name.isupper() and isinstance(value, str)}
    assert reasons == set(doctor.OFF)
