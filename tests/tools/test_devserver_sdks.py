"""The real SDKs find a Segment and an Amplitude in the development server, whatever the origin of the page."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from pyscript_replay.tools.devserver import SOURCES, DevServer, Upload

LOAD = """async ([sdk, settings]) => {
  const { AnalyticsBrowser } = await import(sdk);
  const [analytics] = await AnalyticsBrowser.load(settings);
  window.analytics = analytics;
  await new Promise((resolve) => analytics.ready(resolve));
}"""

SNIPPET = """([key, cdn]) => {
  const analytics = (window.analytics = []);
  analytics.invoked = true;
  analytics._cdn = cdn;
  for (const method of ["track", "page", "identify", "ready"]) {
    analytics[method] = (...args) => analytics.push([method, ...args]);
  }
  const src = `${cdn}/analytics.js/v1/${key}/analytics.min.js`;
  document.head.append(Object.assign(document.createElement("script"), { async: true, src }));
  analytics.track("early");
}"""

RECORD = """async ([sdk, options]) => {
  const replay = await import(sdk);
  await replay.init("local", options).promise;
}"""


EMPTY = "<!doctype html><h1>Hello</h1>"


class Shop(BaseHTTPRequestHandler):
    """A site with a server of its own."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(EMPTY.encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


class Tab:
    """An empty page, and what it has asked of others than its own and our server."""

    def __init__(self, page: Page, server: DevServer, assets: dict[str, str], url: str) -> None:
        self.page, self.server, self.url = page, server, url
        self.assets = {name: f"{server.url}/dist/{path}" for name, path in assets.items() if isinstance(path, str)}
        self.elsewhere: list[str] = []
        page.on("request", self._note)
        page.goto(self.url)

    def load(self, key: str) -> None:
        self.page.evaluate(LOAD, [self.assets["analytics"], {"writeKey": key, "cdnURL": f"{self.server.url}/segment"}])

    def snippet(self, key: str) -> None:
        self.page.evaluate(SNIPPET, [key, f"{self.server.url}/segment"])

    def record(self, **options: Any) -> None:
        here = f"{self.server.url}/amplitude/session-replay"
        fast = {"eagerFullSnapshotSend": True, "performanceConfig": {"enabled": False}, "sampleRate": 1}
        servers = {"configServerUrl": f"{here}/config", "trackServerUrl": f"{here}/track"}
        self.page.evaluate(RECORD, [self.assets["session-replay"], {**fast, **servers, **options}])

    def track(self, name: str) -> dict[str, Any]:
        self.page.evaluate("(name) => void analytics.track(name)", name)
        return self.arrived(name)

    def arrived(self, name: str) -> dict[str, Any]:
        (message,) = self.wait_for(
            lambda: [each for each in self.server.store.segment_messages() if each["event"] == name]
        )
        return message

    def uploaded(self, text: str) -> Upload:
        return self.wait_for(lambda: [each for each in self.server.store.uploads() if text in json.dumps(each.events)])[
            0
        ]

    def wait_for(self, found: Callable[[], Any]) -> Any:
        return self.server.store.wait_for(lambda _: found(), meanwhile=lambda: self.page.wait_for_timeout(1))

    def _note(self, request: Any) -> None:
        if not request.url.startswith((self.server.url, self.url, "blob:")):
            self.elsewhere.append(request.url)


@pytest.fixture
def empty(page: Page, server: DevServer) -> str:
    """A page of the server's own origin."""
    page.route(f"{server.url}/empty", lambda route: route.fulfill(body=EMPTY, content_type="text/html"))
    return f"{server.url}/empty"


@pytest.fixture
def shop() -> Iterator[str]:
    """A page of another origin. (Without a route of Playwright's, with which preflights are not the browser's own.)"""
    with ThreadingHTTPServer(("127.0.0.1", 0), Shop) as shop:
        threading.Thread(target=shop.serve_forever, daemon=True).start()
        yield f"http://shop.localhost:{shop.server_port}/"
        shop.shutdown()


@pytest.fixture(params=["empty", "shop"])
def tab(page: Page, server: DevServer, dist: Path, request: pytest.FixtureRequest) -> Iterator[Tab]:
    assets = json.loads((dist / "manifest.json").read_text())["assets"]
    tab = Tab(page, server, assets, request.getfixturevalue(request.param))
    yield tab
    assert tab.elsewhere == []


