"""Ids are true: the session and the device of an event are those that it was made in, wherever they are stored."""

from typing import Any

import pytest

from .conftest import Site, carried, in_all_ways, in_turns

MODES = ("actions", "classic-device", "classic-cloud")
REPLAY_ID = "[Amplitude] Session Replay ID"


def replay_id(message: dict[str, Any]) -> str | None:
    return (message.get("properties") or {}).get(REPLAY_ID)


# Where Segment keeps its visitor and the session.

STORAGES: dict[str, dict[str, Any]] = {
    "memory only": {"disableClientPersistence": True},
    "cookies first": {"storage": {"stores": ["cookie", "localStorage", "memory"]}},
    "localStorage only": {"storage": {"stores": ["localStorage"]}},
    "a visitor in memory": {"user": {"persist": False}},
    "keys of its own": {"user": {"persist": True, "cookie": {"key": "uid"}, "localStorage": {"key": "traits"}}},
    "no localStorage": {"user": {"persist": True, "localStorageFallbackDisabled": True}},
}


@pytest.mark.parametrize(("kept", "mode"), in_turns(list(STORAGES), ["actions", "classic-cloud"]))
def test_storage_is_read_as_segment_is_configured(site: Site, kept: str, mode: str) -> None:
    site.open(mode, segment_options=STORAGES[kept])
    first = site.track("first")
    assert carried(first) == site.session_id
    assert replay_id(first) == f"{first['anonymousId']}/{carried(first)}"
    site.page.evaluate("analytics.reset()")
    second = site.track("second")
    assert second["anonymousId"] != first["anonymousId"]
    assert replay_id(second) == f"{second['anonymousId']}/{carried(second)}"
    assert site.errors == []


OTHER_HOST = """
if (!sessionStorage.visited) {
  sessionStorage.visited = 1;
  const now = Date.now();
  localStorage.setItem("ajs_anonymous_id", JSON.stringify("who-was-here-long-ago"));
  localStorage.setItem("analytics_session_id", now - 5 * 3_600_000);
  localStorage.setItem("analytics_session_id.last_access", now - 4 * 3_600_000);
  for (const [name, value] of [["ajs_anonymous_id", "who-is-here"], ["analytics_session_id", now - 600_000],
      ["analytics_session_id.last_access", now - 60_000]])
    document.cookie = `${name}=${value}; path=/`;
}
"""


@pytest.mark.parametrize("mode", ["actions", "classic-cloud"])
def test_another_host_s_cookie_counts_more_than_what_this_one_has_from_long_ago(site: Site, mode: str) -> None:
    site.page.add_init_script(OTHER_HOST)
    site.open(mode)
    message = site.track("first")
    assert message["anonymousId"] == site.device_id == "who-is-here"
    site.agreed(message)  # of a session begun anew: Segment's plugin, and we as it, read localStorage first


# Whose device it is.


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "options",
    [
        {"context": {"device": {"id": "another"}}},
        {"device": {"id": "another"}},
        {"integrations": {"Amplitude": {"device_id": "another"}}},
        {"integrations": {"Amplitude": {"deviceId": "another"}}},
    ],
    ids=["context", "options", "device_id", "deviceId"],
)
def test_an_event_of_another_device_carries_no_replay_id_of_ours(site: Site, mode: str, options: dict) -> None:
    site.open(mode)
    site.agreed(site.track("ours"))
    message = site.track("theirs", options=options)
    findings = {each["code"]: each for each in site.page.evaluate("pyscriptReplay.doctor()")}
    takes = {"actions": "integrations" not in options, "classic-device": False, "classic-cloud": True}[mode]
    assert (replay_id(message) is None) is takes
    assert ("other-device" in findings) is takes
    if takes:
        assert "another" in findings["other-device"]["message"]
    site.agreed(site.track("ours again"))
    assert site.reasons == ["started"]


# The visitor of a call is the visitor at the call.


