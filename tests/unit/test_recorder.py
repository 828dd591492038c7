"""What is heard of the SDK, and what the page is told of it; what is handed to the SDK, and what it hands on."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from pyscript_replay import ReplayError, options, recorder

from ..runtime import cpython
from .memory.border import promise
from .memory.browser import API_KEY, LAST_ACCESS, SESSION, Browser, Tab, pause, run
from .test_wiring import assert_recorded, every_mode, its_own, replay_id

USER = {"$setOnce": {"first": 1, "both": 1}, "$set": {"plan": "pro", "both": 2}, "$add": {"visits": 1}}


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (
            {"event_type": "Clicked", "session_id": 5, "event_properties": {"on": "buy"}},
            ("track", ["Clicked", {"on": "buy"}], 5),
        ),
        ({"event_type": "Clicked"}, ("track", ["Clicked", {}], None)),
        ({"event_type": "$identify", "session_id": 5, "user_id": "ada"}, ("identify", ["ada", {}], 5)),
        (
            {"event_type": "$identify", "session_id": 5, "user_properties": USER},
            ("identify", [{"first": 1, "plan": "pro", "both": 2}], 5),
        ),
    ],
)
def test_what_the_shell_tracks_by_itself_is_what_segment_calls_it(event: dict, expected: tuple) -> None:
    method, arguments, session_id = expected
    told = {"integrations": {"Amplitude": {"session_id": session_id}}}
    assert recorder.forwarded(event) == (method, [*arguments, told])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"serverZone": "US"}),
        ({"server_zone": "EU", "sample_rate": 0}, {"serverZone": "EU", "sampleRate": 0}),
        ({"sample_rate": 1, "options": {"sampleRate": 0.5}}, {"serverZone": "US", "sampleRate": 1}),
        ({"options": {"sampleRate": 0.5, "optOut": True}}, {"serverZone": "US", "sampleRate": 0.5, "optOut": True}),
    ],
)  # fmt: skip
def test_what_the_sdk_is_given_of_our_options(given: dict, expected: dict) -> None:
    assert recorder.sdk_options(options.from_keywords({"api_key": "k", **given})) == expected


@every_mode
def test_what_the_sdk_is_begun_with(mode: str) -> None:
    async def story(browser: Browser) -> None:
        tab = await browser.open(server_zone="EU", options='{"storeType": "memory"}')
        event = await tab.track()
        given = {"serverZone": "EU", "sampleRate": 1, "storeType": "memory", "deviceId": event["device_id"]}
        begun_with = {name: value for name, value in tab.sdk.options.items() if name not in ("said", "sessionId")}
        assert begun_with == given
        del given["deviceId"]
        assert tab.sdk.plugin_options == (given if mode == "classic-cloud" else {}), "it has options of its own"

    run(mode, story)


def test_the_shell_does_nothing_by_itself_but_what_the_page_asks_for() -> None:
    async def story(browser: Browser) -> None:
        asked = '{"autocapture": true, "sessionTimeout": 60000}'
        tab = await browser.open(server_zone="EU", amplitude_options=asked)
        event = await tab.track()
        assert tab.shell.options == {
            **recorder.SHELL,
            "serverZone": "EU",
            "autocapture": True,
            "sessionTimeout": 2**53 - 1,
            "deviceId": event["device_id"],
            "sessionId": event["session_id"],
        }
        await pause(61)
        renewed = await tab.track()
        assert renewed["session_id"] > event["session_id"], "the page's own timeout counts here"
        assert tab.shell._ids == {"deviceId": event["device_id"], "sessionId": renewed["session_id"]}

    run("classic-cloud", story)


def test_what_the_shell_tracks_goes_to_segment_and_nowhere_else() -> None:
    async def story(browser: Browser) -> None:
        tab = await browser.open(amplitude_options='{"autocapture": true}')
        answers: list[Any] = []

        def clicked() -> None:
            told = tab.shell.track({"event_type": "Clicked", "event_properties": {"on": "buy"}})
            assert set(told) == {"segment", "amplitude"}
            for answer in told.values():
                answer["then"](answers.append, answers.append)

        tab.do(clicked)
        await pause(5)
        (event,) = browser.delivered
        assert (event["name"], event["properties"]["on"]) == ("Clicked", "buy")
        assert_recorded(tab, event)
        assert [(answer["code"], answer["message"], answer["event"]["event_type"]) for answer in answers] == [
            (200, "OK", "Clicked")
        ] * 2

    run("classic-cloud", story)


def upload(status: int, skipped: str = "") -> dict[str, Any]:
    return {"what": "upload", "status": status, "skipped": skipped, "detail": f"it was {status}"}


@pytest.mark.parametrize(
    ("heard", "refused"),
    [
        ([upload(200)], None),
        ([upload(299)], None),
        ([upload(300)], "it was 300"),
        ([upload(199)], "it was 199"),
        ([upload(400)], "it was 400"),
        ([upload(403), upload(500)], "it was 403"),
        ([upload(200, "4004")], "4004"),
        ([upload(200, "429")], None),
        *[([upload(status)] * 2, None) for status in (0, 408, 413, 429, 499, 500, 503)],
        *[([upload(status)] * 3, f"it was {status}") for status in (0, 408, 413, 429, 499, 500, 503)],
        ([upload(0), upload(503), upload(429)], "it was 429"),
        ([upload(503), upload(503), upload(200), upload(503), upload(503)], None),
        ([upload(403), upload(200)], None),
    ],
)
@every_mode
def test_uploads_that_are_refused_or_fail_are_told_until_one_gets_through(
    mode: str, heard: list[dict], refused: str | None
) -> None:
    async def story(browser: Browser) -> None:
        tab = await browser.open()
        await tab.track()
        await pause(3)
        for each in heard:
            tab.do(tab.sdk._tell, each)
        await pause(1)
        assert tab.recording is (refused is None)
        assert (tab.status == "failed") is (refused is not None)
        shown = tab.facade.errors.get("upload-refused")
        assert refused in shown["message"] if refused and shown else shown is None
        event = await tab.track()
        assert replay_id(event) == (None if refused else its_own(event))

    run(mode, story)


def said(reason: str) -> dict[str, Any]:
    return {"what": "said", "reason": reason, "detail": "", "fix": None}


SNAPSHOT = {"what": "snapshot"}


@pytest.mark.parametrize(
    ("heard", "status", "errors"),
    [
        ([SNAPSHOT], "running", []),
        ([said("no-recorder")], "failed", ["recording-not-begun"]),
        ([said("no-recorder"), SNAPSHOT], "running", []),
    ],
)
def test_what_the_sdk_shows_before_it_says_that_it_is_done_counts_once_it_does(
    heard: list[dict], status: str, errors: list[str]
) -> None:
    async def story(browser: Browser) -> None:
        browser.recorder = "hanging"
        browser.storage.update({SESSION: browser.now(), LAST_ACCESS: browser.now()})
        tab = browser.begin()
        init = tab.sdk.it["init"]

        def hasty(*args: Any) -> Any:
            answer = init(*args)
            for each in heard:
                tab.sdk._tell(each)
            return answer

        tab.sdk.it["init"] = hasty
        await pause(1)
        assert (tab.status, tab.errors, tab.recording) == (status, errors, status == "running")

    run("actions", story)


@pytest.mark.parametrize(("mode", "marked"), [("actions", True), ("classic-device", True), ("classic-cloud", False)])
def test_an_event_waits_for_its_snapshot_and_in_the_shell_for_the_sdk_s_init_too(mode: str, marked: bool) -> None:
    async def story(browser: Browser) -> None:
        browser.storage.update({SESSION: browser.now(), LAST_ACCESS: browser.now()})
        tab = browser.begin()
        init = tab.sdk.it["init"]
        done = asyncio.Event()

        async def later(answer: Any) -> None:
            await cpython.settle(cpython.box(answer["promise"]))
            await done.wait()

        tab.sdk.it["init"] = lambda *given: {"promise": promise(later(init(*given)))}
        await pause(1)
        assert tab.recording == marked
        assert bool(replay_id(await tab.track())) == marked
        done.set()
        await pause(1)
        assert_recorded(tab, await tab.track())

    run(mode, story)


def test_an_sdk_that_answers_no_properties_records_nothing_whether_or_not_it_says_why() -> None:
    async def story(browser: Browser) -> None:
        browser.recorder = "hanging"
        tab = browser.begin()
        tab.sdk.it["getSessionReplayProperties"] = dict
        await pause(1)
        event = await tab.track()
        assert replay_id(event) is None and event["delayed"] < 500
        assert (tab.status, tab.errors) == ("running", [])

    run("actions", story)


def test_without_a_session_nothing_is_waited_for_although_the_sdk_does_not_say_that_it_records_nothing() -> None:
    async def story(browser: Browser) -> None:
        tab = browser.blank()
        del tab.sdk.it["getSessionReplayProperties"]
        replay = await tab.connect()
        await pause(1)
        asked_at = browser.loop.time()
        await tab.run(replay.doctor)
        assert browser.loop.time() - asked_at < 1

    run("actions", story)


def unanswered(tab: Tab) -> Callable[[dict[str, Any]], None]:
    """From now on nothing answers the SDK's own uploads. What is returned answers one, as it is told to."""
    tell = tab.sdk._tell
    tab.sdk._tell = lambda told: None if told["what"] == "upload" else tell(told)
    return lambda told: tab.do(tell, told)


