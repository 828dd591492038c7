"""Time in memory: an event loop whose clock jumps to the next timer, and a wall clock that can be set.

Nothing waits: when no callback is ready, the next timer is due at once. So each run of the same story is the same.
"""

import asyncio
from typing import Any

NOON = 1795608000000
MINUTE = 60_000


class Loop(asyncio.BaseEventLoop):
    """Runs callbacks in their order. Its time never goes back, as ``performance.now()``."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = self  # where the base class would wait for the network
        self._now = 0.0
        self.failures: list[dict[str, Any]] = []
        self.set_exception_handler(lambda _, context: self.failures.append(context))

    def run_until_complete(self, future: Any) -> Any:
        """Also where a browser test ran before: Playwright's loop stands still, but asyncio takes it for running."""
        outer = asyncio.events._get_running_loop()
        asyncio.events._set_running_loop(None)
        try:
            return super().run_until_complete(future)
        finally:
            asyncio.events._set_running_loop(outer)

    def time(self) -> float:
        return self._now

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None:
            raise RuntimeError("nothing will ever happen any more")
        self._now += timeout
        return []

    def _process_events(self, event_list: list[Any]) -> None:
        """There are none but timers."""


class Clock:
    """The wall clock, in milliseconds since 1970, which anybody may set."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._offset = NOON

    def now(self) -> int:
        return self._offset + int(self._loop.time() * 1000)

    def set(self, by: int) -> None:
        self._offset += by