@pytest.mark.parametrize(("mode", "way"), in_all_ways(MODES))
def test_what_is_tracked_through_us_stays_in_order_and_of_its_visitor(site: Site, mode: str, way: str) -> None:
    site.open(mode, way)
    before = site.agreed(site.track("before"))
    device_id = site.device_id
    anonymous = site.page.evaluate("analytics.instance?.user().anonymousId() ?? analytics.user().anonymousId()")
    site.page.evaluate(
        "void (pyscriptReplay.track('a'), analytics.track('b'), pyscriptReplay.track('Signed Out'), analytics.reset())"
    )
    last = site.event("Signed Out")
    assert [each["event"] for each in site.events if each["type"] == "track"] == ["before", "a", "b", "Signed Out"]
    assert last["anonymousId"] == anonymous
    assert carried(last) in (None, before)
    assert replay_id(last) == f"{device_id}/{before}"


@pytest.mark.parametrize("mode", ["actions", "classic-cloud"])
def test_the_last_words_after_half_an_hour_belong_to_no_dead_session(site: Site, mode: str) -> None:
    site.page.clock.install()
    site.open(mode)
    dead = site.agreed(site.track("before"))
    device_id = site.device_id
    site.pass_minutes(31)
    site.page.evaluate("void (analytics.track('last'), analytics.reset(), analytics.track('first'))")
    last, first = site.event("last"), site.event("first")
    assert last["anonymousId"] == device_id
    assert dead < carried(last) < carried(first)  # type: ignore[operator]
    assert replay_id(last) is None
    assert site.agreed(first) == carried(first)


@pytest.mark.parametrize(
    ("when", "mode"), in_turns(["booting", "stopped"], ["actions", "classic-cloud", "classic-device-anonymous"])
)
def test_a_reset_at_which_nobody_looks_leaves_the_next_visitor_a_session_of_their_own(
    site: Site, mode: str, when: str
) -> None:
    waiting: list[Any] = []
    key, mode = mode, mode.removesuffix("-anonymous")
    site.open(mode, key=key)
    before = site.agreed(site.track("before"))
    device_id = site.device_id
    if when == "booting":
        site.context.route("**/micropython.wasm", lambda route: waiting.append(route))
        site.open(mode, key=key, wait=False, hold_ms=60_000)
        site.wait_for("window.analytics?.initialized")
    else:
        site.page.evaluate("pyscriptReplay.stop()")
    site.page.evaluate("void analytics.track('Signed Out')")
    site.page.evaluate("analytics.reset()")
    site.page.evaluate("void analytics.track('Signed In')")
    if when == "booting":
        waiting[0].continue_()
    else:
        site.event("Signed In")
        site.page.evaluate("pyscriptReplay.start()")
    site.wait_for_status("running")
    last = site.event("Signed Out")
    assert last["anonymousId"] == device_id
    if when == "booting" and key != "classic-device-anonymous":
        assert carried(last) == before
        assert site.agreed(site.event("Signed In")) == site.session_id
    after = site.agreed(site.track("after"))
    assert after > before
    assert site.device_id != device_id


# A caller's fields.


TIMESTAMPS = ("'2001-01-01T00:00:00Z'", "5", "new Date(0)", "'next week'", "new Date(NaN)", "8.64e15", "null", "{}")


@pytest.mark.parametrize("mode", MODES)
def test_a_caller_s_timestamp_costs_nobody_the_replay_id(site: Site, mode: str, subtests: pytest.Subtests) -> None:
    site.open(mode)
    session_id = site.agreed(site.track("before"))
    for timestamp in TIMESTAMPS:
        with subtests.test(timestamp=timestamp):
            odd, after = f"at {timestamp}", f"after {timestamp}"
            calls = f"track(odd, {{}}, {{ timestamp: {timestamp} }}), analytics.track(after)"
            site.page.evaluate(f"([odd, after]) => void (analytics.{calls})", [odd, after])
            assert site.agreed(site.event(after)) == session_id
            if any(each.get("event") == odd for each in site.events):  # Segment itself throws at what is no time
                assert site.agreed(site.event(odd)) == session_id
            assert site.reasons == ["started"]


# Forbidden ids, and ids written by hand.


