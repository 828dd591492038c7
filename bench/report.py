"""What was measured, told: tables on the terminal, and in ``bench/results/`` JSON, plots and the README's table."""

# pyright: basic, reportMissingImports=false
# (the group "bench" is not installed where everything is checked)

import json
import re
import statistics
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib import pyplot
from rich.console import Console
from rich.table import Table

from .visits import FIGURES, OF_TRACK, PROFILE_HELP

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "bench"  # the same figures, the same file
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
    (RESULTS / "measured.md").write_text("\n".join(_document(measured)) + "\n")
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


def _document(measured: Measured) -> Iterator[str]:
    """The same tables as a page of Markdown."""
    peers = measured["peers"]
    yield "# What the bench measured"
    yield ""
    yield f"Written by `uv run --group bench python -m bench --turns {measured['turns']} --keep`. Medians;"
    yield "with x, the median of what each turn's figure was of the JavaScript's on the same page."
    for profile, candidates in measured["visits"].items():
        yield from ("", f"## {profile.capitalize()}: {PROFILE_HELP[profile]}", "")
        yield from _head("", FIGURES)
        for name, figures in candidates.items():
            peer = candidates[peers[name]]
            yield _row(name, (_cell(figures, peer, figure, name == peers[name]) for figure in FIGURES))
    yield from ("", "## track()", "", "How many milliseconds more than in JavaScript.", "")
    yield from _head("", OF_TRACK)
    for name, figures in measured["tracked"].items():
        peer = measured["tracked"][peers[name]]
        yield _row(name, (f"{_more(figures, peer, figure):.2f}" for figure in OF_TRACK))
    if measured["grown"]:
        yield from (
            "",
            "## Growth",
            "",
            "MB of JavaScript's heap, and of WebAssembly's memory; by `--growth --keep`.",
            "",
        )
        yield from _head("", next(iter(measured["grown"].values())))
    for name, steps in measured["grown"].items():
        yield _row(name, (f"{each['heap']:.1f} + {each['wasm']:.1f}" for each in steps.values()))
    yield from ("", "## What was measured", "")
    for figure, meaning in {**FIGURES, **OF_TRACK}.items():
        yield f"- {figure}: {meaning}"


def _head(first: str, headings: Iterable[str]) -> Iterator[str]:
    headings = list(headings)
    yield _row(first, headings)
    yield f"|---|{'---:|' * len(headings)}"


def _row(first: str, cells: Iterable[str]) -> str:
    return f"| {first} | {' | '.join(cells)} |"


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
        panel.set_xscale("log", base=2)
        panel.xaxis.set_major_formatter("{x:g}")
        panel.set_title(f"{profile}\n{textwrap.fill(PROFILE_HELP[profile], 30)}", fontsize=8)
        panel.set_yticks(range(len(names)), list(reversed(names)), fontsize=8)
    drawn.suptitle(_title(figure), fontsize=9)
    drawn.tight_layout()
    drawn.savefig(RESULTS / _file(figure), metadata={"Date": None})
    pyplot.close(drawn)


def write_readme(measured: Measured) -> None:
    """The README's table, of medians, and its picture."""
    profiles, peers = measured["visits"], measured["peers"]
    lines = list(_head("to the first full snapshot", profiles))
    for name in IN_README:
        cells = (
            f"{spread(ratios(candidates[name], candidates[peers[name]], TIMES[0]))[1]:.2f}"
            for candidates in profiles.values()
        )
        lines.append(_row(name, cells))
    lines += ["", f"Medians of {measured['turns']} visits each."]
    lines += [f"{profile.capitalize()}: {PROFILE_HELP[profile]}." for profile in profiles] + [""]
    lines += [f"![{_title(TIMES[0])}](bench/results/{_file(TIMES[0])})", ""]
    README.write_text(PLACE.sub(lambda _: "\n".join(lines), README.read_text("utf-8")), "utf-8")


def _title(figure: str) -> str:
    return f"Time to the {figure}, divided by hand-written JavaScript's (median, quartiles)"


def _file(figure: str) -> str:
    return f"{figure.replace(' ', '-')}.svg"
