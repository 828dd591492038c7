"""Calls from before the tag has run: a stub keeps them, and they are made in their order."""

import re

import pytest

from ..documentation import DOCS
from .conftest import PROXIES, Site
from .test_loader import settled

PAGE = (DOCS / "how-to/consent.md").read_text("utf-8")
(STUB,) = re.findall(r"<script>\n(  window\.pyscriptReplay \|\|= .*?)</script>", PAGE, re.S)


def visit(site: Site, early: str, **tag: object) -> None:
    site.file("early.js", early)
    given = {"write_key": "actions", "segment_cdn": site.cdn, "consent": "wait", **tag}
    site.show(f'<script src="early.js"></script>{site.tag(mode="actions", **given)}')
    site.page.goto(f"{site.server.url}/site/")


@pytest.mark.parametrize(
    "early",
    [
        STUB + "pyscriptReplay.start();",
        "(window.pyscriptReplay ||= []).push(['start']);",
        "window.pyscriptReplay = [(replay) => replay.start()];",
        STUB + "pyscriptReplay.stop(); pyscriptReplay.start();",
    ],
    ids=["the documented stub", "an array", "a function", "the last word counts"],
)
def test_a_consent_that_was_given_early_counts(site: Site, early: str) -> None:
    visit(site, early)
    site.wait_for_status("running")
    site.agreed(site.track("first"))


def test_a_refusal_that_was_early_loads_nothing_and_segment_goes_on(site: Site) -> None:
    asked: list[str] = []
    site.context.on("request", lambda request: asked.append(request.url))
    visit(site, STUB + "pyscriptReplay.stop(); window.analytics = [['track', 'sent']];", consent="granted")
    settled(site, "sent")
    assert site.facade("status") == {"status": "stopped"}
    assert [url for url in asked if "micropython" in url or "session-replay" in url] == []
    site.page.reload()  # the choice lasts, as it does when it comes later
    site.wait_for_status("stopped")


def test_early_calls_have_their_answers(site: Site) -> None:
    visit(
        site,
        STUB
        + """
        window.started = pyscriptReplay.start().then(({ status }) => status);
        window.nameless = pyscriptReplay.track().catch(({ code }) => code);
        pyscriptReplay.track("early", { price: 1 });
        pyscriptReplay.push(["nonsense"], ["track", "last"]);
        window.kept = pyscriptReplay;
        """,
    )
    site.wait_for_status("running")
    assert site.page.evaluate("started") == "running"
    assert site.page.evaluate("nameless") == "event-name"
    site.page.evaluate("kept.push(['track', 'later']); void kept.track('called')")
    site.page.evaluate("pyscriptReplay.push(['track', 'pushed'])")
    settled(site, "early", "last", "later", "called", "pushed")
    assert any("nonsense" in line or "not a function" in line for line in site.console)


@pytest.mark.parametrize("wrong", [{"sample_rate": "2"}, {"consent": "nope"}], ids=str)
def test_an_early_start_of_a_page_that_cannot_be_wired_is_told_why(site: Site, wrong: dict) -> None:
    visit(site, STUB + "window.answer = pyscriptReplay.start().catch(({ code }) => code);", **wrong)
    assert site.page.evaluate("answer") == "option-value"


PYTHON = """
from pyscript import window
from pyscript_replay import connect

def first(previous, current, device_id, reason):
    window.first = " ".join([repr(previous), repr(current), device_id, reason])

replay = await connect("actions", api_key="local", sample_rate=1, options=%r, on_session=first)

def late(*_):
    @replay.on_session
    def moved(previous, current, device_id, reason):
        window.late = " ".join([repr(previous), repr(current), device_id, reason])

window.late_listener = create_proxy(late)
"""


@pytest.mark.parametrize("kind", PROXIES)
def test_a_late_listener_hears_of_the_present_session(site: Site, kind: str) -> None:
    site.run_python(kind, PYTHON % site.replay_options)
    site.wait_for("Boolean(window.late_listener)")
    session_id = site.agreed(site.track("first"))
    site.page.evaluate("void late_listener()")
    heard = f"None {session_id} {site.device_id} started"
    assert site.page.evaluate("[first, late]") == [heard, heard]
