"""``connect()`` in the page's own Python, in memory: what a ``Replay`` answers, and what it is told."""

import types
from typing import Any

import pytest

from pyscript_replay import ReplayError, bridge, connect, doctor, lifecycle
from pyscript_replay.device import REPLAY_ID
from pyscript_replay.modes.classic_cloud import ClassicCloud

from ..histories import EXCLUDED
from ..runtime import cpython
from ..runtime.stories import SOUND
from .memory.browser import API_KEY, LAST_ACCESS, SESSION, Browser, Tab, pause, run
from .memory.clock import MINUTE
from .test_wiring import assert_recorded, every_mode, its_own, replay_id

URL = "https://help.example/?r={replayId}"


async def opened(browser: Browser, **options: Any) -> tuple[Tab, Any]:
    tab = browser.blank()
    return tab, await tab.connect(**options)


@every_mode
def test_connect_answers_a_replay_that_says_what_the_page_says(mode: str) -> None:
    async def story(browser: Browser) -> None:
        tab, replay = await opened(browser)
        event = await tab.track()
        assert_recorded(tab, event)
        assert (replay.mode, replay.status, replay.recording) == (mode, "running", True)
        assert (replay.session_id, replay.device_id) == (event["session_id"], event["device_id"])
        assert replay.replay_id == tab.replay_id == its_own(event)
        assert replay.replay_url is None and tab.facade.it["deviceId"] == replay.device_id
        assert await tab.run(lambda: replay.ready) is replay

    run(mode, story)


@every_mode
def test_connect_stop_and_start(mode: str) -> None:
    async def story(browser: Browser) -> None:
        tab, replay = await opened(browser)
        await tab.track()
        await tab.run(replay.stop)
        assert (replay.status, replay.recording, replay.session_id, replay.replay_id) == ("stopped", False, None, None)
        assert tab.sdk.running is None and tab.facade.opted_out
        assert [tab.facade.it[name] for name in ("sessionId", "deviceId", "replayId", "recording")] == [None] * 3 + [
            False
        ]
        assert await tab.run(replay.start) is replay
        event = await tab.track()
        assert_recorded(tab, event)
        assert not tab.facade.opted_out

    run(mode, story)


@every_mode
def test_connect_stop_comes_back_when_the_rest_is_uploaded_and_what_the_sdk_has_stored_is_deleted(mode: str) -> None:
    async def story(browser: Browser) -> None:
        tab, replay = await opened(browser)
        tab.do(tab.analytics.event, "track", "Clicked")
        await pause(0.1)
        recorded = tab.replay_id
        assert tab.recording and browser.uploads == []
        await tab.run(replay.stop)
        assert (set(browser.uploads), browser.sdk_stores) == ({recorded}, set())

    run(mode, story)


@every_mode
def test_connect_flush_uploads_what_was_recorded(mode: str) -> None:
    async def story(browser: Browser) -> None:
        tab, replay = await opened(browser)
        event = await tab.track()
        await pause(0.1)
        before = len(browser.uploads)
        await tab.run(replay.flush)
        await tab.run(replay.flush)
        assert len(browser.uploads) > before and set(browser.uploads) == {its_own(event)}
        assert replay.recording

    run(mode, story)


@pytest.mark.parametrize("method", ["flush", "stop"])
@every_mode
def test_connect_uploads_what_was_recorded_although_amplitude_has_told_the_sdk_to_slow_down(
    mode: str, method: str
) -> None:
    async def story(browser: Browser) -> None:
        tab, replay = await opened(browser)
        event = await tab.track()
        before = len(browser.kept)
        tab.sdk.throttled_until = browser.loop.time() + 60
        tab.do(tab.sdk.properties)  # what is recorded
        await tab.run(getattr(replay, method))
        assert set(browser.kept[before:]) == {its_own(event)}

    run(mode, story)


@every_mode
def test_connect_tracks_on_segment(mode: str) -> None:
    async def story(browser: Browser) -> None:
        tab, replay = await opened(browser)
        await tab.run(lambda: replay.track("Bought", {"price": 5}))
        await tab.run(lambda: replay.track("Left"))
        await pause(5)
        bought, left = browser.delivered
        assert (bought["name"], bought["properties"]["price"], left["name"]) == ("Bought", 5, "Left")
        assert replay_id(left) == its_own(left)

    run(mode, story)


@every_mode
def test_connect_with_consent_wait_begins_with_start(mode: str) -> None:
    async def story(browser: Browser) -> None:
        tab, replay = await opened(browser, consent="wait")
        assert replay.status == "waiting" and browser.requests == []
        await tab.run(replay.flush)
        await tab.run(replay.start)
        assert_recorded(tab, await tab.track())

    run(mode, story)