def test_start_counts_the_uploads_that_fail_from_the_beginning() -> None:
    async def story(browser: Browser) -> None:
        tab = await browser.open()
        await tab.track()
        answer = unanswered(tab)
        for status in ("failed", "running"):
            for _ in range(3 if status == "failed" else 2):
                answer(upload(503))
            await pause(0.1)
            assert tab.status == status
            tab.do(tab.facade.start)
            await pause(0.2)
            assert tab.status == "running"

    run("actions", story)


def test_start_leaves_a_recording_that_runs_as_it_is() -> None:
    async def story(browser: Browser) -> None:
        browser.storage.update({SESSION: browser.now(), LAST_ACCESS: browser.now()})
        browser.has_plugin = False
        tab = await browser.open()
        await tab.track()
        assert (tab.status, tab.errors, tab.recording) == ("failed", ["plugin-missing"], True)
        tab.do(tab.facade.start)
        await pause(1)
        assert (tab.status, tab.recording, tab.sdk.snapshots) == ("running", True, [tab.replay_id])

    run("actions", story)


def test_a_document_that_is_still_being_loaded_is_waited_for() -> None:
    async def story(browser: Browser) -> None:
        browser.recorder = "hanging"
        tab = browser.begin()
        tab.parses = True
        await tab.track()
        await pause(60)
        assert tab.errors == []
        tab.parses = False
        await pause(11)
        assert tab.errors == ["recording-not-begun"]

    run("actions", story)


