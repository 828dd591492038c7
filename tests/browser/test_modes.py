"""What is particular to one mode."""

import pytest
from playwright.sync_api import Route

from .conftest import WAYS, Site

AMPLITUDE = "window.amplitude.getInstance()"


# every mode


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("mode", ["actions", "classic-device", "classic-cloud"])
def test_what_is_handed_through_reaches_the_sdk(site: Site, mode: str, way: str) -> None:
    """Of each kind one whose effect can be seen: also of those that the plugin of the Browser SDK does not know."""
    masked = {"match": "http*", "maskLevel": "conservative"}
    site.options = {"privacyConfig": {"urlMaskLevels": [masked], "blockSelector": "h2"}}
    site.options |= {"enableTransportCompression": False}
    site.body = "<h1>A secret</h1><h2>A secret in a heading</h2><p class='amp-unmask'>Said aloud</p>"
    site.open(mode, way)
    session_id = site.agreed(site.track("first"))
    site.wait_for(lambda: "Said aloud" in str(site.uploads(session_id)))
    assert "secret" not in str(site.uploads(session_id))
    assert {each.headers.get("content-encoding") for each in site.uploads(session_id)} == {None}


@pytest.mark.parametrize("mode", ["actions", "classic-device", "classic-cloud"])
def test_opting_out_by_an_option_records_nothing(site: Site, mode: str) -> None:
    site.options = {"optOut": True}
    site.open(mode)
    message = site.track("first")
    site.page.wait_for_timeout(500)
    assert "[Amplitude] Session Replay ID" not in message["properties"]
    assert site.server.store.uploads() == []


@pytest.mark.parametrize("mode", ["actions", "classic-device", "classic-cloud"])
def test_what_the_caller_hands_over_stays_the_caller_s(site: Site, mode: str) -> None:
    site.open(mode)
    first = site.page.evaluate(
        """() => {
            window.mine = [Object.freeze({ price: 3 }), { integrations: Object.freeze({ Amplitude: { mine: 1 } }) }];
            void analytics.track("first", ...mine);
            return mine;
        }"""
    )
    session_id = site.agreed(site.event("first"))
    assert site.page.evaluate("mine") == first
    if mode == "classic-cloud":
        assert site.event("first")["integrations"]["Amplitude"] == {"mine": 1, "session_id": session_id}
    assert site.errors == []


# auto


@pytest.mark.parametrize("mode", ["actions", "classic-device", "classic-cloud"])
def test_auto_tells_the_mode_and_why(site: Site, mode: str) -> None:
    site.open("auto", key=mode)
    site.agreed(site.track("first"))
    assert site.facade("mode") == {"mode": mode}
    findings = site.page.evaluate("pyscriptReplay.doctor()")
    assert [each for each in findings if each["code"] == "mode" and mode in each["message"]]


def test_auto_refuses_when_it_cannot_tell(site: Site) -> None:
    site.open("auto", key="segment-only", wait=False, hold_ms=60_000)
    site.wait_for_status("failed")
    assert site.errors == ["mode-unknown"]


# Actions


@pytest.mark.parametrize("hook", ["middleware", "deferred"])
def test_the_documented_hooks_remain(site: Site, hook: str) -> None:
    site.open(session_hook=hook)
    site.track("first")
    site.track("second")
    if hook == "middleware":  # sees an id only where the caller has put one: events without are normal
        assert site.errors == []
    else:
        site.wait_for("pyscriptReplay.sessionId !== null")
        site.agreed(site.track("third"))


def test_session_id_given_by_the_caller_is_overwritten_by_segment_and_nobody_else(site: Site) -> None:
    site.open()
    session_id = site.agreed(site.track("first"))
    message = site.track("odd", options={"integrations": {"Actions Amplitude": {"session_id": 5}}})
    assert site.agreed(message) == session_id


# Classic device-mode


