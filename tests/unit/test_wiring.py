"""The whole wiring in memory, as stories: what happens on a page, and what becomes of it."""

from typing import Any

import pytest

from pyscript_replay.device import REPLAY_ID

from .memory.browser import LAST_ACCESS, SESSION, Browser, Tab, pause, run
from .memory.clock import MINUTE

MODES = ("actions", "classic-device", "classic-cloud")
every_mode = pytest.mark.parametrize("mode", MODES)


def replay_id(event: dict[str, Any]) -> str | None:
    return event["properties"].get(REPLAY_ID)


def its_own(event: dict[str, Any]) -> str:
    """The replay id of an event's own session and device."""
    return f"{event['device_id']}/{event['session_id']}"


def assert_recorded(tab: Tab, event: dict[str, Any]) -> None:
    """The event names its own session, which is the one that the SDK records."""
    assert replay_id(event) == its_own(event) == tab.sdk.running


@every_mode
def test_start_records_and_marks_the_first_event(mode: str) -> None:
    async def story(browser: Browser) -> None:
        tab = await browser.open()
        assert tab.status == "running"
        event = await tab.track()
        assert replay_id(event) == its_own(event) == tab.replay_id == tab.sdk.running
        assert tab.recording and tab.errors == []
        await pause(3)
        assert browser.uploads[-1] == tab.replay_id
        assert browser.sdk_stores, "what the SDK has stored is its own, until it has ended"

    run(mode, story)


@every_mode
def test_renew_after_31_minutes_records_a_new_session_with_the_event_that_opens_it(mode: str) -> None:
    async def story(browser: Browser) -> None:
        tab = await browser.open()
        first = await tab.track()
        await pause(31 * 60)
        second = await tab.track()
        assert second["session_id"] > first["session_id"]
        assert_recorded(tab, second)
        assert second["delayed"] < 500  # it waits for its recording, and no longer
        assert tab.facade.sessions[-1]["reason"] == "renewed"

    run(mode, story)


@every_mode
def test_reload_resumes_the_session(mode: str) -> None:
    async def story(browser: Browser) -> None:
        tab = await browser.open()
        first = await tab.track()
        tab = await tab.reload()
        assert tab.sdk.running == replay_id(first)  # before any event
        assert replay_id(await tab.track()) == replay_id(first)

    run(mode, story)


@pytest.mark.parametrize("mode", ["actions", "classic-cloud"])
def test_reset_is_another_visitor_in_a_new_session(mode: str) -> None:
    async def story(browser: Browser) -> None:
        tab = await browser.open()
        first = await tab.track()
        tab.do(tab.analytics.reset)
        second = await tab.track()
        assert second["device_id"] == browser.visitor != first["device_id"]
        assert second["session_id"] > first["session_id"]
        assert_recorded(tab, second)
        await pause(3)
        assert browser.uploads[-1] == replay_id(second)

    run(mode, story)


def test_reset_does_not_concern_amplitude_js_which_has_a_device_id_of_its_own() -> None:
    async def story(browser: Browser) -> None:
        tab = await browser.open()
        first = await tab.track()
        tab.do(tab.analytics.reset)
        assert replay_id(await tab.track()) == replay_id(first)

    run("classic-device", story)


@pytest.mark.parametrize("mode", ["actions", "classic-cloud"])
def test_late_event_of_before_reset_carries_its_own_replay_or_none(mode: str) -> None:
    async def story(browser: Browser) -> None:
        tab = await browser.open()
        first = await tab.track()

        def both() -> None:
            tab.analytics.event("track", "Late")
            tab.analytics.reset()

        tab.do(both)
        await pause(5)
        late = browser.delivered[-1]
        assert late["name"] == "Late" and late["device_id"] == first["device_id"]
        assert replay_id(late) == its_own(late) == replay_id(first)

    run(mode, story)