@every_mode
def test_on_session_hears_of_each_transition_and_who_comes_late_of_the_present_one(mode: str) -> None:
    async def story(browser: Browser) -> None:
        heard: list[tuple] = []
        tab, replay = await opened(browser, on_session=lambda *told: heard.append(("first", *told)))
        first = await tab.track()
        late: list[tuple] = []

        @replay.on_session
        def listener(*told: Any) -> None:
            late.append(told)

        assert callable(listener)
        begun = (None, first["session_id"], first["device_id"], "started")
        assert heard == [("first", *begun)] and late == [begun]
        await pause(31 * 60)
        second = await tab.track()
        moved = (first["session_id"], second["session_id"], second["device_id"], "renewed")
        assert heard[1:] == [("first", *moved)] and late[1:] == [moved]
        assert [
            (told["previous"], told["current"], told["deviceId"], told["reason"]) for told in tab.facade.sessions
        ] == [
            begun,
            moved,
        ]

    run(mode, story)


def test_on_session_a_listener_that_fails_is_told_and_the_recording_goes_on() -> None:
    async def story(browser: Browser) -> None:
        heard: list[Any] = []

        def failing(*_: Any) -> None:
            raise ValueError("no")

        async def slow(previous: Any, current: Any, *_: Any) -> None:
            await bridge.sleep(5)
            heard.append(current)

        tab, replay = await opened(browser, on_session=failing)
        replay.on_session(slow)
        event = await tab.track()
        assert_recorded(tab, event)
        assert list(tab.facade.errors.values()) == [
            {
                "code": "listener",
                "message": "a listener of on_session failed: ValueError('no')",
                "fix": "Mend it; the recording goes on.",
            }
        ]
        assert heard == [event["session_id"]]

    run("actions", story)


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        ({"on_session": 5}, "option-value", "on_session is 5"),
        (
            {"options": {"privacyConfig": {"blockSelector": "!"}}},
            "option-value",
            "options has privacyConfig.blockSelector: '!'",
        ),
        ({"api_key": ""}, "option-value", "api_key is ''"),
        ({"mood": "gay"}, "option-unknown", "there is no option mood"),
        ({"mode": "action"}, "option-value", "mode is 'action'"),
    ],
)
def test_connect_refuses_what_is_no_option_and_leaves_the_page_to_another_call(
    options: dict, code: str, message: str
) -> None:
    async def story(browser: Browser) -> None:
        tab = browser.blank()
        with pytest.raises(ReplayError) as raised:
            await tab.connect(**options)
        assert (raised.value.code, raised.value.message) == (code, message)
        assert raised.value.fix.startswith(("It takes", "Did you mean", "The SDK takes"))
        await tab.connect(options={"privacyConfig": {"blockSelector": ".secret"}})
        assert_recorded(tab, await tab.track())

    run("actions", story)


def test_connect_twice_is_an_error_but_not_after_a_failure() -> None:
    async def story(browser: Browser) -> None:
        browser.sdk_load = {"message": "it is not there"}
        tab = browser.blank()
        with pytest.raises(ReplayError) as raised:
            await tab.connect()
        assert raised.value.code == "sdk-load" and "it is not there" in raised.value.message
        browser.sdk_load = None
        replay = await tab.connect()
        assert replay.status == "running"
        with pytest.raises(ReplayError) as raised:
            await tab.connect()
        assert str(raised.value) == (
            "connect-twice: this page is wired already. Use the Replay that the first call answered."
        )

    run("actions", story)


def test_connect_warns_of_a_missing_sample_rate_and_of_what_the_sdk_ignores() -> None:
    async def story(browser: Browser) -> None:
        tab, _ = await opened(browser)
        assert tab.warnings == []
        tab, _ = await opened(browser, sample_rate=None, options={"sampleRate": 0.5})
        assert tab.warnings == []
        tab, _ = await opened(browser, sample_rate=None, options={"debugmode": True})
        ignored, rate = tab.warnings
        assert ignored == (
            "pyscript-replay: options has debugmode, which the SDK does not know there. Did you mean debugMode?"
        )
        assert rate == (
            "pyscript-replay: no sample rate is set: nothing is recorded unless Amplitude's remote configuration "
            "sets one. Set data-sample-rate (1 records every session)."
        )
        assert all(text.startswith("pyscript-replay: ") for text in tab.warnings)

    run("actions", story)


