"""The border between Python and JavaScript: the only module that knows either runtime.

MicroPython and Pyodide disagree at the border. MicroPython truncates integers to 31 bits, both ways, and cannot
catch a synchronous JavaScript exception; Pyodide turns every thenable into a future and every ``dict`` into a
``Map``; each has its own idea of ``undefined`` and ``null``. So no JavaScript value is ever handed to either
runtime. The other half of this module, ``web/page/bridge.js``, keeps each in a *box* and reports on it in text, which
both runtimes carry exactly. From that, this half builds values that behave the same everywhere:

===================================  ==================================================================
in JavaScript                        in Python
===================================  ==================================================================
a number                             ``int`` when it is whole, else ``float``; exact to the last digit
a string, a boolean                  ``str``, ``bool``
``null``                             ``None``
``undefined``                        ``UNDEFINED``
a property that is not there         ``MISSING``
an object, a function, a thenable    ``Js``
an exception, a rejected promise     raises ``JsError``
===================================  ==================================================================

``UNDEFINED`` and ``MISSING`` are falsy, as ``undefined`` is. On the way out ``dict`` becomes an object, ``list`` or
``tuple`` an array, and a Python callable a function (see ``function``).

Under CPython everything imports; only crossing the border raises.
"""

import asyncio
import json

from .errors import named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

IN_WORKER = False  # PyScript's: there is no page

_border: "Any"
try:
    import pyscript_replay_border as _border  # pyright: ignore[reportMissingImports]
except ImportError:
    try:
        from pyscript import RUNNING_IN_WORKER as IN_WORKER  # pyright: ignore[reportMissingImports]

        if IN_WORKER:  # where MicroPython would not survive asking for a module of the page
            raise ImportError
        from pyscript.js_modules import pyscript_replay_border as _border  # pyright: ignore[reportMissingImports]
    except ImportError:
        _border = None  # a worker, or CPython: no page here

try:
    from pyodide.ffi import create_proxy as _proxy  # pyright: ignore[reportMissingImports]

    RUNTIME = "pyodide"
except ImportError:
    RUNTIME = "micropython" if _border else "cpython"

    def _proxy(function: "Callable") -> "Any":
        return function


class _Nothing:
    def __init__(self, name: str):
        self._name = name

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return self._name


UNDEFINED = _Nothing("UNDEFINED")
MISSING = _Nothing("MISSING")


class JsError(Exception):
    """A JavaScript exception: its ``name``, its ``message``, and the thrown ``value`` itself."""

    def __init__(self, name: str, message: str, value: "Js"):
        super().__init__("{}: {}".format(name, message))
        self.name = name
        self.message = message
        self.value = value


class Js:
    """A JavaScript object, held at arm's length. Never made by hand: it is what the border lets in."""

    def __init__(self, box: "Any"):
        self._box = box

    def text(self, key: str) -> "str | None":
        """``object[key]``, if it is text."""
        value = self.get(key)
        return value if isinstance(value, str) else None

    def member(self, key: "str | int") -> "Js":
        """``object[key]``, which is an object or a function. Raises ``TypeError`` when it is anything else."""
        value = self.get(key)
        if not isinstance(value, Js):
            raise TypeError("{} is no object: {!r}".format(key, value))
        return value

    def get(self, key: "str | int", default: object = MISSING) -> "Any":
        """``object[key]``; ``default`` where the key is missing or its value is ``undefined`` or ``null``."""
        value = _take(_border.get(self._box, key))
        if default is not MISSING and (value is None or value is UNDEFINED or value is MISSING):
            return default
        return value

    def set(self, key: "str | int", value: object) -> None:
        """``object[key] = value``."""
        _take(_border.set(self._box, key, _give(value)))

    def call(self, method: str, *args: object) -> "Any":
        """``object.method(...args)``."""
        return _take(_border.call(self._box, method, _give(args)))

    def __call__(self, *args: object) -> "Any":
        """``object(...args)``, for a function."""
        return _take(_border.apply(self._box, _give(args)))

    def data(self) -> "Any":
        """The plain data in it, as Python's ``dict``, ``list`` and so on (what ``JSON.stringify`` keeps)."""
        text = _take(_border.stringify(self._box))
        return json.loads(text) if isinstance(text, str) else None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Js) and bool(_border.same(self._box, other._box))


class Function(Js):
    """A JavaScript function that runs Python. Stays alive until ``release``; after that it does nothing."""

    def __init__(self, made: "Any", proxy: "Any"):
        super().__init__(made)
        self._proxy = proxy

    def release(self) -> None:
        """Let go of the Python side. JavaScript may still call; nothing happens."""
        self._box.release()
        if RUNTIME == "pyodide":
            self._proxy.destroy()


def function(python: "Callable[..., Any]") -> Function:
    """A JavaScript function that calls ``python`` with its arguments, and answers what that returns.

    Whatever ``python`` raises stays on this side: JavaScript, which called, could do nothing about it. It is told to
    the page as an error, and JavaScript gets ``undefined``.
    """

    def crossing(args: object) -> object:
        answer = _guarded(lambda: _give(python(*_unpack(args))))
        _answered[0] = _give(UNDEFINED) if answer is None else answer
        return _answered[0]

    return _made(crossing, "callback")


