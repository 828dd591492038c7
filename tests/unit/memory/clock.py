"""Time in memory: an event loop whose clock jumps to the next timer, and a wall clock that can be set.

Nothing waits: when no callback is ready, the next timer is due at once. So each run of the same story is the same.
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Callable
from contextvars import Context
from typing import Any

NOON = 1795608000000
MINUTE = 60_000


class Loop(asyncio.AbstractEventLoop):
    """Runs callbacks in their order, and nothing else: there is no network and there are no threads.

    Its time never goes back, as ``performance.now()``. What nobody caught is in ``failures``.
    """

    def __init__(self) -> None:
        self._now = 0.0
        self._ready: deque[asyncio.Handle] = deque()
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._made = 0
        self._task_factory: Any = None
        self.failures: list[dict[str, Any]] = []

    def run_until_complete(self, future: Any) -> Any:
        """Also where a browser test ran before: Playwright's loop stands still, but asyncio takes it for running."""
        outer = asyncio.events._get_running_loop()
        asyncio.events._set_running_loop(self)
        try:
            task = asyncio.Task(future, loop=self)
            while not task.done():
                self._run_one()
            return task.result()
        finally:
            asyncio.events._set_running_loop(outer)

    def _run_one(self) -> None:
        if not self._ready:
            self._wake()
        handle = self._ready.popleft()
        if not handle.cancelled():
            handle._run()

    def _wake(self) -> None:
        """It is the time of the next timer, and of whatever else is due then."""
        while self._timers and self._timers[0][2].cancelled():
            heapq.heappop(self._timers)
        if not self._timers:
            raise RuntimeError("nothing will ever happen any more")
        self._now = max(self._now, self._timers[0][0])
        while self._timers and self._timers[0][0] <= self._now:
            self._ready.append(heapq.heappop(self._timers)[2])

    def time(self) -> float:
        return self._now

    def call_soon(self, callback: Callable[..., Any], *args: Any, context: Context | None = None) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_later(
        self, delay: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self._made += 1
        heapq.heappush(self._timers, (when, self._made, handle))
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """It stays in its place, and is passed over."""

    def create_future(self) -> asyncio.Future:
        return asyncio.Future(loop=self)

    def create_task(self, coro: Any, *, name: Any = None, context: Context | None = None) -> asyncio.Task:
        if self._task_factory:
            return self._task_factory(self, coro, context=context)
        return asyncio.Task(coro, loop=self, name=name, context=context)

    def set_task_factory(self, factory: Any) -> None:
        self._task_factory = factory

    def get_debug(self) -> bool:
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.failures.append(context)

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def close(self) -> None:
        self._ready.clear()
        self._timers.clear()


class Clock:
    """The wall clock, in milliseconds since 1970, which anybody may set."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._offset = NOON

    def now(self) -> int:
        return self._offset + int(self._loop.time() * 1000)

    def set(self, by: int) -> None:
        self._offset += by
