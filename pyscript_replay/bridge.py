"""The border between Python and JavaScript: the only module that knows either runtime.

MicroPython and Pyodide disagree at the border. MicroPython truncates integers to 31 bits, both ways, and cannot
catch a synchronous JavaScript exception; Pyodide turns every thenable into a future and every ``dict`` into a
``Map``; each has its own idea of ``undefined`` and ``null``. So no JavaScript value is ever handed to either
runtime. The other half of this module, ``web/border.js``, keeps each in a *box* and reports on it in text, which
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

try:
    import pyscript_replay_border as _border
except ImportError:
    try:
        from pyscript.js_modules import pyscript_replay_border as _border
    except ImportError:
        _border = None  # CPython: no browser here

try:
    from pyodide.ffi import create_proxy as _proxy

    RUNTIME = "pyodide"
except ImportError:
    RUNTIME = "micropython" if _border else "cpython"

    def _proxy(function):
        return function


class _Nothing:
    def __init__(self, name):
        self._name = name

    def __bool__(self):
        return False

    def __repr__(self):
        return self._name


UNDEFINED = _Nothing("UNDEFINED")
MISSING = _Nothing("MISSING")


class JsError(Exception):
    """A JavaScript exception: its ``name``, its ``message``, and the thrown ``value`` itself."""

    def __init__(self, name, message, value=None):
        super().__init__("{}: {}".format(name, message))
        self.name = name
        self.message = message
        self.value = value


class Js:
    """A JavaScript object, held at arm's length. Never made by hand: it is what the border lets in."""

    def __init__(self, box):
        self._box = box

    def get(self, key, default=MISSING):
        """``object[key]``; ``default`` where the key is missing or its value is ``undefined`` or ``null``."""
        value = _take(_border.get(self._box, key))
        if default is not MISSING and (value is None or value is UNDEFINED or value is MISSING):
            return default
        return value

    def set(self, key, value):
        """``object[key] = value``."""
        _take(_border.set(self._box, key, _give(value)))

    def remove(self, key):
        """``delete object[key]``."""
        _take(_border.remove(self._box, key))

    def has(self, method):
        """Whether ``object[method]`` is a function."""
        value = _border.get(self._box, method)
        return value.kind == "function"

    def call(self, method, *args):
        """``object.method(...args)``."""
        return _take(_border.call(self._box, method, _give(args)))

    def __call__(self, *args):
        """``object(...args)``, for a function."""
        return _take(_border.apply(self._box, _give(args)))

    def new(self, *args):
        """``new object(...args)``, for a class."""
        return _take(_border.construct(self._box, _give(args)))

    def data(self):
        """The plain data in it, as Python's ``dict``, ``list`` and so on (what ``JSON.stringify`` keeps)."""
        text = _take(_border.stringify(self._box))
        return json.loads(text) if isinstance(text, str) else None

    def __eq__(self, other):
        return isinstance(other, Js) and bool(_border.same(self._box, other._box))


class Function(Js):
    """A JavaScript function that runs Python. Stays alive until ``release``; after that it does nothing."""

    def __init__(self, made, proxy):
        super().__init__(made)
        self._proxy = proxy

    def release(self):
        """Let go of the Python side. JavaScript may still call; nothing happens."""
        self._box.release()
        if RUNTIME == "pyodide":
            self._proxy.destroy()


def function(python):
    """A JavaScript function that calls ``python`` with its arguments, and answers what that returns.

    ``python`` must not raise: JavaScript, which called, could do nothing about it.
    """

    def crossing(args):
        return _give(python(*_unpack(args)))

    proxy = _proxy(crossing)
    return Function(_border.callback(proxy), proxy)


def promise(coroutine):
    """A JavaScript promise of what ``coroutine`` returns. What it raises rejects the promise, as a ``ReplayError``."""
    pending = _border.pending()

    async def run():
        try:
            pending.resolve(_give(await coroutine))
        except Exception as error:
            pending.reject(_problem(error))

    spawn(run())
    return Js(pending)


async def resolved(value):
    """``await value``, for a promise, a thenable or anything else that JavaScript may answer. May raise ``JsError``."""
    if not isinstance(value, Js):
        return value
    return _take(await _border.settle(value._box))


_tasks = set()  # asyncio itself keeps only weak references


def spawn(coroutine):
    """Run ``coroutine`` on the event loop, from code that cannot wait for it."""
    task = asyncio.create_task(_counted(coroutine))
    _tasks.add(task)
    return task


async def _counted(coroutine):
    try:
        return await coroutine
    finally:
        _tasks.discard(asyncio.current_task())