def test_amplitude_js_logs_the_very_session_that_is_recorded(site: Site) -> None:
    site.page.clock.install()
    site.open("classic-device")
    site.agreed(site.track("before"))
    site.pass_minutes(31)
    session_id = site.agreed(site.track("after"))
    assert site.page.evaluate(f"{AMPLITUDE}.getSessionId()") == session_id
    assert site.page.evaluate(f"{AMPLITUDE}.options.deviceId") == site.device_id
    site.pass_minutes(1)  # amplitude-js sends what it has every 30 seconds

    def logged() -> list[dict]:
        return [each for each in site.server.store.amplitude_events() if each["event_type"] == "after"]

    site.wait_for(lambda: bool(logged()))
    assert [(each["session_id"], each["device_id"]) for each in logged()] == [(session_id, site.device_id)]
    assert logged()[0]["event_properties"]["[Amplitude] Session Replay ID"] == f"{site.device_id}/{session_id}"


@pytest.mark.parametrize("call", ["regenerateDeviceId()", "setDeviceId('another-device')"])
def test_a_device_id_that_amplitude_js_changes_is_followed(site: Site, call: str) -> None:
    site.open("classic-device")
    site.agreed(site.track("before"))
    device_id = site.device_id
    site.page.evaluate(f"{AMPLITUDE}.{call}")
    site.agreed(site.track("after"))
    assert site.device_id != device_id
    assert site.reasons == ["started", "identity-changed"]


def test_amplitude_js_may_take_its_device_id_from_segment(site: Site) -> None:
    """The setting ``preferAnonymousIdForDeviceId``; then ``reset()`` and another user concern replay, too."""
    site.open("classic-device", key="classic-device-anonymous")
    site.page.evaluate("void analytics.identify('ada')")
    first = site.track("first")
    session_id = site.agreed(first)
    assert site.device_id == first["anonymousId"]

    site.page.evaluate("analytics.reset()")
    after_reset = site.track("after reset")
    assert site.agreed(after_reset) > session_id
    assert site.device_id == after_reset["anonymousId"] != first["anonymousId"]

    site.page.evaluate("void (analytics.identify('grace'), analytics.identify('joan'))")
    another = site.track("another user")
    assert site.agreed(another) == site.agreed(after_reset | {"properties": another["properties"]})
    assert site.device_id == another["anonymousId"] != after_reset["anonymousId"]


TOLD = ["regenerateDeviceId()", "setDeviceId('another-device')", "setSessionId(Date.now() + 5)"]


@pytest.mark.parametrize("call", TOLD)
def test_what_amplitude_js_is_told_is_followed_before_any_event(site: Site, call: str) -> None:
    site.open("classic-device")
    session_id = site.agreed(site.track("before"))
    device_id = site.device_id
    site.page.evaluate(f"{AMPLITUDE}.{call}")
    site.wait_for(f"pyscriptReplay.replayId !== '{device_id}/{session_id}'")
    assert site.page.evaluate(f"{AMPLITUDE}.options.deviceId") == site.device_id
    assert site.agreed(site.track("after")) == site.page.evaluate(f"{AMPLITUDE}.getSessionId()")


def test_what_the_site_logs_by_itself_is_followed(site: Site) -> None:
    site.page.clock.install()
    site.open("classic-device")
    before = site.agreed(site.track("before"))
    site.pass_minutes(31)
    site.page.evaluate(f"{AMPLITUDE}.logEvent('by itself')")
    site.wait_for(f"pyscriptReplay.sessionId > {before}")
    assert site.agreed(site.track("after")) == site.page.evaluate(f"{AMPLITUDE}.getSessionId()")


def test_late_event_before_reset_moves_no_device_id_back(site: Site) -> None:
    site.open("classic-device", key="classic-device-anonymous")
    session_id = site.agreed(site.track("before"))
    device_id = site.device_id
    site.page.evaluate("void (analytics.track('Signed Out'), analytics.reset())")
    last = site.event("Signed Out")
    assert last["anonymousId"] == device_id
    assert last["properties"].get("[Amplitude] Session Replay ID") in (None, f"{device_id}/{session_id}")
    site.page.wait_for_timeout(300)
    assert [each["deviceId"] for each in site.transitions[1:]] == [site.device_id] != [device_id]
    assert site.agreed(site.track("Signed In")) > session_id