def test_connect_that_nobody_awaits_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "RUNTIME", "micropython")

    async def story(browser: Browser) -> None:
        tab = browser.blank()

        async def forgets() -> None:
            connecting = connect("actions", api_key=API_KEY)
            with pytest.raises(ReplayError) as raised:
                connecting.replay_id  # noqa: B018 # pyright: ignore[reportAttributeAccessIssue]
            assert str(raised.value) == (
                "not-awaited: connect() was called, but not awaited. Write: replay = await connect(…)."
            )
            await bridge.sleep(2000)
            connecting.close()

        await tab.run(forgets)
        assert [text for text in tab.warnings if "not-awaited" in text and "await connect" in text] == tab.warnings
        assert len(tab.warnings) == 1
        tab = browser.blank()
        await tab.connect()
        await pause(2)
        assert tab.warnings == []

    run("actions", story)


@every_mode
def test_doctor_finds_a_sound_page_sound(mode: str) -> None:
    async def story(browser: Browser) -> None:
        tab, replay = await opened(browser)
        await tab.track()
        await pause(3)
        findings = await tab.run(replay.doctor)
        assert [each["code"] for each in findings] == SOUND
        evidence = await tab.run(replay.evidence)
        assert (evidence["mode"], evidence["why"], evidence["applying"]) == (mode, "it was set", [mode])
        assert (evidence["api_key"], evidence["zone"], evidence["sample_rate"]) == (API_KEY, "US", 1)
        assert evidence["session_id"] == evidence["sdk"]["session_id"] == replay.session_id
        assert evidence["device_id"] == evidence["sdk"]["device_id"] == replay.device_id
        assert (evidence["masking"], evidence["reason"], evidence["off"]) == ("medium", None, None)
        assert (evidence["status"], evidence["errors"], evidence["awaited"]) == ("running", [], "the recording")
        assert evidence["plugins"] == browser.plugins and evidence["stored"] == replay.session_id

    run(mode, story)


@every_mode
def test_doctor_that_is_asked_at_once_waits_for_the_recording(mode: str) -> None:
    async def story(browser: Browser) -> None:
        browser.storage.update({SESSION: browser.now(), LAST_ACCESS: browser.now()})
        tab, replay = await opened(browser)
        findings = await tab.run(replay.doctor)
        assert "not-recording" not in [each["code"] for each in findings]

    run(mode, story)


@every_mode
@pytest.mark.parametrize(
    ("fault", "codes"),
    [
        ({"config": 403}, {"recording-not-begun", "config-refused", "not-recording"}),
        ({"upload": 403}, {"upload-refused"}),
        ({"sampled": False}, {"sampled-out"}),
    ],
)
def test_doctor_names_what_is_wrong(mode: str, fault: dict, codes: set[str]) -> None:
    async def story(browser: Browser) -> None:
        tab, replay = await opened(browser)
        for name, value in fault.items():
            setattr(browser, name, value)
        tab.do(tab.facade.stop)
        await pause(3)
        tab.do(tab.facade.start)
        await tab.track()
        await pause(15)
        findings = await tab.run(replay.doctor)
        assert {each["code"] for each in findings if each["level"] != "ok"} & codes, findings

    run(mode, story)


def test_doctor_before_anything_is_there_says_what_is_awaited() -> None:
    async def story(browser: Browser) -> None:
        tab = browser.begin(segment=False)
        await pause(1)
        asked: Any = tab.facade._effects["doctor"]
        found: list[Any] = []
        tab.do(lambda: asked()["then"](found.append, found.append))
        await pause(1)
        (findings,) = found
        loading = next(each for each in findings if each["code"] == "loading")
        assert loading["message"] == "the page is not ready yet: Segment or the SDK is still on its way"

    run("actions", story)


@every_mode
def test_auto_finds_the_mode_and_says_why(mode: str) -> None:
    async def story(browser: Browser) -> None:
        tab, replay = await opened(browser, mode="auto")
        assert replay.mode == tab.facade.it["mode"] == mode
        assert_recorded(tab, await tab.track())
        evidence = await tab.run(replay.evidence)
        assert evidence["why"] != "it was set"

    run(mode, story)


@every_mode
def test_replay_url_names_the_present_replay_and_is_put_on_events_where_asked_for(mode: str) -> None:
    async def story(browser: Browser) -> None:
        tab, replay = await opened(browser, replay_url=URL, replay_url_property="replay")
        event = await tab.track()
        encoded = its_own(event).replace("/", "%2F")
        assert event["properties"]["replay"] == replay.replay_url == f"https://help.example/?r={encoded}"
        assert tab.facade.it["replayUrl"] == replay.replay_url
        await tab.run(replay.stop)
        assert replay.replay_url is tab.facade.it["replayUrl"] is None
        assert "replay" not in (await tab.track())["properties"]

    run(mode, story)


