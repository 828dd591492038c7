"""A PyScript page with one script tag, whatever its configuration: all that it needs comes from the bundle."""

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Route

from .conftest import Site

ORIGIN = "http://bundle.test"
TYPES = {".wasm": "application/wasm", ".js": "text/javascript", ".mjs": "text/javascript", ".json": "application/json"}

# The time is exact only through our border; the SDK shows that the border has found the bundle.
PAGE = """<!doctype html>
<script type="module" src="/dist/pyscript.js"></script>
{element}
<script type="{kind}"{attribute}>
from pyscript import window
from pyscript.js_modules import pyscript_replay_border
from pyscript_replay import ReplayError, bridge, connect

try:
    await connect("actions")
except ReplayError as error:
    code = error.code
sdk = await bridge.sdk("session-replay")
window.found = " ".join([bridge.RUNTIME, code, repr(bool(sdk.get("init")))])
window.now = str(bridge.now())
</script>
"""


# how the page configures PyScript: (an element, an attribute of the script)
CONFIGURED = {
    "not at all": ("", ""),
    "an element": ('<{kind}-config>{{"name": "mine"}}</{kind}-config>', ""),
    "an element in TOML": ('<{kind}-config type="toml"># mine\nname = "mine"\n</{kind}-config>', ""),
    "an element whose source is TOML": ('<{kind}-config src="/dist/mine.toml"></{kind}-config>', ""),
    "an attribute in TOML": ("", " config='name = \"mine\"'"),
    "an element with a source": ('<{kind}-config src="/dist/pyscript.json"></{kind}-config>', ""),
    "an attribute": ("", ' config="/dist/pyscript.json"'),
}


# PyScript reads it in the same way for both.
@pytest.mark.parametrize(
    ("kind", "runtime", "configured"),
    [("mpy", "micropython", each) for each in CONFIGURED]
    + [("py", "pyodide", each) for each in ("not at all", "an element whose source is TOML", "an attribute")],
)
def test_everything_comes_from_the_bundle(
    context: BrowserContext, page: Page, dist: Path, kind: str, runtime: str, configured: str
) -> None:
    elsewhere = []

    def serve(route: Route) -> None:
        name = route.request.url.removeprefix(f"{ORIGIN}/dist/")
        if route.request.url == f"{ORIGIN}/":
            element, attribute = (each.format(kind=kind) for each in CONFIGURED[configured])
            document = PAGE.format(kind=kind, element=element, attribute=attribute)
            route.fulfill(body=document, content_type="text/html")
        elif name == "mine.toml":
            route.fulfill(body='name = "mine"\n[files]\n"./pyscript.json" = "./read.json"\n')
        elif name in files:
            route.fulfill(body=files[name].read_bytes(), content_type=TYPES.get(files[name].suffix, "text/plain"))
        else:
            elsewhere.append(route.request.url)
            route.abort()

    files = {file.relative_to(dist).as_posix(): file for file in dist.rglob("*") if file.is_file()}
    context.route("**/*", serve)
    page.goto(ORIGIN)
    page.wait_for_function("window.now", timeout=60_000)
    assert page.evaluate("found") == f"{runtime} option-missing True"
    assert abs(page.evaluate("Date.now() - Number(now)")) < 60_000
    assert not elsewhere


IN_WORKER = """<!doctype html>
<script type="module" src="{root}/pyscript.js"></script>
<script type="{kind}" worker>
from pyscript_replay import ReplayError, connect

try:
    await connect("actions", api_key="local")
except ReplayError as error:
    print(error.code, error.fix)
</script>
"""


@pytest.mark.parametrize("kind", ["mpy", "py"])
def test_worker_attribute_is_answered_by_an_error_that_says_so(page: Page, site: Site, kind: str) -> None:
    site.file("worker", IN_WORKER.format(root=f"{site.server.url}/dist", kind=kind))
    page.goto(f"{site.server.url}/site/worker")
    fix = "Take the attribute worker from the script that calls connect()."
    site.wait_for(lambda: f"worker {fix}" in site.console, seconds=60)


NOT_AWAITED = """<!doctype html>
<script type="module" src="{root}/pyscript.js"></script>
<script type="{kind}">
from pyscript_replay import ReplayError, connect

replay = connect("actions", api_key="local")
try:
    print(replay.session_id)
except ReplayError as error:
    print(error.code, error.fix)
</script>
"""


@pytest.mark.parametrize("kind", ["mpy", "py"])
def test_a_forgotten_await_is_answered_by_an_error_that_says_so(page: Page, site: Site, kind: str) -> None:
    site.file("forgotten", NOT_AWAITED.format(root=f"{site.server.url}/dist", kind=kind))
    page.goto(f"{site.server.url}/site/forgotten")
    site.wait_for(lambda: "not-awaited Write: replay = await connect(…)." in site.console, seconds=60)
    site.wait_for(lambda: any("connect() was called, but not awaited" in text for text in site.console))
