"""A site under test: a page with the real SDKs, in one of the ways in which a page can have us.

``Site.open`` serves the page itself (through Playwright's routing, on the development server's own origin) and visits
it; everything that the page loads or sends goes to the real development server. What reached its collectors is what
the tests look at.
"""

import html
import itertools
import json
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route

from pyscript_replay.pytest_plugin import keep
from pyscript_replay.tools import routing
from pyscript_replay.tools.evidence import carried
from pyscript_replay.tools.expectations import Replay

__all__ = ["CSP", "CSP_OF_PYSCRIPT", "PROXIES", "WAYS", "Site", "carried", "in_all_ways", "in_turns"]

CSP = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; style-src 'self'"
CSP_OF_PYSCRIPT = CSP.replace("'wasm-unsafe-eval'", "'unsafe-eval' 'wasm-unsafe-eval' blob:").replace(
    "style-src 'self'", "style-src 'self' 'unsafe-inline'"
)

# So that uploads come soon, also where Playwright's clock stands in for the browser's idle time.
FAST = {
    "flushIntervalConfig": {"minIntervalMs": 50, "maxIntervalMs": 200},
    "eagerFullSnapshotSend": True,
    "performanceConfig": {"enabled": False},
    "useWebWorker": False,
}

# way in: (Python runtime, how the page has Segment, how the page has us)
WAYS = {
    "tag-micropython": ("micropython", "write-key", "tag"),
    "tag-pyodide": ("pyodide", "write-key", "tag"),
    "page-micropython": ("micropython", "npm", "mpy"),
    "page-pyodide": ("pyodide", "npm", "py"),
}


def in_turns(*axes: Sequence[Any], way: str = "") -> list[Any]:
    """Parameters: the product of the axes; the last are the modes, which take turns. ``-m visits`` runs the rest.

    For what ``tests/unit`` tells of every mode, in memory, and ``test_conformance.py`` on the real SDKs, and what is
    the same in every mode.
    """
    values = []
    for numbers in itertools.product(*map(range, map(len, axes))):
        turn = (sum(numbers) + list(WAYS).index(way or "tag-micropython")) % len(axes[-1]) == 0
        row = [axis[number] for axis, number in zip(axes, numbers, strict=True)]
        values.append(pytest.param(*row, *filter(None, [way]), marks=() if turn else pytest.mark.visits))
    return values


def in_all_ways(*axes: Sequence[Any]) -> list[Any]:
    """The same, and the way in: the tag on MicroPython has the whole product, in the other ways the modes take turns.

    That the rules are the same on each Python is what ``tests/runtime`` proves.
    """
    whole = [pytest.param(*row, "tag-micropython") for row in itertools.product(*axes)]
    return whole + [each for way in list(WAYS)[1:] for each in in_turns(*axes, way=way)]


LISTEN = """
window.heard = { status: [], session: [], error: [] };
for (const name of Object.keys(heard)) {
  addEventListener("pyscript-replay:" + name, ({ detail }) => heard[name].push(detail));
}
"""

# The page's own Segment, from the npm package, as a site's bundle would have it.
NPM = """
import { AnalyticsBrowser } from "%(analytics)s";
window.analytics = AnalyticsBrowser.load({ writeKey: "%(key)s", cdnURL: "%(cdn)s" });
"""

PYTHON = """
from pyscript_replay import connect
await connect(%(mode)r, api_key="local", sample_rate=1, options=%(options)r, amplitude_options=%(amplitude)r)
"""


# How a program hands a function to the page.
PROXIES = {"mpy": "from jsffi import create_proxy\n", "py": "from pyodide.ffi import create_proxy\n"}


