"""The tag that ``pyscript-replay tag`` prints, under a policy with a nonce, from another origin."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Route

from pyscript_replay.tools import script_tag
from pyscript_replay.tools.expectations import Replay

POLICY = "script-src 'nonce-n0' https://cdn.example https://cdn.segment.com 'wasm-unsafe-eval'; worker-src 'self' blob:"


@pytest.mark.parametrize(
    ("more", "unneeded"),
    [
        ({}, {"micropython.options", "amplitude", "pyodide"}),
        ({"options": '{"privacyConfig": {"defaultMaskLevel": "light"}}'}, {"amplitude", "pyodide"}),
        ({"options": '{"useWebWorker": false}'}, {"session-replay.worker", "amplitude", "pyodide"}),
        ({"mode": "classic-cloud"}, {"micropython.options", "pyodide"}),
        ({"runtime": "pyodide"}, {"micropython", "micropython.wasm", "micropython.options", "amplitude"}),
    ],
)
def test_printed_tag_records_and_each_preload_is_used(
    more: dict[str, str], unneeded: set[str], context: BrowserContext, page: Page, replay: Replay, dist: Path
) -> None:
    attributes = {"mode": "actions", "api-key": "key", "sample-rate": "1", "write-key": "k", **more}
    manifest = json.loads((dist / "manifest.json").read_text())
    tag = "\n".join(script_tag.lines(manifest, "https://cdn.example/r", attributes, nonce="n0"))
    asked: list[str] = []

    def cdn(route: Route) -> None:
        asked.append(name := route.request.url.removeprefix("https://cdn.example/r/"))
        route.fulfill(path=dist / name, headers={"Access-Control-Allow-Origin": "*", **kind(name)})

    def shop(route: Route) -> None:
        headers = {"Content-Security-Policy": POLICY, "Content-Type": "text/html"}
        route.fulfill(body=f"<!doctype html><title>Shop</title>{tag}<h1>Shop</h1>", headers=headers)

    said: list[str] = []
    requested: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda request: requested.append(request.url))
    context.route("https://shop.example/", shop)
    context.route("https://cdn.example/r/**", cdn)
    page.goto("https://shop.example/")
    page.wait_for_function("() => window.pyscriptReplay?.status === 'running'")
    page.evaluate("() => void analytics.track('Bought')")
    replay.expect_event("Bought").in_replay()
    assert not [text for text in said if "integrity" in text or "preload" in text or "Content Security" in text]
    # (a page whose Pyodide takes too long, as on a busy machine, asks once more, to see what is wrong)
    assert len(asked) == len(set(asked)) or "runtime" in more
    assert requested.count("https://cdn.segment.com/v1/projects/k/settings") == 1
    assets, (modules, programs) = manifest["assets"], script_tag.needed(attributes)
    assert {assets[name] for name in (*modules, *programs)} < set(asked)
    assert not {assets[name] for name in unneeded} & set(asked)


def test_what_comes_before_the_first_snapshot_is_205_kb_besides_the_sdk_s_worker(dist: Path) -> None:
    manifest = json.loads((dist / "manifest.json").read_text())
    modules, programs = script_tag.needed({})
    first = ["replay.js", *(manifest["assets"][name] for name in (*modules, *programs))]
    worker = manifest["assets"]["session-replay.worker"]
    assert sum(manifest["files"][name]["brotli"] for name in first if name != worker) <= 205_000


def test_printed_tag_that_waits_for_a_consent_has_nothing_fetched_before(dist: Path) -> None:
    manifest = json.loads((dist / "manifest.json").read_text())
    given = {"api-key": "key", "write-key": "k", "consent": "wait"}
    (tag,) = script_tag.lines(manifest, "https://cdn.example/r", given)
    assert "<script" in tag


def kind(name: str) -> dict[str, str]:
    types = {
        "js": "text/javascript",
        "mjs": "text/javascript",
        "wasm": "application/wasm",
        "mpy": "application/octet-stream",
        "bin": "application/octet-stream",
        "zip": "application/zip",
        "json": "application/json",
    }
    return {"Content-Type": types[name.rpartition(".")[2]]}