@every_mode
def test_stop_ends_the_recording_over_reloads_until_start(mode: str) -> None:
    async def story(browser: Browser) -> None:
        tab = await browser.open()
        await tab.track()
        tab.do(tab.facade.stop)
        await pause(3)
        assert (tab.status, tab.recording, tab.sdk.running, tab.replay_id) == ("stopped", False, None, None)
        assert replay_id(await tab.track()) is None
        assert browser.sdk_stores == set()
        ours = {SESSION, LAST_ACCESS} & set(browser.storage)
        assert ours == ({SESSION, LAST_ACCESS} if mode == "actions" else set()), "the plugin's stays"
        tab = await tab.reload()
        assert (tab.status, tab.sdk.running) == ("stopped", None)
        assert replay_id(await tab.track()) is None
        tab.do(tab.facade.start)
        await pause(1)
        assert tab.status == "running"
        event = await tab.track()
        assert_recorded(tab, event)

    run(mode, story)


@every_mode
def test_consent_wait_asks_stores_and_marks_nothing_before_start(mode: str) -> None:
    async def story(browser: Browser) -> None:
        tab = await browser.open(consent="wait")
        assert tab.status == "waiting"
        event = await tab.track()
        assert replay_id(event) is None and event["delayed"] == 0
        assert (browser.requests, browser.uploads, tab.sdk.snapshots, browser.sdk_stores) == ([], [], [], set())
        assert not tab.booted
        tab.do(tab.facade.start)
        await pause(1)
        assert tab.status == "running"
        event = await tab.track()
        assert replay_id(event) == its_own(event)

    run(mode, story)


@every_mode
def test_recorder_missing_is_told_and_no_event_is_marked(mode: str) -> None:
    async def story(browser: Browser) -> None:
        browser.recorder = "missing"
        tab = await browser.open()
        event = await tab.track()
        assert replay_id(event) is None
        assert (tab.status, tab.errors) == ("failed", ["recording-not-begun"])
        browser.recorder = "there"
        tab.do(tab.facade.start)
        await pause(1)
        assert tab.status == "running"
        event = await tab.track()
        assert replay_id(event) == its_own(event)

    run(mode, story)


@every_mode
@pytest.mark.parametrize("status", [403, 500])
def test_configuration_refused_is_told_and_no_event_is_marked(mode: str, status: int) -> None:
    async def story(browser: Browser) -> None:
        browser.config = status
        tab = await browser.open()
        assert replay_id(await tab.track()) is None
        assert (tab.status, tab.errors) == ("failed", ["recording-not-begun"])
        assert str(status) in tab.facade.errors["recording-not-begun"]["message"]

    run(mode, story)


@every_mode
@pytest.mark.parametrize("status", [403, 500])
def test_configuration_that_was_refused_is_asked_for_again_by_start(mode: str, status: int) -> None:
    async def story(browser: Browser) -> None:
        browser.config = status
        tab = await browser.open()
        await tab.track()
        browser.config = 200
        tab.do(tab.facade.start)
        await pause(1)
        assert tab.status == "running"
        event = await tab.track()
        assert_recorded(tab, event)

    run(mode, story)


def test_configuration_that_was_refused_before_there_was_a_session_is_asked_for_again_with_the_first_one() -> None:
    async def story(browser: Browser) -> None:
        browser.config = 403
        tab = await browser.open()
        assert (tab.status, tab.session_id) == ("running", None)
        browser.config = 200
        event = await tab.track()
        assert_recorded(tab, event)

    run("actions", story)


@every_mode
def test_session_that_is_not_sampled_is_not_recorded_into_the_one_before(mode: str) -> None:
    async def story(browser: Browser) -> None:
        tab = await browser.open()
        await tab.track()
        browser.sampled = False
        await pause(31 * 60)
        assert replay_id(await tab.track()) is None
        assert (tab.status, tab.recording, tab.sdk.running, tab.errors) == ("running", False, None, [])

    run(mode, story)


