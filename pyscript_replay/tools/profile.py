"""Writes ``web/micropython.json``: which of MicroPython's functions pages are seen to run (``halves.py``).

    uv run python -m pyscript_replay.tools.profile

drives visits in each mode, with the real SDKs and the local Segment and Amplitude, on a MicroPython that counts. To be
run when MicroPython changes, or when our Python does something that it never did; what is missing from the profile is
no fault, but costs a request.
"""

import hashlib
import html
import json
import re
import shutil
import struct
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, sync_playwright

from . import bundle, chromium, halves, wasm
from .devserver import DevServer

MODES = ("actions", "classic-device", "classic-cloud")
# what our Python imports of the Python inside MicroPython
FROZEN = (
    *("asyncio/__init__.py", "asyncio/core.py", "asyncio/event.py", "asyncio/funcs.py", "asyncio/lock.py"),
    *("collections/__init__.py", "collections/defaultdict.py", "io.py", "time.py"),
)
COUNT = """
globalThis.seen = new Set();
for (const name of ["instantiate", "instantiateStreaming"]) {
  const original = WebAssembly[name];
  WebAssembly[name] = (source, imports) =>
    original(source, { ...imports, profile: { seen: (index) => seen.add(index) } });
}
"""
VISIT = """
async (turn) => {
  const moment = () => new Promise((done) => setTimeout(done, 500));
  const say = (method, ...args) => Promise.race([analytics[method](...args), moment()]);
  await say("page", "Home", { title: "A page", price: 1.5, list: [1, { two: "äö€😀" }] });
  await say("identify", `user-${turn}`, { plan: "free", since: 1795433609897 });
  await say("group", "company", { size: 3 });
  await say("screen", "Start");
  for (let number = 0; number < 60; number++)
    await say("track", `Event ${number}`, { number, nested: { ok: true, no: null } });
  await pyscriptReplay.track("Ours", { price: 19.99 });
  await pyscriptReplay.flush();
}
"""


def main() -> None:
    program = bundle.micropython()
    names, modules = _listing(program)
    profile = {
        "sha256": hashlib.sha256(program).hexdigest(),
        "frozen": FROZEN,
        "frozen_names": names,
        "frozen_modules": modules,
        "functions": _runs(sorted(_seen())),
    }
    lines = (f'  "{name}": {json.dumps(value)}' for name, value in profile.items())
    halves.PROFILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _seen() -> set[int]:
    """The functions that run in visits of each mode."""
    seen: set[int] = set()
    with tempfile.TemporaryDirectory() as directory, sync_playwright() as playwright:
        root = Path(directory) / "dist"
        shutil.copytree(bundle.cached(), root)
        _count(root)
        with DevServer(root) as server:
            browser = playwright.chromium.launch(**chromium.find())
            for mode in MODES:
                (root / f"{mode}.html").write_text(_page(server.url, mode), encoding="utf-8")
                context = browser.new_context()
                context.add_init_script(COUNT)
                for page in _visit(context, f"{server.url}/dist/{mode}.html"):
                    seen.update(page.evaluate("[...seen]"))
                context.close()
            browser.close()
    return seen


def _count(root: Path) -> None:
    """Give the bundle a MicroPython that counts."""
    assets = json.loads((root / "manifest.json").read_text("utf-8"))["assets"]
    for compressed in root.rglob("micropython*.wasm.*"):
        compressed.unlink()
    (root / assets["micropython.wasm"]).write_bytes(halves.counted(bundle.started()))


def _page(url: str, mode: str) -> str:
    amplitude = f"{url}/amplitude/session-replay"
    options = {"configServerUrl": f"{amplitude}/config", "trackServerUrl": f"{amplitude}/track"}
    options |= {"privacyConfig": {"blockSelector": ".private", "maskSelector": ["#secret"]}}
    tag = {"api-key": "local", "write-key": mode, "sample-rate": "1", "segment-cdn": f"{url}/segment"}
    tag |= {"options": json.dumps(options)} | ({"mode": mode} if mode == "actions" else {})
    attributes = "".join(f' data-{name}="{html.escape(value)}"' for name, value in tag.items())
    return f"<!doctype html><title>A page</title><script async src=replay.js{attributes}></script><input id=field>"


def _visit(context: BrowserContext, url: str) -> Iterator[Page]:
    """Pages after a visit: events of all kinds, another visitor, a session that is over, an end and a new beginning."""
    page = context.new_page()
    page.clock.install()
    for turn in range(3):
        page = page if turn < 2 else context.new_page()
        page.goto(url)
        page.wait_for_function("window.pyscriptReplay?.status === 'running'", timeout=60_000)
        page.locator("#field").fill("something")
        page.evaluate(VISIT, turn)
        page.evaluate("analytics.reset()")
        page.evaluate(VISIT, turn)
        if turn == 1:
            page.clock.fast_forward(31 * 60_000)
            page.evaluate(VISIT, turn)
            page.evaluate("pyscriptReplay.stop()")
            page.evaluate("pyscriptReplay.start()")
            page.evaluate(VISIT, turn)
        yield page


def _listing(program: bytes) -> tuple[int, int]:
    """Where the names of the frozen modules are, and where the modules are listed."""
    memory = wasm.memory(wasm.Program(program).data)
    (found,) = re.finditer(rb"(?:[\w/]+\.py\0){9,}\0", memory)
    count = found[0].count(b"\0") - 1
    for at in range(found.end() // 4 * 4, found.end() + 4096, 4):
        listed = struct.unpack_from(f"<{count}I", memory, at)
        if all(after - before == 12 for before, after in pairwise(listed)):
            return found.start(), at
    raise SystemExit("the frozen modules are not listed as they were")


def _runs(numbers: list[int]) -> list[list[int]]:
    """Numbers that follow each other, each run as its first and its last."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return runs


if __name__ == "__main__":
    main()
