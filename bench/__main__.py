"""From navigation to the first full snapshot: our tag on MicroPython against hand-written JavaScript.

One page with Segment, its first ``page`` event, Actions mode, on the real SDKs and the local Segment and Amplitude. The
time is the snapshot's own (rrweb's ``timestamp``, taken from the upload) since the navigation began. The candidates
take turns within one run, each visit in a fresh browser context, so that a slow moment of the machine is everybody's.
Only ratios are worth anything: within each turn the candidate's time is divided by the peer's.
"""

import argparse
import html
import json
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

from playwright.sync_api import Browser, sync_playwright
from rich.console import Console
from rich.table import Table

from pyscript_replay.tools import bundle, chromium
from pyscript_replay.tools.devserver import DevServer

HERE = Path(__file__).parent
OPTIONS = {"flushIntervalConfig": {"minIntervalMs": 100, "maxIntervalMs": 200}, "eagerFullSnapshotSend": True}
BODY = "<h1>A page</h1>" + "<p>With some text to record.</p>" * 200
PEER = "hand-written JavaScript"


class Network(NamedTuple):
    name: str
    conditions: dict[str, float] | None


NETWORKS = (
    Network("unthrottled", None),
    Network("40 ms, 10 Mbit/s", {"latency": 40, "downloadThroughput": 10e6 / 8, "uploadThroughput": 10e6 / 8}),
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--turns", type=int, default=15, help="visits of each candidate")
    parser.add_argument("--json", type=Path, help="write what was measured to this file")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory, sync_playwright() as playwright:
        root = Path(directory) / "dist"
        shutil.copytree(bundle.cached(), root)
        with DevServer(root) as server:
            pages = _pages(root, server.url)
            browser = playwright.chromium.launch(**chromium.find())
            measured = {network.name: _take_turns(browser, server, pages, network, given.turns) for network in NETWORKS}
            browser.close()
    _show(measured)
    if given.json:
        given.json.write_text(json.dumps(measured, indent=2) + "\n")


def _pages(root: Path, url: str) -> dict[str, str]:
    """The candidates' pages, written below the bundle: {candidate: address}."""
    assets = json.loads((root / "manifest.json").read_text())["assets"]
    amplitude = f"{url}/amplitude/session-replay"
    options = {**OPTIONS, "configServerUrl": f"{amplitude}/config", "trackServerUrl": f"{amplitude}/track"}
    segment = {"cdn": f"{url}/segment", "options": json.dumps(options)}
    script = (HERE / "handwritten.js").read_text()
    for name, value in {
        **segment,
        **{each: f"/dist/{assets[each]}" for each in ("analytics", "session-replay")},
    }.items():
        script = script.replace(f"%({name})s", value)
    (root / "handwritten.js").write_text(script)
    (root / "event.js").write_text('window.analytics = window.analytics || []; analytics.push(["page"]);')
    tag = {"mode": "actions", "api-key": "local", "write-key": "actions", "sample-rate": "1"}
    tag |= {"segment-cdn": segment["cdn"], "options": segment["options"]}
    attributes = "".join(f' data-{name}="{html.escape(value)}"' for name, value in tag.items())
    event = '<script src="event.js"></script>'
    candidates = {
        PEER: '<script type="module" src="handwritten.js"></script>',
        "our tag": f'{event}<script async src="replay.js"{attributes}></script>',
        "our tag, Python as source": f'{event}<script async src="source/replay.js"{attributes}></script>',
    }
    _bundle_of_source(root / "source")
    addresses = {}
    for number, (name, head) in enumerate(candidates.items()):
        (root / f"{number}.html").write_text(f"<!doctype html><title>Bench</title>{head}{BODY}")
        addresses[name] = f"{url}/dist/{number}.html"
    return addresses


def _bundle_of_source(out: Path) -> None:
    """The same bundle, but for MicroPython's modules, which are left as text."""
    as_text = {path: file.read_bytes() for path, file in bundle.page_modules().items()}
    with mock.patch.object(bundle, "_compiled", lambda: as_text):
        bundle.build(out)


def _take_turns(
    browser: Browser, server: DevServer, pages: dict[str, str], network: Network, turns: int
) -> dict[str, list[float]]:
    """Milliseconds to the first full snapshot, for each candidate."""
    times: dict[str, list[float]] = {name: [] for name in pages}
    names = list(pages)
    for turn in range(turns + 1):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            took = _visit(browser, server, pages[name], network)
            if turn:  # the first turn warms up
                times[name].append(took)
    return times


def _visit(browser: Browser, server: DevServer, address: str, network: Network) -> float:
    server.store.clear()
    context = browser.new_context()
    try:
        page = context.new_page()
        if network.conditions:
            session = context.new_cdp_session(page)
            session.send("Network.enable")
            session.send("Network.emulateNetworkConditions", {"offline": False, **network.conditions})
        page.goto(address, wait_until="commit")
        snapshot = server.store.wait_for(lambda store: _full_snapshots(store), timeout=30)
        return snapshot[0]["timestamp"] - page.evaluate("performance.timeOrigin")
    finally:
        context.close()


def _full_snapshots(store: Any) -> list[dict[str, Any]]:
    return [event for upload in store.uploads() for event in upload.events if event["type"] == 2]


def _show(measured: dict[str, dict[str, list[float]]]) -> None:
    table = Table(title="From navigation to the first full snapshot", box=None)
    for heading in ("network", "candidate", "median", "ratio", "middle half"):
        table.add_column(heading, justify="left" if heading in ("network", "candidate") else "right")
    for network, times in measured.items():
        for name, mine in times.items():
            ratios = [one / peer for one, peer in zip(mine, times[PEER], strict=True)]
            low, middle, high = statistics.quantiles(ratios, n=4)
            table.add_row(
                network, name, f"{statistics.median(mine):.0f} ms", f"{middle:.2f}", f"{low:.2f} to {high:.2f}"
            )
    Console().print(table)


if __name__ == "__main__":
    main()
