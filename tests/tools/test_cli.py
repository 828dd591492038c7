"""The command line: what it prints, and how it ends."""

from pathlib import Path

import pytest

from pyscript_replay import ReplayError
from pyscript_replay.tools import bundle, cli


def ended(*arguments: str) -> object:
    with pytest.raises(SystemExit) as raised:
        cli.main(arguments)
    return raised.value.code


def test_build_prints_the_sizes(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    sizes = {"bytes": 5884, "gzip": 2773, "brotli": 2450, "integrity": ""}
    monkeypatch.setattr(bundle, "build", lambda out: {"files": {"replay.js": sizes}})
    assert ended("build", "--out", "dist") == 0
    said = capsys.readouterr().out
    assert "replay.js 5,884 2,773 2,450" in " ".join(said.split())
    assert "in dist" in said


def test_a_failure_is_two_lines_and_status_2(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    def fail(out: Path) -> None:
        raise ReplayError("bundle-out", "It is full.", "Empty it.")

    monkeypatch.setattr(bundle, "build", fail)
    assert ended("build", "--out", "dist") == 2
    assert capsys.readouterr().err.splitlines()[-2:] == ["bundle-out: It is full.", "Empty it."]


@pytest.mark.parametrize("arguments", [["build"], ["serve", "--port", "65536"], ["fly"]])
def test_what_is_not_understood_is_status_2(arguments: list[str]) -> None:
    assert ended(*arguments) == 2
