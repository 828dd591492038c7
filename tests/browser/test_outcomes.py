"""What is said is what has happened: status, replay ids, errors and findings rest on what the SDK was seen to do."""

import re

import pytest
from playwright.sync_api import Route

from .conftest import Site, in_turns

MODES = ("actions", "classic-device", "classic-cloud")
REPLAY_ID = "[Amplitude] Session Replay ID"
TRACK, CONFIG, RECORDER = "/amplitude/session-replay/track", "**/session-replay/config/**", "**/rrweb-record-min.js"


def problems(site: Site) -> list[str]:
    return [each["code"] for each in site.page.evaluate("pyscriptReplay.doctor()") if each["level"] == "problem"]


@pytest.mark.parametrize(("fault", "mode"), in_turns(["missing", "cut short"], MODES))
def test_missing_rrweb_record_is_not_said_to_be_recording(site: Site, mode: str, fault: str) -> None:
    def answer(route: Route) -> None:
        if fault == "missing":
            route.fulfill(status=404)
        else:
            route.fulfill(body=route.fetch().text()[:50_000], content_type="text/javascript")

    site.context.route(RECORDER, answer)
    site.open(mode, wait=False)
    message = site.track("first")
    site.wait_for_status("failed")
    assert REPLAY_ID not in message["properties"]
    assert site.errors == ["recording-not-begun"]
    assert site.facade("recording") == {"recording": False}
    assert "not-recording" in problems(site)
    assert REPLAY_ID not in site.track("second")["properties"]


@pytest.mark.parametrize("mode", MODES)
def test_a_missing_worker_of_the_sdk_s_is_not_said_to_be_recording(site: Site, mode: str) -> None:
    """In classic-cloud its plugin keeps to itself that the SDK could not begin, and rrweb would record all the same."""
    site.options["useWebWorker"] = True
    site.context.route("**/worker-min.js", lambda route: route.fulfill(status=404))
    site.open(mode, wait=False)
    assert REPLAY_ID not in site.track("first")["properties"]
    site.wait_for_status("failed")
    assert site.errors == ["recording-not-begun"]
    assert "worker-min.js is missing" in site.page.evaluate("heard.error[0].message")
    site.context.unroute_all()
    site.page.evaluate("void pyscriptReplay.start()")
    site.wait_for_status("running")
    site.agreed(site.track("recorded"))


def test_hanging_rrweb_record_times_out_and_is_welcome_when_it_comes(site: Site) -> None:
    hanging: list[Route] = []
    site.page.clock.install()
    site.context.route(RECORDER, lambda route: hanging.append(route))
    site.open(hold_ms=300)
    site.track("first")
    site.wait_too_long()
    assert site.errors == ["recording-not-begun"]
    assert site.facade("status", "recording") == {"status": "failed", "recording": False}
    for route in hanging:
        route.continue_()
    site.wait_for_status("running")
    assert site.facade("recording") == {"recording": True}
    site.agreed(site.track("recorded"))


@pytest.mark.parametrize("mode", in_turns(MODES))
def test_a_configuration_that_is_refused_is_named(site: Site, mode: str) -> None:
    site.context.route(CONFIG, lambda route: route.fulfill(status=403, body="{}"))
    site.open(mode, wait=False)
    assert REPLAY_ID not in site.track("first")["properties"]
    site.wait_for_status("failed")
    assert site.errors == ["recording-not-begun"]
    assert "403" in site.page.evaluate("heard.error[0].message")


@pytest.mark.parametrize("status", [403, 500])
def test_uploads_that_are_refused_are_said_until_one_gets_through(site: Site, status: int) -> None:
    site.server.fault(TRACK, status, times=1000)
    site.open()
    site.track("first")

    def refused() -> bool:
        site.page.fill("#field", str(len(site.events)))
        site.page.evaluate("pyscriptReplay.flush()")
        return site.errors != []

    site.wait_for(refused, seconds=30)
    assert site.errors == ["upload-refused"]
    assert str(status) in site.page.evaluate("heard.error[0].message")
    assert site.facade("status", "recording") == {"status": "failed", "recording": False}
    assert REPLAY_ID not in site.track("refused")["properties"]

    site.server.faults.clear()
    site.page.evaluate("pyscriptReplay.start()")
    site.wait_for_status("running")
    site.agreed(site.track("recorded"))


