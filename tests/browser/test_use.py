"""An ``AnalyticsBrowser`` that is no global: ``pyscriptReplay.use(analytics)``, before the tag has run and after."""

import pytest

from .conftest import CSP, CSP_OF_PYSCRIPT, WAYS, Site, in_turns
from .test_early_calls import STUB
from .test_loader import settled

MODES = ("actions", "classic-device", "classic-cloud")

# A site's bundle, which keeps its Segment to itself; `send` is there for the test.
MODULE = """
import {{ AnalyticsBrowser }} from "{analytics}";
const analytics = AnalyticsBrowser.load({{ writeKey: "{key}", cdnURL: "{cdn}" }});
window.send = (...event) => void analytics.track(...event);
window.handOver = {hand_over};
"""
HANDED = {
    "an early call": "() => (window.pyscriptReplay ||= []).push(['use', analytics])",
    "the README's stub": "() => window.pyscriptReplay.use(analytics)",
    "a late call": "() => pyscriptReplay.ready && pyscriptReplay.use(analytics)",
    "what is awaited from it": "async () => pyscriptReplay.use((await analytics)[0])",
}


def visit(site: Site, way: str = "an early call", mode: str = "actions", host: str = "tag-micropython", **tag) -> None:
    """Open a page that has handed its Segment over, or, where that is to be late, can."""
    early = way in ("an early call", "the README's stub")
    module = MODULE.format(analytics=site.dist("analytics"), key=mode, cdn=site.cdn, hand_over=HANDED[way])
    site.file("segment.js", module + ("handOver();" if early else ""))
    site.file("early.js", STUB if way == "the README's stub" else "")
    runtime, _, us = WAYS[host]
    ours = site.tag(**{"mode": mode, "runtime": runtime, **tag}) if us == "tag" else site.script(us, mode)
    module_first = '<script src="early.js"></script><script type="module" src="segment.js"></script>'
    # what is to come later waits for the module, whose Segment is handed over by then
    later = ours.replace("<script ", "<script defer ").replace(" async", "") if early and us == "tag" else ours
    site.show(module_first + later, CSP if us == "tag" else CSP_OF_PYSCRIPT)
    site.page.goto(f"{site.server.url}/site/")
    site.wait_for("Boolean(window.handOver)")


@pytest.mark.parametrize(("way", "mode"), in_turns(list(HANDED), MODES))
def test_analytics_browser_that_is_no_global_is_handed_over(site: Site, way: str, mode: str) -> None:
    visit(site, way, mode)
    if "late" in way or "awaited" in way:
        site.wait_for("pyscriptReplay.runtime !== null")  # Python runs, and looks for a Segment
        site.page.evaluate("handOver()")
    site.page.evaluate("void (send('one'), send('two', { price: 1 }))")
    site.wait_for_status("running")
    session_id = site.agreed(site.event("two"))
    site.page.evaluate("send('three')")
    assert site.agreed(site.event("three")) == session_id
    settled(site, "one", "two", "three")
    assert site.page.evaluate("window.analytics === undefined")
    assert site.errors == []


@pytest.mark.parametrize("host", ["tag-pyodide", "page-micropython", "page-pyodide"])
@pytest.mark.parametrize("way", ["an early call", "a late call"])
def test_it_is_handed_over_to_each_runtime_and_to_connect(site: Site, way: str, host: str) -> None:
    visit(site, way, host=host)
    site.wait_for("window.pyscriptReplay?.runtime", seconds=60)
    if way == "a late call":
        site.page.evaluate("handOver()")
    site.wait_for_status("running")
    site.page.evaluate("send('first')")
    site.agreed(site.event("first"))
    site.page.evaluate("void pyscriptReplay.track('through us')")
    site.agreed(site.event("through us"))


def test_events_are_held_until_the_wiring_is_ready(site: Site) -> None:
    site.context.route("**/micropython.wasm", lambda route: held.append(route))
    held: list = []
    visit(site, hold_ms=60_000)
    site.page.evaluate("void (send('one'), send('two'))")
    site.wait_for(lambda: bool(held))
    assert site.events == []
    held[0].continue_()
    site.wait_for_status("running")
    assert site.agreed(site.event("one")) == site.agreed(site.event("two"))


def test_what_was_tracked_through_us_before_is_sent_by_it(site: Site) -> None:
    visit(site, "a late call")
    site.page.evaluate("void pyscriptReplay.track('early', { price: 1 })")
    site.page.evaluate("handOver()")
    site.wait_for_status("running")
    assert site.event("early")["properties"]["price"] == 1
    site.page.evaluate("void pyscriptReplay.track('later')")
    site.agreed(site.event("later"))


def test_without_consent_it_is_left_alone_until_start(site: Site) -> None:
    visit(site, consent="wait")
    site.wait_for_status("waiting")
    site.page.evaluate("send('before')")
    assert "[Amplitude] Session Replay ID" not in site.event("before")["properties"]
    site.page.evaluate("void pyscriptReplay.start()")
    site.wait_for_status("running")
    site.page.evaluate("send('after')")
    site.agreed(site.event("after"))


@pytest.mark.parametrize("wrong", ["undefined", "{}", "[]", "'analytics'", "{ get addSourceMiddleware() { throw 1 } }"])
def test_what_is_no_segment_is_refused_and_the_right_one_is_welcome(site: Site, wrong: str) -> None:
    visit(site, "a late call")
    assert site.page.evaluate(f"pyscriptReplay.use({wrong}).catch(({{ code }}) => code)") == "segment-missing"
    assert site.errors == ["segment-missing"]
    site.page.evaluate("handOver()")
    site.wait_for_status("running")
    site.page.evaluate("send('first')")
    site.agreed(site.event("first"))
    codes = [each["code"] for each in site.page.evaluate("pyscriptReplay.doctor()")]
    assert "segment-missing" not in codes


def test_a_second_segment_is_refused(site: Site) -> None:
    visit(site, "a late call", write_key="actions", segment_cdn=site.cdn)
    site.wait_for_status("running")
    assert site.page.evaluate("handOver().catch(({ code, fix }) => [code, fix])")[0] == "segment-taken"
    assert site.errors == ["segment-taken"]
    site.agreed(site.track("of the first one"))


def test_segment_missing_says_how_to_hand_one_over(site: Site) -> None:
    site.page.clock.install()
    site.show(site.tag())
    site.page.goto(f"{site.server.url}/site/")
    site.wait_too_long()
    (error,) = site.page.evaluate("heard.error")
    assert error["code"] == "segment-missing"
    assert "pyscriptReplay.use(analytics)" in error["fix"]
