"""What a failure says, where, and for how long: the console, the event, the doctor."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from pyscript_replay.tools.devserver import DevServer

from .conftest import CSP_OF_PYSCRIPT, NPM, Site
from .test_loader import settled

PRELOADED = "was preloaded"
UNUSED = "of-the-test.js"  # when Chromium warns of this one, it has warned of all
PRELOAD = """
addEventListener("DOMContentLoaded", () => {
  document.head.append(Object.assign(document.createElement("link"), { rel: "preload", as: "script", href: "%s" }));
});
"""
TRACEBACK = "Traceback"

FAILURES = {
    "the runtime is blocked": ("**/assets/micropython-*.js", {}, "runtime-load"),
    "Segment is blocked": ("**/assets/analytics-*.js", {}, "segment-load"),
    "its wasm is blocked": ("**/*.wasm", {}, "runtime-load"),
    "the replay SDK is blocked": ("**/session-replay-browser-esm.js", {}, "sdk-load"),
    "its recorder is blocked": ("**/rrweb-record-min.js", {}, "recording-not-begun"),
    "Segment's settings are blocked": ("**/projects/**", {}, "segment-load"),
    "an option is wrong": (None, {"sample_rate": "2"}, "option-value"),
    "the consent is wrong": (None, {"consent": "no"}, "option-value"),
    "the API key is missing": (None, {"api_key": None}, "option-missing"),
    "the mode cannot be told": (None, {"mode": "auto", "write_key": "none"}, "mode-unknown"),
    "Pyodide is blocked": ("**/assets/pyodide-*.js", {"runtime": "pyodide"}, "runtime-load"),
    "an option is wrong on Pyodide": (None, {"runtime": "pyodide", "sample_rate": "2"}, "option-value"),
    "the SDK is blocked on Pyodide": ("**/session-replay-browser-esm.js", {"runtime": "pyodide"}, "sdk-load"),
}


@pytest.fixture(scope="module")
def failing(browser: Browser, dist: Path) -> Iterator[dict[str, Site]]:
    """A site for each failure, all opened at once: Chromium warns only some seconds after a page has been loaded."""
    sites: dict[str, Site] = {}
    with DevServer(dist) as server, ExitStack() as stack:
        server.sources["none"] = {"integrations": {}, "plan": {"track": {}}, "remotePlugins": []}
        for failure, (blocked, options, _) in FAILURES.items():
            context = stack.enter_context(browser.new_context())
            stack.callback(context.unroute_all, behavior="ignoreErrors")
            site = sites[failure] = Site(server, context, context.new_page(), dist)
            if blocked:
                context.route(blocked, lambda route: route.abort())
            site.file(UNUSED, "")
            site.page.add_init_script(PRELOAD % UNUSED)
            site.open(wait=False, hold_ms=500, **options)
            site.page.evaluate("void window.analytics?.track?.('held')")
        yield sites


@pytest.mark.xdist_group("failing")
@pytest.mark.parametrize("failure", FAILURES)
def test_an_expected_failure_is_said_once_and_leaves_no_noise(failing: dict[str, Site], failure: str) -> None:
    site, code = failing[failure], FAILURES[failure][2]
    site.wait_for_status("failed")
    site.wait_for(lambda: any(PRELOADED in line and UNUSED in line for line in site.console), seconds=30)
    assert site.errors == [code]
    assert [line for line in site.console if (PRELOADED in line and UNUSED not in line) or TRACEBACK in line] == []
    (said,) = [line for line in site.console if line.startswith(f"pyscript-replay: {code}: ")]
    (error,) = site.page.evaluate("heard.error")
    assert said == f"pyscript-replay: {code}: {error['message']}. {error['fix']}"
    findings = site.page.evaluate("pyscriptReplay.doctor()")
    assert any({"level": "problem", **error}.items() <= each.items() for each in findings)
    assert not site.uncaught


def test_start_fails_again_with_the_reason(site: Site) -> None:
    site.open(wait=False, sample_rate="2")
    site.wait_for_status("failed")
    again = "pyscriptReplay.start().then(() => 'started', ({ name, code }) => `${name} ${code}`)"
    assert site.page.evaluate(again) == "ReplayError option-value"
    assert site.facade("status") == {"status": "failed"}
    assert site.errors == ["option-value", "option-value"]


def test_the_doctor_knows_the_last_error_until_it_is_mended(site: Site) -> None:
    blocked = "**/session-replay-browser-esm.js"
    site.context.route(blocked, lambda route: route.abort())
    site.open(wait=False, hold_ms=500)
    site.wait_for_status("failed")
    site.page.evaluate("pyscriptReplay.stop()")
    codes = "pyscriptReplay.doctor().then((all) => all.map(({ code }) => code))"
    assert "sdk-load" in site.page.evaluate(codes)


PYTHON = """
from pyscript_replay import connect

def failing(*transition):
    raise ValueError("not our fault")

replay = await connect("actions", api_key="local", sample_rate=1, options=%r, on_session=failing)
"""


def test_an_error_that_nothing_mends_is_known_while_the_page_runs(site: Site) -> None:
    head = '<script type="module" src="segment.js"></script>' + site.script("mpy", "actions")
    site.file("segment.js", NPM % {"analytics": site.dist("analytics"), "key": "actions", "cdn": site.cdn})
    site.file("main.py", PYTHON % site.replay_options)
    site.show(head, CSP_OF_PYSCRIPT)
    site.page.goto(f"{site.server.url}/site/")
    site.wait_for_status("running")
    site.agreed(site.track("first"))
    findings = site.page.evaluate("pyscriptReplay.doctor()")
    assert [each["code"] for each in findings if each["level"] == "problem"] == ["listener"]
    settled(site, "first")
