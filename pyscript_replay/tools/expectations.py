"""Expectations of a visit, for tests with Playwright: each waits, flushes and looks again until it holds.

``Replay`` and ``AsyncReplay`` have the same methods. How they wait is written once, as steps (``_waiting``): one takes
them as they are, the other awaits each. What is right is in ``evidence.py``.
"""

import contextlib
import time
from collections.abc import Coroutine, Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import evidence
from .devserver import viewer
from .devserver.store import Upload
from .evidence import Evidence, Ids, Judge, Verdict
from .routing import Wire

if TYPE_CHECKING:
    from playwright import async_api, sync_api

PAUSE = 0.1  # seconds between two looks
FLUSH_EVERY = 1.0  # seconds, as long as something is missing
QUIET = 1.0  # seconds in which nothing may happen before it is said that something does not

# Our tag is told to. Of other wirings Session Replay's SDK uploads what it has as the window loses the focus; on a page
# where nothing goes on, it would otherwise keep it.
FLUSH = """() => {
  if (window.pyscriptReplay) void window.pyscriptReplay.flush();
  else window.dispatchEvent(new Event("blur"));
}"""
STORED = """async () => {
  const names = [...Object.keys(localStorage), ...Object.keys(sessionStorage)];
  return [...names, ...(await (indexedDB.databases?.() ?? [])).map(({ name }) => name)];
}"""

Steps = Generator[str, None, None]


class _Visit:
    """What both kinds have: what was seen, and how it is waited for.

    Attributes:
        timeout: for how many seconds an expectation waits.
        wire: the pages' traffic with Segment and Amplitude, and the server behind it.
    """

    timeout: float = 15

    def __init__(self, context: Any, wire: Wire) -> None:
        self.context = context
        self.wire = wire
        self._before = evidence.Seen()  # until time passed last, or a new session began
        self._clock = False
        self._stored: list[str] = []

    @property
    def events(self) -> list[dict[str, Any]]:
        """Segment's events, in the order in which they arrived."""
        return list(self._seen().messages)

    @property
    def uploads(self) -> list[Upload]:
        """The recordings that were uploaded."""
        return list(self._seen().uploads)

    @property
    def transitions(self) -> list[tuple[Ids | None, Ids]]:
        """The sessions that the events went through: (previous, current), each a device id and a session id."""
        return evidence.transitions(self._seen())

    @property
    def time_line(self) -> str:
        """What happened so far."""
        return evidence.time_line(self.wire.moments)

    def save(self, directory: Path) -> list[Path]:
        """Write the time line there, and each recording as a page that plays it offline; answers the files."""
        directory.mkdir(parents=True, exist_ok=True)
        files = {"replay-time-line.txt": f"{self.time_line}\n"}
        store = self.wire.server.store
        for number, summary in enumerate(reversed(store.sessions()), 1):
            session = store.session(summary["device_id"], summary["session_id"])
            files[f"replay-{number}.html"] = viewer.exported(session)
        for name, text in files.items():
            (directory / name).write_text(text, "utf-8")
        return [directory / name for name in files]

    def _seen(self) -> Evidence:
        return self.wire.evidence(self._stored)

    def _so_far(self) -> evidence.Seen:
        seen = self._seen()
        return evidence.Seen(len(seen.messages), len(seen.uploads))

    def _waiting(self, judge: Judge, settled: bool = False) -> Steps:
        """The steps until it holds: each is the name of a method. Raises ``AssertionError`` when the time is over.

        ``settled``: that something does not happen is only known when all is quiet.
        """
        __tracebackhide__ = True
        began = flushed = time.monotonic()
        yield "_flush"
        while True:
            yield "_look"
            verdict = judge(self._seen())
            waited = time.monotonic() - began
            quiet = not settled or (waited >= QUIET and self.wire.quiet(QUIET))
            if not verdict.problem and (quiet or waited >= self.timeout):
                return
            if verdict.problem and (verdict.final or waited >= self.timeout):
                raise AssertionError(self._failure(verdict, waited))
            if verdict.problem and time.monotonic() - flushed >= FLUSH_EVERY:
                flushed = time.monotonic()
                yield "_flush"
            yield "_pause"

    def _failure(self, verdict: Verdict, waited: float) -> str:
        within = "" if verdict.final else f" (waited {waited:.0f} s)"
        return f"{verdict.problem}{within}\nWhat happened, in seconds since the test began:\n{self.time_line}"

    def _moving_on(self, judge: Judge) -> Steps:
        __tracebackhide__ = True
        yield from self._waiting(judge)
        self._before = self._so_far()