# MicroPython may collect garbage after a function has returned, and before JavaScript has taken over what it returned:
# an answer that nothing else holds would arrive as ``undefined``.
_answered: "list[Any]" = [None]


def told(python: "Callable[[dict], dict | None]") -> Function:
    """A JavaScript function that takes plain data and answers plain data, in one crossing. Guarded as ``function``."""

    def crossing(text: str) -> str:
        _answered[0] = _guarded(lambda: json.dumps(python(json.loads(text)))) or "null"
        return _answered[0]

    return _made(crossing, "told")


def _made(crossing: "Callable", kind: str) -> Function:
    proxy = _proxy(crossing)
    return Function(getattr(_border, kind)(proxy), proxy)


def _guarded(python: "Callable[[], Any]") -> "Any":
    """What ``python()`` answers; ``None`` when it raises, of which the page is told."""
    try:
        return python()
    except Exception as error:
        problem = named(error)
        _border.complain(problem.code, problem.message, problem.fix)
        return None


def promise(coroutine: "Coroutine") -> Js:
    """A JavaScript promise of what ``coroutine`` returns. What it raises rejects the promise, as a ``ReplayError``."""
    pending = _border.pending()

    async def run() -> None:
        try:
            pending.resolve(_give(await coroutine))
        except Exception as error:
            problem = named(error)
            pending.reject(_border.problem(problem.code, problem.message, problem.fix))

    spawn(run())
    return Js(pending)


async def resolved(value: object) -> "Any":
    """``await value``, for a promise, a thenable or anything else that JavaScript may answer. May raise ``JsError``."""
    if not isinstance(value, Js):
        return value
    return _take(await _border.settle(value._box))


_tasks = set()  # asyncio itself keeps only weak references


def spawn(coroutine: "Coroutine") -> "asyncio.Task":
    """Run ``coroutine`` on the event loop, from code that cannot wait for it."""
    task = asyncio.create_task(_counted(coroutine))
    _tasks.add(task)
    return task


async def _counted(coroutine: "Coroutine") -> object:
    try:
        return await coroutine
    finally:
        _tasks.discard(asyncio.current_task())


async def sleep(milliseconds: int) -> None:
    """Come back after so many milliseconds."""
    await _border.sleep(milliseconds)


async def within(milliseconds: int, coroutine: "Coroutine") -> bool:
    """Wait for ``coroutine``, but no longer than so many milliseconds; it goes on all the same.

    Answers whether it is done.
    """
    return bool(await _border.within(milliseconds, promise(coroutine)._box))


class Gate:
    """Where tasks wait while it is closed, as it is at first. It can be opened and closed again and again."""

    def __init__(self):
        self.is_open = False
        self._pending = None

    def open(self) -> None:
        """Whoever waits goes on, and nobody waits until it is closed."""
        self.is_open = True
        if self._pending is not None:
            self._pending.resolve(_give(None))
            self._pending = None

    def close(self) -> None:
        """Whoever comes from now on waits."""
        self.is_open = False

    async def wait(self) -> None:
        """Come back when it is open."""
        while not self.is_open:
            if self._pending is None:
                self._pending = _border.pending()
            await _border.settle(self._pending)


class Begun:
    """A coroutine that runs already. What it raises is raised where its result is waited for, and nowhere else."""

    def __init__(self, coroutine: "Coroutine"):
        self._done = Gate()
        self._result = None
        self._error = None
        spawn(self._run(coroutine))

    async def _run(self, coroutine: "Coroutine") -> None:
        try:
            self._result = await coroutine
        except Exception as error:
            self._error = error
        self._done.open()

    async def result(self) -> "Any":
        """What it returns, once it does."""
        await self._done.wait()
        if self._error is not None:
            raise self._error
        return self._result


async def idle(milliseconds: int) -> None:
    """Come back when the browser has nothing better to do, or after so many milliseconds."""
    await _border.idle(milliseconds)


def now() -> int:
    """The page's clock: whole milliseconds since 1970."""
    return int(_border.now())


def window() -> Js:
    """The page's global object."""
    return Js(_border_or_raise().window)


def claim() -> bool:
    """Whether nobody else wires this page; then it is ours, until ``unclaim``."""
    return bool(_border_or_raise().claim())


def unclaim() -> None:
    """Give the page back, so that another ``connect()`` may wire it."""
    _border_or_raise().unclaim()


def page() -> Js:
    """What stands behind ``window.pyscriptReplay`` (``web/page/replay.js``)."""
    return Js(_border_or_raise().page())


def segment(named: object) -> Js:
    """What watches the page's Segment (``web/page/segment.js``): a global's name, or the object itself.

    Raises ``JsError`` when the object is none.
    """
    border = _border_or_raise()
    return Js(border.segment(named)) if isinstance(named, str) else _take(border.segmentObject(_boxed(named)))


