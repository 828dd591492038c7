"""Nothing without consent; nothing after it is withdrawn; nothing switched on that the caller switched off."""

import pytest

from .conftest import Site

MODES = ("actions", "classic-device", "classic-cloud")


def test_until_start_nothing_is_loaded_stored_or_sent(site: Site) -> None:
    requests: list[str] = []
    site.page.on("request", lambda request: requests.append(request.url))
    site.open(consent="wait", wait=False)
    site.wait_for_status("waiting")
    site.page.wait_for_timeout(300)
    assert [url for url in requests if "/site/" not in url and not url.endswith("/replay.js")] == []
    assert site.cookies == {}
    assert site.page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    (finding,) = site.page.evaluate("pyscriptReplay.doctor()")
    assert finding["code"] == "waiting"

    site.page.evaluate("void pyscriptReplay.start()")
    site.wait_for_status("running")
    site.agreed(site.track("with consent"))


def test_a_word_that_may_mean_no_loads_nothing(site: Site) -> None:
    requests: list[str] = []
    site.page.on("request", lambda request: requests.append(request.url))
    site.open(consent="denied", wait=False)
    site.wait_for_status("failed")
    assert site.errors == ["option-value"]
    assert [url for url in requests if "/site/" not in url and not url.endswith("/replay.js")] == []


def test_start_keeps_its_promise(site: Site) -> None:
    site.open(consent="wait", wait=False)
    site.wait_for_status("waiting")
    assert site.page.evaluate("pyscriptReplay.start().then((it) => it === pyscriptReplay && it.status)") == "running"


@pytest.mark.parametrize("mode", MODES)
def test_stop_ends_the_recording_and_outlives_a_reload(site: Site, mode: str) -> None:
    site.open(mode)
    site.agreed(site.track("recorded"))
    site.page.evaluate("pyscriptReplay.stop()")
    nothing = {"status": "stopped", "sessionId": None, "deviceId": None, "replayId": None}
    assert site.facade(*nothing) == nothing
    stopped = site.page.evaluate("Date.now()")

    site.page.fill("#field", "after the end")
    unrecorded = site.track("not recorded")
    assert "[Amplitude] Session Replay ID" not in unrecorded["properties"]
    stored = site.page.evaluate("Object.keys(localStorage)")
    assert [key for key in stored if key.startswith("AMP")] == []
    if mode == "classic-cloud":
        assert "analytics_session_id" not in stored and "analytics_session_id" not in site.cookies

    site.page.reload()
    site.wait_for_status("stopped")
    site.page.wait_for_timeout(500)
    recorded = [event["timestamp"] for upload in site.server.store.uploads() for event in upload.events]
    assert max(recorded) <= stopped  # the last of it may have been on its way
    site.page.evaluate("void pyscriptReplay.start()")
    site.wait_for_status("running")
    site.agreed(site.track("recorded again"))


SWITCHED_OFF = [("actions", "Actions Amplitude"), ("classic-cloud", "Amplitude")]


@pytest.mark.parametrize("mode,destination", SWITCHED_OFF)
def test_what_the_caller_switched_off_stays_off(site: Site, mode: str, destination: str) -> None:
    site.open(mode)
    site.agreed(site.track("on"))
    for integrations in ({destination: False}, {"All": False, "Segment.io": True}):
        message = site.track(f"off {integrations}", options={"integrations": integrations})
        assert message["integrations"].get(destination) in (None, False)


@pytest.mark.parametrize("mode,destination", SWITCHED_OFF)
def test_what_the_caller_says_to_others_is_kept(site: Site, mode: str, destination: str) -> None:
    site.open(mode)
    message = site.track("others", options={"integrations": {"Mixpanel": True, "Facebook Pixel": {"eventID": "1"}}})
    site.agreed(message)
    assert message["integrations"]["Mixpanel"] is True
    assert message["integrations"]["Facebook Pixel"] == {"eventID": "1"}
