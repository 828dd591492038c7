"""The modes: facts in, a patch out (``modes/base.py`` says what is in them)."""

import pytest

from pyscript_replay.modes.actions import Actions
from pyscript_replay.modes.base import Mode
from pyscript_replay.modes.classic_cloud import ClassicCloud
from pyscript_replay.modes.classic_device import ClassicDevice, is_logged

from .page import MINUTE, NOON, Page, replay_id


def test_actions_follows_the_plugin() -> None:
    page = Page(Actions)
    assert page.begin() == {} and page.moves == [(None, "ada", "unchanged")]
    assert replay_id(page.plugin()) == f"ada/{NOON}"
    page.world.now += 31 * MINUTE
    patch = page.plugin()
    assert patch["session_id"] == page.world.now and replay_id(patch) == f"ada/{page.world.now}"
    assert [move[2] for move in page.moves[1:]] == ["started", "renewed"]


PLUGIN = {
    "name": "Amplitude (Actions)",
    "settings": {"subscriptions": [{"partnerAction": "sessionId", "enabled": True, "subscribe": 'type = "track"'}]},
}


def test_actions_without_its_plugin_is_told_once() -> None:
    page = Page(Actions, {"remotePlugins": [PLUGIN]})
    page.begin()
    page.has_plugin = False
    page.event(allowed=False)
    assert page.problems == []
    page.event()
    page.event()
    assert page.problems == ["plugin-missing"]


def test_actions_without_a_subscription_misses_no_plugin() -> None:
    page = Page(Actions, {"remotePlugins": [{**PLUGIN, "settings": {"subscriptions": []}}]})
    page.begin()
    page.has_plugin = False
    page.event()
    assert page.problems == []


def test_actions_follows_the_plugin_back_when_the_clock_was_put_back() -> None:
    page = Page(Actions)
    page.begin()
    page.plugin()
    page.world.now -= 60 * MINUTE
    page.plugin()
    page.world.now += 31 * MINUTE
    patch = page.plugin()
    assert page.world.now < NOON
    assert replay_id(patch) == f"ada/{page.world.now}" == f"ada/{patch['session_id']}"
    assert page.moves[-1] == (page.world.now, "ada", "returned")


def test_device_mode_follows_amplitude_js_back_when_the_clock_was_put_back() -> None:
    page = Page(ClassicDevice)
    page.begin()
    page.logged()
    page.world.now -= 60 * MINUTE
    page.logged()
    page.world.now += 31 * MINUTE
    patch = page.logged()
    assert page.world.now < NOON
    assert page.world.amplitude["session_id"] == page.world.now == page.world.stored
    assert replay_id(patch) == f"amplitude-device/{page.world.now}"


def test_cloud_mode_s_ids_only_move_forward_and_outlive_no_wrong_clock() -> None:
    page = Page(ClassicCloud)
    page.begin()
    first = page.event()["session_id"]
    page.world.now -= 29 * MINUTE
    assert page.event()["session_id"] == first
    page.world.now += 29 * MINUTE
    page.event()
    page.world.now -= 60 * MINUTE  # an hour: nobody knows how long the visitor was away
    second = page.event()["session_id"]
    assert second == first + 1
    page.world.now += 31 * MINUTE
    third = page.event()["session_id"]
    assert third > second and replay_id(page.event()) == f"ada/{third}"


def test_device_mode_opens_the_session_with_the_very_event_that_opens_it() -> None:
    page = Page(ClassicDevice)
    page.begin()
    assert replay_id(page.logged()) == f"amplitude-device/{NOON}"
    page.world.now += 31 * MINUTE
    patch = page.logged()
    assert page.world.amplitude["session_id"] == page.world.now
    assert replay_id(patch) == f"amplitude-device/{page.world.now}"


def test_device_mode_tells_amplitude_js_of_a_newer_id_that_the_site_has_written_and_of_no_older_one() -> None:
    page = Page(ClassicDevice)
    page.begin()
    page.logged()
    page.world.stored = NOON + 5
    page.look()
    assert page.world.amplitude["session_id"] == NOON + 5 == page.mode.following.session_id
    page.world.stored = NOON - 5
    page.look()
    assert page.world.amplitude["session_id"] == NOON + 5 == page.world.stored


@pytest.mark.parametrize("mode", [Actions, ClassicCloud])
def test_late_events_of_a_visitor_before_reset_carry_what_was_recorded_then(mode: type[Mode]) -> None:
    page = Page(mode)
    page.begin()
    before = page.plugin()
    page.world.now += 5
    page.reset("grace")
    fresh = page.world.stored
    assert fresh > NOON and page.moves[-1] == (fresh, "grace", "identity-changed")
    late = page.event(fresh, anonymous_id="ada")
    assert late["session_id"] == NOON and replay_id(late) == replay_id(before) == f"ada/{NOON}"
    assert replay_id(page.event(fresh)) == f"grace/{fresh}"


@pytest.mark.parametrize("garbage", ["abc", "", "0", -1, 12.5])
def test_garbage_never_stays_on_an_event(garbage: object) -> None:
    page = Page(Actions)
    page.world.stored, page.world.access = garbage, NOON
    page.begin()
    assert page.world.stored is None
    patch = page.event(garbage)
    assert patch["session_id"] == NOON == page.world.stored
    page.world.now += 5
    page.world.stored = garbage
    assert page.event(garbage)["session_id"] == NOON == page.world.stored, "the session goes on"


