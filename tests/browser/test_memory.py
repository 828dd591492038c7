"""Pyodide's memory: pages that take it over instead of starting Python, and pages that do without."""

import re

import pytest

from .conftest import CSP_OF_PYSCRIPT, WAYS, Site

MEMORY = re.compile(r"/dist/assets/python-memory-\w+\.bin$")
ON_PYODIDE = [way for way, (runtime, *_) in WAYS.items() if runtime == "pyodide"]

# How many times something as large as a memory was copied.
COPIES = """
window.copies = 0;
const arrays = Object.getPrototypeOf(Int8Array.prototype), { set } = arrays;
arrays.set = function (from, ...to) { copies += from.length > 2e7; return set.call(this, from, ...to); };
"""
# How many bytes one task had decompressed, at most.
PIECES = """
window.most = 0;
const Decompressing = DecompressionStream, { port1, port2 } = new MessageChannel();
let bytes = 0;
port1.onmessage = () => { bytes = 0; };
const counted = () => new TransformStream({ transform(piece, on) {
  bytes += piece.length;
  most = Math.max(most, bytes);
  port2.postMessage(null);
  on.enqueue(piece);
} });
DecompressionStream = class {
  constructor(format) {
    const real = new Decompressing(format), through = counted();
    this.writable = through.writable;
    this.readable = through.readable.pipeThrough(real);
  }
};
"""
# How many functions of WebAssembly were given stacks of their own.
STACKS = """
window.stacks = 0;
const { promising } = WebAssembly;
WebAssembly.promising = (exported) => (stacks++, promising(exported));
"""
# A page whose files come at once, however busy the machine is.
PATIENT = """
AbortSignal.timeout = () => new AbortController().signal;
Object.defineProperty(PerformanceEntry.prototype, "duration", { value: 1 });
"""
HASTY = """
AbortSignal.timeout = () => {
  const timer = new AbortController();
  queueMicrotask(() => timer.abort());
  return timer.signal;
};
"""
# When the first event was sent, and when the page was blocked.
BLOCKED = """
window.sent = [];
const { fetch } = window;
window.fetch = (url, ...more) => {
  if (String(url).endsWith("/v1/t")) sent.push(performance.now());
  return fetch(url, ...more);
};
window.blocked = [];
let last = performance.now();
setInterval(() => {
  const now = performance.now();
  if (now - last > 1000) blocked.push(last); // on a busy machine a short task takes half of that
  last = now;
}, 20);
"""
STRANGE_TABLES = "WebAssembly.Table.prototype.get = () => () => {};"
OF_SOMETHING_ELSE = "DecompressionStream = class extends TransformStream {};"


@pytest.fixture
def asked(site: Site) -> list[str]:
    """The memory's addresses that were asked for."""
    urls: list[str] = []
    site.context.on("request", lambda request: urls.append(request.url) if MEMORY.search(request.url) else None)
    return urls


def taken_over(site: Site) -> int:
    """How many memories were."""
    return site.page.evaluate("copies")


def records(site: Site) -> None:
    """As ever, whatever its Python began with."""
    site.track("first")
    site.wait_for("pyscriptReplay.recording")
    site.agreed(site.track("second"))
    assert site.errors == site.uncaught == []


@pytest.mark.parametrize("way", ON_PYODIDE)
def test_page_takes_over_pyodide_s_memory(site: Site, asked: list[str], way: str) -> None:
    site.context.add_init_script(COPIES + PATIENT)
    site.open("actions", way)
    records(site)
    assert taken_over(site) == 1 and len(asked) == 1


@pytest.mark.parametrize("way", ON_PYODIDE)
def test_memory_is_decompressed_in_pieces_that_each_have_a_task(site: Site, way: str) -> None:
    site.context.add_init_script(PIECES + PATIENT)
    site.open("actions", way)
    records(site)
    assert 0 < site.page.evaluate("most") <= 500_000  # of six million; a stream may have kept a piece for the next


@pytest.mark.parametrize("script", [HASTY, STRANGE_TABLES])
def test_page_that_does_without_fetches_the_memory_for_the_next_one_if_that_can_take_it_over(
    site: Site, asked: list[str], script: str
) -> None:
    site.context.add_init_script(COPIES + script)
    site.open("actions", "tag-pyodide")
    assert taken_over(site) == 0
    records(site)
    if script == HASTY:
        site.wait_for(lambda: len(asked) == 1)
    else:
        site.page.wait_for_timeout(6000)
        assert asked == []


@pytest.mark.parametrize("script", [STRANGE_TABLES, OF_SOMETHING_ELSE])
def test_no_event_waits_for_a_start_that_blocks_the_page(site: Site, script: str) -> None:
    site.context.add_init_script(BLOCKED + PATIENT + script)
    site.file("early.js", "analytics.track('early');")
    tag = site.tag(mode="actions", write_key="actions", segment_cdn=site.cdn, runtime="pyodide").replace(" async", "")
    site.show(f'{tag}<script src="early.js"></script>')
    site.page.goto(f"{site.server.url}/site/")
    site.wait_for_status("running")
    site.wait_for("sent.length > 0 && blocked.length > 0")
    sent, blocked = site.page.evaluate("[sent, blocked]")
    assert sent[0] < blocked[0]
    site.agreed(site.track("later"))


@pytest.mark.parametrize("way", ON_PYODIDE)
def test_memory_that_cannot_be_taken_over_costs_a_start_and_no_recording(site: Site, way: str) -> None:
    site.context.add_init_script(COPIES + OF_SOMETHING_ELSE)
    site.open("actions", way)
    records(site)
    assert taken_over(site) == 0


def test_chance_in_python_is_another_one_on_each_page(site: Site) -> None:
    """It would be the memory's own, and so the same for everybody."""
    site.show(site.script("py", "actions"), CSP_OF_PYSCRIPT)
    site.file("main.py", "import random\nfrom js import window\nwindow.chance = random.random()")
    numbers = []
    for _ in range(2):
        site.page.goto(site.address())
        site.wait_for("'chance' in window")
        numbers.append(site.page.evaluate("chance"))
    assert numbers[0] != numbers[1]


@pytest.mark.parametrize("way", ON_PYODIDE)
def test_tag_s_pyodide_has_no_stacks_of_promises_on_which_a_browser_that_samples_allocations_crashes(
    site: Site, way: str
) -> None:
    site.context.add_init_script(STACKS)
    site.open("actions", way)
    records(site)
    assert (site.page.evaluate("stacks") == 0) is (way == "tag-pyodide")
