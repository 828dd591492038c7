"""The command line: what it prints, and how it ends."""

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from pyscript_replay import ReplayError, __version__
from pyscript_replay.tools import bundle, cli

SIZES = {"bytes": 5884, "gzip": 2773, "brotli": 2450, "integrity": ""}


def ended(*arguments: str) -> object:
    with pytest.raises(SystemExit) as raised:
        cli.main(arguments)
    return raised.value.code


@pytest.mark.parametrize("named", [[], ["--out"]])
def test_build_prints_the_sizes(
    named: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(bundle, "build", lambda out: {"files": {"replay.js": SIZES}})
    assert ended("build", *named, "dist") == 0
    said = capsys.readouterr().out
    assert "replay.js 5,884 2,773 2,450" in " ".join(said.split())
    assert "in dist" in said


def test_a_failure_is_two_lines_and_status_2(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    def fail(out: Path) -> None:
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
    monkeypatch.setattr(bundle, "build", lambda out: {"files": {name: SIZES}})
    assert ended("build", "dist") == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()][:2] == ["file", name]


def test_steps_are_told_as_they_begin(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    def steps(out: Path) -> dict:
        log = logging.getLogger("pyscript_replay.tools.npm")
        log.info("Installing")
        log.debug("what npm said")
        return {"files": {"replay.js": SIZES}}

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
    def said(*arguments: str) -> str:
        return subprocess.check_output([sys.executable, "-m", "pyscript_replay", *arguments], text=True)

    assert said("--version") == f"pyscript-replay {__version__}\n"
    assert "pyscript-replay" in said("--show-completion", "bash")
