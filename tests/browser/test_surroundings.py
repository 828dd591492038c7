"""What a page lives in: https, a strict policy, Amplitude's bad days, the browser's back button."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserType, Route

from pyscript_replay.tools.devserver import SOURCES, DevServer

from .conftest import CSP, CSP_OF_PYSCRIPT, Site, carried

SECURE = "https://site.test"


def test_on_https_the_cookie_is_secure(site: Site) -> None:
    """The whole site, Segment and Amplitude under one https address, answered by the development server."""

    def proxy(route: Route) -> None:
        response = route.fetch(url=route.request.url.replace(SECURE, site.server.url))
        if route.request.url.endswith("/settings"):
            text = json.dumps(response.json()).replace(site.server.url, SECURE)
            settings = json.loads(text.replace(site.server.url.removeprefix("http://"), "site.test"))
            settings["integrations"]["Segment.io"]["protocol"] = "https"
            route.fulfill(response=response, json=settings)
        else:
            route.fulfill(response=response)

    def page(route: Route) -> None:
        route.fulfill(body=document, headers={"Content-Type": "text/html", "Content-Security-Policy": CSP})

    tag = site.tag(mode="actions", write_key="actions", segment_cdn=f"{SECURE}/segment")
    document = f"<!doctype html><title>Site</title>{tag.replace(site.server.url, SECURE)}<h1>Secure</h1>"
    site.context.route(f"{SECURE}/**", proxy)
    site.context.route(f"{SECURE}/", page)
    site.page.goto(SECURE)
    site.wait_for_status("running")
    site.agreed(site.track("first"))
    cookies = [each for each in site.context.cookies() if each.get("name") == "analytics_session_id"]
    assert [(each.get("domain"), each.get("path"), each.get("secure"), each.get("sameSite")) for each in cookies] == [
        (".site.test", "/", True, "Lax")
    ]


def test_csp_with_worker_src_none_is_recorded_all_the_same(site: Site) -> None:
    options = {**site.replay_options, "useWebWorker": True}
    tag = site.tag(mode="actions", write_key="actions", segment_cdn=site.cdn, options=options)
    site.show(tag, CSP.replace("worker-src 'self' blob:", "worker-src 'none'"))
    site.page.goto(f"{site.server.url}/site/")
    site.wait_for_status("running")
    site.agreed(site.track("first"))


@pytest.mark.parametrize("status", [500, 404])
def test_failing_remote_configuration_records_nothing_and_the_doctor_says_so(site: Site, status: int) -> None:
    configuration = "**/session-replay/config/**"
    site.context.route(configuration, lambda route: route.fulfill(status=status, body="{}"))
    site.open()
    message = site.track("first")
    assert "[Amplitude] Session Replay ID" not in message["properties"]
    findings = {each["code"]: each for each in site.page.evaluate("pyscriptReplay.doctor()")}
    assert findings["not-recording"]["level"] == "problem"
    assert site.server.store.uploads() == []


# What the next page does to begin a session of its own, mode by mode.
IN_STORAGE = "(id) => localStorage.setItem('analytics_session_id', JSON.stringify(id))"
IN_AMPLITUDE_S_COOKIE = """(id) => {
  const [, name, value] = document.cookie.match(/(amplitude_id_[^=]*)=([^;]*)/);
  const saved = { ...JSON.parse(atob(value)), sessionId: id, lastEventTime: Date.now() };
  document.cookie = `${name}=${btoa(JSON.stringify(saved))}; path=/`;
}"""
BEGUN = {"actions": IN_STORAGE, "classic-device": IN_AMPLITUDE_S_COOKIE, "classic-cloud": IN_STORAGE}


@pytest.fixture
def remembering(
    browser_type: BrowserType, browser_type_launch_args: dict, server: DevServer, dist: Path
) -> Iterator[Site]:
    """A site in a browser with a back/forward cache, which Playwright's otherwise has not."""
    browser = browser_type.launch(**browser_type_launch_args, ignore_default_args=["--disable-back-forward-cache"])
    if browser.new_browser_cdp_session().send("Browser.getVersion")["product"].startswith("HeadlessChrome/"):
        browser.close()
        pytest.skip("a headless shell, as npm's Chromium is, has no back/forward cache")
    context = browser.new_context()
    yield Site(server, context, context.new_page(), dist)
    browser.close()


