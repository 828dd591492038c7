"""The wheel, as a user has it: installed into an empty environment, far from the repository."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from pyscript_replay.tools import bundle

REPOSITORY = Path(__file__).parents[2]
UV = os.environ.get("UV", "uv")  # as uv run tells: it need not be on the PATH
SCRIPTS = "Scripts" if os.name == "nt" else "bin"


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    run(UV, "build", "--wheel", "--out-dir", out, cwd=REPOSITORY)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def command(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    environment = tmp_path_factory.mktemp("environment") / "empty"
    run(UV, "venv", "--python", sys.executable, environment, cwd=wheel.parent)
    run(UV, "pip", "install", "--python", environment, wheel, cwd=wheel.parent)
    return environment / SCRIPTS / "pyscript-replay"


def test_wheel_carries_the_package_and_the_web_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {"pyscript_replay", "pyscript_replay-0.1.0.dist-info"}
    assert {"pyscript_replay/web/page/tag.js", "pyscript_replay/web/package-lock.json"} <= set(names)
    assert {"pyscript_replay/py.typed", "pyscript_replay/__init__.pyi"} <= set(names)
    assert not [name for name in names if "node_modules" in name or "__pycache__" in name or "/checks/" in name]


def test_command_has_help(command: Path, tmp_path: Path) -> None:
    said = run(command, "--help", cwd=tmp_path)
    assert "build" in said
    assert "serve" in said


def test_command_builds_the_same_bundle(command: Path, tmp_path: Path) -> None:
    run(command, "build", "--out", "out", cwd=tmp_path)
    files = json.loads((tmp_path / "out" / "manifest.json").read_text())["files"]
    assert files == json.loads((bundle.cached() / "manifest.json").read_text())["files"]
