"""Every candidate under every profile, in turns: ``uv run --group bench python -m bench``.

A visit is made in a fresh browser context, of the real SDKs, with the local Segment and Amplitude. The candidates take
turns within one run, so that a slow moment of the machine is everybody's. Only ratios are worth anything: within each
turn a candidate's figure is divided by its peer's.
"""

import argparse
import shutil
import tempfile
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Browser, sync_playwright
from rich.progress import track

from pyscript_replay.tools import bundle, chromium
from pyscript_replay.tools.devserver import DevServer

from . import report
from .candidates import HASTE, Candidate, address, built
from .visits import PROFILES, grown, tracked, visit

MAX_AGE = 300  # of replay.js, as docs/how-to/hosting.md has it
EVENTS = (10, 1000, 50_000)
PARAGRAPHS = (100, 1000, 10_000)
GROWING = ("JavaScript, npm", "MicroPython, npm")


class Site(NamedTuple):
    """A page wired by each candidate: its address, and the server that it is on."""

    server: DevServer
    addresses: dict[str, str]


class Bench(NamedTuple):
    """A site for visits, one for events (whose SDK uploads as seldom as on any site), and each candidate's peer."""

    browser: Browser
    visited: Site
    used: Site
    peers: dict[str, str]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--turns", type=int, default=9, help="visits of each candidate under each profile")
    parser.add_argument("--only", nargs="+", default=[], metavar="CANDIDATE", help="these and their peers")
    parser.add_argument("--profile", nargs="+", default=[each.name for each in PROFILES], help="these profiles")
    parser.add_argument("--growth", action="store_true", help="instead, with many events and large pages; takes long")
    parser.add_argument("--keep", action="store_true", help="write bench/results/: JSON, tables and plots")
    parser.add_argument(
        "--readme", action="store_true", help="measure nothing: write what was kept anew, and the README's table of it"
    )
    asked = parser.parse_args()
    if asked.readme:
        report.write(kept := report.read())
        report.write_readme(kept)
        return
    # each of the two runs keeps the other's figures
    kept = report.read() if asked.growth or asked.keep else {"grown": {}}
    with _bench(asked.only) as bench:
        measured = {**kept, **({"grown": _all_grown(bench)} if asked.growth else _measured(asked, bench))}
    report.show(measured)
    if asked.keep:
        report.write(measured)


@contextmanager
def _bench(only: list[str]) -> Generator[Bench]:
    with ExitStack() as stack:
        playwright = stack.enter_context(sync_playwright())
        visited, candidates = _site(stack, HASTE)
        used, _ = _site(stack, {})
        peers = {name: each.peer for name, each in candidates.items() if not only or name in only}
        peers |= {peer: peer for peer in peers.values()}
        browser = playwright.chromium.launch(**chromium.find())
        stack.callback(browser.close)
        yield Bench(browser, visited, used, peers)


def _site(stack: ExitStack, options: Mapping[str, Any]) -> tuple[Site, dict[str, Candidate]]:
    root = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "dist"
    shutil.copytree(bundle.cached(), root)
    server = stack.enter_context(DevServer(root, max_age=MAX_AGE))
    candidates = built(root, server.url, options)
    return Site(server, {name: f"{server.url}/dist/{address(name)}" for name in candidates}), candidates


def _measured(asked: argparse.Namespace, bench: Bench) -> report.Measured:
    browser, visited, used, peers = bench
    names = [each for each in visited.addresses if each in peers]
    profiles = [each for each in PROFILES if each.name in asked.profile]
    measured: report.Measured = {
        "peers": {name: peers[name] for name in names},
        "turns": asked.turns,
        "visits": {each.name: {name: {} for name in names} for each in profiles},
        "tracked": {name: {} for name in names},
    }
    for turn in track(range(asked.turns + 1), "Turns"):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            figures = {each.name: visit(browser, visited.server, visited.addresses[name], each) for each in profiles}
            cost = tracked(browser, used.server, used.addresses[name])
            if turn:  # the first turn warms up
                for profile, values in figures.items():
                    _add(measured["visits"][profile][name], values)
                _add(measured["tracked"][name], cost)
    return measured


def _add(to: dict[str, list[float]], values: dict[str, float]) -> None:
    for figure, value in values.items():
        to.setdefault(figure, []).append(value)


def _all_grown(bench: Bench) -> dict[str, dict[str, dict[str, float]]]:
    (server, addresses), growing = bench.visited, [each for each in GROWING if each in bench.peers]
    return {name: _growth(bench.browser, server, addresses[name]) for name in growing}


def _growth(browser: Browser, server: DevServer, address: str) -> dict[str, dict[str, float]]:
    found = {f"{events} events": grown(browser, server, address, events) for events in EVENTS}
    for paragraphs in PARAGRAPHS:
        found[f"{paragraphs} paragraphs"] = visit(browser, server, f"{address}?paragraphs={paragraphs}", PROFILES[0])
    return found


if __name__ == "__main__":
    main()