@pytest.mark.parametrize("mode", ["actions", "classic-cloud", "classic-device-anonymous"])
def test_a_forbidden_anonymous_id_heals_as_soon_as_a_valid_one_comes(site: Site, mode: str) -> None:
    key, mode = mode, mode.removesuffix("-anonymous")
    site.file("visitor.js", "document.cookie = 'ajs_anonymous_id=a/b; path=/';")
    tag = site.tag(mode=mode, write_key=key, segment_cdn=site.cdn)
    site.show(f'<script src="visitor.js"></script>{tag}')
    site.page.goto(f"{site.server.url}/site/")
    site.wait_for_status("failed")
    refused = site.track("refused")
    assert replay_id(refused) is None
    nothing = {"sessionId": None, "deviceId": None, "replayId": None, "recording": False}
    assert site.facade(*nothing) == nothing
    if mode == "classic-cloud":
        assert carried(refused) == carried(site.track("too"))
    site.page.evaluate("analytics.setAnonymousId('a-b')")
    site.track("heals")
    site.wait_for_status("running")
    site.agreed(site.track("recorded"))
    assert site.device_id == "a-b"
    assert site.errors == ["device-id"]


WRITE = """(id) => {
  localStorage.setItem("analytics_session_id", typeof id === "string" ? id : JSON.stringify(id));
  document.cookie = `analytics_session_id=${id}; path=/`;
}"""


@pytest.mark.parametrize(("by", "mode"), in_turns([-5, 5], MODES))
def test_an_older_or_newer_id_that_somebody_writes_heals(site: Site, mode: str, by: int) -> None:
    site.open(mode)
    before = site.agreed(site.track("before"))
    site.page.evaluate(WRITE, before + by)
    site.track("heals")
    after = site.agreed(site.track("after"))
    assert after >= before or mode == "actions"  # Segment's plugin takes what is stored
    site.page.reload()
    site.wait_for_status("running")
    site.agreed(site.track("reloaded"))


@pytest.mark.parametrize("mode", ["actions", "classic-cloud"])
def test_garbage_in_storage_never_stays_on_an_event(site: Site, mode: str, subtests: pytest.Subtests) -> None:
    site.open(mode)
    before = site.agreed(site.track("before"))
    for garbage in ("abc", "NaN", -5, 12.5, 1e300, '{"a":1}', "[1]", "null", "true", '""'):
        with subtests.test(garbage=garbage):
            site.page.evaluate(WRITE, garbage)
            assert carried(site.track(f"with {garbage}")) == before
            assert site.agreed(site.track(f"after {garbage}")) == before


@pytest.mark.parametrize("mode", ["actions", "classic-cloud"])
def test_garbage_in_a_caller_s_hand_never_stays_on_an_event(site: Site, mode: str, subtests: pytest.Subtests) -> None:
    site.open(mode)
    before = site.agreed(site.track("before"))
    name = "Actions Amplitude" if mode == "actions" else "Amplitude"
    for garbage in ("'abc'", "NaN", "-5", "{}", "1e300", "[]", "''"):
        with subtests.test(garbage=garbage):
            given = f"{{ integrations: {{ '{name}': {{ session_id: {garbage} }} }} }}"
            site.page.evaluate(f"(odd) => void analytics.track(odd, {{}}, {given})", garbage)
            assert site.agreed(site.event(garbage)) == before


@pytest.mark.parametrize("mode", ["actions", "classic-device"])
def test_an_owner_who_goes_back_because_the_clock_did_is_followed(site: Site, mode: str) -> None:
    site.page.clock.install()
    site.open(mode)
    before = site.agreed(site.track("before"))
    site.page.clock.set_system_time((before - 60 * 60_000) / 1000)
    site.agreed(site.track("an hour earlier"))
    site.page.clock.set_system_time((before - 29 * 60_000) / 1000)
    after = site.agreed(site.track("31 minutes later"))
    assert after < before
    assert site.reasons[-1] == "returned"
    if mode == "classic-device":
        assert site.page.evaluate("amplitude.getInstance().getSessionId()") == after
