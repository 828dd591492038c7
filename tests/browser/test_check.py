"""``pyscript-replay check`` on pages that are served for real: our tag, the documented wirings, and plain ones."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyscript_replay.tools import cli

from ..sites import served

pytestmark = pytest.mark.visits


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    with served.serving() as origin:
        yield origin


def ended(*arguments: object) -> object:
    with pytest.raises(SystemExit) as raised:
        cli.main(["check", *map(str, arguments)])
    return raised.value.code


def found(capsys: pytest.CaptureFixture, *arguments: object) -> tuple[object, set[str], set[str]]:
    """The exit status, the codes of problems and warnings, and those of what is sound."""
    status = ended(*arguments, "--json")
    (report,) = json.loads(capsys.readouterr().out)
    assert set(report) == {"url", "mode", "findings"}
    assert all(set(each) == {"level", "code", "message", "evidence", "fix"} for each in report["findings"])
    wrong = {each["code"] for each in report["findings"] if each["level"] != "ok"}
    return status, wrong, {each["code"] for each in report["findings"]} - wrong


@pytest.mark.parametrize("page", [*(f"tag-{mode}" for mode in served.MODES), "snippet-and-auto", "consent"])
def test_our_tag_is_sound(origin: str, capsys: pytest.CaptureFixture, page: str) -> None:
    """In all three modes, beside a snippet, and waiting for a consent: no false alarm."""
    status, wrong, sound = found(capsys, f"{origin}/{page}")
    assert (status, wrong) == (0, set())
    assert {"recording", "uploaded", "matched", "masked", "delivered"} <= sound
    assert ("consent" in sound) == (page == "consent")


@pytest.mark.parametrize(
    ("page", "defects"),
    [
        ("documented-actions", {"replay-id-missing", "session-not-recorded"}),
        ("documented-classic-device", {"replay-id-missing", "session-not-recorded"}),
        ("documented-classic-cloud", {"device-differs", "session-endless"}),
        ("no-replay", {"replay-missing"}),
        ("plain", {"segment-missing"}),
        ("no-sample-rate", {"no-sample-rate", "sampled-out"}),
    ],
)
def test_the_defects_of_other_wirings_are_named(
    origin: str, capsys: pytest.CaptureFixture, page: str, defects: set[str]
) -> None:
    status, wrong, _ = found(capsys, f"{origin}/{page}")
    assert wrong == defects
    assert status == 1 or page == "no-sample-rate"


def test_a_policy_that_forbids_amplitude_is_named_with_what_to_add(origin: str, capsys: pytest.CaptureFixture) -> None:
    assert ended(f"{origin}/policy") == 1
    said = capsys.readouterr().out
    assert "problem config-unreachable: " in said
    assert "Add sr-client-cfg.amplitude.com to connect-src of the Content-Security-Policy." in said


def test_what_can_be_read_in_the_recording_is_a_warning(
    origin: str, capsys: pytest.CaptureFixture, tmp_path: Path
) -> None:
    files = {name: tmp_path / name for name in ("shot.png", "visit.har", "replay.html", "junit.xml", "log.sarif")}
    options = ("--screenshot", "--har", "--replay", "--junit", "--sarif")
    written = [each for pair in zip(options, files.values(), strict=True) for each in pair]
    status, wrong, _ = found(capsys, f"{origin}/light", "--fail-on", "warning", *written)
    assert (status, wrong) == (1, {"typed-text-recorded"})
    assert files["shot.png"].read_bytes().startswith(b"\x89PNG")
    assert json.loads(files["visit.har"].read_text("utf-8"))["log"]["entries"]
    assert "Shop" in files["replay.html"].read_text("utf-8")
    assert 'name="typed-text-recorded"' in files["junit.xml"].read_text("utf-8")
    assert json.loads(files["log.sarif"].read_text("utf-8"))["runs"][0]["results"][0]["level"] == "warning"


def test_several_pages_a_script_and_a_baseline(origin: str, capsys: pytest.CaptureFixture, tmp_path: Path) -> None:
    script, known = tmp_path / "visit.py", tmp_path / "known.json"
    script.write_text("def visit(page):\n    page.click('text=Buy')\n")
    pages = (f"{origin}/no-replay", f"{origin}/tag-actions")
    assert ended(*pages, "--json", "--mode", "actions", "--script", script) == 1
    known.write_text(capsys.readouterr().out)
    assert [each["url"] for each in json.loads(known.read_text())] == list(pages)
    assert ended(pages[0], "--baseline", known) == 0
    assert "problem" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["http://127.0.0.1:9/"], "unreachable: "),
        (["{origin}/missing"], "unreachable: "),
        (["no address"], "unreachable: "),
        (["{origin}/plain", "--connect", "ws://127.0.0.1:9/"], "connect: "),
        (["{origin}/plain", "--script", "missing.py"], "script: "),
        (["{origin}/plain", "--baseline", "missing.json"], "baseline: "),
    ],
)
def test_what_cannot_be_looked_at_is_status_2(
    origin: str, capsys: pytest.CaptureFixture, arguments: list[str], code: str
) -> None:
    assert ended(*(each.replace("{origin}", origin) for each in arguments)) == 2
    said = capsys.readouterr()
    assert said.err.startswith(code) and said.out == ""