@pytest.mark.parametrize("mode", BEGUN)
def test_back_button_brings_a_bfcache_page_that_has_caught_up(remembering: Site, mode: str) -> None:
    site = remembering
    site.file("next.html", "<!doctype html><title>Next</title><h1>The next page</h1>")
    site.open(mode)
    session_id = site.agreed(site.track("before"))
    kept = False
    for _ in range(5):  # the browser need not keep a page
        site.page.evaluate("addEventListener('pageshow', ({ persisted }) => (window.kept = persisted))")
        site.page.goto(f"{site.server.url}/site/next.html")
        session_id += 5
        site.page.evaluate(BEGUN[mode], session_id)
        site.page.go_back(wait_until="commit")
        site.wait_for(f"window.pyscriptReplay?.sessionId === {session_id}")
        kept = site.page.evaluate("window.kept === true")
        if kept:
            break
    assert kept
    assert site.agreed(site.track("after")) == session_id
    assert site.uncaught == []


PYTHON = """
from pyscript import window
from pyscript_replay import ReplayError, bridge, connect

by_name = bridge.window().get("ajs")
try:
    await connect("actions", api_key="local", analytics=bridge.window().get("heard"))
except ReplayError as error:
    window.refused = error.code
replay = await connect("actions", api_key="local", analytics=by_name, sample_rate=1, options=%(options)r)

@replay.on_session
def failing(*transition):
    raise ValueError("not our fault")

@replay.on_session
async def moved(previous, current, device_id, reason):
    window.moved = " ".join([repr(previous), repr(current), device_id, reason])
"""


@pytest.mark.parametrize("kind", ["mpy", "py"])
def test_a_python_page_hands_over_the_object_itself(site: Site, kind: str) -> None:
    site.file(
        "segment.js",
        f'import {{ AnalyticsBrowser }} from "{site.dist("analytics")}";'
        f'window.ajs = AnalyticsBrowser.load({{ writeKey: "actions", cdnURL: "{site.cdn}" }});',
    )
    site.script(kind, "actions")
    site.file("main.py", PYTHON % {"options": site.replay_options})
    site.show(
        '<script type="module" src="segment.js"></script>'
        f'<script type="module" src="{site.server.url}/dist/pyscript.js"></script>'
        f'<script type="{kind}" src="main.py" async></script>',
        csp="default-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
    )
    site.page.goto(f"{site.server.url}/site/")
    site.wait_for_status("running")
    site.page.evaluate("void ajs.track('first')")
    session_id = site.agreed(site.event("first"))
    assert site.page.evaluate("moved") == f"None {session_id} {site.device_id} started"
    assert site.page.evaluate("refused") == "segment-missing"
    assert site.errors == ["segment-missing", "listener"]


def test_the_page_s_own_wasm_program_is_left_alone(site: Site) -> None:
    """Each Emscripten program has a global ``Module``, MicroPython's own is one."""
    site.file("program.js", "var Module = { marker: 'mine' };")
    tag = site.tag(mode="actions", write_key="actions", segment_cdn=site.cdn)
    site.show(f'<script src="program.js"></script>{tag}')
    site.page.goto(f"{site.server.url}/site/")
    site.wait_for_status("running")
    site.agreed(site.track("first"))
    assert site.page.evaluate("Module.marker") == "mine"
    assert site.page.evaluate("Object.keys(window).filter((name) => /proxy|micropython/i.test(name))") == []


BESIDE = """
import asyncio
from pyscript import window
from pyscript_replay import ReplayError, connect

try:
    await connect("actions", api_key="local")
except ReplayError as error:
    window.refused = error.code
for each in range(30):
    await asyncio.sleep(0.02)
window.done = True
"""


@pytest.mark.parametrize("kind", ["mpy", "py"])
def test_the_tag_works_beside_somebody_s_python(site: Site, kind: str) -> None:
    tag = site.tag(mode="actions", write_key="actions", segment_cdn=site.cdn).replace(" async", "")
    head = site.script(kind, "actions")
    site.file("main.py", BESIDE)
    site.show(tag + head, CSP_OF_PYSCRIPT)
    site.page.goto(f"{site.server.url}/site/")
    site.wait_for_status("running")
    site.wait_for("window.refused", seconds=60)
    site.agreed(site.track("meanwhile"))
    site.wait_for("window.done")
    site.agreed(site.track("afterwards"))
    assert site.page.evaluate("refused") == "connect-twice"
    assert site.reasons == ["started"]


