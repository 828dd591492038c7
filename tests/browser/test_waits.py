"""Every wait has an end, and no clock but a monotonic one decides when our code runs."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Route

from .conftest import NPM, Site
from .test_loader import SEGMENT_SNIPPET

RUNTIMES = ["micropython", "pyodide"]
SOON = 10  # seconds, in which a file that is not to be had is given up

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


ASSETS = {
    "the runtime": ("**/assets/micropython-*.js*", "micropython", "runtime-load"),
    "its wasm": ("**/micropython.wasm*", "micropython", "runtime-load"),
    "the SDK": ("**/session-replay-browser-esm.js*", "micropython", "sdk-load"),
    "the shell": ("**/assets/amplitude-*.js*", "micropython", "sdk-load"),
    "the shell's SDK": ("**/session-replay-browser-esm.js*", "micropython", "sdk-load"),
    "Pyodide": ("**/assets/pyodide-*.js*", "pyodide", "runtime-load"),
    "Pyodide's program": ("**/pyodide.asm.mjs*", "pyodide", "runtime-load"),
    "Pyodide's wasm": ("**/pyodide.asm.wasm", "pyodide", "runtime-load"),
    "Pyodide's library": ("**/python_stdlib.zip", "pyodide", "runtime-load"),
    "Pyodide's lock file": ("**/pyodide-lock.json", "pyodide", "runtime-load"),
}


def hang(route: Route) -> None:
    """No answer, ever."""


def cut(route: Route) -> None:
    response = route.fetch()
    route.fulfill(response=response, body=response.body()[: len(response.body()) // 2])


def wrong(route: Route) -> None:
    response = route.fetch()
    route.fulfill(response=response, body=b"<!doctype html>" + response.body()[15:])


FAULTS: dict[str, tuple[Callable[[Route], None], str]] = {
    "hangs": (hang, "has not arrived after"),
    "is cut short": (cut, "is damaged"),
    "is wrong": (wrong, "is damaged"),
    "is missing": (lambda route: route.fulfill(status=404), "is missing: the server answered 404"),
    "is refused by the server": (lambda route: route.fulfill(status=500), "the server answered 500"),
    "is reset": (lambda route: route.abort("connectionreset"), "could not be reached"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("asset", ASSETS)
def test_a_file_that_is_not_to_be_had_is_named_with_the_cause_and_start_tries_again(
    site: Site, asset: str, fault: str
) -> None:
    pattern, runtime, code = ASSETS[asset]
    answer, cause = FAULTS[fault]
    site.context.route(pattern, answer)
    mode = "classic-cloud" if "shell" in asset else "actions"
    site.open(mode, wait=False, runtime=runtime, hold_ms=60_000)
    site.wait_for("window.pyscriptReplay?.status === 'failed'", seconds=SOON)
    assert site.page.evaluate("pyscriptReplay.ready.then(({ status }) => status)") == "failed"
    site.track("held")
    (error,) = site.page.evaluate("heard.error")
    assert error["code"] == code
    assert cause in error["message"] and error["fix"]

    site.context.unroute(pattern)
    site.page.evaluate("void pyscriptReplay.start()")
    site.wait_for_status("running")
    site.agreed(site.track("recorded"))
    assert site.errors == [code]


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