@pytest.mark.parametrize("reason", [None, "threw", "sampled-out"])
def test_a_recorder_that_is_loaded_changes_nothing_where_it_was_not_missed(reason: str | None) -> None:
    async def story(browser: Browser) -> None:
        browser.recorder = "hanging" if reason else "there"
        tab = await browser.open()
        tab.do(tab.analytics.event, "track", "Clicked")
        await pause(0.3)
        if reason:
            tab.do(tab.sdk._tell, said(reason))
            await pause(1)
        browser.recorder = "there"
        before = (tab.status, tab.errors[:], tab.sdk.snapshots[:])
        tab.do(tab.sdk._tell, {"what": "loaded"})
        await pause(1)
        assert (tab.status, tab.errors, tab.sdk.snapshots) == before

    run("actions", story)


def test_a_session_that_amplitude_does_not_keep_says_nothing_of_the_next_one() -> None:
    async def story(browser: Browser) -> None:
        tab = await browser.open()
        await tab.track()
        answer = unanswered(tab)
        answer(upload(200, "4004"))
        await pause(31 * 60)
        assert tab.status == "failed"
        assert_recorded(tab, await tab.track())
        assert (tab.status, tab.facade.errors) == ("running", {})

    run("actions", story)


@pytest.mark.parametrize(
    ("config", "reason", "seen"),
    [
        ({"status": 0, "present": False, "detail": "no network"}, "capture-off", "could not be reached: no network"),
        ({"status": 403, "present": False, "detail": "403 Forbidden"}, "capture-off", "answered 403 Forbidden"),
        ({"status": 300, "present": True, "detail": "300"}, "capture-off", "answered 300"),
        ({"status": 200, "present": False, "detail": ""}, "capture-off", "answered nothing about Session Replay"),
        ({"status": 403, "present": False, "detail": "403 Forbidden"}, "no-recorder", "could not load its recorder"),
    ],
)
def test_a_configuration_that_keeps_the_recording_from_beginning_is_named(config: dict, reason: str, seen: str) -> None:
    async def story(browser: Browser) -> None:
        browser.recorder = "hanging"
        tab = await browser.open()
        tab.do(tab.analytics.event, "track", "Clicked")
        await pause(0.3)
        tab.do(tab.sdk._tell, {"what": "config", **config})
        tab.do(tab.sdk._tell, said(reason))
        await pause(1)
        assert tab.status == "failed"
        assert seen in tab.facade.errors["recording-not-begun"]["message"]

    run("actions", story)


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ({"reason": "no-recorder", "detail": "404", "fix": None}, ("record-min.js: 404", "nothing blocks this file")),
        ({"reason": "no-recorder", "detail": "404", "fix": "Mend it."}, ("rrweb-record-min.js: 404", "Mend it.")),
        ({"reason": "threw", "detail": "oh", "fix": None}, ("recorder failed: oh", "browser's console")),
        ({"reason": "sampled-out", "detail": "", "fix": None}, None),
        ({"reason": "targeted", "detail": "", "fix": None}, None),
        ({"reason": "opted-out", "detail": "", "fix": None}, None),
        ({"reason": "capture-off", "detail": "", "fix": None}, None),
    ],
)  # fmt: skip
@every_mode
def test_why_the_sdk_does_not_record_is_told_where_it_should(
    mode: str, told: dict[str, Any], problem: tuple[str, str] | None
) -> None:
    async def story(browser: Browser) -> None:
        browser.recorder = "hanging"
        tab = await browser.open()
        tab.do(tab.analytics.event, "track", "Clicked")
        await pause(0.3)
        tab.do(tab.sdk._tell, {"what": "said", **told})
        await pause(1)
        assert tab.status == ("failed" if problem else "running") and not tab.recording
        if problem:
            shown = tab.facade.errors["recording-not-begun"]
            assert problem[0] in shown["message"] and problem[1] in shown["fix"]

    run(mode, story)


