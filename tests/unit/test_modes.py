"""The modes: facts in, a patch out (``modes/base.py`` says what is in them)."""

import pytest

from pyscript_replay.device import REPLAY_ID
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
    assert page.told == []
    assert page.event() == {}
    page.event()
    assert page.told == [
        "plugin-missing: Segment has not loaded its plugin for Amplitude (Actions), which begins the sessions. Allow "
        "Segment's address in script-src, and see whether an ad blocker stops next-integrations/actions/."
    ]


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
    page.recording = False
    page.world.stored, page.world.access, page.world.visitor = NOON - MINUTE, NOON, "grace"
    page.carry_out(page.mode.first({**page.facts(), "before": "ada"}))
    page.recording = True
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


@pytest.mark.parametrize("mode", [Actions, ClassicDevice, ClassicCloud])
def test_a_session_that_is_handed_over_goes_on_whatever_is_stored(mode: type[Mode]) -> None:
    page, device = Page(mode), "amplitude-device" if mode is ClassicDevice else "ada"
    page.world.stored, page.world.access = NOON - 5 * MINUTE, NOON - 5 * MINUTE
    page.world.amplitude.update(session_id=NOON - 5 * MINUTE, last_event_time=NOON - 5 * MINUTE)
    handed = NOON - 20 * MINUTE
    page.carry_out(page.mode.first({**page.facts(), "handed": handed, "before": "grace"}))
    assert page.moves == [(handed, device, "resumed")]
    assert (page.world.stored, page.world.access) == (handed, NOON)
    assert page.world.amplitude["session_id"] == handed
    patch = page.plugin() if mode is Actions else page.logged()
    assert replay_id(patch) == f"{device}/{handed}"


def test_a_session_that_is_handed_over_needs_no_amplitude_js() -> None:
    page = Page(Actions)
    patch = page.mode.first({**page.facts(), "amplitude": None, "handed": NOON - MINUTE}).patch
    assert patch == {"store": NOON - MINUTE, "touch": True}


@pytest.mark.parametrize("mode", [Actions, ClassicCloud])
def test_a_newer_id_in_the_cookie_is_followed_and_put_where_segment_looks_first(mode: type[Mode]) -> None:
    page = Page(mode)
    page.world.stored = page.world.access = NOON - 40 * MINUTE  # both over and older
    page.begin()
    patch = page.carry_out(page.mode.cookie({**page.facts(), "cookie": str(NOON + 5)}))
    assert (patch["store"], page.world.stored, page.world.access) == (NOON + 5, NOON + 5, NOON)
    assert page.mode.following.session_id == NOON + 5


@pytest.mark.parametrize("cookie", ["", "abc", None, str(NOON), str(NOON - 5), "0", "-1"])
def test_an_id_in_the_cookie_that_is_not_newer_or_none_changes_nothing(cookie: str | None) -> None:
    page = Page(Actions)
    page.begin()
    page.plugin()
    assert page.carry_out(page.mode.cookie({**page.facts(), "cookie": cookie})) == {}
    assert page.mode.following.session_id == NOON == page.world.stored


def test_the_first_id_in_the_cookie_is_followed_where_there_was_none() -> None:
    page = Page(Actions)
    page.begin()
    page.carry_out(page.mode.cookie({**page.facts(), "cookie": "1"}))
    assert page.mode.following.session_id == 1 == page.world.stored


@pytest.mark.parametrize("mode", [Actions, ClassicDevice, ClassicCloud])
def test_a_mode_shows_the_doctor_what_is_stored(mode: type[Mode]) -> None:
    page = Page(mode)
    assert page.mode.evidence(page.facts())["stored"] is None
    page.world.stored, page.world.access = str(NOON - 31 * MINUTE), NOON - 31 * MINUTE
    seen = page.mode.evidence(page.facts())
    assert seen["stored"] == NOON - 31 * MINUTE
    assert seen.get("expired") is (True if mode is Actions else None)
    page.world.access = NOON
    assert not page.mode.evidence(page.facts()).get("expired")


FIVE_MINUTES = {"partnerAction": "sessionId", "mapping": {"sessionLength": 5 * MINUTE}}
SHORT = [
    (
        Actions,
        {
            "remotePlugins": [
                {
                    "name": "Amplitude (Actions)",
                    "settings": {"subscriptions": [{"partnerAction": "track"}, FIVE_MINUTES]},
                }
            ]
        },
        {"amplitude_options": {}},
    ),
    (ClassicCloud, {}, {"amplitude_options": {"sessionTimeout": 5 * MINUTE}}),
]