async def sleep(milliseconds):
    """Come back after so many milliseconds."""
    await _border.sleep(milliseconds)


async def within(milliseconds, coroutine):
    """Wait for ``coroutine``, but no longer than so many milliseconds; it goes on all the same."""
    await _border.within(milliseconds, promise(coroutine)._box)


async def idle(milliseconds):
    """Come back when the browser has nothing better to do, or after so many milliseconds."""
    await _border.idle(milliseconds)


def now():
    """The page's clock: whole milliseconds since 1970."""
    return int(_border.now())


def window():
    """The page's global object."""
    return Js(_border_or_raise().window)


def claim():
    """Whether nobody else wires this page; then it is ours, until ``unclaim``."""
    return bool(_border_or_raise().claim())


def unclaim():
    """Let somebody else try."""
    _border_or_raise().unclaim()


def page():
    """What stands behind ``window.pyscriptReplay`` (``web/page.js``)."""
    return Js(_border_or_raise().page())


def segment(named):
    """What watches the page's Segment (``web/segment.js``): a global's name, or the object itself.

    Raises ``JsError`` when the object is none.
    """
    border = _border_or_raise()
    return Js(border.segment(named)) if isinstance(named, str) else _take(border.segmentObject(_boxed(named)))


def _boxed(named):
    return named._box if isinstance(named, Js) else _border.box(named)


def bring_segment(name, write_key, cdn, options):
    """Load analytics-next from the bundle as this global, unless the page has a Segment there or on its way."""
    _border_or_raise().bringSegment(name, write_key, cdn or "", _give(options))


def track_on_segment(named, event, properties):
    """Track an event on the page's Segment, past all wiring: also on one that has yet to come."""
    if isinstance(named, str):
        return _take(_border_or_raise().trackOnSegment(named, _give(event), _give(properties)))
    return Js(_boxed(named)).call("track", event, properties)


async def amplitude():
    """amplitude-js's default instance, once Segment's Classic device-mode has brought and initialised it."""
    return (await resolved(Js(_border_or_raise().amplitude()))).get("it")


def observe_amplitude(instance, changed):
    """Call ``changed()`` soon after amplitude-js has logged an event, or has been given a device or session id."""
    _border_or_raise().observeAmplitude(instance._box, function(changed)._box)


def release_events():
    """Let go the events that the loader holds."""
    _border_or_raise().release()


async def sdk(name):
    """One of the bundle's JavaScript SDKs, as a module. Raises ``JsError`` when it cannot be loaded."""
    return _take(await _border_or_raise().sdk(name))


def forget(prefixes):
    """Delete each key of local storage, and each IndexedDB database, whose name begins with one of these."""
    for prefix in prefixes:
        _border_or_raise().forget(prefix)


def merged(*parts):
    """A new object with the properties of all these; of two with the same name the later one counts."""
    return window().get("Object").call("assign", {}, *parts)


def cookies():
    """The page's cookies, a list of ``name=value``."""
    return window().get("document").get("cookie", "").split("; ")


def warn(text):
    """Say something on the page's console."""
    window().get("console").call("warn", "pyscript-replay: " + text)


def _border_or_raise():
    if _border is None:
        raise RuntimeError("pyscript_replay runs in a page, on MicroPython or Pyodide: there is no browser here")
    return _border


def _problem(error):
    code = getattr(error, "code", "internal")
    return _border.problem(code, getattr(error, "message", None) or repr(error), getattr(error, "fix", ""))


def _unpack(args):
    array = Js(args)
    return [array.get(position) for position in range(array.get("length"))]


_PLAIN = {"undefined": UNDEFINED, "missing": MISSING, "null": None}


def _take(answer):
    """What an answer of border.js stands for, in Python."""
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


def _number(text):
    digits = text[1:] if text.startswith("-") else text
    if digits and all(character in "0123456789" for character in digits):
        return int(text)
    return float(text.replace("Infinity", "inf"))


def _give(value):
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
    if isinstance(value, dict):
        return _give_object(value)
    if isinstance(value, (list, tuple)):
        return _give_array(value)
    if callable(value):
        return function(value)._box
    raise TypeError("no way to hand {!r} to JavaScript".format(value))


def _digits(number):
    return repr(number).replace("inf", "Infinity").replace("nan", "NaN")


def _give_object(value):
    made = _border.object()
    for key, each in value.items():
        _border.set(made, str(key), _give(each))
    return made


def _give_array(value):
    made = _border.array()
    for each in value:
        _border.push(made, _give(each))
    return made
