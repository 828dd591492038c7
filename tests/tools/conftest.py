"""What the tests of the tools have besides."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pyscript_replay.tools import npm

RUN = Path(__file__).parents[1] / "runtime" / "run.mjs"


@pytest.fixture
def printed(dist: Path, tmp_path: Path) -> Callable[..., str]:
    """What a program prints on the MicroPython of a bundle, which is booted in Node as in a page."""

    def run(program: str, bundle: Path = dist) -> str:
        (tmp_path / "program.py").write_text(program, encoding="utf-8")
        command = [npm.node(), RUN, bundle, "micropython", tmp_path / "program.py"]
        return subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60, check=True).stdout

    return run