@pytest.mark.parametrize(("mode", "settings", "options"), SHORT)
def test_a_session_is_over_after_as_long_as_the_settings_say(mode: type[Mode], settings: dict, options: dict) -> None:
    for idle, reason in ((5 * MINUTE - 1, "resumed"), (5 * MINUTE, None)):
        page = Page(mode)
        page.mode = mode(options, settings)
        page.world.stored, page.world.access = NOON - MINUTE * 9, NOON - idle
        page.begin()
        assert (page.moves[0][2] == "resumed") is (reason == "resumed")


@pytest.mark.parametrize(("mode", "settings", "options"), [*SHORT, (ClassicDevice, {}, {"amplitude_options": {}})])
def test_an_answer_holds_until_the_session_is_over(mode: type[Mode], settings: dict, options: dict) -> None:
    page = Page(mode)
    page.mode = mode(options, settings)
    page.world.amplitude["session_timeout"] = 5 * MINUTE
    page.begin()
    pass_by = {Actions: page.plugin, ClassicDevice: page.logged, ClassicCloud: page.event}[mode]
    pass_by()
    page.world.now += MINUTE
    # Segment's plugin has stored the time of the event before it is looked at
    assert pass_by()["holds"] == NOON + (6 if mode is Actions else 5) * MINUTE


FOLLOWS_SEGMENT = {"integrations": {"Amplitude": {"preferAnonymousIdForDeviceId": True}}}


def test_device_mode_whose_device_id_is_segment_s_follows_reset_and_tells_amplitude_js() -> None:
    page = Page(ClassicDevice, FOLLOWS_SEGMENT)
    page.begin()
    assert page.world.amplitude["device_id"] == "ada"
    assert replay_id(page.logged()) == f"ada/{NOON}"
    page.world.now += MINUTE
    page.reset("grace")
    fresh = page.world.amplitude["session_id"]
    assert fresh == page.world.now and page.world.amplitude["device_id"] == "grace"
    assert page.moves[-1] == (fresh, "grace", "identity-changed")
    late = page.event(anonymous_id="ada")
    assert replay_id(late) == f"ada/{NOON}"
    assert replay_id(page.logged()) == f"grace/{fresh}"


def test_device_mode_keeps_a_copy_of_amplitude_js_s_session_and_forgets_it_at_the_end() -> None:
    page = Page(ClassicDevice)
    page.begin()
    page.logged()
    assert (page.world.stored, page.world.access) == (NOON, NOON)
    assert page.mode.forget() == ClassicCloud({"amplitude_options": {}}, {}).forget() == {"clear": True}
    assert Actions({}, {}).forget() == {}, "it is the plugin's"


def test_device_mode_an_event_that_amplitude_js_does_not_log_opens_no_session() -> None:
    page = Page(ClassicDevice)
    page.begin()
    assert page.event(type="page") == {} and page.world.amplitude["session_id"] is None
    assert page.event(allowed=False) == {} and page.world.amplitude["session_id"] is None
    page.logged()
    page.world.now += 30 * MINUTE
    page.event()
    assert page.world.amplitude["session_id"] == NOON, "only after more than its time"


@pytest.mark.parametrize("mode", [Actions, ClassicDevice, ClassicCloud])
def test_where_storage_cannot_be_read_events_are_marked_all_the_same(mode: type[Mode]) -> None:
    page = Page(mode)

    def facts(event: dict | None = None) -> dict:
        return {name: value for name, value in Page.facts(page, event).items() if name not in ("stored", "access")}

    page.facts = facts  # pyright: ignore[reportAttributeAccessIssue]
    page.begin()
    for _ in range(2):
        patch = page.event(NOON) if mode is Actions else page.logged()
        page.world.now += MINUTE
        assert replay_id(patch) == f"{page.mode.following.device_id}/{NOON}"


@pytest.mark.parametrize("mode", [Actions, ClassicCloud])
def test_the_event_that_tells_of_a_session_s_end_is_in_that_session_and_of_its_visitor(mode: type[Mode]) -> None:
    page = Page(mode)
    page.begin()
    page.plugin()
    page.world.now += 5
    page.reset("grace")
    ended = page.event(page.world.stored, ends=NOON)
    assert (ended["session_id"], ended["maker"], replay_id(ended)) == (NOON, "ada", f"ada/{NOON}")
    assert "maker" not in page.event(page.world.stored)


def test_actions_follows_what_an_early_hook_shows() -> None:
    page = Page(Actions)
    page.begin()
    event = page.facts({"type": "track", "session_id": str(NOON + 5)})
    page.carry_out(page.mode.look(event))
    assert page.moves[-1] == (NOON + 5, "ada", "started")
    assert page.world.stored == NOON + 5