@every_mode
@pytest.mark.parametrize(
    ("named", "integrations", "carried"),
    [({"replay_url_property": "replay"}, EXCLUDED, set()), ({}, {}, {REPLAY_ID})],
)
def test_replay_url_is_put_on_no_event_without_a_replay_and_nowhere_unless_the_property_is_named(
    mode: str, named: dict, integrations: dict, carried: set
) -> None:
    async def story(browser: Browser) -> None:
        tab, _ = await opened(browser, replay_url=URL, **named)
        event = await tab.track(integrations=integrations)
        assert set(event["properties"]) == carried

    run(mode, story)


@every_mode
def test_session_events_tell_start_and_end_by_the_tab_in_which_the_session_begins(mode: str) -> None:
    async def story(browser: Browser) -> None:
        tab, _ = await opened(browser, session_events="on")
        tab.do(lambda: tab.analytics.event("track", "Clicked"))
        await pause(5)
        first = browser.delivered[0]
        other, _ = await opened(browser, session_events="on")
        await pause(31 * 60)
        tab.do(lambda: tab.analytics.event("track", "Back"))
        await pause(5)
        second = next(each for each in browser.delivered if each["name"] == "Back")
        told = [
            (each["name"], each["properties"]["session_id"]) for each in browser.delivered if "session_" in each["name"]
        ]
        assert told == [
            ("session_started", first["session_id"]),
            ("session_ended", first["session_id"]),
            ("session_started", second["session_id"]),
        ]
        assert not other.closed

    run(mode, story)


@pytest.mark.parametrize("mode", ["actions", "classic-cloud"])
def test_url_session_of_this_device_goes_on(mode: str) -> None:
    async def story(browser: Browser) -> None:
        handed = browser.now() - 60_000
        tab = browser.blank()
        tab.address = (
            f"https://shop.example/?ajs_aid={browser.visitor}&ampSessionId={handed}&ampTimestamp={browser.now() + 9}"
        )
        replay = await tab.connect(url_session="follow")
        assert replay.session_id == browser.storage[SESSION] == handed
        event = await tab.track()
        assert event["session_id"] == handed
        assert_recorded(tab, event)

    run(mode, story)


@pytest.mark.parametrize("mode", ["actions", "classic-cloud"])
@pytest.mark.parametrize(
    "address",
    [
        "https://shop.example/",
        "https://shop.example/?ajs_aid=another&ampSessionId={handed}&ampTimestamp={later}",
        "https://shop.example/?ajs_aid=visitor-0&ampSessionId={handed}&ampTimestamp={now}",
    ],
)
def test_url_session_of_another_device_or_over_is_not_taken(mode: str, address: str) -> None:
    async def story(browser: Browser) -> None:
        handed = browser.now() - 60_000
        tab = browser.blank()
        tab.address = address.format(handed=handed, later=browser.now() + 60_000, now=browser.now())
        await tab.connect(url_session="follow")
        event = await tab.track()
        assert event["session_id"] != handed
        assert_recorded(tab, event)

    run(mode, story)


def test_amplitude_js_that_does_not_come_is_told_and_welcome_later() -> None:
    async def story(browser: Browser) -> None:
        browser.brings_amplitude = False
        tab = browser.begin()
        await pause(9)
        assert tab.status == "loading"
        await pause(2)
        assert (tab.status, tab.errors) == ("failed", ["amplitude-missing"])
        told = tab.facade.errors["amplitude-missing"]
        assert told["message"] == "after 10 s Segment has not brought amplitude-js"
        assert told["fix"].startswith("Check that the Amplitude destination is in device-mode")
        assert replay_id(await tab.track()) is None
        tab.do(tab.amplitude.init)
        await pause(1)
        assert (tab.status, tab.facade.errors) == ("running", {})
        assert_recorded(tab, await tab.track())

    run("classic-device", story)


@pytest.mark.parametrize(
    ("given", "config", "rate", "masking"),
    [
        ({"sample_rate": 0.5}, 200, 0.5, "medium"),
        ({"sample_rate": None}, 200, 0, "medium"),
        ({"sample_rate": None}, 403, None, "medium"),
        ({"sample_rate": None, "options": {"sampleRate": 0.25}}, 200, 0.25, "medium"),
        ({"options": {"privacyConfig": {"defaultMaskLevel": "light"}}}, 200, 1, "light"),
    ],
)
def test_doctor_is_shown_the_options_in_force(given: dict, config: int, rate: float | None, masking: str) -> None:
    async def story(browser: Browser) -> None:
        browser.config = config
        tab, replay = await opened(browser, **given)
        seen = await tab.run(replay.evidence)
        assert (seen["sample_rate"], seen["masking"]) == (rate, masking)

    run("actions", story)


