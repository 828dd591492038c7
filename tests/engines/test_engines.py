"""The ids on the wire, in Firefox and WebKit: each mode on both Pythons, as a visitor of the demo shop lives it."""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from pyscript_replay.tools import evidence
from pyscript_replay.tools.devserver import DevServer
from pyscript_replay.tools.evidence import Evidence, replay_id
from pyscript_replay.tools.routing import Wire

from ..browser.conftest import in_turns
from .engines import ENGINES, SECONDS, Firefox, Tab, WebKit, missing

MODES = ("actions", "classic-device", "classic-cloud")
RESOURCE = "(it) => [it.name, it.duration, it.startTime]"
LATE_MS = 6000  # a page that has waited as long for Python asks for its files once more, to see what is wrong
QUICK_MS = 300  # a file that takes longer, as on a busy machine, may say that Pyodide's memory would take too long

pytestmark = pytest.mark.timeout(3 * SECONDS)


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[Any]:
    if lacking := missing(request.param):
        pytest.skip(f"{request.param}: this machine has no {', no '.join(lacking)}")
    with ExitStack() as stack:
        yield ENGINES[request.param](stack)


class Visit:
    """A visitor of the shop, in one of the engines."""

    def __init__(self, server: DevServer, tab: Tab) -> None:
        self.server, self.tab = server, tab
        self.wire = Wire(server)

    def open(self, path: str) -> None:
        self.tab.goto(f"{self.server.url}{path}")
        self.wait("window.pyscriptReplay?.status === 'running'")

    def wait(self, condition: str | Callable[[], object]) -> None:
        end = time.monotonic() + SECONDS
        while not (self.tab.evaluate(condition) if isinstance(condition, str) else condition()):
            assert time.monotonic() < end, (
                f"not within {SECONDS} s: {condition}\n{evidence.time_line(self.wire.moments)}"
            )
            time.sleep(0.05)

    def press(self, control: str) -> None:
        button = f"document.querySelector('[data-control={control}]')"
        self.wait(f"!{button}.disabled")
        self.tab.evaluate(f"{button}.click()")

    def agreed(self, name: str) -> tuple[str, int]:
        """Track this event: it, the cookie, the page and an upload agree on the device and the session."""
        self.tab.evaluate(f"void analytics.track('{name}')")
        self.wait(lambda: evidence.event(name, None)(self.seen) == evidence.HOLDS)
        self.tab.evaluate("pyscriptReplay.flush()")
        self.wait(lambda: evidence.in_replay(name, None)(self.seen) == evidence.HOLDS)
        message = evidence.matching(self.seen, name, None)
        ids = evidence.session_of(self.seen, message) if message else None
        assert ids
        shown = self.tab.evaluate("[pyscriptReplay.deviceId, pyscriptReplay.sessionId, pyscriptReplay.replayId]")
        assert shown == [*ids, replay_id(ids)]
        assert f"analytics_session_id={ids[1]}" in self.tab.evaluate("document.cookie").split("; ")
        return ids

    @property
    def seen(self) -> Evidence:
        return self.wire.evidence()


@pytest.fixture
def visit(engine: Any, server: DevServer) -> Iterator[Visit]:
    with engine.tab() as tab:
        visit = Visit(server, tab)
        yield visit
        visit.wire.close()


# On Pyodide, which WebKit is slow to start, the modes take turns.
@pytest.mark.parametrize(
    ("runtime", "mode"), [*itertools.product(["micropython"], MODES), *in_turns(["pyodide"], MODES)]
)
def test_ids_on_the_wire_agree_over_reload_31_minutes_reset_and_stop(
    engine: Any, visit: Visit, mode: str, runtime: str
) -> None:
    visit.open(f"/{mode}/?runtime={runtime}")
    assert visit.tab.evaluate("pyscriptReplay.runtime") == runtime
    if runtime == "pyodide":
        asked = visit.tab.evaluate(f"performance.getEntriesByType('resource').map({RESOURCE})")
        quick = next(ms for url, ms, _ in asked if url.endswith("python_stdlib.zip")) < QUICK_MS
        if quick or type(engine) is WebKit:  # which cannot take it over
            assert any("python-memory" in url for url, *_ in asked) == (type(engine) is Firefox)
        starts = [began for url, _, began in asked if url.endswith(".asm.wasm") and began < LATE_MS]
        assert type(engine) is WebKit or len(starts) == 1
    device, session = visit.agreed("first")

    visit.open(f"/{mode}/")
    assert visit.agreed("after a reload") == (device, session)

    visit.press("idle")
    renewed = visit.agreed("after 31 minutes")
    assert renewed[0] == device and renewed[1] > session

    visit.press("reset")
    after = visit.agreed("after reset()")
    if mode == "classic-device":  # amplitude-js has a device id of its own
        assert after == renewed
    else:
        assert after[0] != device and after[1] > renewed[1]

    visit.tab.evaluate("pyscriptReplay.stop()")
    visit.tab.evaluate("void analytics.track('stopped')")
    visit.wait(lambda: evidence.matching(visit.seen, "stopped", None))
    assert "[Amplitude] Session Replay ID" not in (evidence.matching(visit.seen, "stopped", None) or {})["properties"]
    visit.tab.evaluate("pyscriptReplay.start()")
    visit.agreed("started again")
    assert [each["code"] for each in visit.tab.evaluate("pyscriptReplay.doctor()") if each["level"] == "problem"] == []


def test_python_starts_on_each_page_of_a_visit(visit: Visit) -> None:
    """As an engine gets to know a program, it compiles it anew; Safari 26.0 then missed exceptions (exceptions.py)."""
    for number in range(10):
        visit.open(f"/actions/?page={number}")


@pytest.mark.parametrize("language", ["mpy", "py"])
def test_pyscript_page_records(visit: Visit, language: str) -> None:
    visit.open(f"/pyscript/{language}")
    visit.agreed("from a PyScript page")