@every_mode
def test_a_recorder_that_comes_late_is_welcome(mode: str) -> None:
    async def story(browser: Browser) -> None:
        browser.recorder = "missing"
        tab = await browser.open()
        await tab.track()
        assert tab.status == "failed"
        browser.recorder = "there"
        tab.do(tab.sdk._tell, {"what": "loaded"})
        await pause(1)
        assert (tab.status, tab.facade.errors) == ("running", {})
        assert_recorded(tab, await tab.track())

    run(mode, story)


def test_after_ten_seconds_without_a_snapshot_the_recording_has_not_begun() -> None:
    async def story(browser: Browser) -> None:
        browser.recorder = "hanging"
        tab = await browser.open()
        await tab.track()
        await pause(12)
        assert tab.facade.errors["recording-not-begun"]["message"] == "after 10 s no full snapshot was taken"

    run("actions", story)


@pytest.mark.parametrize("method", ["init", "setSessionId"])
def test_an_sdk_that_rejects_what_it_was_told_is_told_to_the_page(method: str) -> None:
    async def story(browser: Browser) -> None:
        thrown = {"name": "RangeError", "message": "oh"}
        tab = browser.begin()
        tab.sdk.it[method] = lambda *_: {"promise": {"then": lambda _, reject: reject(thrown)}}
        await pause(1)
        event = await tab.track()
        assert replay_id(event) is None
        assert (tab.status, tab.errors) == ("failed", ["recording-not-begun"])
        assert tab.facade.errors["recording-not-begun"]["message"] == "the SDK's recorder failed: RangeError: oh"

    run("actions", story)