@pytest.mark.parametrize(
    ("settings", "reach", "off"),
    [
        ({}, {"disabled": True}, "segment-disabled"),
        ({"consentSettings": {"allCategories": ["analytics"]}}, {}, "consent-refused"),
    ],
)
def test_auto_that_finds_no_mode_for_want_of_consent_is_no_error(settings: dict, reach: dict, off: str) -> None:
    async def story(browser: Browser) -> None:
        browser.settings, browser.plugins, browser.reach = settings, [], reach
        tab = await browser.open(mode="auto")
        assert (tab.status, tab.errors, tab.recording) == ("running", [], False)
        assert (browser.requests, replay_id(await tab.track())) == ([], None)
        tab.do(tab.facade.happened, lifecycle.BACK)  # from the back/forward cache, say
        await pause(1)
        assert (tab.status, tab.errors) == ("running", [])
        found: list[Any] = []
        tab.do(lambda: tab.facade._effects["doctor"]()["then"](found.append, found.append))
        await pause(1)
        (finding,) = [each for each in found[0] if each["code"] == "switched-off"]
        assert finding["message"] == f"nothing is recorded: {doctor.OFF[off][0]}"

    run("actions", story)


def test_auto_that_finds_no_mode_otherwise_is_an_error() -> None:
    async def story(browser: Browser) -> None:
        browser.settings, browser.plugins = {"integrations": {}}, []
        tab = await browser.open(mode="auto")
        assert (tab.status, tab.errors) == ("failed", ["mode-unknown"])

    run("actions", story)


@every_mode
def test_consent_that_is_refused_ends_the_recording_and_is_no_error_and_given_again_begins_one(mode: str) -> None:
    async def story(browser: Browser) -> None:
        browser.settings = {**browser.settings, "consentSettings": {"allCategories": ["analytics"]}}
        browser.reach = {"consent": {"analytics": True}}
        tab, replay = await opened(browser)
        assert_recorded(tab, await tab.track())
        browser.reach = {"consent": {"analytics": False}}
        event = await tab.track()
        await pause(5)  # what was recorded until then is sent
        before = len(browser.requests)
        assert replay_id(await tab.track()) is None
        await pause(5)
        assert replay_id(event) is None
        assert (tab.status, tab.errors, tab.recording, tab.sdk.running) == ("running", [], False, None)
        assert (replay.session_id, len(browser.requests)) == (None, before)
        assert (await tab.run(replay.evidence))["off"] == "consent-refused"
        browser.reach = {"consent": {"analytics": True}}
        await tab.track()
        assert_recorded(tab, await tab.track())
        tab.do(tab.sdk._tell, {"what": "upload", "status": 403, "skipped": "", "detail": ""})
        await pause(1)
        assert tab.status == "failed", "and what then goes wrong is told"

    run(mode, story)


def test_a_device_id_that_amplitude_does_not_accept_is_told_until_there_is_another() -> None:
    async def story(browser: Browser) -> None:
        browser.visitor = "a/b"
        tab = await browser.open()
        assert (tab.status, tab.errors) == ("failed", ["device-id"])
        assert replay_id(await tab.track()) is None
        tab.do(tab.facade.start)
        await pause(1)
        assert (tab.status, tab.errors) == ("failed", ["device-id"]), "no start() changes that"
        tab.do(tab.analytics.reset)
        await tab.track()
        assert_recorded(tab, await tab.track())
        assert (tab.status, tab.facade.errors) == ("running", {})

    run("actions", story)


def test_whatever_the_page_throws_is_an_error_with_a_code() -> None:
    async def story(browser: Browser) -> None:
        tab, replay = await opened(browser)
        thrown = {"name": "TypeError", "message": "it is broken"}
        tab.facade.it["track"] = lambda *_: {"then": lambda _, reject: reject(thrown)}
        with pytest.raises(ReplayError) as raised:
            await tab.run(lambda: replay.track("Bought"))
        assert (raised.value.code, raised.value.message) == ("internal", "it is broken")
        assert raised.value.fix.startswith("Please report this")

    run("actions", story)


def test_a_track_of_the_page_s_own_that_throws_keeps_no_session_from_moving() -> None:
    async def story(browser: Browser) -> None:
        tab = browser.blank()

        def throws(*_: Any) -> None:
            raise cpython.Thrown({"name": "TypeError", "message": "it is broken"})

        tab.watch.it["call"] = throws
        await tab.connect(session_events="on")
        assert_recorded(tab, await tab.track())
        assert tab.errors == ["internal"] and "it is broken" in tab.facade.errors["internal"]["message"]

    run("actions", story)