# write key: where an event carries its session
CARRIED = {
    "actions": "Actions Amplitude",
    "classic-device": None,
    "classic-device-anonymous": None,
    "classic-cloud": None,
    "segment-only": None,
}


def test_every_source_is_tried() -> None:
    assert CARRIED.keys() == SOURCES.keys()


@pytest.mark.parametrize("key", SOURCES)
def test_segment_from_npm(tab: Tab, key: str) -> None:
    tab.load(key)
    message = tab.track("Bought")
    assert message["writeKey"] == key
    carrier = CARRIED[key]
    if carrier:
        assert isinstance(message["integrations"][carrier]["session_id"], int)
    else:
        assert not any("session_id" in str(each) for each in message["integrations"].values())
    assert tab.page.evaluate("'amplitude' in window") is key.startswith("classic-device")


@pytest.mark.parametrize("key", ["actions", "classic-device"])
def test_segment_from_its_snippet(tab: Tab, key: str) -> None:
    tab.snippet(key)
    assert tab.arrived("early")["writeKey"] == key
    assert tab.track("late")["context"]["library"]["version"].startswith("next-")


def test_a_source_of_one_s_own(tab: Tab) -> None:
    tab.server.sources["mine"] = {"remotePlugins": SOURCES["actions"]["remotePlugins"]}
    tab.load("mine")
    assert "session_id" in tab.track("Bought")["integrations"]["Actions Amplitude"]


def test_the_classic_integration_brings_amplitude_js_which_logs_here(tab: Tab) -> None:
    tab.load("classic-device")
    tab.track("Bought")
    kept = tab.page.evaluate(
        "({ id: amplitude.getInstance().getSessionId(), device: amplitude.getInstance().options.deviceId })"
    )
    tab.page.evaluate("amplitude.getInstance().sendEvents()")
    (logged,) = tab.wait_for(tab.server.store.amplitude_events)
    assert (logged["event_type"], logged["session_id"], logged["device_id"]) == ("Bought", kept["id"], kept["device"])
    tab.page.wait_for_function("amplitude.getInstance()._unsentCount() === 0")  # the answer was the one it waits for


def test_what_amplitude_js_could_not_send_comes_with_the_next_page(tab: Tab) -> None:
    tab.server.fault("/amplitude/classic", 503)
    tab.load("classic-device")
    tab.track("Bought")  # which amplitude-js sends at once
    tab.wait_for(lambda: not tab.server.faults)
    tab.page.reload()
    tab.load("classic-device")
    (logged,) = tab.wait_for(tab.server.store.amplitude_events)
    assert logged["event_type"] == "Bought"


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("worker", [True, False])
def test_session_replay(tab: Tab, compressed: bool, worker: bool) -> None:
    ids = {"deviceId": "device-1", "sessionId": 1795433609897}
    tab.record(**ids, enableTransportCompression=compressed, useWebWorker=worker)
    upload = tab.uploaded("Hello")
    assert (upload.device_id, upload.session_id) == (ids["deviceId"], ids["sessionId"])
    assert (upload.headers.get("content-encoding") == "gzip") is compressed
    assert upload.headers["authorization"] == "Bearer local"
    assert upload.headers["x-client-version"]


def test_the_beacon_of_a_page_that_is_left(tab: Tab) -> None:
    tab.record(deviceId="device-1", sessionId=5)
    tab.uploaded("Hello")
    tab.page.evaluate("document.querySelector('h1').textContent = 'Goodbye'")
    tab.page.wait_for_timeout(200)
    tab.page.goto("about:blank")
    beacon = tab.uploaded("Goodbye")
    assert (beacon.session_id, beacon.query["api_key"]) == (5, "local")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_replay_tries_again_where_it_ought_to(tab: Tab, status: int) -> None:
    tab.server.fault("/amplitude/session-replay/track", status)
    tab.record(deviceId="device-1", sessionId=5)
    assert tab.wait_for(tab.server.store.uploads)
    assert not tab.server.faults


def test_segment_tries_again_after_as_long_as_it_is_told(tab: Tab) -> None:
    tab.load("actions")
    tab.server.fault("/v1/t", 429, headers={"Retry-After": "1"})
    assert tab.track("Bought")["messageId"]
    assert not tab.server.faults
