"""The Python half of the border, on CPython: the suite of both runtimes, against a border made of Python.

What MicroPython, Pyodide and JavaScript do themselves, only ``tests/runtime`` shows.
"""

import asyncio
import importlib
import sys

import pytest

from pyscript_replay import bridge

from ..runtime import cpython, stories
from ..runtime.test_runtimes import functions

sys.modules["stories"] = stories  # in a page the suite finds it by this name
suite = importlib.import_module("tests.runtime.suite")


@pytest.mark.parametrize("name", [name for name, javascript in functions().items() if not javascript])
def test_border(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "_border", cpython)
    monkeypatch.setattr(bridge, "RUNTIME", "micropython")
    asyncio.run(getattr(suite, name)())
