"""Judges histories: played in a real browser and in memory, they must come to the same, and break no promise."""

import functools
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, sync_playwright

from pyscript_replay.tools import bundle, chromium
from pyscript_replay.tools.devserver import DevServer

from ..histories import Step, difference, history, settled, shortened, shown
from ..unit.memory import player as memory
from ..unit.test_wiring_histories import broken
from . import player as real
from .conftest import CSP, Site
from .report import Verdict


class Served(Site):
    """A site whose files lie beside the bundle's: with Playwright's routes the browser would cache nothing."""

    def __init__(self, server: DevServer, context: BrowserContext, dist: Path) -> None:
        self._root = dist / "site"
        super().__init__(server, context, context.new_page(), dist)

    def _publish(self) -> None:
        self._root.mkdir(exist_ok=True)

    def address(self, name: str = "") -> str:
        return f"{self.server.url}/dist/site/{name or 'index.html'}"

    def file(self, name: str, text: str) -> None:
        (self._root / (name or "index.html")).write_text(text)

    def show(self, head: str, csp: str = CSP, body: str | None = None) -> None:
        super().show(f'<meta http-equiv="Content-Security-Policy" content="{csp}">{head}', csp, body)


class Judge:
    """Plays histories in a browser of its own."""

    def __init__(self, browser: Browser, dist: Path) -> None:
        self._browser, self._dist = browser, dist

    def problem(self, mode: str, runtime: str, steps: Sequence[Step]) -> str:
        """What is wrong with this history; empty where nothing is."""
        if promise := broken(mode, steps):
            return f"in memory: {promise}"
        with DevServer(self._dist) as server, self._browser.new_context() as context:
            site = Served(server, context, self._dist)
            try:
                told = real.told(site, mode, steps, runtime)
            except AssertionError as error:
                return str(error)
            finally:
                for routed in (*context.pages, context):
                    routed.unroute_all(behavior="ignoreErrors")
        return difference(steps, memory.told(mode, steps), told) or "; ".join(site.uncaught)

    def judged(self, mode: str, runtime: str, seed: int) -> Verdict:
        """The problem of this seed's history, and the fewest steps that have it; empty where there is none."""
        steps = settled(history(seed))
        problem = functools.partial(self.problem, mode, runtime)
        if not (first := problem(steps)):
            return Verdict("")
        if not problem(steps):
            return Verdict(f"{first}\n{shown(steps)}", again=False)
        steps = shortened(steps, problem)
        return Verdict(f"{problem(steps) or first}\n{shown(steps)}")


# What a process of the pool has, as long as it lives.
_mine = ExitStack()


@functools.cache
def _judge() -> Judge:
    dist = Path(_mine.enter_context(tempfile.TemporaryDirectory())) / "dist"
    shutil.copytree(bundle.cached(), dist)  # as the sources are now, whatever becomes of them
    playwright = _mine.enter_context(sync_playwright())
    return Judge(_mine.enter_context(playwright.chromium.launch(**chromium.find())), dist)


def judged(mode: str, runtime: str, seed: int) -> Verdict:
    """The verdict on one history, in this process's browser."""
    return _judge().judged(mode, runtime, seed)
