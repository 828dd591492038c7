"""``web/page/bridge.js`` in memory: what a tab's Python crosses.

Values cross as in ``tests/runtime/cpython.py``. Of several tabs, the one whose task is running is meant: tasks inherit
their tab from whoever has started them.
"""

import marshal
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from types import SimpleNamespace as Box
from typing import TYPE_CHECKING, Any

from pyscript_replay import bridge

from ...runtime import cpython

if TYPE_CHECKING:
    from .browser import Tab

here: "ContextVar[Tab]" = ContextVar("here")


class Border:
    """One for all tabs."""

    @property
    def window(self) -> Box:
        opened = {"name": here.get().address}
        return Box(
            it={
                **cpython.window.it,
                "performance": {"getEntriesByType": lambda kind: [opened] if kind == "navigation" else []},
            }
        )

    def evidence(self) -> Box:
        return Box(it=here.get().seen())

    def __getattr__(self, name: str) -> Any:
        return getattr(cpython, name)

    def now(self) -> str:
        return str(here.get().browser.clock.now())

    def page(self) -> Box:
        return Box(it=here.get().facade.page)

    def claim(self) -> bool:
        tab = here.get()
        tab.claimed, before = True, tab.claimed
        return not before

    def unclaim(self) -> None:
        here.get().claimed = False

    def complain(self, code: str, message: str, fix: str) -> None:
        here.get().facade.error({"code": code, "message": message, "fix": fix})

    def warn(self, text: str) -> None:
        here.get().warnings.append(text)

    def segment(self, name: str) -> Box:
        here.get().watched = name
        return Box(it=here.get().watch.it)

    def segmentObject(self, given: Box) -> Box:
        if not hasattr(given.it, "track") and (not isinstance(given.it, dict) or "track" not in given.it):
            return cpython.failure(error("it has no track()"))
        return cpython.answer(here.get().watch.it)

    def bringSegment(self, name: str, write_key: str, cdn: str, options: Box) -> None:
        tab = here.get()
        tab.brought = (name, write_key, cdn, options.it)
        soon(tab, tab.bring_segment)

    def isSelector(self, text: Box) -> bool:
        return text.it not in ("", "!")

    def jsonIsSound(self) -> bool:
        return not here.get().browser.json_is_patched

    def documentIsLoading(self) -> bool:
        return here.get().parses

    def forget(self, prefix: str) -> None:
        stored = here.get().browser.sdk_stores
        stored.difference_update([key for key in stored if key.startswith(prefix)])

    def observed(self, options: Box, sayings: Box, hear: Box) -> Box:
        return cpython.answer(here.get().sdk.observed(options.it, sayings.it, hear.it))

    async def sdk(self, name: str) -> Box:
        return await here.get().load(name)


# Promises, for whoever plays JavaScript.


def promise(coroutine: Coroutine[Any, Any, Any]) -> dict[str, Any]:
    """A promise of what it returns; it runs at once."""
    pending = cpython.pending()

    async def run() -> None:
        try:
            value = await coroutine
        except cpython.Thrown as error:
            pending.reject(Box(it=error.value))
        else:
            pending.resolve(Box(it=value))

    bridge.spawn(run())
    return pending.it


def error(message: str, **more: str) -> cpython.Thrown:
    return cpython.Thrown({"name": "Error", "message": message, **more})


def plain(value: Any) -> Any:
    """A copy, as it would be on the other side; ``marshal`` makes it three times as fast as ``json``."""
    return marshal.loads(marshal.dumps(value))


def soon(tab: "Tab", call: Callable[[], Any]) -> None:
    """Have a tab do something once whoever runs now has finished."""
    if not tab.closed:
        tab.browser.loop.call_soon(lambda: None if tab.closed else call(), context=tab.context)