class Site:
    """One browser context's view of one site; ``tab`` opens further tabs of it."""

    def __init__(self, server: Any, context: BrowserContext, page: Page, dist: Any) -> None:
        self.server, self.context, self.page = server, context, page
        self.replay = Replay(context, routing.Wire(server))
        routing.listen(context, self.replay.wire)
        self.assets: dict[str, str] = json.loads((dist / "manifest.json").read_text())["assets"]
        self.uncaught: list[str] = []
        self.console: list[str] = []
        self.options: dict[str, Any] = {}  # for Session Replay, besides those that are always given
        self.body = "<h1>Recorded heading</h1><input id=field>"
        self._files: dict[str, tuple[str, str]] = {}
        self._headers: dict[str, str] = {}
        context.add_init_script(LISTEN)
        self._publish()
        self.watch(page)

    # The page.

    def open(
        self,
        mode: str = "actions",
        way: str | tuple[str, str, str] = "tag-micropython",
        *,
        key: str | None = None,
        wait: bool = True,
        **tag: Any,
    ) -> Page:
        """Visit the site; ``tag`` adds attributes to the script tag (``hold_ms=0``)."""
        runtime, segment, us = WAYS[way] if isinstance(way, str) else way
        key = key or (mode if mode != "auto" else "actions")
        head = ""
        if segment == "npm":
            self.file("segment.js", NPM % {"analytics": self.dist("analytics"), "key": key, "cdn": self.cdn})
            head += '<script type="module" src="segment.js"></script>'
        if us == "tag":
            given = {"mode": mode, "runtime": runtime, **tag}
            if segment == "write-key":
                given = {"write_key": key, "segment_cdn": self.cdn, **given}
            head += self.tag(**given)
        else:
            head += self.script(us, mode)
        self.show(head, CSP if us == "tag" else CSP_OF_PYSCRIPT)
        self.page.goto(self.address())
        if wait:
            self.wait_for_status("running")
        return self.page

    @property
    def cdn(self) -> str:
        return f"{self.server.url}/segment"

    def dist(self, asset: str) -> str:
        return f"{self.server.url}/dist/{self.assets[asset]}"

    @property
    def replay_options(self) -> dict[str, Any]:
        amplitude = f"{self.server.url}/amplitude/session-replay"
        return {
            "configServerUrl": f"{amplitude}/config",
            "trackServerUrl": f"{amplitude}/track",
            **FAST,
            **self.options,
        }

    def tag(self, **given: Any) -> str:
        """Our script tag. Values that are no text are written as JSON; ``None`` leaves an attribute out."""
        values = {"api_key": "local", "sample_rate": 1, "options": self.replay_options, **given}
        attributes = "".join(
            f' data-{name.replace("_", "-")}="{html.escape(value if isinstance(value, str) else json.dumps(value))}"'
            for name, value in values.items()
            if value is not None
        )
        return f'<script async src="{self.server.url}/dist/replay.js"{attributes}></script>'

    def script(self, kind: str, mode: str) -> str:
        """A PyScript page's head, with our Python in it."""
        self.file("main.py", PYTHON % {"mode": mode, "options": self.replay_options, "amplitude": {}})
        root = f"{self.server.url}/dist"
        return (
            f'<script type="module" src="{root}/pyscript.js"></script>'
            f'<script type="{kind}" src="main.py" async></script>'
        )

    def run_python(self, kind: str, program: str) -> None:
        """Visit a PyScript page with a Segment of its own, and this program instead of ours; wait until it runs."""
        self.file("segment.js", NPM % {"analytics": self.dist("analytics"), "key": "actions", "cdn": self.cdn})
        head = '<script type="module" src="segment.js"></script>' + self.script(kind, "actions")
        self.file("main.py", PROXIES[kind] + program)
        self.show(head, CSP_OF_PYSCRIPT)
        self.page.goto(self.address())
        self.wait_for_status("running")

    def address(self, name: str = "") -> str:
        """Where a file of the site is; without a name, its page."""
        return f"{self.server.url}/site/{name}"

    def file(self, name: str, text: str) -> None:
        """A file of the site."""
        kind = {"js": "text/javascript", "py": "text/plain"}.get(name.rpartition(".")[2], "text/html")
        self._files[name] = (kind, text)

    def show(self, head: str, csp: str = CSP, body: str | None = None) -> None:
        """The site's only page."""
        head = f"<meta charset=utf-8><title>Site</title>{head}"
        self.file("", f"<!doctype html><html lang=en><head>{head}</head><body>{body or self.body}</body></html>")
        self._headers = {"Content-Security-Policy": csp}

    def tab(self) -> "Site":
        """A second tab of the same site, in the same browser."""
        other = object.__new__(Site)
        other.__dict__ = {**self.__dict__, "page": self.context.new_page()}
        other.watch(other.page)
        other.page.goto(self.address())
        other.wait_for_status("running")
        return other

    # What happens in it.

    def wait_for_status(self, status: str) -> None:
        self.wait_for(f"window.pyscriptReplay?.status === {status!r}", seconds=60)

    def wait_for(self, condition: str | Callable[[], bool], seconds: float = 30) -> None:
        """Wait until this is true, in the page when it is text (Playwright's own way needs ``'unsafe-eval'``)."""
        end = time.monotonic() + seconds
        while not (self.page.evaluate(condition) if isinstance(condition, str) else condition()):
            assert time.monotonic() < end, f"not within {seconds} s: {condition}\n{self.replay.time_line}"
            self.page.wait_for_timeout(30)

    def track(self, name: str, properties: dict | None = None, options: dict | None = None) -> dict[str, Any]:
        """Track an event, and return it as it arrived."""
        self.page.evaluate("(args) => void window.analytics.track(...args)", [name, properties or {}, options or {}])
        return self.event(name)

    def event(self, name: str) -> dict[str, Any]:
        """The event as it reached Segment, once."""
        self.wait_for(lambda: any(each.get("event") == name for each in self.events))
        (message,) = [each for each in self.events if each.get("event") == name]
        return message

    @property
    def events(self) -> list[dict[str, Any]]:
        return self.replay.events

    def pass_minutes(self, minutes: int) -> None:
        self.page.clock.fast_forward(minutes * 60_000)

    def wait_too_long(self) -> None:
        """Let the page's clock run, once Python is there, until it says what it waited for in vain."""
        self.wait_for("!!window.pyscriptReplay?.runtime", seconds=60)
        self.wait_for(lambda: self.page.clock.fast_forward(1000) or self.errors != [])

    # What can be seen of it.

    def facade(self, *names: str) -> dict[str, Any]:
        look = "(names) => Object.fromEntries(names.map((name) => [name, pyscriptReplay[name]]))"
        return self.page.evaluate(look, list(names))

    @property
    def session_id(self) -> int:
        return self.facade("sessionId")["sessionId"]

    @property
    def device_id(self) -> str:
        return self.facade("deviceId")["deviceId"]

    @property
    def transitions(self) -> list[dict[str, Any]]:
        return self.page.evaluate("heard.session")

    @property
    def reasons(self) -> list[str]:
        return [each["reason"] for each in self.transitions]

    @property
    def errors(self) -> list[str]:
        return [each["code"] for each in self.page.evaluate("heard.error")]

    @property
    def cookies(self) -> dict[str, str]:
        return {each["name"]: each["value"] for each in self.context.cookies()}  # type: ignore[typeddict-item]

    def uploads(self, session_id: int, device_id: str | None = None) -> list[Any]:
        """The recordings that were uploaded under this replay id, at least one. Left out, the device is the present."""
        replay = (device_id or self.device_id, session_id)

        def found() -> list[Any]:
            return [each for each in self.replay.uploads if (each.device_id, each.session_id) == replay]

        self.wait_for(lambda: bool(found()))
        return found()

    def recorded_until(self, session_id: int, device_id: str | None = None) -> float:
        """When the last thing was recorded under this replay id, by the page's clock, in milliseconds since 1970."""
        self.page.evaluate("pyscriptReplay.flush()")
        return max(event["timestamp"] for upload in self.uploads(session_id, device_id) for event in upload.events)

    def agreed(self, message: dict[str, Any]) -> int:
        """The session id on which event, cookie, ``pyscriptReplay`` and upload agree, to the last digit."""
        session_id, device_id = self.session_id, self.device_id
        assert isinstance(session_id, int)
        assert carried(message) == (None if self.facade("mode")["mode"] == "classic-device" else session_id)
        assert message["properties"]["[Amplitude] Session Replay ID"] == f"{device_id}/{session_id}"
        assert self.cookies["analytics_session_id"] == str(session_id)
        assert self.uploads(session_id)
        assert self.facade("replayId") == {"replayId": f"{device_id}/{session_id}"}
        return session_id

    def watch(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.uncaught.append(str(error)))
        page.on("console", lambda message: self.console.append(message.text))

    def _publish(self) -> None:
        self.context.route(self.address("**"), self._serve)

    def _serve(self, route: Route) -> None:
        kind, text = self._files.get(route.request.url.partition("?")[0].rpartition("/")[2], ("", ""))
        if not kind:
            route.fulfill(status=404)
        else:
            route.fulfill(body=text, headers={"Content-Type": f"{kind}; charset=utf-8", **self._headers})


@pytest.fixture
def site(
    server: Any, context: BrowserContext, page: Page, dist: Any, output_path: str, request: pytest.FixtureRequest
) -> Any:
    site = Site(server, context, page, dist)
    yield site
    keep(site.replay, output_path, request)
    assert not site.uncaught, "the page saw an uncaught error"
