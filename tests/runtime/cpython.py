"""A border made of Python, on which CPython runs the suite: ``web/page/bridge.js``, function for function.

JavaScript's values are played by Python's: objects by dicts, arrays by lists, functions by functions, promises by
dicts with a ``then``. So this proves what ``bridge.py`` does by itself, where a debugger can follow it; what JavaScript
does, only JavaScript can show.
"""

import asyncio
import json
import time
from collections.abc import Callable
from types import SimpleNamespace as Box
from typing import Any

undefined: Any = type("undefined", (), {})()


class Thrown(Exception):
    """A JavaScript exception: any value."""

    def __init__(self, value: Any) -> None:
        super().__init__(value)
        self.value = value


# Answers.


def text(value: Any) -> str:
    """``String(value)``, of what is no object."""
    if value is undefined:
        return "undefined"
    return value if isinstance(value, str) else json.dumps(value).replace("e-0", "e-")


def answer(value: Any) -> Box:
    if value is None or value is undefined:
        return Box(kind="null" if value is None else "undefined")
    for kind, types in (("boolean", bool), ("number", (int, float)), ("string", str)):
        if isinstance(value, types):
            return Box(kind=kind, text=text(value))
    return Box(kind="function" if callable(value) else "object", box=box(value))


def failure(error: Exception) -> Box:
    thrown = error.value if isinstance(error, Thrown) else {"name": type(error).__name__, "message": str(error)}
    told = thrown if isinstance(thrown, dict) else {"name": "Error", "message": text(thrown)}
    return Box(kind="error", name=told["name"], text=told["message"], box=box(thrown))


def attempt(look: Callable[[], Any]) -> Box:
    try:
        return answer(look())
    except Exception as error:
        return failure(error)


# Objects.


def found(it: Any, key: Any) -> Any:
    if isinstance(it, list):
        return len(it) if key == "length" else it[key]
    return it[str(key)]


def get(of: Box, key: Any) -> Box:
    try:
        return answer(found(of.it, key))
    except (LookupError, TypeError):
        return Box(kind="missing")


def set(of: Box, key: Any, value: Box) -> Box:
    return attempt(lambda: of.it.__setitem__(str(key), value.it))


def call(of: Box, method: str, args: Box) -> Box:
    return attempt(lambda: of.it.get(method, undefined)(*args.it))


def apply(of: Box, args: Box) -> Box:
    return attempt(lambda: of.it(*args.it))


def same(one: Box, other: Box) -> bool:
    return one.it is other.it


def stringify(of: Box) -> Box:
    def plain(it: Any) -> Any:
        if isinstance(it, dict):
            return {key: plain(each) for key, each in it.items() if each is not undefined and not callable(each)}
        return [plain(each) for each in it] if isinstance(it, list) else it

    return answer(undefined if callable(of.it) else json.dumps(plain(of.it)))


# Python's values on their way out.


def box(it: Any) -> Box:
    return Box(it=it)


boolean = box


def string(text: str) -> Box:
    """As MicroPython hands it over, which stops at a NUL."""
    return box(text.split("\0")[0])


def number(text: str) -> Box:
    """``Number(text)``, for which no other word than ``Infinity`` is a number."""
    digits = text.lstrip("-")
    value = float("nan" if digits.isalpha() and digits != "Infinity" else text)
    return box(int(value) if abs(value) < 2**53 and value.is_integer() else value)


def no_constant(text: str) -> None:
    raise ValueError(f"JSON has no {text}")


_decoder = json.JSONDecoder(parse_float=lambda digits: number(digits).it, parse_constant=no_constant)


def parsed(text: str) -> Box:
    return box(_decoder.decode(text))


def null_() -> Box:
    return box(None)


def undefined_() -> Box:
    return box(undefined)


def object() -> Box:
    return box({})


def array() -> Box:
    return box([])


def push(of: Box, value: Box) -> None:
    of.it.append(value.it)