@pytest.mark.parametrize("mode", [Actions, ClassicCloud])
def test_a_session_that_is_over_is_not_resumed_by_a_look(mode: type[Mode]) -> None:
    page = Page(mode)
    page.world.stored, page.world.access = NOON - 40 * MINUTE, NOON - 31 * MINUTE
    page.look()
    if mode is Actions:
        page.event(None)  # the plugin is blocked
    assert page.mode.following.session_id is None


def test_actions_garbage_after_the_end_of_a_session_begins_one_that_is_later_whatever_the_clock_says() -> None:
    page = Page(Actions)
    page.begin()
    page.plugin()
    page.world.now -= 60 * MINUTE
    page.world.stored, page.world.access = "abc", None
    assert page.event("abc")["session_id"] == NOON + 1 == page.world.stored
    assert page.world.access == page.world.now


@pytest.mark.parametrize("mode", [Actions, ClassicCloud])
def test_a_session_after_reset_is_later_than_any_that_is_known(mode: type[Mode]) -> None:
    page = Page(mode)
    page.begin()
    page.plugin()
    page.world.stored = NOON + 10 * MINUTE  # by a tab whose clock is wrong, and nobody has looked
    page.world.now += MINUTE
    page.reset("grace")
    assert page.world.stored == NOON + 10 * MINUTE + 1 == page.mode.following.session_id
    assert page.world.access == NOON + MINUTE


def test_actions_reset_after_a_session_that_nobody_recorded_leaves_the_next_one_to_the_plugin() -> None:
    page = Page(Actions)
    page.world.stored = page.world.access = NOON - 40 * MINUTE
    page.begin()
    page.reset("grace")
    assert page.mode.following.session_id is None
    page = Page(Actions)
    page.world.stored, page.world.access = NOON - 5 * MINUTE, NOON
    page.reset("grace")  # before anybody has looked
    assert page.moves == [(NOON, "grace", "started")]


def test_cloud_mode_begins_later_than_what_is_stored_from_a_wrong_clock() -> None:
    page = Page(ClassicCloud)
    page.world.stored, page.world.access = NOON + 60 * MINUTE, NOON - 60 * MINUTE
    page.begin()
    assert page.mode.following.session_id == NOON + 60 * MINUTE + 1 == page.world.stored
    assert page.world.access == NOON


def test_a_device_id_is_refused_once_for_each() -> None:
    page = Page(Actions)
    for visitor, said in (("a/b", True), ("a/b", False), ("a/c", True), ("ada", False), ("a/c", True)):
        page.world.visitor = visitor
        assert bool(page.mode.look(page.facts()).problem) is said


@pytest.mark.parametrize("mode", [Actions, ClassicCloud])
def test_a_reset_to_a_device_id_that_is_refused_is_told(mode: type[Mode]) -> None:
    page = Page(mode)
    page.begin()
    page.world.visitor = "a/b"
    page.carry_out(page.mode.reset(page.facts()))
    assert page.problems == ["device-id"]
    page = Page(mode)  # and so is one before anybody has looked
    page.world.visitor = "a/b"
    page.carry_out(page.mode.first({**page.facts(), "before": "ada"}))
    assert page.problems == ["device-id"]


@pytest.mark.parametrize("mode", [Actions, ClassicCloud])
def test_late_events_of_a_visitor_who_changed_without_reset_carry_what_was_recorded_then(mode: type[Mode]) -> None:
    page = Page(mode)
    page.begin()
    page.plugin()
    page.world.visitor = "grace"
    page.look()
    assert page.moves[-1] == (NOON, "grace", "identity-changed")
    assert replay_id(page.event(NOON, anonymous_id="ada")) == f"ada/{NOON}"
    assert replay_id(page.event(NOON)) == f"grace/{NOON}"


def test_device_mode_the_last_words_after_the_end_of_a_session_were_not_recorded() -> None:
    page = Page(ClassicDevice, FOLLOWS_SEGMENT)
    page.begin()
    page.logged()
    page.world.now += 31 * MINUTE
    page.reset("grace")
    assert replay_id(page.event(anonymous_id="ada")) is None


def test_cloud_mode_a_reset_before_anybody_looked_leaves_the_visitor_before_a_session_that_has_just_begun() -> None:
    page = Page(ClassicCloud)
    page.recording, page.world.visitor = False, "grace"
    page.carry_out(page.mode.first({**page.facts(), "before": "ada"}))
    page.recording = True
    assert (page.world.stored, page.world.access) == (NOON + 1, NOON)
    assert page.event(anonymous_id="ada")["session_id"] == NOON


def test_a_reset_before_any_session_stores_nothing() -> None:
    page = Page(Actions)
    page.begin()
    assert page.reset("grace") == {}


def test_cloud_mode_a_look_puts_an_older_id_in_storage_right() -> None:
    page = Page(ClassicCloud)
    page.begin()
    page.world.stored = NOON - 5
    assert page.look() == {"store": NOON}