@every_mode
def test_upload_refused_is_told_and_no_further_event_is_marked(mode: str) -> None:
    async def story(browser: Browser) -> None:
        browser.upload = 403
        tab = await browser.open()
        await tab.track()
        assert (tab.status, tab.recording, tab.errors) == ("failed", False, ["upload-refused"])
        assert replay_id(await tab.track()) is None

    run(mode, story)


@every_mode
def test_upload_that_fails_three_times_in_a_row_is_told(mode: str) -> None:
    async def story(browser: Browser) -> None:
        browser.upload = 503
        browser.storage.update(
            {"analytics_session_id": browser.now(), "analytics_session_id.last_access": browser.now()}
        )
        tab = await browser.open()
        await pause(5)
        assert (len(browser.uploads), tab.errors) == (1, []), "it was tried twice"
        tab.do(tab.facade.flush)
        await pause(2)
        assert (tab.status, tab.errors) == ("failed", ["upload-refused"])

    run(mode, story)


@every_mode
def test_segment_that_comes_late_is_told_once_and_wired_all_the_same(mode: str) -> None:
    async def story(browser: Browser) -> None:
        tab = browser.begin(segment=False)
        await pause(11)
        assert (tab.status, tab.errors) == ("loading", ["segment-missing"])
        tab.do(tab.bring_segment)
        await pause(1)
        assert (tab.status, tab.facade.errors) == ("running", {})
        event = await tab.track()
        assert replay_id(event) == its_own(event)

    run(mode, story)


@every_mode
@pytest.mark.parametrize("garbage", ["abc", "", "0", -5])
def test_garbage_in_storage_is_no_session(mode: str, garbage: Any) -> None:
    async def story(browser: Browser) -> None:
        browser.storage.update({"analytics_session_id": garbage, "analytics_session_id.last_access": browser.now()})
        tab = await browser.open()
        assert browser.storage.get("analytics_session_id") != garbage
        event = await tab.track()
        assert event["session_id"] >= event["made"] - 5000
        assert_recorded(tab, event)
        assert browser.storage["analytics_session_id"] == event["session_id"]

    run(mode, story)


@every_mode
@pytest.mark.parametrize("minutes", [29, 61])
def test_clock_back_follows_the_owner_of_the_session(mode: str, minutes: int) -> None:
    async def story(browser: Browser) -> None:
        tab = await browser.open()
        first = await tab.track()
        browser.clock.set(-minutes * MINUTE)
        for _ in range(2):
            event = await tab.track()
            assert_recorded(tab, event)
            assert event["session_id"] >= first["session_id"] or mode != "classic-cloud"
        await pause(31 * 60)
        event = await tab.track()
        assert_recorded(tab, event)
        assert event["session_id"] > first["session_id"] if mode == "classic-cloud" else True

    run(mode, story)


@every_mode
def test_two_tabs_follow_one_session(mode: str) -> None:
    async def story(browser: Browser) -> None:
        one, other = await browser.open(), await browser.open()
        await one.track()
        await pause(31 * 60)
        event = await one.track()
        assert other.sdk.running == replay_id(event)  # before any event of its own
        assert replay_id(await other.track()) == replay_id(event) == other.sdk.running == one.sdk.running

    run(mode, story)


@every_mode
def test_opt_out_in_another_tab_stops_this_one(mode: str) -> None:
    async def story(browser: Browser) -> None:
        one, other = await browser.open(), await browser.open()
        await one.track()
        other.do(other.facade.stop)
        await pause(3)
        assert (one.status, one.sdk.running) == ("stopped", None)
        assert replay_id(await one.track()) is None

    run(mode, story)


@pytest.mark.parametrize("mode", ["actions", "classic-cloud"])
def test_reset_while_booting_is_another_visitor_in_a_new_session(mode: str) -> None:
    async def story(browser: Browser) -> None:
        tab = await browser.open()
        first = await tab.track()
        tab.close()
        tab = browser.begin()
        tab.do(tab.analytics.reset)
        await pause(1)
        event = await tab.track()
        assert event["device_id"] == browser.visitor != first["device_id"]
        assert event["session_id"] > first["session_id"]
        assert_recorded(tab, event)

    run(mode, story)