def test_connect_in_a_worker_is_an_error_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "IN_WORKER", True)

    async def story(browser: Browser) -> None:
        with pytest.raises(ReplayError) as raised:
            await browser.blank().connect()
        assert str(raised.value) == (
            "worker: this Python runs in a worker, where there is no page to record. "
            "Take the attribute worker from the script that calls connect()."
        )

    run("actions", story)


def test_connect_is_begun_however_a_runtime_drives_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "RUNTIME", "micropython")

    async def story(browser: Browser) -> None:
        tab = browser.blank()

        async def drives() -> None:
            connect("actions", api_key=API_KEY).close()
            with pytest.raises(ValueError, match="no"):
                connect("actions", api_key=API_KEY).throw(ValueError("no"))
            connecting = connect("actions", api_key=API_KEY, sample_rate=1)
            connecting.send(None)
            with pytest.raises(AttributeError, match=r"^_private$"):
                connecting._private  # noqa: B018 # pyright: ignore[reportAttributeAccessIssue]
            await bridge.sleep(2000)
            connecting.close()

        await tab.run(drives)
        assert tab.warnings == []

    run("actions", story)


def test_connect_hands_on_what_a_runtime_sends() -> None:
    @types.coroutine
    def waits() -> Any:
        return (yield)

    made: Any = connect("actions", api_key=API_KEY)
    made.close()
    connecting = type(made)(waits())
    connecting.send(None)
    with pytest.raises(StopIteration, match=r"^sent$"):
        connecting.send("sent")


def test_connect_on_a_python_without_a_page_is_an_error_that_says_so() -> None:
    connecting = connect("actions", api_key=API_KEY)
    with pytest.raises(RuntimeError, match=r"there is no browser here$"):
        connecting.send(None)


def test_ready_comes_when_it_is_known_how_it_stands() -> None:
    async def story(browser: Browser) -> None:
        tab, replay = await opened(browser, consent="wait")
        ready: list[Any] = []

        async def waits() -> None:
            ready.append(await replay.ready)

        tab.spawn(waits())
        await pause(5)
        assert ready == []
        await tab.run(replay.start)
        await pause(1)
        assert ready == [replay]

    run("actions", story)


def test_doctor_takes_the_sample_rate_of_amplitude_s_remote_configuration_first() -> None:
    async def story(browser: Browser) -> None:
        tab, replay = await opened(browser)
        seen = tab.seen()
        tab.seen = lambda: {**seen, "sample_rate": 0.1}
        assert (await tab.run(replay.evidence))["sample_rate"] == 0.1

    run("actions", story)


@pytest.mark.parametrize("mode", ["actions", "classic-cloud"])
def test_session_events_tell_of_a_reset_and_of_a_session_that_an_earlier_page_has_left(mode: str) -> None:
    async def story(browser: Browser) -> None:
        tab, _ = await opened(browser, session_events="on")
        tab.do(tab.analytics.event, "track", "Clicked")
        await pause(5)
        tab.do(tab.analytics.reset)
        await pause(5)
        tab.close()
        await pause(31 * 60)
        tab, _ = await opened(browser, session_events="on")
        tab.do(tab.analytics.event, "track", "Clicked")
        await pause(5)
        told = [each for each in browser.delivered if "session_" in each["name"]]
        one, two, three = (each["properties"]["session_id"] for each in told if each["name"] == "session_started")
        assert [(each["name"], each["properties"]["session_id"]) for each in told] == [
            ("session_started", one),
            ("session_ended", one),
            ("session_started", two),
            ("session_ended", two),
            ("session_started", three),
        ]
        assert {each["type"] for each in told} == {"track"} and one < two < three

    run(mode, story)


CATEGORIES = {"consentSettings": {"allCategories": ["analytics"]}}


def test_amplitude_js_that_segment_was_not_to_bring_and_that_comes_all_the_same_is_recorded_at_once() -> None:
    async def story(browser: Browser) -> None:
        browser.settings, browser.brings_amplitude = {"integrations": {}, **CATEGORIES}, False
        browser.reach = {"consent": {"analytics": False}}
        tab = await browser.open()
        assert (tab.status, tab.errors, tab.recording) == ("running", [], False)
        browser.reach = {"consent": {"analytics": True}}
        await pause(60)
        assert not tab.recording
        tab.do(tab.amplitude.init)
        await pause(1)
        assert (tab.status, tab.errors, tab.recording) == ("running", [], True)

    run("classic-device", story)


