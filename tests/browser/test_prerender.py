"""Pages that nobody looks at: prerendered, frozen, in the back/forward cache. In a real browser, by its own means."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from pyscript_replay.tools.devserver import DevServer

from .conftest import FAST, LISTEN, PYTHON, Site

MODES = ("actions", "classic-device", "classic-cloud")
REPLAY_ID = "[Amplitude] Session Replay ID"

# Playwright cannot answer what a prerendered page asks for, so these pages lie on the development server itself.
FIRST = """<!doctype html><title>First</title><a href="next.html">Next</a>
<script type="speculationrules">
{"prerender": [{"source": "list", "urls": ["next.html"], "eagerness": "immediate"}]}
</script>"""
NEXT = (
    "<!doctype html><title>Next</title><script>%s; window.prerendered = document.prerendering;</script>%s<h1>Next</h1>"
)


class Prerendered:
    """Two pages, of which the browser prepares the second while the first is shown."""

    def __init__(self, page: Page, server: DevServer, root: Path) -> None:
        self.page, self.server, self.root = page, server, root

    def prepare(self, head: str) -> None:
        """Show the first page, with the second one behind it for a while."""
        (self.root / "first.html").write_text(FIRST)
        (self.root / "next.html").write_text(NEXT % (LISTEN, head))
        self.page.goto(f"{self.server.url}/dist/first.html")
        self.page.wait_for_timeout(2500)

    def show(self) -> None:
        """Go to the second page, which is shown as it was prepared; skips where this browser prepares none."""
        self.page.click("a")
        self.page.wait_for_url("**/next.html")
        if not self.page.evaluate("window.prerendered === true"):
            pytest.skip("this browser does not prerender pages (Speculation Rules)")

    def wait_for(self, condition: str) -> None:
        self.page.wait_for_function(condition, timeout=30_000)

    def before_it_was_shown(self) -> list[str]:
        """What the page had asked for until then."""
        return self.page.evaluate("""() => {
          const { activationStart } = performance.getEntriesByType("navigation")[0];
          const asked = performance.getEntriesByType("resource").filter((each) => each.startTime < activationStart);
          return asked.map((each) => each.name);
        }""")

    def options(self) -> dict[str, Any]:
        amplitude = f"{self.server.url}/amplitude/session-replay"
        return {"configServerUrl": f"{amplitude}/config", "trackServerUrl": f"{amplitude}/track", **FAST}

    def event(self, name: str) -> dict[str, Any]:
        for _ in range(300):
            found = [each for each in self.server.store.segment_messages() if each.get("event") == name]
            if found:
                (message,) = found
                return message
            self.page.wait_for_timeout(50)
        raise AssertionError(f"{name} did not arrive")


@pytest.fixture
def prerendered(page: Page, dist: Path, tmp_path: Path) -> Iterator[Prerendered]:
    root = tmp_path / "dist"
    shutil.copytree(dist, root)
    with DevServer(root) as server:
        yield Prerendered(page, server, root)


def test_prerendering_happens_here(prerendered: Prerendered) -> None:
    """Else the tests below would see nothing."""
    prerendered.prepare("")
    prerendered.show()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("consent", ["granted", "wait"])
def test_prerendered_page_with_the_tag_does_nothing_until_it_is_shown(
    prerendered: Prerendered, mode: str, consent: str
) -> None:
    given = {
        "mode": mode,
        "api-key": "local",
        "sample-rate": "1",
        "write-key": mode,
        "segment-cdn": f"{prerendered.server.url}/segment",
        "options": json.dumps(prerendered.options()),
        "consent": consent,
    }
    attributes = "".join(f" data-{name}='{value}'" for name, value in given.items())
    prerendered.prepare(
        f"<script src=replay.js{attributes}></script>"
        "<script>analytics.track('early'); if (document.currentScript) void pyscriptReplay.start()</script>"
    )
    assert prerendered.server.store.segment_messages() == []
    assert prerendered.page.evaluate("[localStorage.length, document.cookie]") == [0, ""]
    prerendered.show()
    asked = prerendered.before_it_was_shown()
    assert [url for url in asked if not url.endswith("/replay.js")] == []
    prerendered.wait_for("pyscriptReplay.status === 'running' && pyscriptReplay.recording")
    replay_id = prerendered.page.evaluate("pyscriptReplay.replayId")
    assert prerendered.event("early")["properties"][REPLAY_ID] == replay_id


@pytest.mark.parametrize("mode", MODES)
def test_prerendered_page_with_its_own_segment_and_python_does_nothing_until_it_is_shown(
    prerendered: Prerendered, mode: str
) -> None:
    """Segment itself does what it does; its events arrive."""
    assets = json.loads((prerendered.root / "manifest.json").read_text())["assets"]
    (prerendered.root / "main.py").write_text(
        PYTHON % {"mode": mode, "options": prerendered.options(), "amplitude": {}}
    )
    prerendered.prepare(
        f"""<script type=module>
        import {{ AnalyticsBrowser }} from "./{assets["analytics"]}";
        window.analytics = AnalyticsBrowser.load({{ writeKey: "{mode}", cdnURL: "{prerendered.server.url}/segment" }});
        analytics.track("early");
        </script>
        <script type=module src=pyscript.js></script><script type=mpy src=main.py async></script>"""
    )
    assert prerendered.server.store.uploads() == []
    prerendered.show()
    assert [url for url in prerendered.before_it_was_shown() if "session-replay" in url] == []
    prerendered.wait_for("window.pyscriptReplay?.status === 'running'")
    prerendered.page.evaluate("void analytics.track('later')")
    replay_id = f"{prerendered.event('later')['properties'][REPLAY_ID]}"
    assert replay_id == prerendered.page.evaluate("pyscriptReplay.replayId")
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