def test_actions_an_event_of_a_session_that_another_tab_has_left_carries_no_replay_id() -> None:
    page = Page(Actions)
    page.begin()
    page.plugin()
    page.world.stored = NOON + 5
    assert page.event(NOON) == {"session_id": NOON}
    assert page.mode.following.session_id == NOON + 5


@pytest.mark.parametrize("mode", [Actions, ClassicDevice, ClassicCloud])
@pytest.mark.parametrize(
    ("recording", "carried", "marked"),
    [(True, "its own", True), (True, "another", False), (True, None, False), (False, "its own", False)],
)
def test_an_event_is_marked_with_what_the_sdk_wants_it_to_carry_while_that_is_the_present_recording(
    mode: type[Mode], recording: bool, carried: str | None, marked: bool
) -> None:
    page = Page(mode)
    page.begin()
    page.plugin() if mode is Actions else page.logged()
    its_own = {REPLAY_ID: page.mode.following.replay_id, "[Amplitude] Session Replay Debug": "{}"}
    properties = {"its own": its_own, "another": {REPLAY_ID: "another/5"}, None: None}[carried]

    def facts(event: dict | None = None) -> dict:
        return {**Page.facts(page, event), "recording": recording, "properties": properties}

    page.facts = facts  # pyright: ignore[reportAttributeAccessIssue]
    assert page.event(NOON).get("properties") == (its_own if marked else None)


def test_device_mode_keeps_the_copy_with_each_event_and_a_look_that_shows_nothing_new_changes_nothing() -> None:
    page = Page(ClassicDevice)
    page.begin()
    page.logged()
    marked = {"properties": {REPLAY_ID: f"amplitude-device/{NOON}"}, "holds": NOON + 30 * MINUTE}
    assert page.event() == {"store": NOON, "touch": True, **marked}
    assert page.look() == {}
    page.world.stored = None
    page.look()
    assert page.world.stored == NOON


@pytest.mark.parametrize("before", ["begin", "event", "reset"])
def test_device_mode_follows_amplitude_js_that_goes_back_by_itself_and_takes_the_copy_for_no_newer_word(
    before: str,
) -> None:
    page = Page(ClassicDevice, FOLLOWS_SEGMENT)
    page.world.amplitude["session_id"] = NOON
    page.begin()
    if before == "event":
        page.logged()
    elif before == "reset":
        page.reset("grace")
    page.world.amplitude["session_id"] = NOON - MINUTE  # another tab, after the clock was put back
    page.look()
    assert page.mode.following.session_id == page.world.amplitude["session_id"] == page.world.stored == NOON - MINUTE


def test_device_mode_takes_what_an_earlier_page_has_left_in_the_copy_for_no_newer_word() -> None:
    page = Page(ClassicDevice)
    page.world.stored, page.world.amplitude["session_id"] = NOON + 5, NOON
    page.begin()
    assert page.mode.following.session_id == page.world.amplitude["session_id"] == page.world.stored == NOON
    page = Page(ClassicDevice)
    page.world.stored = NOON + 5
    page.begin()  # amplitude-js has no session yet
    page.world.amplitude["session_id"] = NOON
    page.look()
    assert page.mode.following.session_id == page.world.amplitude["session_id"] == page.world.stored == NOON


def test_device_mode_opens_a_session_also_after_one_that_another_tab_has_opened() -> None:
    page = Page(ClassicDevice)
    page.begin()
    page.logged()
    page.world.amplitude.update(session_id=NOON + 5, last_event_time=NOON + 5)
    page.world.stored = NOON + 5
    page.world.now += 31 * MINUTE
    page.event(type="identify", traits=True)
    assert page.world.amplitude["session_id"] == page.world.now == page.mode.following.session_id


@pytest.mark.parametrize(("session_id", "last_event_time"), [(NOON, None), (None, NOON), (NOON, "")])
def test_device_mode_opens_a_session_where_amplitude_js_knows_of_none_or_of_no_last_event(
    session_id: int | None, last_event_time: object
) -> None:
    page = Page(ClassicDevice)
    page.world.amplitude.update(session_id=session_id, last_event_time=last_event_time)
    page.begin()
    page.world.now += 5
    page.event()
    assert page.world.amplitude["session_id"] == NOON + 5 == page.mode.following.session_id


def test_device_mode_a_session_after_reset_is_later_than_amplitude_js_s_whoever_has_opened_it() -> None:
    page = Page(ClassicDevice, FOLLOWS_SEGMENT)
    page.begin()
    page.logged()
    page.world.amplitude["session_id"] = NOON + 10 * MINUTE
    page.reset("grace")
    assert page.world.amplitude["session_id"] == NOON + 10 * MINUTE + 1 == page.mode.following.session_id
