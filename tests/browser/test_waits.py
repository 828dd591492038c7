"""Every wait has an end, and no clock but a monotonic one decides when our code runs."""

import pytest
from playwright.sync_api import Route

from .conftest import CSP, NPM, Site, carried
from .test_loader import SEGMENT_SNIPPET

RUNTIMES = ["micropython", "pyodide"]

# The wall clock, set by somebody else while the page boots, and again and again.
SET_CLOCK = """
(() => {
  const { now } = Date;
  let off = 0;
  Date.now = () => now.call(Date) + off;
  window.setClock = (milliseconds) => (off += milliseconds);
  for (const pause of [20, 60, 120, 200, 300, 400, 500, 600]) setTimeout(setClock, pause, %d);
})();
"""
BACK, FORWARD = -10 * 60_000, 7 * 24 * 60 * 60_000


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("by", [BACK, FORWARD])
def test_a_wall_clock_that_is_set_while_the_page_boots_stops_nothing(site: Site, by: int, runtime: str) -> None:
    site.page.add_init_script(SET_CLOCK % by)
    for visit in range(6 if runtime == "micropython" else 1):
        site.open(runtime=runtime)
        site.track(f"booted {visit}")
        site.page.evaluate("setClock", by)
        site.page.evaluate("pyscriptReplay.flush()")
        message = site.track(f"later {visit}")
        assert message["integrations"]["Actions Amplitude"]["session_id"] == site.session_id


def test_the_clock_of_the_page_is_left_alone(site: Site) -> None:
    site.page.add_init_script("window.clocks = [Date, Date.now, performance.now]")
    site.open()
    assert site.page.evaluate("clocks[0] === Date && clocks[1] === Date.now && clocks[2] === performance.now")


THROWS = (
    "Object.defineProperty(window, 'indexedDB', { get() { throw new DOMException('forbidden', 'SecurityError'); } });"
)
OPEN_THROWS = "IDBFactory.prototype.open = () => { throw new DOMException('forbidden', 'SecurityError'); };"


@pytest.mark.parametrize("fault", [THROWS, OPEN_THROWS], ids=["indexedDB", "indexedDB.open"])
@pytest.mark.parametrize("mode", ["actions", "classic-device", "classic-cloud"])
def test_a_database_that_is_forbidden_swallows_no_event(site: Site, mode: str, fault: str) -> None:
    site.page.add_init_script(fault)
    site.open(mode, wait=False, hold_ms=1000)
    site.wait_for("['running', 'failed'].includes(window.pyscriptReplay?.status)")
    site.track("first")
    site.page.evaluate("pyscriptReplay.track('through the facade')")
    site.event("through the facade")
    site.page.evaluate("analytics.reset()")
    site.track("another visitor's")
    assert len(site.errors) <= 1
    if mode == "classic-cloud":
        first, another = [
            each["integrations"]["Amplitude"]["session_id"] for each in site.events if each["type"] == "track"
        ][::2]
        assert another > first


@pytest.mark.parametrize("way", ["write-key", "snippet", "npm"])
@pytest.mark.parametrize("mode", ["actions", "classic-device", "classic-cloud"])
def test_what_segment_waits_for_while_it_loads_does_not_wait_for_us(site: Site, mode: str, way: str) -> None:
    """Segment tracks what the address says, and is loaded when that is delivered."""
    given = {"write_key": mode, "segment_cdn": site.cdn} if way == "write-key" else {}
    tag = site.tag(mode=mode, hold_ms=60_000, **given)
    site.file(
        "snippet.js",
        SEGMENT_SNIPPET.replace('"actions', f'"{mode}').replace("v1/actions", f"v1/{mode}") % {"cdn": site.cdn},
    )
    site.file("segment.js", NPM % {"analytics": site.dist("analytics"), "key": mode, "cdn": site.cdn})
    head = {"npm": '<script type="module" src="segment.js"></script>', "snippet": '<script src="snippet.js"></script>'}
    site.show(tag + head.get(way, ""))
    site.page.goto(f"{site.server.url}/site/?ajs_uid=ada&ajs_event=Landed")
    site.wait_for("window.pyscriptReplay?.status === 'running'", seconds=15)
    landed = site.event("Landed")
    assert landed["userId"] == "ada"
    site.agreed(landed)


BUNDLE = "http://cdn.test"
OPEN = CSP.replace("'self'", f"'self' {BUNDLE}")


def bundle_elsewhere(site: Site, headers: dict[str, str], csp: str = OPEN) -> None:
    """The site's bundle lies on another origin, which sends these headers."""

    def answer(route: Route) -> None:
        response = route.fetch(url=route.request.url.replace(BUNDLE, site.server.url))
        route.fulfill(response=response, headers={**response.headers, **headers})

    site.context.route(f"{BUNDLE}/**", answer)
    tag = site.tag(mode="actions", hold_ms=60_000).replace(f"{site.server.url}/dist", f"{BUNDLE}/dist")
    site.file("segment.js", NPM % {"analytics": site.dist("analytics"), "key": "actions", "cdn": site.cdn})
    site.show(f'<script type="module" src="segment.js"></script>{tag}', csp)
    site.page.goto(f"{site.server.url}/site/")
    site.wait_for("window.pyscriptReplay && window.analytics")


def test_a_bundle_on_another_origin_is_refused_by_cors_and_says_so(site: Site) -> None:
    bundle_elsewhere(site, {"Access-Control-Allow-Origin": "http://somebody-else.test"})
    site.wait_for_status("failed")
    site.track("held")
    (error,) = site.page.evaluate("heard.error")
    assert error["code"] == "runtime-load"
    assert f"is refused by CORS: {BUNDLE}" in error["message"]
    assert "Access-Control-Allow-Origin" in error["fix"]