@pytest.mark.parametrize("mode", [Actions, ClassicCloud])
def test_refused_device_id_records_nothing_and_heals(mode: type[Mode]) -> None:
    page = Page(mode)
    page.world.visitor = "a/b"
    first = page.mode.begin(page.facts())
    assert first.problem and first.problem.code == "device-id" and page.mode.refused
    page.carry_out(first)
    assert page.mode.look(page.facts()).problem is None, "it is said once"
    patch = page.plugin()
    assert patch["session_id"] == NOON and replay_id(patch) is None
    page.world.visitor = "a-b"
    assert replay_id(page.plugin()) == f"a-b/{NOON}"
    assert page.mode.refused is None


@pytest.mark.parametrize("mode", [Actions, ClassicDevice, ClassicCloud])
def test_without_a_recording_an_event_waits_once_and_then_none_does(mode: type[Mode]) -> None:
    page = Page(mode)
    page.begin()
    page.plugin() if mode is Actions else page.logged()
    page.recording = page.settled = False
    session_id = page.world.stored if mode is Actions else None
    event = page.facts({"type": "track", **dict.fromkeys(("name", "category", "user_id", "group_id")), "traits": False,
                        "anonymous_id": "ada", "allowed": True, "session_id": session_id})  # fmt: skip
    assert page.mode.event(event).patch.get("wait") is True
    assert not page.mode.event({**event, "waited": True}).patch.get("wait")
    assert not page.mode.event(event).patch.get("wait"), "nobody waits for what another has waited for in vain"
    page.recording = page.settled = True
    assert replay_id(page.plugin() if mode is Actions else page.logged())


def test_what_the_caller_switched_off_stays_off() -> None:
    page = Page(ClassicCloud)
    page.begin()
    assert "session_id" not in page.event(allowed=False)


@pytest.mark.parametrize("mode", [Actions, ClassicDevice, ClassicCloud])
def test_identify_and_group_carry_no_properties(mode: type[Mode]) -> None:
    page = Page(mode)
    page.begin()
    for kind in ("identify", "group", "alias"):
        assert "properties" not in page.event(NOON, type=kind)


@pytest.mark.parametrize(
    ("event", "settings", "expected"),
    [
        ({"type": "track"}, {}, True),
        ({"type": "page"}, {}, False),
        ({"type": "page"}, {"trackAllPages": True}, True),
        ({"type": "page", "name": "Basket"}, {}, True),
        ({"type": "page", "name": "Basket"}, {"trackNamedPages": False}, False),
        ({"type": "page", "category": "Shop"}, {}, True),
        ({"type": "page", "category": "Shop"}, {"trackCategorizedPages": False}, False),
        ({"type": "identify"}, {}, False),
        ({"type": "identify", "user_id": "ada"}, {}, True),
        ({"type": "identify", "traits": True}, {}, True),
        ({"type": "group"}, {}, False),
        ({"type": "group", "group_id": "g"}, {}, True),
        ({"type": "alias"}, {}, False),
        ({"type": "screen", "name": "Home"}, {}, False),
    ],
)
def test_which_events_amplitude_js_logs(event: dict, settings: dict, expected: bool) -> None:
    empty = {**dict.fromkeys(("name", "category", "user_id", "group_id")), "traits": False}
    assert is_logged({**empty, **event}, settings) is expected


@pytest.mark.parametrize("mode", [Actions, ClassicDevice, ClassicCloud])
def test_a_mode_has_what_its_contract_asks_for(mode: type[Mode]) -> None:
    for name in ("event", "look", "reset"):
        assert getattr(mode, name) is not getattr(Mode, name), name
    assert mode.__doc__ is not None or mode.destinations


@pytest.mark.parametrize("mode", [Actions, ClassicCloud])
def test_a_reset_before_anybody_looked_gives_the_next_visitor_a_session_of_their_own(mode: type[Mode]) -> None:
    page = Page(mode)
    page.world.stored, page.world.access, page.world.visitor = NOON - MINUTE, NOON, "grace"
    page.carry_out(page.mode.first({**page.facts(), "before": "ada"}))
    fresh = page.world.stored
    assert fresh > NOON - MINUTE and page.mode.following.replay_id == f"grace/{fresh}"
    late = page.event(fresh, anonymous_id="ada")
    assert late["session_id"] == NOON - MINUTE and replay_id(late) is None, "it was made then, and not recorded"


@pytest.mark.parametrize("mode", [Actions, ClassicCloud])
def test_the_last_words_after_half_an_hour_belong_to_no_dead_session(mode: type[Mode]) -> None:
    page = Page(mode)
    page.begin()
    page.plugin() if mode is Actions else page.event()
    page.world.now += 31 * MINUTE
    page.reset("grace")
    late = page.event(page.world.stored, anonymous_id="ada")
    assert NOON < late["session_id"] < page.world.stored and replay_id(late) is None


@pytest.mark.parametrize("mode", [Actions, ClassicCloud])
def test_an_event_of_another_device_carries_no_replay_id(mode: type[Mode]) -> None:
    page = Page(mode)
    page.begin()
    page.plugin() if mode is Actions else page.event()
    assert replay_id(page.event(NOON, device_id="another")) is None
    assert page.mode.other_device == "another"
    assert replay_id(page.event(NOON, device_id="ada")) == f"ada/{NOON}"


@pytest.mark.parametrize("garbage", ["abc", -5, 12.5, ""])
def test_garbage_in_storage_is_no_end_of_a_session_of_ours(garbage: object) -> None:
    page = Page(ClassicCloud)
    page.begin()
    page.event()
    page.world.now += 5
    page.world.stored = garbage
    assert page.event()["session_id"] == NOON == page.world.stored
