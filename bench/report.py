"""What was measured, told: tables on the terminal, and in ``bench/results/`` JSON, plots and the README's table."""

# pyright: basic, reportMissingImports=false
# (the group "bench" is not installed where everything is checked)

import json
import re
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib import pyplot
from rich.console import Console
from rich.table import Table

from .visits import FIGURES, OF_TRACK, PROFILE_HELP

matplotlib.use("svg")
RESULTS = Path(__file__).parent / "results"
README = Path(__file__).parents[1] / "README.md"
PLACE = re.compile(r"(?<=<!-- bench -->\n).*?(?=<!-- /bench -->)", re.DOTALL)
IN_README = ("MicroPython, snippet", "MicroPython, npm", "MicroPython brings Segment", "Pyodide, snippet")
TIMES = ("first snapshot", "first event")

Measured = dict[str, Any]
"""``peers``: {candidate: its peer}; ``turns``; ``visits``: {profile: {candidate: {figure: a value for each turn}}};
``tracked``: {candidate: {figure: values}}; ``grown``: {candidate: {what grows: {figure: value}}}."""


def ratios(of: Mapping[str, list[float]], peer: Mapping[str, list[float]], figure: str) -> list[float]:
    """A candidate's figure divided by its peer's, turn by turn."""
    return [mine / theirs for mine, theirs in zip(of[figure], peer[figure], strict=True) if theirs]


def spread(values: list[float]) -> tuple[float, float, float]:
    """The lower quartile, the median, and the upper quartile."""
    low, middle, high = statistics.quantiles(values, n=4) if len(values) > 1 else values * 3
    return low, middle, high


def write(measured: Measured) -> None:
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "measured.json").write_text(json.dumps(measured, indent=1) + "\n")
    for figure in TIMES:
        _plot(measured, figure)


def read() -> Measured:
    return json.loads((RESULTS / "measured.json").read_text())


def show(measured: Measured) -> None:
    console, peers = Console(), measured["peers"]
    for profile, candidates in measured["visits"].items():
        table = Table(title=f"{profile}: {PROFILE_HELP[profile]}", box=None)
        for heading in ("candidate", *FIGURES):
            table.add_column(heading, justify="left" if heading == "candidate" else "right")
        for name, figures in candidates.items():
            peer = candidates[peers[name]]
            table.add_row(name, *(_cell(figures, peer, figure, name == peers[name]) for figure in FIGURES))
        console.print(table)
    for name, figures in measured["tracked"].items():
        peer = measured["tracked"][peers[name]]
        told = (f"{figure} +{_more(figures, peer, figure):.2f} ms" for figure in OF_TRACK)
        console.print(f"{name}: {', '.join(told)}")
    for name, steps in measured["grown"].items():
        told = (f"{what}: {each['heap']:.1f} + {each['wasm']:.1f} MB" for what, each in steps.items())
        console.print(f"{name}: {'; '.join(told)}")


def _cell(mine: Mapping[str, list[float]], peer: Mapping[str, list[float]], figure: str, is_peer: bool) -> str:
    middle = statistics.median(mine[figure])
    shared = ratios(mine, peer, figure)
    if is_peer or not shared:
        return f"{middle:.1f}"
    return f"{middle:.1f} = {statistics.median(shared):.2f}x"


def _more(mine: Mapping[str, list[float]], peer: Mapping[str, list[float]], figure: str) -> float:
    return statistics.median(mine[figure]) - statistics.median(peer[figure])


def _plot(measured: Measured, figure: str) -> None:
    """Ratios to the peer, a row for each candidate, a panel for each profile."""
    profiles, peers = measured["visits"], measured["peers"]
    names = [name for name in peers if name != peers[name]]
    drawn, panels = pyplot.subplots(1, len(profiles), sharey=True, squeeze=False, figsize=(3 * len(profiles), 3))
    for panel, (profile, candidates) in zip(panels[0], profiles.items(), strict=True):
        for row, name in enumerate(reversed(names)):
            low, middle, high = spread(ratios(candidates[name], candidates[peers[name]], figure))
            panel.plot((low, high), (row, row), color="tab:blue", linewidth=2)
            panel.plot(middle, row, "o", color="tab:blue")
        panel.axvline(1, color="gray", linewidth=1)
        panel.set_title(f"{profile}\n{PROFILE_HELP[profile]}", fontsize=8)
        panel.set_yticks(range(len(names)), list(reversed(names)), fontsize=8)
    drawn.suptitle(f"Time to the {figure}, divided by hand-written JavaScript's (median, quartiles)", fontsize=9)
    drawn.tight_layout()
    drawn.savefig(RESULTS / f"{figure.replace(' ', '-')}.svg")
    pyplot.close(drawn)


def write_readme(measured: Measured) -> None:
    """The README's table, of medians."""
    profiles, peers = measured["visits"], measured["peers"]
    lines = [f"| to the first full snapshot | {' | '.join(profiles)} |", f"|---|{'---:|' * len(profiles)}"]
    for name in IN_README:
        cells = (
            f"{spread(ratios(candidates[name], candidates[peers[name]], TIMES[0]))[1]:.2f}"
            for candidates in profiles.values()
        )
        lines.append(f"| {name} | {' | '.join(cells)} |")
    table = "\n".join(lines) + "\n"
    README.write_text(PLACE.sub(lambda _: table, README.read_text("utf-8")), "utf-8")
