"""Chromium is found, or it is said in one line what to do."""

import stat
from pathlib import Path

import pytest

from pyscript_replay import ReplayError
from pyscript_replay.tools import chromium


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(chromium.VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    chromium._playwrights_own.cache_clear()


def program(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_the_one_that_is_named_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program(tmp_path / "chromium")
    named = program(tmp_path / "elsewhere" / "my-chromium")
    monkeypatch.setenv(chromium.VARIABLE, named)
    assert chromium.find() == named


def test_a_name_that_is_no_program_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program(tmp_path / "chromium")
    monkeypatch.setenv(chromium.VARIABLE, str(tmp_path / "missing"))
    with pytest.raises(ReplayError, match="missing") as raised:
        chromium.find()
    assert raised.value.code == "chromium"


@pytest.mark.parametrize("name", chromium.NAMES)
def test_then_the_system_s(tmp_path: Path, name: str) -> None:
    path = program(tmp_path / name)
    assert chromium.find() == path


def test_then_playwright_s_own_which_is_installed_on_demand(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    own = tmp_path / "playwright" / "chrome"
    asked: list[tuple[str, ...]] = []

    def python(*arguments: str) -> str:
        asked.append(arguments)
        return program(own) if "install" in arguments else str(own)

    monkeypatch.setattr(chromium, "_python", python)
    assert chromium.find() == chromium.find() == str(own)
    assert [arguments[-1] for arguments in asked] == [chromium._WHERE, "chromium"]


def test_else_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(chromium, "_python", lambda *arguments: str(tmp_path / "nowhere"))
    with pytest.raises(ReplayError) as raised:
        chromium.find()
    assert "install" in raised.value.fix.lower() and chromium.VARIABLE in raised.value.fix
    assert "\n" not in str(raised.value)