class Replay(_Visit):
    """What a test with Playwright's synchronous API may expect of the visit so far."""

    context: "sync_api.BrowserContext"

    def expect_event(self, name: str, properties: Mapping[str, Any] | None = None) -> "Event":
        """An event (or a page) of this name arrives at Segment, with these properties among others."""
        __tracebackhide__ = True
        self._take(self._waiting(evidence.event(name, properties)))
        return Event(self, name, properties)

    def expect_same_session(self) -> None:
        """All events since time passed last are in the session that there was before, and that is recorded."""
        __tracebackhide__ = True
        self._take(self._waiting(evidence.same_session(self._before), settled=True))

    def expect_new_session(self) -> None:
        """The session is another one than it was, and is recorded."""
        __tracebackhide__ = True
        self._take(self._moving_on(evidence.new_session(self._before)))

    def expect_nothing_lost(self) -> None:
        """Each event that the page gave to Segment has arrived, once."""
        __tracebackhide__ = True
        self._take(self._waiting(evidence.nothing_lost, settled=True))

    def expect_nothing_before_consent(self) -> None:
        """Nothing was loaded from Segment or Amplitude, stored for them or sent to them, so far."""
        __tracebackhide__ = True
        self._take(self._waiting(evidence.nothing_before_consent, settled=True))

    def expect_masked(self, text: str) -> None:
        """This text is in no recording, and there is one."""
        __tracebackhide__ = True
        self._take(self._waiting(evidence.masked(text), settled=True))

    def minutes(self, minutes: float) -> None:
        """Let so many minutes pass, by the clock of the pages."""
        self._before = self._so_far()
        if not self._clock:
            self.context.clock.install()
            self._clock = True
        self.context.clock.fast_forward(int(minutes * 60_000))
        self.wire.note("time", f"{minutes:g} minutes pass")

    def _take(self, steps: Steps) -> None:
        __tracebackhide__ = True
        for step in steps:
            getattr(self, step)()

    def _flush(self) -> None:
        for page in self.context.pages:
            with contextlib.suppress(_errors()):  # it is being left
                page.evaluate(FLUSH)

    def stored(self) -> list[str]:
        """The names of what is stored in the browser now."""
        names = [cookie.get("name", "") for cookie in self.context.cookies()]
        for page in self.context.pages:
            with contextlib.suppress(_errors()):  # it is being left, or has no storage
                names += page.evaluate(STORED)
        return names

    def _look(self) -> None:
        self._stored = self.stored()

    def _pause(self) -> None:
        if self.context.pages:
            self.context.pages[0].wait_for_timeout(PAUSE * 1000)
        else:
            time.sleep(PAUSE)


class Event:
    """An event that has arrived."""

    def __init__(self, replay: Replay, name: str, properties: Mapping[str, Any] | None) -> None:
        self._replay, self._name, self._properties = replay, name, properties

    @property
    def message(self) -> dict[str, Any]:
        """The event as it arrived at Segment."""
        return evidence.matching(self._replay._seen(), self._name, self._properties) or {}

    def in_replay(self) -> "Event":
        """It names its session, and that was recorded under the very ids, so that Amplitude plays it to the event."""
        __tracebackhide__ = True
        self._replay._take(self._replay._waiting(evidence.in_replay(self._name, self._properties)))
        return self


class AsyncReplay(_Visit):
    """``Replay`` for Playwright's asynchronous API: each ``expect_…`` and ``minutes`` is awaited."""

    context: "async_api.BrowserContext"

    def expect_event(self, name: str, properties: Mapping[str, Any] | None = None) -> "AsyncEvent":
        return AsyncEvent(self, name, properties)

    async def expect_same_session(self) -> None:
        await self._take(self._waiting(evidence.same_session(self._before), settled=True))

    async def expect_new_session(self) -> None:
        await self._take(self._moving_on(evidence.new_session(self._before)))

    async def expect_nothing_lost(self) -> None:
        await self._take(self._waiting(evidence.nothing_lost, settled=True))

    async def expect_nothing_before_consent(self) -> None:
        await self._take(self._waiting(evidence.nothing_before_consent, settled=True))

    async def expect_masked(self, text: str) -> None:
        await self._take(self._waiting(evidence.masked(text), settled=True))

    async def minutes(self, minutes: float) -> None:
        self._before = self._so_far()
        if not self._clock:
            await self.context.clock.install()
            self._clock = True
        await self.context.clock.fast_forward(int(minutes * 60_000))
        self.wire.note("time", f"{minutes:g} minutes pass")

    async def _take(self, steps: Steps) -> None:
        __tracebackhide__ = True
        for step in steps:
            await getattr(self, step)()

    async def _flush(self) -> None:
        for page in self.context.pages:
            with contextlib.suppress(_errors()):  # it is being left
                await page.evaluate(FLUSH)

    async def _look(self) -> None:
        names = [cookie.get("name", "") for cookie in await self.context.cookies()]
        for page in self.context.pages:
            with contextlib.suppress(_errors()):  # it is being left, or has no storage
                names += await page.evaluate(STORED)
        self._stored = names

    async def _pause(self) -> None:
        import asyncio

        await asyncio.sleep(PAUSE)


class AsyncEvent:
    """An event that is waited for: ``await replay.expect_event("Bought")``, or with ``.in_replay()`` behind it."""

    def __init__(self, replay: AsyncReplay, name: str, properties: Mapping[str, Any] | None) -> None:
        self._replay, self._name, self._properties = replay, name, properties

    def __await__(self) -> Generator[Any, None, "AsyncEvent"]:
        return self._expect(evidence.event).__await__()

    def in_replay(self) -> Coroutine[Any, Any, "AsyncEvent"]:
        return self._expect(evidence.in_replay)

    @property
    def message(self) -> dict[str, Any]:
        return evidence.matching(self._replay._seen(), self._name, self._properties) or {}

    async def _expect(self, what: Any) -> "AsyncEvent":
        await self._replay._take(self._replay._waiting(what(self._name, self._properties)))
        return self


def _errors() -> type[Exception]:
    """What Playwright raises, of either kind."""
    from playwright.async_api import Error

    return Error