@pytest.mark.parametrize("mode", MODES)
def test_a_healthy_page_is_found_sound_as_soon_as_it_is_ready(site: Site, mode: str) -> None:
    """``doctor()`` waits for the evidence."""
    site.open(mode, wait=False)
    site.wait_for("!!window.pyscriptReplay")
    site.page.evaluate("pyscriptReplay.ready")
    site.track("first")
    assert problems(site) == []
    assert site.facade("recording") == {"recording": True}


def test_sampled_out_session_is_not_recorded_and_nothing_is_wrong(site: Site) -> None:
    site.open(sample_rate=0)
    assert REPLAY_ID not in site.track("first")["properties"]
    assert site.facade("status", "recording") == {"status": "running", "recording": False}
    codes = [each["code"] for each in site.page.evaluate("pyscriptReplay.doctor()")]
    assert "sampled-out" in codes and "not-recording" not in codes
    assert site.errors == []


def test_the_page_s_own_listeners_are_kept(site: Site) -> None:
    """``handleSendEvents`` and its like cannot come on a tag, but from Python they can."""
    site.file(
        "segment.js",
        f'import {{ AnalyticsBrowser }} from "{site.dist("analytics")}";'
        f'window.analytics = AnalyticsBrowser.load({{ writeKey: "actions", cdnURL: "{site.cdn}" }});'
        "window.sent = []; window.send = (request) => (sent.push(request.url), fetch(request.url, request));",
    )
    site.script("mpy", "actions")
    site.file(
        "main.py",
        f"""
from pyscript_replay import bridge, connect
options = {site.replay_options!r}
options["handleSendEvents"] = bridge.window().get("send")
replay = await connect("actions", api_key="local", sample_rate=1, options=options)
""",
    )
    site.show(
        '<script type="module" src="segment.js"></script>'
        f'<script type="module" src="{site.server.url}/dist/pyscript.js"></script>'
        '<script type="mpy" src="main.py" async></script>',
        csp="default-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
    )
    site.page.goto(f"{site.server.url}/site/")
    site.wait_for_status("running")
    site.agreed(site.track("first"))
    assert site.page.evaluate("sent.length > 0")


COUNTED = """
window.crossings = 0;
window.counted = (border) => {
  const heard = (text) => String(text).startsWith('{"what"'); // of the SDK, which uploads when it likes
  const count = (call) => (...args) => ((crossings += !heard(args[0])), call(...args));
  const out = ([name, it]) => [
    name,
    typeof it !== "function" ? it : count(["told", "callback"].includes(name) ? (python) => it(count(python)) : it),
  ];
  return Object.fromEntries(Object.entries(border).map(out));
};
"""


@pytest.mark.parametrize("mode", MODES)
def test_an_event_crosses_the_border_six_times_at_most_and_not_at_all_when_it_is_like_the_one_before(
    site: Site, mode: str
) -> None:
    """Calls in both directions, counted where the runtime is given the border's JavaScript half."""

    def count(route: Route) -> None:
        text, found = re.subn(r"border:(\w+)\}", r"border:counted(\1)}", route.fetch().text())
        assert found == 1
        route.fulfill(body=text, content_type="text/javascript")

    site.page.add_init_script(COUNTED)
    site.context.route("**/assets/micropython-*.js", count)
    site.open(mode)
    site.agreed(site.track("before"))
    site.page.wait_for_timeout(500)

    def crossings(call: str) -> int:
        before = site.page.evaluate("crossings")
        site.page.evaluate(f"async () => void await analytics.{call}")
        site.page.wait_for_timeout(300)  # what it has written into cookies may be looked at later
        return site.page.evaluate("crossings") - before

    assert 1 <= crossings("page('another')") <= 6
    assert 1 <= crossings("track('counted')") <= 6
    assert crossings("track('like the one before', { price: 5 })") == 0
