"""Runs the suite on MicroPython and Pyodide, booted in Node out of the bundle itself.

On CPython it runs in ``tests/unit/test_bridge.py``.

Each of the suite's functions is one item for each runtime. A runtime is started once, and tells of each function in a
line; what it did not get to tell of has failed with it.
"""

import ast
import functools
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pyscript_replay.tools import npm

HERE = Path(__file__).parent
TIMEOUT_S = 100


def functions() -> dict[str, bool]:
    """The suite's tests, and whether each needs JavaScript itself."""
    return {
        node.name: bool(node.decorator_list)
        for node in ast.parse((HERE / "suite.py").read_text("utf-8")).body
        if isinstance(node, ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


ITEMS = [
    pytest.param(runtime, name, id=f"{name.removeprefix('test_')}-{runtime}")
    for runtime in ("micropython", "pyodide")
    for name in functions()
]


@pytest.fixture(scope="session")
def report(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, str | None]]:
    """What each function came to on a runtime: ``None``, or what went wrong."""

    @functools.cache
    def run(runtime: str) -> dict[str, str | None]:
        program = tmp_path_factory.mktemp(runtime) / "program.py"
        program.write_text(in_a_page(list(functions())), encoding="utf-8")
        command = [npm.node(), HERE / "run.mjs", dist, runtime, program]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=TIMEOUT_S)
        told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
        return {name: f"not reached: {done.stderr[-2000:]}" for name in functions()} | dict(told)

    return run


def in_a_page(names: list[str]) -> str:
    """A program that brings the suite along: the page's Python has no files but its own."""
    modules = {name: (HERE / f"{name}.py").read_text("utf-8") for name in ("stories", "suite")}
    return f"""
import sys
for name, text in {modules!r}.items():
    inside = {{"__name__": name}}
    exec(text, inside)
    sys.modules[name] = type(name, (), inside)
import suite
await suite.run({names!r})
"""


@pytest.mark.parametrize(("runtime", "name"), ITEMS)
def test_on(runtime: str, name: str, report: Callable[[str], dict[str, str | None]]) -> None:
    told = report(runtime)[name]
    assert told is None, f"\n{told}"