@pytest.mark.parametrize(
    "other", ["{ getInstance: () => ({ getSessionId() {} }) }", "{ getInstance() { throw new Error('not yet') } }", "5"]
)
def test_another_sdk_of_that_name_is_left_alone(site: Site, other: str) -> None:
    site.page.clock.install()
    site.context.route("**/amplitude-js/**", lambda route: route.abort())
    site.open("classic-device", wait=False, hold_ms=500)
    site.wait_for("window.pyscriptReplay?.mode === 'classic-device'")
    site.page.evaluate(f"window.amplitude = {other}")
    site.track("early")
    assert site.errors == []


def test_amplitude_js_that_comes_late_is_still_welcome(site: Site) -> None:
    late: list[Route] = []
    site.page.clock.install()
    site.context.route("**/amplitude-js/**", lambda route: late.append(route))
    site.open("classic-device", wait=False, hold_ms=500)
    site.track("early")
    site.wait_too_long()
    assert site.errors == ["amplitude-missing"]
    assert site.page.evaluate("pyscriptReplay.ready.then(({ status }) => status)") == "failed"
    late[0].continue_()
    site.wait_for_status("running")
    site.agreed(site.track("late"))


def test_ad_blocker_that_keeps_amplitude_js_away_lets_events_pass(site: Site) -> None:
    site.page.clock.install()
    site.context.route("**/amplitude-js/**", lambda route: route.abort())
    site.open("classic-device", wait=False, hold_ms=500)
    site.track("early")
    site.wait_too_long()
    assert site.errors == ["amplitude-missing"]


def test_an_unnamed_page_call_opens_no_session(site: Site) -> None:
    """amplitude-js logs named and categorised pages only, so only these may renew."""
    site.page.clock.install()
    site.open("classic-device")
    before = site.agreed(site.track("before"))
    site.pass_minutes(31)
    site.page.evaluate("void analytics.page()")
    site.wait_for(lambda: any(each["type"] == "page" for each in site.events))
    assert site.session_id == before
    site.page.evaluate("void analytics.page('Basket')")
    assert site.agreed(site.track("after")) > before


# Classic cloud-mode


def test_the_shell_s_events_reach_segment_once(site: Site) -> None:
    site.open("classic-cloud")
    site.page.evaluate("pyscriptReplay.track('through the shell', { price: 3 })")
    message = site.event("through the shell")
    assert message["integrations"] == {"Amplitude": {"session_id": site.agreed(message)}}
    assert message["properties"]["price"] == 3
    site.page.wait_for_timeout(300)
    assert [each["event"] for each in site.events if each["type"] == "track"] == ["through the shell"]


def test_the_shell_sends_nothing_to_amplitude(site: Site) -> None:
    requests: list[str] = []
    site.context.on("request", lambda request: requests.append(request.url))
    site.open("classic-cloud")
    site.agreed(site.track("one"))
    site.page.evaluate("pyscriptReplay.track('two')")
    site.event("two")
    site.page.wait_for_timeout(500)
    assert [url for url in requests if not url.startswith((site.server.url, "blob:"))] == []
    amplitude = {url.removeprefix(site.server.url).partition("?")[0] for url in requests if "/amplitude/" in url}
    assert amplitude == {"/amplitude/session-replay/config/local", "/amplitude/session-replay/track"}
    assert site.server.store.amplitude_events() == []


@pytest.mark.parametrize("length", [60_000, 2**53 - 1])
def test_the_length_of_a_session_is_an_option(site: Site, length: int) -> None:
    site.page.clock.install()
    site.open("classic-cloud", amplitude_options={"sessionTimeout": length})
    before = site.agreed(site.track("before"))
    site.pass_minutes(2 if length == 60_000 else 60 * 24 * 30)
    assert (site.agreed(site.track("after")) > before) is (length == 60_000)
