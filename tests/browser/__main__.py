"""Random histories on the real SDKs: ``uv run python -m tests.browser --help``.

Each is played twice, in a real browser and in memory, and must come to the same after each step; in memory every
promise is checked besides (``tests/unit/test_wiring_histories.py``). One that does not is shown with fewer steps.
"""

from collections.abc import Sequence
from contextlib import closing
from typing import Annotated

import typer
from playwright.sync_api import Browser, sync_playwright
from rich.console import Console
from rich.progress import track

from pyscript_replay.tools import bundle, chromium
from pyscript_replay.tools.devserver import DevServer

from ..histories import Step, difference, history, settled, shortened, shown
from ..unit.memory import player as memory
from ..unit.test_wiring_histories import broken
from . import player as real
from .conftest import Site

MODES = ("actions", "classic-device", "classic-cloud")
RUNTIMES = ("micropython", "pyodide")


class Judge:
    """Plays histories of one mode on one runtime."""

    def __init__(self, browser: Browser, mode: str, runtime: str) -> None:
        self.browser, self.mode, self.runtime = browser, mode, runtime
        self._dist = bundle.cached()  # as the sources are now, whatever becomes of them

    def problem(self, steps: Sequence[Step]) -> str:
        """What is wrong with this history; empty where nothing is."""
        if promise := broken(self.mode, steps):
            return f"in memory: {promise}"
        with DevServer(self._dist) as server, closing(self.browser.new_context()) as context:
            site = Site(server, context, context.new_page(), self._dist)
            try:
                told = real.told(site, self.mode, steps, self.runtime)
            except AssertionError as error:
                return str(error)
            finally:
                for routed in (*context.pages, context):
                    routed.unroute_all(behavior="ignoreErrors")
        return difference(steps, memory.told(self.mode, steps), told) or "; ".join(site.uncaught)

    def judged(self, seed: int) -> str:
        """The problem of this seed's history, and the fewest steps that have it; empty where there is none."""
        steps = settled(history(seed))
        if not self.problem(steps):
            return ""
        fewer = shortened(steps, self.problem)
        return f"{self.mode}, {self.runtime}, seed {seed}: {self.problem(fewer)}\n{shown(fewer)}"


def main(
    histories: Annotated[int, typer.Option("-n", "--histories", help="How many, for each mode and runtime.")] = 10,
    first: Annotated[int, typer.Option(help="The first seed.")] = 0,
    mode: Annotated[list[str], typer.Option(help="Of which modes.")] = list(MODES),  # noqa: B006
    runtime: Annotated[list[str], typer.Option(help="On which Pythons.")] = list(RUNTIMES),  # noqa: B006
) -> None:
    """Play random histories on the real SDKs. Ends with 1 if one breaks a promise."""
    console, wrong = Console(soft_wrap=True), 0
    with sync_playwright() as playwright, playwright.chromium.launch(**chromium.find()) as browser:
        for judge in (Judge(browser, each, python) for each in mode for python in runtime):
            seeds = range(first, first + histories)
            about = f"{judge.mode}, {judge.runtime}"
            for seed in track(seeds, about, console=console, disable=not console.is_terminal):
                if told := judge.judged(seed):
                    wrong += 1
                    console.print(told, markup=False)
            console.print(f"{about}: {histories} histories")
    console.print(f"{wrong} of them broke a promise")
    raise typer.Exit(bool(wrong))


if __name__ == "__main__":
    typer.run(main)
