"""The Python half of the border, on CPython: the suite of both runtimes, against a border made of Python.

What MicroPython, Pyodide and JavaScript do themselves, only ``tests/runtime`` shows.
"""

import asyncio
import importlib
import sys
from collections.abc import Coroutine
from types import SimpleNamespace
from typing import Any

import pytest

from pyscript_replay import bridge

from ..runtime import cpython, stories
from ..runtime.test_runtimes import functions

sys.modules["stories"] = stories  # in a page the suite finds it by this name
suite = importlib.import_module("tests.runtime.suite")


def run(story: Coroutine[Any, Any, None]) -> None:
    """Also where a browser test ran before: Playwright's loop stands still, but asyncio takes it for running."""
    outer = asyncio.events._get_running_loop()
    asyncio.events._set_running_loop(None)
    try:
        asyncio.run(story)
    finally:
        asyncio.events._set_running_loop(outer)


@pytest.mark.parametrize("name", [name for name, javascript in functions().items() if not javascript])
def test_border(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "_border", cpython)
    monkeypatch.setattr(bridge, "RUNTIME", "micropython")
    run(getattr(suite, name)())


def test_tasks_are_kept_until_they_are_done_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "_border", cpython)

    async def failing() -> None:
        raise ValueError("no")

    async def story() -> None:
        tasks = [bridge.spawn(bridge.sleep(1)), bridge.spawn(failing())]
        assert bridge._tasks >= set(tasks)
        await asyncio.gather(*tasks, return_exceptions=True)
        assert not bridge._tasks & set(tasks)

    run(story())


def test_a_callback_that_fails_is_told_to_the_page_with_a_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "_border", cpython)
    monkeypatch.setitem(cpython.things, "complaints", [])

    def failing(*_: object) -> dict:
        raise ValueError("no")

    assert bridge.function(failing)._box.it({}) is cpython.undefined
    assert bridge.told(failing)._box.it({}) is None
    for told in cpython.things["complaints"]:
        assert (told["code"], told["message"]) == ("internal", "ValueError('no')")
        assert told["fix"].startswith("Please report this")
    assert len(cpython.things["complaints"]) == 2


def test_without_a_page_there_is_an_error_that_says_so() -> None:
    with pytest.raises(
        RuntimeError, match=r"^pyscript_replay runs in a page, on MicroPython or Pyodide: there is no browser here$"
    ):
        bridge.page()


def test_plain_data_crosses_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "_border", SimpleNamespace(parsed=cpython.parsed))
    data = {"a": [1, -1.5, 0.0, None, True, "x", {}], "b": ()}
    assert bridge._give(data).it == {**data, "b": []}


def test_a_function_that_is_released_lets_go_of_pyodide_s_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    destroyed: list[Any] = []

    def proxy(python: Any) -> Any:
        python.destroy = lambda: destroyed.append(python)
        return python

    monkeypatch.setattr(bridge, "_border", cpython)
    monkeypatch.setattr(bridge, "_proxy", proxy)
    monkeypatch.setattr(bridge, "RUNTIME", "pyodide")
    made = bridge.function(print)
    crossing = made._box.python
    assert destroyed == []
    made.release()
    assert destroyed == [crossing]


def test_nothing_is_named() -> None:
    assert repr(bridge._Nothing("SOMETHING")) == "SOMETHING"


def test_what_is_no_text_or_no_object_is_said_to_be_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "_border", cpython)
    values = bridge.Js(cpython.box({"number": 5, "text": "five"}))
    assert (values.text("text"), values.text("number"), values.text("nothing")) == ("five", None, None)
    with pytest.raises(TypeError, match=r"^number is no object: 5$"):
        values.member("number")
    with pytest.raises(TypeError, match=r"^no way to hand <object object at .*> to JavaScript$"):
        values.set("thing", object())