@pytest.mark.parametrize("mode", ["actions", "classic-cloud"])
def test_consent_that_is_not_known_yet_keeps_what_is_stored_until_stop(mode: str) -> None:
    async def story(browser: Browser) -> None:
        tab = await browser.open()
        first = await tab.track()
        tab.close()
        names = ("Actions Amplitude", "Amplitude")
        integrations = {name: {"consentSettings": {"categories": ["analytics"]}} for name in names}
        browser.settings = {**browser.settings, "integrations": integrations, **CATEGORIES}
        stored = set(browser.sdk_stores)
        tab = await browser.open()
        assert (tab.status, tab.recording, tab.errors) == ("running", False, [])
        assert (browser.storage[SESSION], browser.sdk_stores) == (first["session_id"], stored) and stored
        tab.do(tab.facade.stop)
        await pause(3)
        assert (tab.status, tab.errors, browser.sdk_stores) == ("stopped", [], set())

    run(mode, story)


@every_mode
def test_stop_and_start_while_segment_is_awaited_wire_the_page_once(mode: str) -> None:
    async def story(browser: Browser) -> None:
        tab = browser.begin(segment=False)
        await pause(1)
        tab.do(tab.facade.stop)
        await pause(1)
        assert (tab.status, tab.errors) == ("stopped", [])
        tab.do(tab.facade.start)
        await pause(1)
        tab.do(tab.bring_segment)
        await pause(1)
        assert (tab.status, tab.errors, tab.watch.connected) == ("running", [], 1)
        assert_recorded(tab, await tab.track())

    run(mode, story)


@pytest.mark.parametrize(
    ("mode", "status"),
    [("actions", "loading"), ("classic-cloud", "loading"), ("classic-device", "loading"), ("actions", "running")],
)
def test_doctor_that_is_asked_while_a_recording_begins_waits_for_it(mode: str, status: str) -> None:
    """In a page that begins with a session, and with the first event of one that runs."""

    async def story(browser: Browser) -> None:
        if status == "loading":
            browser.storage.update({SESSION: browser.now(), LAST_ACCESS: browser.now()})
        tab = browser.begin()
        while not tab.session_id:
            if tab.status == "running":
                tab.do(tab.analytics.event, "track", "Clicked")
            await pause(0.001)
        assert (tab.status, tab.recording) == (status, False)
        found: list[Any] = []
        tab.do(lambda: tab.facade._effects["doctor"]()["then"](found.append, found.append))
        await pause(1)
        (findings,) = found
        codes = [each["code"] for each in findings]
        assert "recording" in codes and not {"loading", "not-recording"} & set(codes)

    run(mode, story)


def test_a_device_id_that_amplitude_does_not_accept_ends_a_recording() -> None:
    async def story(browser: Browser) -> None:
        tab, _ = await opened(browser)
        assert_recorded(tab, await tab.track())
        browser.visitor = "a/b"
        assert replay_id(await tab.track()) is None
        assert (tab.status, tab.errors, tab.sdk.running) == ("failed", ["device-id"], None)

    run("actions", story)


def handed_over(browser: Browser, session_id: int, device_id: str) -> str:
    until = browser.now() + 60 * MINUTE
    return f"https://shop.example/?ajs_aid={device_id}&ampSessionId={session_id}&ampTimestamp={until}"


def test_url_session_is_taken_over_once() -> None:
    async def story(browser: Browser) -> None:
        handed = browser.now() - MINUTE
        tab = browser.blank()
        tab.address = handed_over(browser, handed, browser.visitor)
        replay = await tab.connect(url_session="follow")
        assert replay.session_id == handed
        await tab.run(replay.stop)
        await tab.run(replay.start)
        assert replay.session_id > handed

    run("classic-cloud", story)


@every_mode
def test_url_session_is_taken_over_only_where_that_is_asked_for(mode: str) -> None:
    async def story(browser: Browser) -> None:
        tab = browser.blank()
        tab.address = handed_over(browser, browser.now() - MINUTE, browser.visitor)
        await tab.connect()
        event = await tab.track()
        assert event["session_id"] > browser.now() - MINUTE
        assert_recorded(tab, event)

    run(mode, story)


@pytest.mark.parametrize(("seconds", "taken"), [(0.5, True), (1.5, False)])
def test_url_session_waits_a_moment_for_the_page_to_have_its_device(seconds: float, taken: bool) -> None:
    async def story(browser: Browser) -> None:
        handed = browser.now() - MINUTE
        tab = browser.blank()
        tab.address = handed_over(browser, handed, "app")

        async def later() -> None:
            await pause(seconds)
            browser.visitor = "app"

        tab.spawn(later())
        replay = await tab.connect(url_session="follow")
        assert (replay.session_id == handed) is taken

    run("classic-cloud", story)


