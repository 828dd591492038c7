"""A long day in one page: many events, sessions that change, stops and starts, and nothing of ours that piles up.

What is counted, once garbage was collected: the *boxes* in which JavaScript's values cross to Python and back
(``web/page/bridge.js``), reactions that wait for a promise, the page's listeners, and the memory of Python's
WebAssembly. The heap as a whole is no measure of ours: rrweb keeps the buffers of every recording that was begun
(``mutationBuffers``), and analytics-next a text for every event.
"""

import json
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import CDPSession, Page

from .conftest import Site

LAPS = 5
FLUSHES = 5  # in each
MORE = {"boxes": 60, "reactions": 40, "listeners": 5, "wasm": 0}  # by which the last lap may exceed the first

# Uploads events in batches, as Segment can be told to: else a request each would be most of the work.
SEGMENT = """
import { AnalyticsBrowser } from "%s";
const deliveryStrategy = { strategy: "batching", config: { size: 50, timeout: 500 } };
const integrations = { "Segment.io": { deliveryStrategy } };
window.analytics = AnalyticsBrowser.load({ writeKey: "%s", cdnURL: "%s" }, { integrations });
"""
# The instances of WebAssembly, of which only their own module knows.
INSTANCES = """
window.instances = [];
for (const name of ["instantiate", "instantiateStreaming"]) {
  const original = WebAssembly[name];
  WebAssembly[name] = async (...args) => {
    const made = await original.apply(WebAssembly, args);
    instances.push((made.instance ?? made).exports);
    return made;
  };
}
"""
MEMORY = "instances.reduce((sum, { memory }) => sum + (memory?.buffer.byteLength ?? 0), 0)"
TRACK = """async (count) => {
  for (let left = count; left > 0; left -= 25)
    await Promise.all(Array.from({ length: Math.min(25, left) }, () => analytics.track("Event")));
}"""
RECORDED = """while (!pyscriptReplay.recording) await new Promise((resolve) => setTimeout(resolve, 10));"""
LATER = f"async () => {{ await analytics.track('Later'); {RECORDED} }}"
AGAIN = f"""async () => {{
  await pyscriptReplay.stop();
  await pyscriptReplay.start();
  await analytics.track("Again");
  {RECORDED}
}}"""


class Day(NamedTuple):
    events: int
    sessions: int
    stops: int


SHORT = Day(events=500, sessions=10, stops=75)
LONG = Day(events=50_000, sessions=500, stops=200)


def opened(site: Site, mode: str, runtime: str) -> None:
    site.context.clock.install()
    site.context.add_init_script(INSTANCES)
    site.file("segment.js", SEGMENT % (site.dist("analytics"), mode, site.cdn))
    site.show('<script type="module" src="segment.js"></script>' + site.tag(mode=mode, runtime=runtime))
    site.page.goto(site.address())
    site.wait_for_status("running")


def lap(site: Site, day: Day) -> None:
    """A part of the day; ends with everything delivered."""
    page, arrived = site.page, len(site.events)
    page.evaluate(TRACK, day.events // LAPS)
    for _ in range(day.sessions // LAPS):
        site.pass_minutes(31)
        page.evaluate(LATER)
    for _ in range(day.stops // LAPS):
        page.evaluate(AGAIN)
    page.evaluate("async (count) => { while (count--) await pyscriptReplay.flush(); }", FLUSHES)
    made = sum(each // LAPS for each in day)
    site.wait_for(lambda: len(site.events) == arrived + made, seconds=60)
    page.evaluate("for (const list of Object.values(heard)) list.length = 0")


def counted(page: Page, devtools: CDPSession) -> dict[str, int]:
    for _ in range(3):
        devtools.send("HeapProfiler.collectGarbage")
    return {
        "listeners": devtools.send("Memory.getDOMCounters")["jsEventListeners"],
        "wasm": page.evaluate(MEMORY),
        **objects(devtools),
    }


def objects(devtools: CDPSession) -> dict[str, int]:
    """Of the heap: the boxes, plain objects with ``it`` and nothing else, and the reactions to promises."""
    chunks: list[str] = []
    devtools.on("HeapProfiler.addHeapSnapshotChunk", lambda event: chunks.append(event["chunk"]))
    devtools.send("HeapProfiler.takeHeapSnapshot", {"reportProgress": False})
    heap: dict[str, Any] = json.loads("".join(chunks))
    nodes, edges, strings, meta = heap["nodes"], heap["edges"], heap["strings"], heap["snapshot"]["meta"]
    fields, kinds = meta["node_fields"], meta["edge_types"][0]
    width, name, count = len(fields), fields.index("name"), fields.index("edge_count")
    plain, it, proto = (strings.index(each) for each in ("Object", "it", "__proto__"))
    reactions = {index for index, each in enumerate(strings) if "PromiseReaction" in each}
    found, at = {"boxes": 0, "reactions": 0}, 0
    for node in range(0, len(nodes), width):
        end = at + 3 * nodes[node + count]
        if nodes[node + name] == plain:
            named = [edges[edge + 1] for edge in range(at, end, 3) if edges[edge] == kinds.index("property")]
            found["boxes"] += [each for each in named if each != proto] == [it]
        found["reactions"] += nodes[node + name] in reactions
        at = end
    return found


def soak(site: Site, mode: str, runtime: str, day: Day) -> None:
    opened(site, mode, runtime)
    devtools = site.context.new_cdp_session(site.page)
    lap(site, day)
    first = counted(site.page, devtools)
    for _ in range(LAPS - 1):
        lap(site, day)
    last = counted(site.page, devtools)
    print(f"{mode}, {runtime}, {day}: {first} after a fifth, {last} at the end")
    grown = {name: last[name] - first[name] for name in first}
    assert all(grown[name] <= more for name, more in MORE.items()), (first, last)
    assert first["boxes"] and first["wasm"]  # else nothing was counted
    assert site.errors == []


def test_nothing_of_ours_piles_up_in_a_page_with_many_events_sessions_and_stops(site: Site) -> None:
    soak(site, "actions", "micropython", SHORT)


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize(
    ("mode", "runtime"),
    [
        ("actions", "micropython"),
        ("classic-device", "micropython"),
        ("classic-cloud", "micropython"),
        ("actions", "pyodide"),
    ],
)
def test_soak(site: Site, mode: str, runtime: str) -> None:
    soak(site, mode, runtime, LONG)