@every_mode
def test_an_sdk_that_rejects_the_next_session_is_told_to_the_page(mode: str) -> None:
    async def story(browser: Browser) -> None:
        tab = await browser.open()
        await tab.track()
        browser.recorder = "hanging"
        moved = tab.sdk.it["setSessionId"]

        def rejected(session_id: int) -> dict[str, Any]:
            moved(session_id)
            return {"promise": {"then": lambda _, reject: reject({"name": "RangeError", "message": "oh"})}}

        tab.sdk.it["setSessionId"] = rejected
        await pause(31 * 60)
        assert replay_id(await tab.track()) is None
        assert tab.facade.errors["recording-not-begun"]["message"] == "the SDK's recorder failed: RangeError: oh"

    run(mode, story)


def test_a_page_that_spoils_json_is_told_and_nothing_is_recorded() -> None:
    async def story(browser: Browser) -> None:
        browser.json_is_patched = True
        with pytest.raises(ReplayError) as raised:
            await browser.blank().connect()
        assert str(raised.value) == (
            "json-patched: the page's own toJSON on Array.prototype or Object.prototype makes JSON.stringify() answer "
            "something else. Take it away (prototype.js before 1.7 has one), for what the SDKs send "
            "would be unreadable."
        )
        assert browser.requests == []

    run("actions", story)


def test_a_key_that_amplitude_refuses_is_refused_for_the_next_session_too() -> None:
    async def story(browser: Browser) -> None:
        tab = await browser.open()
        await tab.track()
        browser.upload = 403
        await tab.track()
        await pause(10)
        assert (tab.status, tab.errors) == ("failed", ["upload-refused"])
        await pause(31 * 60)
        assert replay_id(await tab.track()) is None
        assert (tab.status, tab.errors) == ("failed", ["upload-refused"])

    run("actions", story)


def test_an_sdk_that_does_not_say_what_it_records_is_waited_for() -> None:
    async def story(browser: Browser) -> None:
        def throws() -> None:
            raise cpython.Thrown({"name": "TypeError", "message": "not yet"})

        tab = await browser.open()
        tab.sdk.it["getSessionReplayProperties"] = throws
        assert_recorded(tab, await tab.track())

    run("actions", story)


def test_the_shell_has_the_plugin_once_whatever_becomes_of_the_visitor() -> None:
    async def story(browser: Browser) -> None:
        tab = await browser.open()
        await tab.track()
        for _ in range(2):
            tab.do(tab.analytics.reset)
            event = await tab.track()
            assert_recorded(tab, event)
            assert [plugin["name"] for plugin in tab.shell._plugins].count("session-replay") == 1
            assert tab.shell._ids == {"deviceId": event["device_id"], "sessionId": event["session_id"]}

    run("classic-cloud", story)