@pytest.mark.parametrize("stored", ["abc", "123.5", "9007199254740993", "-1", "NaN"])
def test_garbage_in_storage_is_no_session_id(site: Site, stored: str) -> None:
    stored = f"""
        localStorage.setItem("analytics_session_id", JSON.stringify("{stored}"));
        localStorage.setItem("analytics_session_id.last_access", Date.now());
        document.cookie = "analytics_session_id={stored}; path=/";
    """
    site.file("stored.js", stored)
    tag = site.tag(mode="actions", write_key="actions", segment_cdn=site.cdn)
    site.show(f'<script src="stored.js"></script>{tag}')
    site.page.goto(f"{site.server.url}/site/")
    site.wait_for_status("running")
    site.agreed(site.track("first"))
    assert site.reasons == ["started"]


@pytest.mark.parametrize("stored", ['"%d"', '" %d "'])
def test_session_id_stored_as_text_is_a_number_on_events(site: Site, stored: str) -> None:
    site.file(
        "stored.js",
        f"""
        window.began = Date.now() - 60_000;
        localStorage.setItem("analytics_session_id", {stored!r}.replace("%d", began));
        localStorage.setItem("analytics_session_id.last_access", Date.now());
    """,
    )
    tag = site.tag(mode="actions", write_key="actions", segment_cdn=site.cdn)
    site.show(f'<script src="stored.js"></script>{tag}')
    site.page.goto(f"{site.server.url}/site/")
    site.wait_for_status("running")
    message = site.track("first")
    assert carried(message) == site.session_id == site.page.evaluate("began")
    assert site.reasons == ["resumed"]


def test_the_session_is_as_long_as_segment_s_plugin_has_it(site: Site) -> None:
    source = copy.deepcopy(SOURCES["actions"])
    source["remotePlugins"][0]["settings"]["subscriptions"][0]["mapping"] = {"sessionLength": 5 * 60_000}
    site.server.sources["short"] = source
    site.page.clock.install()
    site.open(key="short")
    before = site.agreed(site.track("before"))
    site.pass_minutes(6)
    site.page.reload()
    site.wait_for_status("running")
    assert site.session_id is None
    assert site.agreed(site.track("after")) > before
    assert site.reasons == ["renewed"]


BRINGING = """
from pyscript_replay import connect

brought = {"write_key": "actions", "segment_cdn": %(cdn)r}
replay = await connect("actions", api_key="local", sample_rate=1, options=%(options)r, **brought)
await replay.track("late", {"price": 1795433609897})
"""


@pytest.mark.parametrize("kind", ["mpy", "py"])
def test_a_python_page_without_segment_is_given_one(site: Site, kind: str) -> None:
    head = '<script src="early.js"></script>' + site.script(kind, "actions")
    site.file("early.js", "(window.analytics ??= []).push(['track', 'early']);")
    site.file("main.py", BRINGING % {"cdn": site.cdn, "options": site.replay_options})
    site.show(head, CSP_OF_PYSCRIPT)
    site.page.goto(f"{site.server.url}/site/")
    site.wait_for_status("running")
    late = site.event("late")
    assert late["properties"]["price"] == 1795433609897
    assert site.event("early")["anonymousId"] == late["anonymousId"] == site.device_id
    site.agreed(late)


def test_a_start_that_failed_can_be_tried_again(site: Site) -> None:
    """Once the visitor has an id that Amplitude accepts; and ``reset()`` then begins one session, not two."""
    site.file("visitor.js", "document.cookie = 'ajs_anonymous_id=a/b; path=/';")
    tag = site.tag(mode="actions", write_key="actions", segment_cdn=site.cdn)
    site.show(f'<script src="visitor.js"></script>{tag}')
    site.page.goto(f"{site.server.url}/site/")
    site.wait_for_status("failed")
    site.page.evaluate("analytics.setAnonymousId('a-b')")
    assert site.page.evaluate("pyscriptReplay.start().then(({ status }) => status)") == "running"
    site.agreed(site.track("recorded"))
    site.page.evaluate("analytics.reset()")
    site.agreed(site.track("another"))
    assert site.reasons == ["started", "identity-changed"]
