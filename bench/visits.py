"""One visit of a page in a fresh browser context, and what it costs."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, NamedTuple

from playwright.sync_api import Browser, CDPSession, Page

from pyscript_replay.tools.devserver import DevServer
from pyscript_replay.tools.devserver.store import Store

TRACKED = 100  # calls of track(), each measured
FULL_SNAPSHOT = 2  # of rrweb's types
BEAT_MS = 1000

FIGURES = {
    "first snapshot": "ms from navigation to the first full snapshot",
    "first event": "ms from navigation to the arrival of the first event at Segment",
    "main thread": "ms of the main thread's time until the first upload",
    "longest task": "ms of the longest task until the first snapshot",
    "bytes": "kB over the network until the first snapshot",
    "requests": "until the first snapshot",
    "heap": "MB of JavaScript's heap once recorded, after a collection of garbage",
    "wasm": "MB of WebAssembly's memory",
}
OF_TRACK = {
    "track, mean": "ms of the main thread's time for a track()",
    "track, p99": "the same, for the slowest of a hundred",
}


class Profile(NamedTuple):
    """Under what conditions a page is visited: ``network`` as DevTools takes it, the CPU so many times slower."""

    name: str
    network: dict[str, float] | None = None
    cpu: float = 1
    warm: bool = False


def _network(latency: float, megabits: float) -> dict[str, float]:
    return {"latency": latency, "downloadThroughput": megabits * 1e6 / 8, "uploadThroughput": megabits * 1e6 / 8}


PROFILES = (
    Profile("loopback"),
    Profile("fast", _network(40, 10)),
    Profile("slow", _network(150, 1.6), cpu=4),
    Profile("warm", _network(40, 10), warm=True),
)
PROFILE_HELP = {
    "loopback": "nothing is slowed",
    "fast": "40 ms, 10 Mbit/s",
    "slow": "150 ms, 1.6 Mbit/s, CPU 4 times slower",
    "warm": "the second page of a visit, at 40 ms and 10 Mbit/s",
}

LISTEN = """
window.longTasks = [];
new PerformanceObserver((list) => longTasks.push(...list.getEntries())).observe({ type: "longtask", buffered: true });
window.wasms = [];
for (const name of ["instantiate", "instantiateStreaming"]) {
  const original = WebAssembly[name];
  WebAssembly[name] = async (...args) => {
    const made = await original.apply(WebAssembly, args);
    wasms.push((made.instance ?? made).exports);
    return made;
  };
}
"""
SEEN = """(snapshot) => {
  const before = (entry) => entry.startTime < snapshot;
  const loaded = performance.getEntriesByType("resource").filter(before);
  return {
    "longest task": Math.max(0, ...longTasks.filter(before).map(({ duration }) => duration)),
    bytes: loaded.reduce((sum, { transferSize }) => sum + transferSize, 0) / 1000,
    requests: loaded.length,
    wasm: new Set(wasms.map(({ memory }) => memory)).values()
      .reduce((sum, memory) => sum + (memory?.buffer.byteLength ?? 0), 0) / 1e6,
  };
}"""


def visit(browser: Browser, server: DevServer, address: str, profile: Profile) -> dict[str, float]:
    """The figures of a visit."""
    with _page(browser, profile) as (page, devtools):
        if profile.warm:
            server.store.clear()
            page.goto(address)
            _recorded(page, server)
            page.wait_for_load_state("networkidle")
        server.store.clear()
        arrived: list[int] = []
        stop = server.store.listen(lambda name, told: arrived.append(told["received"]) if name == "segment" else None)
        page.goto(address, wait_until="commit")
        snapshot = _recorded(page, server)
        event = server.store.wait_for(lambda _: arrived, timeout=120)[0]
        stop()
        busy, began = _busy(devtools), page.evaluate("performance.timeOrigin")
        devtools.send("HeapProfiler.collectGarbage")
        return {
            "first snapshot": snapshot - began,
            "first event": event - began,
            "main thread": busy,
            **page.evaluate(SEEN, snapshot - began),
            "heap": devtools.send("Runtime.getHeapUsage")["usedSize"] / 1e6,
        }


def tracked(browser: Browser, server: DevServer, address: str) -> dict[str, float]:
    """What a ``track()`` costs on a page that is recorded."""
    with _page(browser, PROFILES[0]) as (page, devtools):
        server.store.clear()
        page.goto(address)
        _recorded(page, server)
        page.wait_for_timeout(1000)  # what comes when the page is idle is not the events'
        costs = [_cost(page, devtools, 'analytics.track("Event")') for _ in range(TRACKED)]
        nothing = [_cost(page, devtools, "null") for _ in range(TRACKED)]  # the measuring itself
        base = sum(nothing) / TRACKED
        return {"track, mean": sum(costs) / TRACKED - base, "track, p99": sorted(costs)[TRACKED * 99 // 100 - 1] - base}


def grown(browser: Browser, server: DevServer, address: str, events: int) -> dict[str, float]:
    """The memory of a page once it has tracked so many events."""
    with _page(browser, PROFILES[0]) as (page, devtools):
        server.store.clear()
        page.goto(address)
        _recorded(page, server)
        page.evaluate(
            "async (left) => { while (left-- > 0) await analytics.track('Event'); }",
            events,
        )
        devtools.send("HeapProfiler.collectGarbage")
        heap = devtools.send("Runtime.getHeapUsage")["usedSize"] / 1e6
        return {"heap": heap, "wasm": page.evaluate(SEEN, 0)["wasm"]}


@contextmanager
def _page(browser: Browser, profile: Profile) -> Generator[tuple[Page, CDPSession]]:
    context = browser.new_context()
    try:
        context.add_init_script(LISTEN)
        page = context.new_page()
        devtools = context.new_cdp_session(page)
        devtools.send("Performance.enable")
        if profile.network:
            devtools.send("Network.enable")
            devtools.send("Network.emulateNetworkConditions", {"offline": False, **profile.network})
        devtools.send("Emulation.setCPUThrottlingRate", {"rate": profile.cpu})
        yield page, devtools
    finally:
        context.close()


def _busy(devtools: CDPSession) -> float:
    """Milliseconds of tasks on the main thread, so far."""
    metrics = devtools.send("Performance.getMetrics")["metrics"]
    return 1000 * next(each["value"] for each in metrics if each["name"] == "TaskDuration")


def _cost(page: Page, devtools: CDPSession, call: str) -> float:
    before = _busy(devtools)
    page.evaluate(f"async () => void await {call}")
    return _busy(devtools) - before


def _recorded(page: Page, server: DevServer) -> int:
    """When the first full snapshot was taken, once it has arrived. (Old SDKs upload it when something more happens.)"""
    page.evaluate(f"window.beating = setInterval(() => document.body?.toggleAttribute('data-beat'), {BEAT_MS})")
    snapshots = server.store.wait_for(_snapshots, timeout=120)
    page.evaluate("clearInterval(beating)")
    return snapshots[0]["timestamp"]


def _snapshots(store: Store) -> list[dict[str, Any]]:
    return [event for upload in store.uploads() for event in upload.events if event["type"] == FULL_SNAPSHOT]
