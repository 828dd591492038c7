"""Random histories on the real SDKs: ``uv run python -m tests.browser --help``.

Each is played twice, in a real browser and in memory, and must come to the same after each step; in memory every
promise is checked besides (``tests/unit/test_wiring_histories.py``). One that does not is played again, and shown with
fewer steps. ``report.py`` keeps what has been played.
"""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Annotated

import typer
from rich.console import Console

from .judge import judged
from .report import MODES, RUNTIMES, Report


def main(
    histories: Annotated[int, typer.Option("-n", "--histories", help="How many, for each mode and runtime.")] = 10,
    first: Annotated[int, typer.Option(help="The first seed.")] = 0,
    mode: Annotated[list[str], typer.Option(help="Of which modes.")] = list(MODES),  # noqa: B006
    runtime: Annotated[list[str], typer.Option(help="On which Pythons.")] = list(RUNTIMES),  # noqa: B006
    workers: Annotated[int, typer.Option("-j", help="How many at a time.")] = os.cpu_count() or 1,
    keep: Annotated[bool, typer.Option(help="Keep the outcome in the report.")] = False,
) -> None:
    """Play random histories on the real SDKs. Ends with 1 if one breaks a promise."""
    console, report, wrong = Console(soft_wrap=True), Report.read(), 0
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        seeds = range(first, first + histories)
        which = [(each, python, seed) for python in runtime for seed in seeds for each in mode]
        playing = {pool.submit(judged, *each): each for each in which}
        for done in as_completed(playing):
            verdict = done.result()
            if verdict.problem:
                wrong += 1
                once = "" if verdict.again else " (not again, when it was played again)"
                console.print(f"{', '.join(map(str, playing[done]))}{once}: {verdict.problem}", markup=False)
            if keep:
                report.add(*playing[done], verdict)
    console.print(f"{len(which)} histories; {wrong} of them broke a promise")
    raise typer.Exit(bool(wrong))


if __name__ == "__main__":
    typer.run(main)
