"""How findings are written down: for people, CI and other programs."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from pyscript_replay.tools import check
from pyscript_replay.tools.check import reporters, visit
from pyscript_replay.tools.check.reporters import Report
from pyscript_replay.tools.check.rules import Finding

LOST = Finding("problem", "event-lost", 'Lost: track "A, B: 100%\n<new>"', {"count": 1}, "See that nothing throws.")
LIGHT = Finding("warning", "typed-text-recorded", "what was typed can be read", {}, "Set medium.")
SOUND = Finding("ok", "matched", "events and uploads agree", {}, "")
REPORT = Report("https://shop.example/?a=1&b=2", "actions", [LOST, LIGHT, SOUND])


def test_text_is_one_line_for_each_finding() -> None:
    assert reporters.as_text([REPORT]).splitlines() == [
        "https://shop.example/?a=1&b=2 (actions)",
        'problem event-lost: Lost: track "A, B: 100% <new>". See that nothing throws.',
        "warning typed-text-recorded: what was typed can be read. Set medium.",
        "ok      matched: events and uploads agree.",
    ]


def test_json_has_all_of_it() -> None:
    (report,) = json.loads(reporters.as_json([REPORT]))
    assert (report["url"], report["mode"], len(report["findings"])) == (REPORT.url, "actions", 3)
    assert report["findings"][0] == LOST._asdict()


@pytest.mark.parametrize(("fails", "failures"), [(["problem"], 1), (["warning", "problem"], 2)])
def test_junit_fails_what_fails_the_command(fails: list[str], failures: int) -> None:
    (suite,) = ElementTree.fromstring(reporters.as_junit([REPORT], fails))
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == (REPORT.url, "3", str(failures))
    assert len(suite.findall("testcase/failure")) == failures


def test_junit_can_be_parsed_whatever_a_page_has_said() -> None:
    odd = LOST._replace(message="\x00\x1b ]]> <&\ud800")
    assert len(ElementTree.fromstring(reporters.as_junit([REPORT._replace(findings=[odd])], ["problem"]))) == 1


def test_sarif_has_a_rule_for_each_code_and_leaves_out_what_is_sound() -> None:
    log = json.loads(reporters.as_sarif([REPORT, REPORT]))
    (run,) = log["runs"]
    rules = [each["id"] for each in run["tool"]["driver"]["rules"]]
    assert log["version"] == "2.1.0" and rules == ["event-lost", "typed-text-recorded"]
    assert [each["level"] for each in run["results"]] == ["error", "warning"] * 2
    assert all(rules[each["ruleIndex"]] == each["ruleId"] for each in run["results"])


def test_githubs_annotations_are_escaped() -> None:
    error, warning = reporters.as_github([REPORT]).splitlines()
    assert error.startswith("::error title=event-lost::https://shop.example/")
    assert "100%25%0A<new>" in error
    assert warning.startswith("::warning title=typed-text-recorded::")


def test_a_baseline_leaves_out_what_is_known_of_the_same_page(tmp_path: Path) -> None:
    baseline = tmp_path / "known.json"
    baseline.write_text(reporters.as_json([REPORT._replace(findings=[LOST])]))
    other = REPORT._replace(url="https://shop.example/other")
    assert [each.findings for each in check.without([REPORT, other], baseline)] == [
        [LIGHT, SOUND],
        [LOST, LIGHT, SOUND],
    ]


@pytest.mark.parametrize(
    ("code", "mode"),
    [
        ('payload.obj.integrations["Actions Amplitude"].session_id', "actions"),
        ("window.amplitude.getInstance().onInit(()=>{})", "classic-device"),
        ("{integrations:{Amplitude:{session_id:a.getSessionId()}}}", "classic-cloud"),
        ("const amplitude = window.amplitude.getInstance();", "classic-device"),
        ('e.pluginName="@amplitude/plugin-session-replay-browser"', "classic-cloud"),
        ('get:()=>"@amplitude/plugin-session-replay-browser"', "actions"),
        ("analytics.track('A')", "actions"),
    ],
)
def test_the_mode_is_told_from_a_pages_code(code: str, mode: str) -> None:
    assert visit.mode_of(code)[0] == mode