@every_mode
def test_stop_ends_the_recording_at_once_and_start_begins_it_again(mode: str) -> None:
    async def story(browser: Browser) -> None:
        tab = await browser.open()
        await tab.track()
        at_once: list[Any] = []
        tab.do(lambda: (tab.facade.stop(), at_once.extend((tab.status, tab.recording, tab.sdk.running))))
        await pause(0.001)
        assert at_once == ["stopped", False, None]
        await pause(3)
        tab.do(tab.facade.start)
        await pause(1)
        assert tab.status == "running"
        event = await tab.track()
        assert tab.recording and replay_id(event) == its_own(event) == tab.sdk.running

    run(mode, story)


@every_mode
def test_start_right_after_stop_keeps_what_the_start_has_stored(mode: str) -> None:
    async def story(browser: Browser) -> None:
        tab = await browser.open()
        await tab.track()
        tab.do(tab.facade.stop)
        tab.do(tab.facade.start)
        await pause(5)
        assert tab.status == "running" and tab.recording
        assert browser.storage["analytics_session_id"] == tab.session_id

    run(mode, story)


@every_mode
def test_recorder_that_hangs_delays_one_event_and_is_told_after_ten_seconds(mode: str) -> None:
    async def story(browser: Browser) -> None:
        browser.recorder = "hanging"
        tab = browser.begin()
        await pause(1)
        first, second = await tab.track(), await tab.track()
        assert first["delayed"] <= 2000 and second["delayed"] == 0
        assert replay_id(first) is replay_id(second) is None and not tab.recording
        await pause(12)
        assert (tab.status, tab.errors) == ("failed", ["recording-not-begun"])

    run(mode, story)


@every_mode
def test_flush_ten_seconds_after_the_begin_is_no_recording_that_has_not_begun(mode: str) -> None:
    async def story(browser: Browser) -> None:
        tab = await browser.open()
        await tab.track()
        for _ in range(200):
            tab.do(tab.facade.flush)
            await pause(0.06)
        assert (tab.status, tab.errors) == ("running", [])

    run(mode, story)


@every_mode
def test_recording_that_the_sdk_ends_by_itself_marks_no_further_event(mode: str) -> None:
    async def story(browser: Browser) -> None:
        tab = await browser.open()
        await tab.track()
        tab.do(tab.sdk.end)
        assert replay_id(await tab.track()) is None
        tab.do(tab.facade.flush)
        await pause(3)
        assert (tab.recording, tab.sdk.running) == (False, None)

    run(mode, story)


@every_mode
def test_visit_after_half_an_hour_is_a_new_session_from_its_first_moment(mode: str) -> None:
    async def story(browser: Browser) -> None:
        tab = await browser.open()
        first = await tab.track()
        tab.close()
        await pause(31 * 60)
        uploaded = len(browser.kept)
        tab = await browser.open()
        second = await tab.track()
        assert_recorded(tab, second)
        assert second["session_id"] > first["session_id"]
        assert [each["reason"] for each in tab.facade.sessions] == ["renewed"]
        await pause(5)
        assert set(browser.kept[uploaded:]) == {replay_id(second)}  # nothing more of the dead session

    run(mode, story)


@every_mode
def test_last_words_after_half_an_hour_belong_to_no_dead_session(mode: str) -> None:
    async def story(browser: Browser) -> None:
        tab = await browser.open()
        dead = await tab.track()
        await pause(31 * 60)

        def leave() -> None:
            tab.analytics.event("track", "Last")
            tab.analytics.reset()
            tab.analytics.event("track", "First")

        tab.do(leave)
        await pause(5)
        last, first = browser.delivered[-2:]
        assert (last["name"], first["name"]) == ("Last", "First")
        assert dead["session_id"] < last["session_id"] <= first["session_id"]
        assert replay_id(last) in (None, its_own(last))
        assert_recorded(tab, first)

    run(mode, story)