@pytest.mark.parametrize("when", ["at first", "for the next visitor"])
def test_an_sdk_that_cannot_begin_is_taken_out_of_the_shell_and_may_be_tried_again(when: str) -> None:
    async def story(browser: Browser) -> None:
        tab = browser.begin()
        init, broken = tab.sdk.it["init"], when == "at first"

        def begun(*given: Any) -> dict[str, Any]:
            answer = init(*given)
            thrown = {"name": "RangeError", "message": "oh"}
            return {"promise": {"then": lambda _, reject: reject(thrown)}} if broken else answer

        tab.sdk.it["init"] = begun
        await pause(1)
        if not broken:
            assert_recorded(tab, await tab.track())
            broken = True
            tab.do(tab.analytics.reset)
        assert replay_id(await tab.track()) is None
        assert (tab.status, tab.recording) == ("failed", False)
        assert tab.facade.errors["recording-not-begun"]["message"] == "the SDK's recorder failed: RangeError: oh"
        await pause(60)
        assert replay_id(await tab.track()) is None
        if tab.shell:
            assert "session-replay" not in [plugin["name"] for plugin in tab.shell._plugins]
        broken = False
        tab.do(tab.facade.start)
        await pause(1)
        assert_recorded(tab, await tab.track())
        assert [plugin["name"] for plugin in tab.shell._plugins].count("session-replay") == 1

    run("classic-cloud", story)


def test_each_recording_has_ten_seconds_of_its_own_to_begin() -> None:
    async def story(browser: Browser) -> None:
        browser.recorder = "hanging"
        tab = browser.begin()
        tab.do(tab.analytics.event, "track", "Clicked")
        await pause(9)
        tab.do(tab.analytics.reset)
        tab.do(tab.analytics.event, "track", "Clicked")
        await pause(9)
        assert tab.errors == []
        await pause(2)
        assert tab.errors == ["recording-not-begun"]

    run("actions", story)


@pytest.mark.parametrize(
    ("error", "fix"),
    [
        (
            {"message": "Failed to fetch dynamically imported module"},
            "Check that the bundle is complete and that script-src",
        ),
        ({"message": "IMPORT failed"}, "Check that the bundle is complete and that script-src"),
        ({"message": "cannot assign to a frozen object"}, "See which script of the page freezes or replaces"),
        ({"message": "import failed", "fix": "Mend it."}, "Mend it."),
    ],
)
def test_an_sdk_that_cannot_be_loaded_is_told_with_the_fix_of_its_cause(error: dict, fix: str) -> None:
    async def story(browser: Browser) -> None:
        browser.sdk_load = error
        tab = await browser.open()
        shown = tab.facade.errors["sdk-load"]
        assert tab.status == "failed" and shown["fix"].startswith(fix)
        assert shown["message"] == f"the SDK session-replay could not be loaded: {error['message']}"
        assert replay_id(await tab.track()) is None

    run("actions", story)


def test_the_sdk_is_stored_for_by_the_first_ten_characters_of_the_key() -> None:
    async def story(browser: Browser) -> None:
        stores = [
            *("AMP_SR_START_0123456789", "AMP_remote_config_0123456789", "AMP_diagnostics_0123456789_x"),
            *("0123456789_amp_session_replay_events", "0123456789_amp_targeting_x"),
        ]
        others = ["AMP_0123456789", "AMP_remote_config_9876543210", "AMP_TEST"]
        tab = await browser.open()
        await tab.track()
        browser.sdk_stores.update(stores + others)
        tab.do(tab.facade.stop)
        await pause(5)
        assert browser.sdk_stores == set(others) and API_KEY.startswith("0123456789")

    run("actions", story)


def test_problems_are_named_with_what_was_seen_unless_the_cause_is_known_better() -> None:
    usual = recorder.problem(recorder.THREW, "oh")
    assert isinstance(usual, ReplayError)
    assert (usual.code, usual.message) == ("recording-not-begun", "the SDK's recorder failed: oh")
    assert usual.fix == recorder.PROBLEMS[recorder.THREW][2]
    assert recorder.problem(recorder.THREW, "oh", "Mend it.").fix == "Mend it."