@every_mode
def test_a_page_that_is_back_follows_what_has_moved_without_an_event_and_announces_nothing(mode: str) -> None:
    async def story(browser: Browser) -> None:
        tab, _ = await opened(browser, session_events="on")
        await pause(5)
        tab.do(tab.analytics.event, "track", "Clicked")
        await pause(5)
        newer, before = tab.session_id + 5, len(browser.delivered)
        browser.storage[SESSION] = newer  # while the page was frozen, and heard of nothing
        tab.do(tab.facade.back)
        await pause(5)
        assert tab.session_id == newer and tab.sdk.running == tab.replay_id
        assert (tab.status, tab.errors, len(browser.delivered)) == ("running", [], before)

    run(mode, story)


def test_a_newer_id_in_the_cookie_is_announced_by_who_has_begun_it() -> None:
    async def story(browser: Browser) -> None:
        tab, _ = await opened(browser, session_events="on")
        tab.do(tab.analytics.event, "track", "Clicked")
        await pause(5)
        newer, before = tab.session_id + 5, len(browser.delivered)
        tab.do(lambda: tab.watch._tell["cookie"]({**tab.watch._look(None), "cookie": str(newer)}))
        await pause(5)
        assert (tab.session_id, len(browser.delivered)) == (newer, before)

    run("actions", story)


def test_a_listener_of_a_new_session_sees_that_nothing_is_recorded_yet() -> None:
    async def story(browser: Browser) -> None:
        seen: list[Any] = []
        tab = browser.blank()
        replay = await tab.connect(on_session=lambda *_: seen.append((tab.recording, replay.recording)))
        await tab.track()
        await pause(31 * 60)
        await tab.track()
        assert seen == [(False, False)] * 2 and tab.recording

    run("actions", story)


def test_a_page_without_a_session_is_ready_before_its_sdk_is() -> None:
    async def story(browser: Browser) -> None:
        tab = browser.begin()
        tab.sdk.it["init"] = lambda *_: {"promise": {"then": lambda *_: None}}
        await pause(1)
        assert (tab.status, tab.errors) == ("running", [])

    run("actions", story)


def test_a_fault_of_ours_at_the_beginning_is_told_and_start_tries_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> None:
        raise ValueError("ours")

    async def story(browser: Browser) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(ClassicCloud, "begin", fails)
            tab = await browser.open()
        assert (tab.status, tab.errors) == ("failed", ["internal"])
        assert tab.facade.errors["internal"]["message"] == "ValueError('ours')"
        tab.do(tab.facade.start)
        await pause(1)
        assert tab.status == "running"
        assert_recorded(tab, await tab.track())

    run("classic-cloud", story)


@every_mode
def test_start_where_the_visitor_has_opted_out_of_amplitude_meanwhile_records_nothing(mode: str) -> None:
    async def story(browser: Browser) -> None:
        tab, replay = await opened(browser)
        await tab.track()
        tab.do(tab.sdk._tell, {"what": "upload", "status": 403, "skipped": "", "detail": ""})
        await pause(1)
        assert tab.status == "failed"
        browser.reach = {"opted_out": True}
        tab.do(tab.facade.start)
        await pause(5)
        assert (tab.status, tab.recording, tab.sdk.running) == ("running", False, None)
        assert (await tab.run(replay.evidence))["off"] == "opted-out"

    run(mode, story)


def test_amplitude_js_that_segment_will_not_bring_for_want_of_consent_is_not_waited_for_but_welcome() -> None:
    async def story(browser: Browser) -> None:
        browser.settings = {"integrations": {}, "consentSettings": {"allCategories": ["analytics"]}}
        browser.brings_amplitude = False
        tab = await browser.open()
        await pause(12)
        assert (tab.status, tab.errors, tab.recording) == ("running", [], False)
        browser.reach = {"consent": {"analytics": True}}
        tab.do(tab.amplitude.init)
        await pause(1)
        await tab.track()
        assert_recorded(tab, await tab.track())

    run("classic-device", story)


def test_doctor_that_is_asked_while_amplitude_js_is_awaited_says_that_the_visitor_has_opted_out() -> None:
    async def story(browser: Browser) -> None:
        browser.brings_amplitude, browser.reach = False, {"opted_out": True}
        tab = browser.begin()
        await pause(3)
        found: list[Any] = []
        tab.do(lambda: tab.facade._effects["doctor"]()["then"](found.append, found.append))
        await pause(12)
        assert "switched-off" in [finding["code"] for finding in found[0]]

    run("classic-device", story)


def test_doctor_is_shown_another_device_that_an_event_has_named() -> None:
    async def story(browser: Browser) -> None:
        tab, replay = await opened(browser)
        await tab.track()
        assert (await tab.run(replay.evidence))["other_device"] is None
        assert replay_id(await tab.track(names_device="another")) is None
        assert (await tab.run(replay.evidence))["other_device"] == "another"

    run("actions", story)
