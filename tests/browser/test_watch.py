"""``pyscript-replay watch`` before sites that are served for real, in a browser whose requests nobody routes."""

import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from pyscript_replay.tools.devserver import DevServer, elsewhere, sources
from pyscript_replay.tools.watch import proxy

from ..sites import served

PROGRAM = [sys.executable, "-m", "pyscript_replay"]
SITE = [sys.executable, "-m", "tests.sites.served"]
REPOSITORY = Path(__file__).parents[2]

pytestmark = pytest.mark.usefixtures("nothing_leaves_the_machine")


@pytest.fixture
def nothing_leaves_the_machine(page: Page) -> Iterator[None]:
    """Not even by a request that would fail."""
    asked: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url))
    yield
    assert [url for url in asked if not url.startswith(("http://127.0.0.1:", "blob:"))] == []


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    with served.serving() as origin:
        yield origin


def free_ports() -> int:
    """The first of two ports beside each other that are free."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as one:
            port = one.getsockname()[1]
            try:
                socket.create_server(("127.0.0.1", port + 1)).close()
                return port
            except OSError:
                continue


def lines_of(program: subprocess.Popen[str], *patterns: str) -> list[str]:
    """What each of these patterns has found in what the program prints, in any order."""
    assert program.stdout
    found: dict[str, str] = {}
    for line in program.stdout:
        for pattern in patterns:
            if said := re.search(pattern, line):
                found.setdefault(pattern, said[1])
        if len(found) == len(patterns):
            return [found[pattern] for pattern in patterns]
    raise AssertionError(f"it ended, and said only {found}")


@pytest.fixture
def started() -> Iterator[Any]:
    programs: list[subprocess.Popen[str]] = []

    def start(*words: str) -> subprocess.Popen[str]:
        programs.append(subprocess.Popen([*PROGRAM, *words], stdout=subprocess.PIPE, text=True, cwd=REPOSITORY))
        return programs[-1]

    yield start
    for program in programs:
        program.terminate()
        program.wait()


def test_watch_a_site_s_own_command_see_its_events_and_replays_and_tail_them(started: Any, page: Page) -> None:
    """From the command line to the replay that is played, as people and as programs read it."""
    at = free_ports()
    watch = started("watch", "--at", str(at), "--", *SITE)
    (site,) = lines_of(watch, r"The site, watched:  (\S+)")
    lines_of(watch, r"Local: (\S+)")
    tail = started("tail", "--at", str(at), "--json")
    page.goto(f"{site}tag-actions")
    page.wait_for_function("window.pyscriptReplay?.status === 'running'")
    page.evaluate("setInterval(() => document.querySelector('#buy').click(), 300)")  # until tail is there, too
    _, replay = lines_of(
        watch, r'event +(track "Checkout Started" {"total": 3})  http', r"upload +\d+ recorded events, .*?  (http\S+)"
    )
    arrived = json.loads(lines_of(tail, "(.*Checkout Started.*)")[0])
    assert arrived["kind"] == "event" and arrived["replay"] == replay
    assert arrived["message"]["properties"]["total"] == 3
    page.goto(replay)
    page.wait_for_selector("iframe", state="attached")
    assert page.frame_locator("iframe").get_by_role("button", name="Buy").inner_text() == "Buy"


@pytest.mark.parametrize(
    ("mode", "name"),
    [
        ("actions", "tag-and-snippet"),
        ("actions", "documented-actions"),
        ("actions", "policy"),
        ("actions", "static"),
        ("classic-device", "documented-classic-device"),
        ("classic-cloud", "documented-classic-cloud"),
    ],
)
def test_any_wiring_is_recorded_behind_the_proxy(dist: Path, origin: str, page: Page, mode: str, name: str) -> None:
    """The documented ones, a policy of the page's own, and Segment's script in the page's markup."""
    port = int(origin.rpartition(":")[2])
    with DevServer(dist, sources=sources(mode)) as server, proxy.before(lambda: port, server.url) as site:
        page.goto(f"{site}/{name}")
        page.wait_for_function("!!document.cookie")  # Segment is there
        page.click("text=Buy")
        flush = "() => window.dispatchEvent(new Event('blur'))"

        def recorded(store: Any) -> bool:
            names = [each.get("event") for each in store.segment_messages()]
            return "Checkout Started" in names and bool(store.sessions())

        server.store.wait_for(recorded, 30, meanwhile=lambda: page.evaluate(flush))


def test_one_line_without_a_proxy(dist: Path, page: Page) -> None:
    """The page has it by itself; and a worker of its own, and its own requests to /t and /batch, stay what they are."""
    with DevServer(dist, sources=sources("actions")) as server, served.serving(elsewhere.line(server.url)) as origin:
        page.goto(f"{origin}/snippet")
        page.click("text=Buy")
        server.store.wait_for(lambda store: store.segment_messages(), 30, meanwhile=lambda: page.wait_for_timeout(20))
        own = page.evaluate(
            """async () => {
              const send = (input) => fetch(input).then((answer) => answer.text());
              const request = new Request("/echo/batch", { method: "POST", body: "a body" });
              const blob = new Blob(["postMessage(6 * 7)"], { type: "text/javascript" });
              const worker = new Worker(URL.createObjectURL(blob));
              const answer = await new Promise((done) => (worker.onmessage = ({ data }) => done(data)));
              return [await send(request), await send("/echo/t"), answer];
            }"""
        )
        assert own == ["a body", "", 42]


def test_a_web_socket_goes_through_the_proxy(dist: Path, origin: str, page: Page) -> None:
    """As hot reloading needs it."""
    port = int(origin.rpartition(":")[2])
    with DevServer(dist) as server, proxy.before(lambda: port, server.url) as site:
        page.goto(f"{site}/plain")
        answer = page.evaluate(
            """(url) => new Promise((done, failed) => {
              const socket = new WebSocket(url);
              socket.onopen = () => socket.send("hello");
              socket.onmessage = ({ data }) => done(data);
              socket.onerror = failed;
            })""",
            f"{site.replace('http', 'ws')}/echo/socket",
        )
        assert answer == "hello"