def test_a_bundle_on_another_origin_that_allows_it_is_welcome(site: Site) -> None:
    bundle_elsewhere(site, {"Access-Control-Allow-Origin": "*"})
    site.wait_for_status("running")
    site.agreed(site.track("first"))


POLICIES = {
    "its modules": (
        f"script-src 'self' {BUNDLE}",
        f"script-src 'self' {BUNDLE}/dist/replay.js",
        "(script-src) refuses micropython",
    ),
    "its wasm": ("default-src", "connect-src 'self'; default-src", "(connect-src) refuses micropython.wasm"),
    "any wasm": ("'wasm-unsafe-eval'", "", "(script-src) forbids WebAssembly"),
}


@pytest.mark.parametrize("refused", POLICIES)
def test_a_policy_that_refuses_a_file_is_named_with_its_directive(site: Site, refused: str) -> None:
    there, instead, said = POLICIES[refused]
    assert there in OPEN
    bundle_elsewhere(site, {"Access-Control-Allow-Origin": "*"}, OPEN.replace(there, instead))
    site.wait_for_status("failed")
    site.track("held")
    (error,) = site.page.evaluate("heard.error")
    assert error["code"] == "runtime-load"
    assert said in error["message"] and error["fix"]


def test_python_that_comes_after_its_time_is_still_welcome(site: Site) -> None:
    late: list[Route] = []
    site.context.route("**/micropython.wasm", lambda route: late.append(route))
    site.page.clock.install()
    site.open(wait=False, hold_ms=500)
    site.wait_for(lambda: bool(late))
    site.wait_for(lambda: site.page.clock.run_for(1000) or site.facade("status") == {"status": "failed"})
    assert site.errors == ["runtime-load"]
    for route in late:
        route.continue_()
    site.wait_for_status("running")
    site.agreed(site.track("late"))


# The SDK's own calls. The faults are there while window.broken is.
BROKEN = """
export * from "./session-replay-browser-esm.js?real";
import * as real from "./session-replay-browser-esm.js?real";
window.broken ??= true;
export const %(call)s = (...args) => (window.broken ? (%(fault)s) : real.%(call)s(...args));
"""
NEVER = "{ promise: new Promise(() => {}) }"
THROWS_AT_ONCE = "(() => { throw new Error('broken'); })()"


@pytest.mark.parametrize("mode", ["actions", "classic-cloud"])
@pytest.mark.parametrize(
    ("call", "fault"),
    [
        ("init", NEVER),
        ("init", THROWS_AT_ONCE),
        ("init", "{ promise: Promise.reject(new Error('broken')) }"),
        ("setSessionId", NEVER),
        ("setSessionId", THROWS_AT_ONCE),
        ("stop", THROWS_AT_ONCE),
        ("start", NEVER),
        ("flush", NEVER),
        ("shutdown", THROWS_AT_ONCE),
        ("getSessionReplayProperties", THROWS_AT_ONCE),
    ],
)
def test_a_call_of_the_sdk_that_throws_or_never_ends_swallows_no_event(
    site: Site, call: str, fault: str, mode: str
) -> None:
    if (call, fault, mode) == ("setSessionId", THROWS_AT_ONCE, "classic-cloud"):
        pytest.skip("Amplitude's plugin calls it, too, and leaves what it throws unhandled")

    def answer(route: Route) -> None:
        if "real" in route.request.url:
            route.continue_(url=route.request.url.replace("?real", ""))
        else:
            route.fulfill(body=BROKEN % {"call": call, "fault": fault}, content_type="text/javascript")

    site.context.route("**/session-replay-browser-esm.js*", answer)
    site.open(mode, wait=False, hold_ms=500)
    site.wait_for("!!window.pyscriptReplay")
    site.page.evaluate("pyscriptReplay.ready")
    site.track("first")
    site.page.evaluate("analytics.reset()")
    site.track("second")
    site.page.evaluate("void pyscriptReplay.flush()")
    site.page.evaluate("pyscriptReplay.stop()")
    site.track("stopped")
    site.page.evaluate("window.broken = false")
    site.page.evaluate("void pyscriptReplay.start()")
    site.wait_for_status("running")
    message = site.track("third")
    assert carried(message) == site.session_id
    assert [each["event"] for each in site.events if each["type"] == "track"] == ["first", "second", "stopped", "third"]


CLONES = """
analytics.addSourceMiddleware(({ payload, next }) => {
  const copy = JSON.parse(JSON.stringify(payload.obj));
  payload.obj = copy;
  next(payload);
});
"""


@pytest.mark.parametrize("mode", ["actions", "classic-device", "classic-cloud"])
def test_an_event_waits_for_wiring_and_recording_together_no_longer_than_hold_ms(site: Site, mode: str) -> None:
    """Whatever a page's own middleware makes of the event in between. The page's clock stands still, but for us."""
    waiting: list[Route] = []
    site.page.clock.install()
    site.context.route("**/micropython.wasm", lambda route: waiting.append(route))
    site.context.route("**/rrweb-record-min.js", lambda route: None)
    site.open(mode, wait=False, hold_ms=4000)
    site.wait_for("window.analytics?.initialized")
    site.page.evaluate(CLONES)
    site.page.evaluate("void analytics.track('held')")
    site.wait_for(lambda: bool(waiting))
    site.page.clock.run_for(3000)
    assert site.events == []
    waiting[0].continue_()
    site.wait_for(lambda: site.page.clock.run_for(10) or site.page.evaluate("pyscriptReplay.mode === " + repr(mode)))
    site.wait_for("pyscriptReplay.sessionId !== null")
    site.page.clock.run_for(1000)
    site.event("held")
