"""Nothing without consent; nothing after it is withdrawn; nothing switched on that the caller switched off."""

import pytest
from playwright.sync_api import Route

from .conftest import Site, in_turns

MODES = ("actions", "classic-device", "classic-cloud")


def test_without_consent_nothing_is_loaded_stored_or_sent_until_start(site: Site) -> None:
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


def test_unknown_consent_loads_nothing(site: Site) -> None:
    requests: list[str] = []
    site.page.on("request", lambda request: requests.append(request.url))
    site.open(consent="denied", wait=False)
    site.wait_for_status("failed")
    assert site.errors == ["option-value"]
    assert [url for url in requests if "/site/" not in url and not url.endswith("/replay.js")] == []


def test_start_answers_a_promise_of_the_running_page(site: Site) -> None:
    site.open(consent="wait", wait=False)
    site.wait_for_status("waiting")
    assert site.page.evaluate("pyscriptReplay.start().then((it) => it === pyscriptReplay && it.status)") == "running"


@pytest.mark.parametrize("mode", in_turns(MODES))
def test_opt_out_by_stop_ends_the_recording_and_outlives_a_reload(site: Site, mode: str) -> None:
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
    assert "[Amplitude] Session Replay ID" not in site.track("after the reload")["properties"]
    recorded = [event["timestamp"] for upload in site.server.store.uploads() for event in upload.events]
    assert max(recorded) <= stopped  # the last of it may have been on its way
    site.page.evaluate("void pyscriptReplay.start()")
    site.wait_for_status("running")
    site.agreed(site.track("recorded again"))


@pytest.mark.parametrize("mode", in_turns(MODES))
def test_stop_and_start_in_one_breath(site: Site, mode: str) -> None:
    site.open(mode)
    before = site.agreed(site.track("before"))
    site.page.evaluate("Promise.all([pyscriptReplay.stop(), pyscriptReplay.start()])")
    assert site.facade("status") == {"status": "running"}
    assert site.agreed(site.track("after")) >= before
    site.page.fill("#field", "recorded again")
    started = site.page.evaluate("Date.now()")
    site.page.fill("#field", "and again")
    site.wait_for(lambda: site.recorded_until(site.session_id) >= started)


@pytest.mark.parametrize("mode", in_turns(MODES))
def test_opt_out_stops_every_tab(site: Site, mode: str) -> None:
    site.open(mode)
    site.agreed(site.track("first tab"))
    other = site.tab()
    other.agreed(other.track("second tab"))
    site.page.evaluate("pyscriptReplay.stop()")
    other.wait_for_status("stopped")
    stopped = other.page.evaluate("Date.now()")
    other.page.fill("#field", "after the end")
    assert "[Amplitude] Session Replay ID" not in other.track("not recorded")["properties"]
    other.page.wait_for_timeout(300)
    assert max(event["timestamp"] for each in site.server.store.uploads() for event in each.events) <= stopped


def test_stop_does_not_wait_for_an_sdk_that_hangs(site: Site) -> None:
    hanging: list[Route] = []
    site.context.route("**/rrweb-record-min.js", lambda route: hanging.append(route))
    site.open(hold_ms=300)
    site.track("not recorded yet")
    site.page.evaluate("pyscriptReplay.stop()")
    nothing = {"status": "stopped", "sessionId": None, "deviceId": None, "replayId": None}
    assert site.facade(*nothing) == nothing
    stopped = site.page.evaluate("Date.now()")
    for route in hanging:
        route.continue_()
    site.page.fill("#field", "after the end")
    site.page.wait_for_timeout(1000)
    assert not [event for each in site.server.store.uploads() for event in each.events if event["timestamp"] > stopped]


def test_opt_out_holds_from_its_first_moment(site: Site) -> None:
    site.open("classic-cloud")
    site.agreed(site.track("recorded"))
    site.page.reload(wait_until="commit")
    site.wait_for("!!window.pyscriptReplay")
    site.page.evaluate("void pyscriptReplay.stop()")  # whether Python is there by now, or not
    assert site.page.evaluate("localStorage.getItem('pyscript-replay.opt-out')")
    site.wait_for_status("stopped")
    assert "[Amplitude] Session Replay ID" not in site.track("not recorded")["properties"]
    assert site.session_id is None


def test_stop_deletes_indexeddb_databases_too(site: Site) -> None:
    site.open(options={**site.replay_options, "storeType": "idb"})
    site.agreed(site.track("recorded"))
    databases = "indexedDB.databases().then((all) => all.map(({ name }) => name).filter((name) => /replay/.test(name)))"
    assert site.page.evaluate(databases)
    site.page.evaluate("pyscriptReplay.stop()")
    site.page.reload()
    site.wait_for(lambda: site.page.evaluate(databases) == [])


def test_what_is_tracked_through_the_shell_is_never_lost_and_starts_nothing(site: Site) -> None:
    site.open("classic-cloud", wait=False)
    site.page.evaluate("void pyscriptReplay.track('early')")
    site.wait_for_status("running")
    site.agreed(site.event("early"))
    site.page.evaluate("pyscriptReplay.stop()")
    site.page.evaluate("void pyscriptReplay.track('stopped')")
    assert "[Amplitude] Session Replay ID" not in site.event("stopped")["properties"]
    site.page.reload()
    site.wait_for_status("stopped")
    site.page.evaluate("void pyscriptReplay.track('stopped for good')")
    assert "[Amplitude] Session Replay ID" not in site.event("stopped for good")["properties"]
    assert site.session_id is None
    assert site.page.evaluate("localStorage.getItem('analytics_session_id')") is None


def test_what_is_tracked_before_there_is_consent_waits_for_it(site: Site) -> None:
    site.open(consent="wait", wait=False)
    site.wait_for_status("waiting")
    site.page.evaluate("analytics.track('one'); void pyscriptReplay.track('two'); void analytics.track('three')")
    site.page.wait_for_timeout(300)
    assert site.events == []
    assert site.page.evaluate("pyscriptReplay.start().then(({ status }) => status)") == "running"
    site.agreed(site.event("three"))
    assert [each["event"] for each in site.events] == ["one", "two", "three"]


@pytest.mark.parametrize("mode", MODES)
def test_a_destination_that_is_off_altogether_is_not_recorded(site: Site, mode: str) -> None:
    site.open(mode)
    site.agreed(site.track("on"))  # so that a session is stored
    uploads = len(site.uploads(site.session_id))
    site.open(mode, segment_options={"integrations": {"All": False, "Segment.io": True}})
    message = site.track("off")
    site.page.wait_for_timeout(500)
    assert "[Amplitude] Session Replay ID" not in message["properties"]
    assert site.session_id is None
    assert site.errors == []
    assert [each for each in site.page.evaluate("pyscriptReplay.doctor()") if each["code"] == "switched-off"]
    later = [event for upload in site.server.store.uploads()[uploads:] for event in upload.events]
    opened = site.page.evaluate("performance.timeOrigin")
    assert not [event for event in later if event["timestamp"] > opened]


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
