"""Pages that nobody looks at: prerendered, frozen, in the back/forward cache. In a real browser, by its own means.

Playwright forbids prerendering (its status is then ``PrerenderingDisabledByDevTools``), so those pages have a Chromium
to themselves, lie on the development server, and report as Segment's events do.
"""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pyscript_replay.tools import chromium
from pyscript_replay.tools.devserver import DevServer

from .conftest import FAST, PYTHON, Site

MODES = ("actions", "classic-device", "classic-cloud")
REPLAY_ID = "[Amplitude] Session Replay ID"

FIRST = """<!doctype html><title>First</title><a href="next.html">Next</a>
<script type="speculationrules">
{"prerender": [{"source": "list", "urls": ["next.html"], "eagerness": "immediate"}]}
</script>
<script>setTimeout(() => document.querySelector("a").click(), 2500)</script>"""
NEXT = """<!doctype html><title>Next</title><h1>Next</h1><script>
const prerendered = Boolean(document.prerendering);
const report = (event, properties) =>
  fetch("/v1/t", { method: "POST", body: JSON.stringify({ type: "track", event, properties }) });
const shown = () => {
  const stored = [localStorage.length, document.cookie];
  const { activationStart } = performance.getEntriesByType("navigation")[0];
  const before = performance.getEntriesByType("resource").filter((each) => each.startTime < activationStart);
  report("shown", { prerendered, stored, asked: before.map((each) => each.name) });
  const look = setInterval(() => {
    if (!window.pyscriptReplay?.recording) return;
    clearInterval(look);
    report("recorded", { replayId: pyscriptReplay.replayId });
  }, 50);
};
prerendered ? document.addEventListener("prerenderingchange", shown) : shown();
</script>"""


class Prerendered:
    """Two pages, of which the browser prepares the second while the first is shown, and then shows it."""

    def __init__(self, server: DevServer, root: Path, profile: Path) -> None:
        self.server, self.root, self.profile = server, root, profile
        self.program: subprocess.Popen[bytes] | None = None

    def visit(self, head: str) -> dict[str, Any]:
        """What the second page had done when it was shown; skips where this browser prepares none."""
        (self.root / "first.html").write_text(FIRST)
        (self.root / "next.html").write_text(NEXT + head)
        found = chromium.find(chromium.WITH_WINDOWS)  # one without prepares no page
        arguments = [
            "--headless",
            "--no-sandbox",
            f"--user-data-dir={self.profile}",
            *found["args"],
            "--remote-debugging-port=0",
        ]
        command = [found["executable_path"], *arguments, f"{self.server.url}/dist/first.html"]
        quiet = subprocess.DEVNULL
        self.program = subprocess.Popen(command, stdout=quiet, stderr=quiet, start_new_session=True)
        shown = self.event("shown")["properties"]
        if not shown["prerendered"]:
            pytest.skip("this browser does not prerender pages (Speculation Rules)")
        return shown

    def options(self) -> dict[str, Any]:
        amplitude = f"{self.server.url}/amplitude/session-replay"
        return {"configServerUrl": f"{amplitude}/config", "trackServerUrl": f"{amplitude}/track", **FAST}

    def event(self, name: str) -> dict[str, Any]:
        end = time.monotonic() + 30
        while time.monotonic() < end:
            found = [each for each in self.server.store.segment_messages() if each.get("event") == name]
            if found:
                (message,) = found
                return message
            time.sleep(0.05)
        raise AssertionError(f"{name} did not arrive")


@pytest.fixture
def prerendered(dist: Path, tmp_path: Path) -> Iterator[Prerendered]:
    root = tmp_path / "dist"
    shutil.copytree(dist, root)
    with DevServer(root) as server:
        pages = Prerendered(server, root, tmp_path / "profile")
        yield pages
        if pages.program:
            os.killpg(pages.program.pid, signal.SIGTERM)  # the command may be a script, which has started the browser
            pages.program.wait()


@pytest.mark.parametrize("mode", MODES)
def test_prerendered_page_with_the_tag_does_nothing_until_it_is_shown(prerendered: Prerendered, mode: str) -> None:
    given = {
        "mode": mode,
        "api-key": "local",
        "sample-rate": "1",
        "hold-ms": "30000",  # however slow the machine is
        "write-key": mode,
        "segment-cdn": f"{prerendered.server.url}/segment",
        "options": json.dumps(prerendered.options()),
    }
    attributes = "".join(f" data-{name}='{value}'" for name, value in given.items())
    shown = prerendered.visit(f"<script src=replay.js{attributes}></script><script>analytics.track('early')</script>")
    assert [url for url in shown["asked"] if not url.endswith("/replay.js")] == []
    assert shown["stored"] == [0, ""]
    replay_id = prerendered.event("recorded")["properties"]["replayId"]
    assert prerendered.event("early")["properties"][REPLAY_ID] == replay_id


@pytest.mark.parametrize("mode", MODES)
def test_prerendered_page_with_its_own_segment_and_python_records_when_it_is_shown(
    prerendered: Prerendered, mode: str
) -> None:
    """Segment itself does what it does; its events arrive."""
    assets = json.loads((prerendered.root / "manifest.json").read_text())["assets"]
    (prerendered.root / "main.py").write_text(
        PYTHON % {"mode": mode, "options": prerendered.options(), "amplitude": {}}
    )
    shown = prerendered.visit(
        f"""<script type=module>
        import {{ AnalyticsBrowser }} from "./{assets["analytics"]}";
        window.analytics = AnalyticsBrowser.load({{ writeKey: "{mode}", cdnURL: "{prerendered.server.url}/segment" }});
        analytics.track("early");
        </script>
        <script type=module src=pyscript.js></script><script type=mpy src=main.py async></script>"""
    )
    assert [url for url in shown["asked"] if "session-replay" in url] == []
    prerendered.event("recorded")
    prerendered.event("early")


@pytest.mark.parametrize("mode", MODES)
def test_frozen_for_long_a_page_renews_its_session(site: Site, mode: str) -> None:
    site.page.clock.install()
    site.open(mode)
    before = site.agreed(site.track("before"))
    cdp = site.context.new_cdp_session(site.page)
    cdp.send("Page.setWebLifecycleState", {"state": "frozen"})
    cdp.send("Page.setWebLifecycleState", {"state": "active"})
    assert site.agreed(site.track("frozen for a moment")) == before
    cdp.send("Page.setWebLifecycleState", {"state": "frozen"})
    site.pass_minutes(31)
    cdp.send("Page.setWebLifecycleState", {"state": "active"})
    assert site.agreed(site.track("frozen for long")) > before
    assert site.errors == []
