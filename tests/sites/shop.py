"""A shop of somebody else, at https://shop.example/NAME, for tests of the pytest plugin: a conftest.py of theirs.

Each page is wired as its name says; nothing of it knows that it is tested.
"""

import functools
import json
from html import escape
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Route

from pyscript_replay.tools import bundle, chromium, npm

SITES = Path(__file__).parent
ORIGIN = "https://shop.example/"
PAGE = "<!doctype html><title>Shop</title>{}<h1>Shop</h1><input aria-label=Card><button id=buy>Buy</button>"
BUY = """<script type=module>
  document.querySelector("#buy").onclick = () => analytics.track("Checkout Started", { total: 3 });
</script>"""
TAG = '<script async src="/dist/replay.js" data-mode="actions" data-api-key="api-key" data-sample-rate="1"{}></script>'

# What Segment's snippet does, with the methods that are called here.
SNIPPET = """<script>{{
  const analytics = (window.analytics = []);
  analytics.invoked = true;
  analytics._writeKey = "segment-key";
  analytics._cdn = "{cdn}";
  analytics._loadOptions = {options};
  for (const method of ["track", "page", "identify", "reset", "ready", "on", "register", "addSourceMiddleware"]) {{
    analytics[method] = (...args) => analytics.push([method, ...args]);
  }}
  const src = "{cdn}/analytics.js/v1/segment-key/analytics.min.js";
  document.head.append(Object.assign(document.createElement("script"), {{ async: true, src }}));
}}</script>"""
AMPLITUDE_PROXY = {"trackServerUrl": "https://amp.shop.example/sr", "configServerUrl": "https://amp.shop.example/cfg"}


def snippet(cdn: str = "https://cdn.segment.com", **options: Any) -> str:
    return SNIPPET.format(cdn=cdn, options=json.dumps(options)) + BUY


HEADS = {
    "tag": TAG.format(' data-write-key="segment-key"') + BUY,
    "checkout": TAG.format(' data-write-key="segment-key"') + BUY,
    "cloud": TAG.replace("actions", "classic-cloud").format(' data-write-key="segment-key"') + BUY,
    "tag-and-snippet": snippet() + TAG.format(""),
    "consent": TAG.format(' data-write-key="segment-key" data-consent="wait"') + BUY,
    "no-replay": snippet(),
    "proxy": snippet(
        "https://cdn.shop.example",
        integrations={"Segment.io": {"apiHost": "events.shop.example/v1"}},
    )
    + TAG.format(f' data-options="{escape(json.dumps(AMPLITUDE_PROXY))}"'),
}


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_type_launch_args, **chromium.find()}


@functools.cache
def script(file: Path) -> bytes:
    """A file with what it imports: the vendor's wrapper brings packages of its own, see npm/package.json."""
    wrapper = "@amplitude/segment-session-replay-wrapper"
    alias = {wrapper: str(npm.installed(SITES / "npm") / wrapper)} if file.name == "wrapper.js" else {}
    return bundle.esbuild(file, alias=alias)


@pytest.fixture(autouse=True)
def shop(context: BrowserContext) -> None:
    def serve(route: Route) -> None:
        name = route.request.url.removeprefix(ORIGIN).partition("?")[0]
        if name.startswith("dist/"):
            route.fulfill(path=bundle.cached() / name.removeprefix("dist/"))
        elif name.endswith(".js"):
            route.fulfill(body=script(SITES / name), content_type="text/javascript")
        else:
            head = HEADS.get(name) or f'<script type="module" src="/{name}.js"></script>'
            route.fulfill(body=PAGE.format(head), content_type="text/html")

    context.route(f"{ORIGIN}**", serve)
