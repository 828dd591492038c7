"""npm's packages: pinned, from nowhere in particular, and installed once."""

import json
import os
import socket
import subprocess
from pathlib import Path

import pytest

from pyscript_replay import ReplayError
from pyscript_replay.tools import cache, npm

LOCK = json.loads((npm.WEB / "package-lock.json").read_text())


def test_every_package_is_pinned_by_its_integrity() -> None:
    packages = {path: package for path, package in LOCK["packages"].items() if path}
    assert packages
    for path, package in packages.items():
        assert package["integrity"].startswith("sha512-"), path


def test_the_lock_file_names_no_download_address() -> None:
    assert not [path for path, package in LOCK["packages"].items() if "resolved" in package]


def test_direct_dependencies_are_exact() -> None:
    project = json.loads((npm.WEB / "package.json").read_text())
    for name, version in {**project["dependencies"], **project["devDependencies"]}.items():
        assert LOCK["packages"][f"node_modules/{name}"]["version"] == version


def test_node_needs_no_system_node() -> None:
    assert subprocess.check_output([npm.node(), "--version"], text=True).startswith("v24.")


def test_a_failing_npm_is_told_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "package.json").write_text('{"dependencies": {"esbuild": "0.28.2"}}')
    (tmp_path / "package-lock.json").write_text("{}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(ReplayError) as raised:
        npm.installed.__wrapped__(tmp_path)
    assert raised.value.code == "npm-install"
    assert [file.suffix for file in (tmp_path / "cache/pyscript-replay/npm").iterdir()] == [".lock"]


@pytest.mark.parametrize("listens", [True, False])
def test_a_registry_that_does_not_answer_is_named(
    listens: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        if listens:
            silent.listen()
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setenv("npm_config_registry", f"http://user:secret@{host}/")
        with pytest.raises(ReplayError) as raised:
            npm.install(npm.WEB, tmp_path)
    assert raised.value.code == "npm-registry"
    assert host in raised.value.message and "secret" not in raised.value.message
    assert not (tmp_path / "node_modules").exists()


def test_a_directory_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    filled = []

    def fill(directory: Path) -> None:
        filled.append(directory)
        (directory / "file").write_text("content")

    first, second = (cache.once("kind", "key", fill) for _ in range(2))
    assert first == second
    assert (first / "file").read_text() == "content"
    assert len(filled) == 1


def test_what_nobody_asked_for_in_a_month_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    old, recent = (cache.once("kind", name, lambda directory: None) for name in ("old", "recent"))
    os.utime(old, (0, 0))
    cache.once("kind", "new", lambda directory: None)
    assert not old.exists()
    assert recent.exists()