def _boxed(named: object) -> object:
    return named._box if isinstance(named, Js) else _border.box(named)


def bring_segment(name: str, write_key: str, cdn: "str | None", options: dict) -> None:
    """Load analytics-next from the bundle as this global, unless the page has a Segment there or on its way."""
    _border_or_raise().bringSegment(name, write_key, cdn or "", _give(options))


def observed(options: object, sayings: tuple, hear: Function) -> Js:
    """The SDK's options, so that ``hear`` is told what becomes of it (``web/page/recorder.js``).

    ``sayings`` are texts of the SDK's logger and what they mean. What listens by the page's own options is kept.
    """
    return _take(_border_or_raise().observed(_give(options), _give(sayings), hear._box))


def is_selector(text: str) -> bool:
    """Whether the browser takes a text for a CSS selector."""
    return bool(_border_or_raise().isSelector(_give(text)))


def json_is_sound() -> bool:
    """Whether the page has left ``JSON.stringify`` as it is."""
    return bool(_border_or_raise().jsonIsSound())


async def evidence() -> dict:
    """What only the page's JavaScript has seen, for the doctor (``web/page/doctor.js``)."""
    return (await resolved(Js(_border_or_raise().evidence()))).data()


def address() -> str:
    """The address that the page was opened with, whatever it has made of it since."""
    opened = window().member("performance").call("getEntriesByType", "navigation")
    return opened.member(0).text("name") or ""


def document_is_loading() -> bool:
    """Whether the document is not complete enough yet to be recorded."""
    return bool(_border_or_raise().documentIsLoading())


async def sdk(name: str) -> Js:
    """One of the bundle's JavaScript SDKs, as a module. Raises ``JsError`` when it cannot be loaded."""
    return _take(await _border_or_raise().sdk(name))


def forget(prefixes: "list[str]") -> None:
    """Delete each key of local storage, and each IndexedDB database, whose name begins with one of these."""
    for prefix in prefixes:
        _border_or_raise().forget(prefix)


def merged(*parts: object) -> Js:
    """A new object with the properties of all these; of two with the same name the later one counts."""
    return window().member("Object").call("assign", {}, *parts)


def warn(text: str) -> None:
    """Say something on the page's console."""
    _border_or_raise().warn("pyscript-replay: " + text)


def _border_or_raise() -> "Any":
    if _border is None:
        raise RuntimeError("pyscript_replay runs in a page, on MicroPython or Pyodide: there is no browser here")
    return _border


def _unpack(args: object) -> list:
    array = Js(args)
    return [array.get(position) for position in range(array.get("length"))]


_PLAIN = {"undefined": UNDEFINED, "missing": MISSING, "null": None}


def _take(answer: "Any") -> "Any":
    """What an answer of bridge.js stands for, in Python."""
    kind = answer.kind
    if kind == "string":
        return answer.text
    if kind == "number":
        return _number(answer.text)
    if kind == "boolean":
        return answer.text == "true"
    if kind == "error":
        raise JsError(answer.name, answer.text, Js(answer.box))
    if kind in _PLAIN:
        return _PLAIN[kind]
    return Js(answer.box)


def _number(text: str) -> "int | float":
    """Of JavaScript's text. (``isdigit`` is no part of the MicroPython that a page begins with.)"""
    return int(text) if all(each in "0123456789" for each in text[1:]) else float(text)


def _give(value: object) -> "Any":
    """A box of ``value``, as JavaScript should see it."""
    if isinstance(value, Js):
        return value._box
    if value is None:
        return _border.null_()
    if value is UNDEFINED or value is MISSING:
        return _border.undefined_()
    if isinstance(value, bool):
        return _border.boolean(value)
    if isinstance(value, (int, float)):
        return _border.number(_digits(value))
    if isinstance(value, str):
        return _border.parsed(json.dumps(value)) if "\0" in value else _border.string(value)  # MicroPython stops there
    if isinstance(value, (dict, list, tuple)) and _is_data(value):
        return _border.parsed(json.dumps(value))  # in one crossing
    if isinstance(value, dict):
        return _give_object(value)
    if isinstance(value, (list, tuple)):
        return _give_array(value)
    if callable(value):
        return function(value)._box
    raise TypeError("no way to hand {!r} to JavaScript".format(value))


def _is_data(value: object) -> bool:
    """Whether JSON says it all, on every runtime."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_data(each) for key, each in value.items())
    if isinstance(value, (list, tuple)):
        return all(_is_data(each) for each in value)
    if isinstance(value, float):
        return value - value == 0  # neither infinite nor NaN
    return value is None or isinstance(value, (str, int))


def _digits(number: "int | float") -> str:
    """As JavaScript writes it; what it cannot read, as Python's ``nan``, is ``NaN``."""
    return repr(number).replace("inf", "Infinity")


def _give_object(value: dict) -> object:
    made = _border.object()
    for key, each in value.items():
        _border.set(made, str(key), _give(each))
    return made


def _give_array(value: "list | tuple") -> object:
    made = _border.array()
    for each in value:
        _border.push(made, _give(each))
    return made
