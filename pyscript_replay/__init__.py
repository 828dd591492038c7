"""Amplitude Session Replay for sites that send their events through Segment, wired in Python in the page."""

from .errors import ReplayError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .replay import Replay

__all__ = ["ReplayError", "connect"]
__version__ = "0.1.0"
PATIENCE_MS = 1000  # so long may a call wait to be awaited, before the page is told that it was forgotten


def connect(mode: str, on_session: "Callable | None" = None, **options: object) -> "Connecting":
    """Record this page's sessions.

    Args:
        mode (str): how Segment reaches Amplitude: ``actions``, ``classic-device``, ``classic-cloud`` or ``auto``.
        on_session (Callable): called at every transition, from the first one on; see ``Replay.on_session``.
        options: see the table in ``options.py``; ``api_key`` is required.

    Returns:
        Replay: running, or with ``consent="wait"`` waiting for its ``start()``.

    Raises:
        ReplayError: with a ``code`` and the way to ``fix`` it.
    """
    return Connecting(_connected(mode, on_session, options))


class Connecting:
    """What ``connect()`` answers: a coroutine, of which Python itself would not say that nobody awaits it."""

    def __init__(self, coroutine: "Any"):
        from . import bridge

        self._coroutine = coroutine
        self._begun = False
        if bridge.RUNTIME != "cpython":
            bridge.spawn(self._remind())

    async def _remind(self) -> None:
        from . import bridge

        await bridge.sleep(PATIENCE_MS)
        if not self._begun:
            bridge.warn(str(_not_awaited()))

    def __await__(self) -> "Any":
        self._begun = True
        return self._coroutine.__await__() if hasattr(self._coroutine, "__await__") else iter(self._coroutine)

    __iter__ = __await__  # MicroPython's

    def send(self, value: object) -> object:  # what makes a task of it
        self._begun = True
        return self._coroutine.send(value)

    def throw(self, *error: "Any") -> object:
        self._begun = True
        return self._coroutine.throw(*error)

    def close(self) -> None:
        self._begun = True
        self._coroutine.close()

    def __getattr__(self, name: str) -> object:
        if name.startswith("_"):
            raise AttributeError(name)
        raise _not_awaited()


def _not_awaited() -> ReplayError:
    return ReplayError("not-awaited", "connect() was called, but not awaited", "Write: replay = await connect(…).")


async def _connected(mode: str, on_session: "Callable | None", options: dict) -> "Replay":
    from . import bridge
    from . import options as table

    if bridge.IN_WORKER:
        message = "this Python runs in a worker, where there is no page to record"
        raise ReplayError("worker", message, "Take the attribute worker from the script that calls connect().")
    options["mode"] = mode
    chosen = table.from_keywords(options, bridge.is_selector)
    if on_session is not None and not callable(on_session):
        raise ReplayError("option-value", "on_session is {!r}".format(on_session), "It takes a function.")
    for doubt in table.unheeded(chosen, on_tag=False):
        bridge.warn(doubt)
    if not bridge.claim():
        raise ReplayError("connect-twice", "this page is wired already", "Use the Replay that the first call answered.")
    replay = make(chosen)
    if on_session is not None:
        replay.on_session(on_session)
    try:
        await replay.open()
    except ReplayError:
        bridge.unclaim()
        raise
    return replay


def make(options: dict) -> "Replay":
    """A ``Replay`` with these options, of which it knows each (``options.py``); nothing has begun yet."""
    # here, so that the pure modules can be used without the browser's
    from .modes import auto
    from .modes.actions import Actions
    from .modes.classic_cloud import ClassicCloud
    from .modes.classic_device import ClassicDevice
    from .replay import Replay

    modes = {"actions": Actions, "classic-device": ClassicDevice, "classic-cloud": ClassicCloud}
    return Replay(options, modes, auto)