def callback(python: Callable[[Box], Box]) -> Box:
    made = Box(python=python)
    made.it = lambda *args: made.python(box(list(args))).it if made.python else undefined
    made.release = lambda: made.__dict__.update(python=None)
    return made


def told(python: Callable[[str], str]) -> Box:
    return callback(lambda args: box(json.loads(python(json.dumps(args.it[0] if args.it else None)))))


def complain(code: str, message: str, fix: str) -> None:
    things["complaints"].append({"code": code, "message": message, "fix": fix})


def problem(code: str, message: str, fix: str) -> Box:
    return box({"name": "ReplayError", "message": message, "code": code, "fix": fix})


# Promises and time.


def pending() -> Box:
    future = asyncio.get_running_loop().create_future()

    def then(resolve: Callable, reject: Callable) -> None:
        def settled(done: asyncio.Future) -> None:
            kept, value = done.result()
            (resolve if kept else reject)(value)

        future.add_done_callback(settled)

    return Box(
        it={"then": then},
        resolve=lambda value: future.set_result((True, value.it)),
        reject=lambda error: future.set_result((False, error.it)),
    )


async def settle(of: Box) -> Box:
    if not isinstance(of.it, dict) or "then" not in of.it:
        return answer(of.it)
    future = asyncio.get_running_loop().create_future()
    of.it["then"](
        lambda value: future.set_result(answer(value)), lambda error: future.set_result(failure(Thrown(error)))
    )
    return await future


def now() -> str:
    return str(time.time_ns() // 1_000_000)


async def sleep(milliseconds: float) -> None:
    await asyncio.sleep(milliseconds / 1000)


async def idle(milliseconds: float) -> None:
    await sleep(min(milliseconds, 50))


async def within(milliseconds: float, of: Box) -> bool:
    done, _ = await asyncio.wait([asyncio.ensure_future(settle(of))], timeout=milliseconds / 1000)
    return bool(done)


def forget(prefix: str) -> None:
    """There is no storage."""


# The page: what there is in things.mjs.


def raises(value: Any) -> None:
    raise Thrown(value)


def outcome(callback: Callable[[], Any]) -> list:
    try:
        return ["returned", callback()]
    except Exception as error:
        return ["raised", str(error)]


def kind(value: Any) -> str:
    return "array" if isinstance(value, list) else answer(value).kind


def load(resolve: Callable, _: Callable) -> None:
    thenable["loaded"] += 1
    resolve("the real one")


thenable: dict[str, Any] = {"loaded": 0, "track": lambda name: f"tracked {name}", "then": load}
things = {
    "same": lambda value=undefined: value,
    "text": text,
    "kind": kind,
    "count": lambda *values: len(values),
    "call": lambda callback, *values: callback(*values),
    "make": lambda kind, *values: kind(*values),
    "complaints": [],
    "raises": raises,
    "outcome": outcome,
    "error": lambda message: {"name": "RangeError", "message": message},
    "kept": lambda value: {"then": lambda resolve, _: resolve(value)},
    "broken": lambda value: {"then": lambda _, reject: reject(value)},
    "Pair": lambda left, right: {"left": left, "right": right, "sum": lambda: left + right},
    "thenable": thenable,
    "values": {
        "undefined": undefined,
        "null": None,
        "zero": 0,
        "empty": "",
        "no": False,
        "nan": float("nan"),
        "infinity": float("inf"),
        "minus": float("-inf"),
        "id": 1795433609897,
        "whole": 5,
        "huge": 1e21,
        "max": 2**53 - 1,
        "third": 1 / 3,
        "emoji": "\U0001f600",
        "nul": "a\0b",
        "separator": "a\u2028b",
        "Actions Amplitude": {"session_id": 1795433609897},
        "list": [1, [2, {"three": 3}]],
        "1": "one",
    },
}
window = Box(
    it={
        "things": things,
        "Object": {"assign": lambda into, *parts: [into.update(part) for part in parts] and into},
    }
)
