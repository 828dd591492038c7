"""The command line: what it prints, and how it ends."""

import json
import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pyscript_replay import ReplayError, __version__
from pyscript_replay.tools import bundle, cli, script_tag

SIZES = {"bytes": 5884, "gzip": 2773, "brotli": 2450, "integrity": ""}


def made(files: dict) -> dict:
    """A manifest with these files, and one that stands for all that the tag needs."""
    modules, programs = script_tag.needed({})
    return {"files": files, "assets": dict.fromkeys(modules + programs, "replay.js")}


def ended(*arguments: str) -> object:
    with pytest.raises(SystemExit) as raised:
        cli.main(arguments)
    return raised.value.code


@pytest.mark.parametrize("named", [[], ["--out"]])
def test_build_prints_the_sizes(
    named: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(bundle, "build", lambda out, keep: made({"replay.js": SIZES}))
    assert ended("build", *named, "dist") == 0
    said = capsys.readouterr().out
    assert "replay.js 5,884 2,773 2,450" in " ".join(said.split())
    assert "in dist" in said


def test_a_failure_is_two_lines_and_status_2(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    def fail(out: Path, keep: int) -> None:
        raise ReplayError("bundle-out", "It is full.", "Empty it.")

    monkeypatch.setattr(bundle, "build", fail)
    assert ended("build", "--out", "dist") == 2
    assert capsys.readouterr().err.splitlines()[-2:] == ["bundle-out: It is full.", "Empty it."]


@pytest.mark.parametrize("arguments", [["build"], ["build", "a", "--out", "b"], ["serve", "--port", "65536"], ["fly"]])
def test_what_is_not_understood_is_status_2(arguments: list[str]) -> None:
    assert ended(*arguments) == 2


def test_a_file_name_is_never_wrapped(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    name = f"assets/{'long' * 30}.js"
    monkeypatch.setattr(bundle, "build", lambda out, keep: made({"replay.js": SIZES, name: SIZES}))
    assert ended("build", "dist") == 0
    assert f"\n{name} " in capsys.readouterr().out


def test_steps_are_told_as_they_begin(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    def steps(out: Path, keep: int) -> dict:
        log = logging.getLogger("pyscript_replay.tools.npm")
        log.info("Installing")
        log.debug("what npm said")
        return made({"replay.js": SIZES})

    monkeypatch.setattr(bundle, "build", steps)
    ended("build", "dist")
    assert "Installing" in (quiet := capsys.readouterr().err) and "npm said" not in quiet
    ended("build", "dist", "--verbose")
    assert "what npm said" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["-h"], ["--help"], ["build", "-h"], ["serve", "--help"]])
def test_help_says_the_exit_codes(arguments: list[str], capsys: pytest.CaptureFixture) -> None:
    assert ended(*arguments) == 0
    assert "Exit codes: 0" in capsys.readouterr().out


def test_version_and_completion_as_a_module() -> None:
    named = {**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}  # there may be no shell to be detected

    def said(*arguments: str) -> str:
        return subprocess.check_output([sys.executable, "-m", "pyscript_replay", *arguments], text=True, env=named)

    assert said("--version") == f"pyscript-replay {__version__}\n"
    assert "pyscript-replay" in said("--show-completion", "bash")


def test_tag_prints_what_a_page_needs(dist: Path, capsys: pytest.CaptureFixture) -> None:
    asked = ("--url", "https://cdn.example/r/", "--mode", "actions", "--api-key", 'a"b', "--nonce", "<%= n %>")
    assert ended("tag", str(dist), *asked) == 0
    *preloads, script = capsys.readouterr().out.splitlines()
    files = json.loads((dist / "manifest.json").read_text())["files"]
    assert f'src="https://cdn.example/r/replay.js" integrity="{files["replay.js"]["integrity"]}"' in script
    assert 'crossorigin="anonymous" nonce="<%= n %>" data-mode="actions" data-api-key="a&quot;b"' in script
    hinted = [re.search(r'href="https://cdn.example/r/([^"]+)"', line) for line in preloads]
    assert {each[1] for each in hinted if each} <= set(files) and all(hinted)


def test_tag_without_integrity_outlives_a_build(dist: Path, capsys: pytest.CaptureFixture) -> None:
    assert ended("tag", str(dist), "--no-integrity") == 0
    assert "integrity" not in capsys.readouterr().out


def test_tag_with_more_options_names_what_they_need(dist: Path, capsys: pytest.CaptureFixture) -> None:
    assert ended("tag", str(dist), "--set", "write-key=k/1", "--set", "data-segment-cdn=https://cdn.example") == 0
    script, settings, analytics, *_ = capsys.readouterr().out.splitlines()
    assert '<script async fetchpriority="high" src="/dist/replay.js"' in script
    assert 'href="https://cdn.example/v1/projects/k%2F1/settings"' in settings
    assert 'href="/dist/assets/analytics-' in analytics
    assert 'data-write-key="k/1" data-segment-cdn="https://cdn.example"' in script
    assert ended("tag", str(dist), "--set", "consent=wait") == 0
    assert len(capsys.readouterr().out.splitlines()) == 1  # nothing is fetched before


@pytest.mark.parametrize(
    "arguments",
    [
        ["nowhere"],
        ["{dist}", "--mode", "magic"],
        *(["{dist}", "--set", each] for each in ("write-key", "write-kee=k", "consent=wat", "options=[")),
    ],
)
def test_tag_of_no_bundle_or_wrong_options_is_status_2(arguments: list[str], tmp_path: Path, dist: Path) -> None:
    assert ended("tag", *(each.replace("{dist}", str(dist)) for each in arguments)) == 2
