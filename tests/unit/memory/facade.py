"""``web/page/replay.js`` and ``lifecycle.js`` in memory: ``window.pyscriptReplay``, and the page behind it."""

import asyncio
from typing import TYPE_CHECKING, Any

from pyscript_replay import lifecycle

from ...runtime import cpython
from .border import promise

if TYPE_CHECKING:
    from .browser import Tab

OPT_OUT = "pyscript-replay.opt-out"
VALUES = ("mode", "runtime", "sessionId", "deviceId", "replayId", "replayUrl")


class Facade:
    """``it`` is what a page sees, ``page`` what Python does."""

    def __init__(self, tab: "Tab") -> None:
        self.tab = tab
        self.state = lifecycle.NEW
        self.since = 0.0  # when the status has changed last
        self.opened = False
        self.last_error: dict[str, Any] | None = None
        self.errors: dict[str, Any] = {}
        self.sessions: list[dict] = []
        self._ready = cpython.pending()
        self._is_ready = False
        self._moved = asyncio.Event()
        self._effects: dict[str, Any] = {
            lifecycle.OPT_IN: lambda: self.opt_out(False),
            lifecycle.OPT_OUT: lambda: self.opt_out(True),
        }
        self.it: dict[str, Any] = {
            **dict.fromkeys(VALUES),
            "status": self.status,
            "recording": False,
            "ready": self._ready.it,
            "start": self.start,
            "stop": self.stop,
            "track": self.track,
        }
        self.page: dict[str, Any] = {
            "facade": self.it,
            "tag": tab.attributes,
            "serve": self._effects.update,
            "happened": self.happened,
            "report": self.report,
            "session": self.sessions.append,
            "error": self.error,
            "errors": lambda: list(self.errors.values()),
            "failed": self.failed,
            "refuse": self.failed,
            "open": self.open,
        }

    @property
    def status(self) -> str:
        return lifecycle.SHOWN[self.state]

    @property
    def live(self) -> bool:
        return self.state in lifecycle.LIVE

    @property
    def opted_out(self) -> bool:
        return OPT_OUT in self.tab.browser.storage

    def opt_out(self, out: bool) -> None:
        self.tab.browser.write(self.tab, OPT_OUT, "1" if out else None)

    def happened(self, happening: str) -> list[Any]:
        step = lifecycle.step(self.state, happening)
        self.state = step.state
        for code in lifecycle.MENDS.get(happening, ()):
            self.errors.pop(code, None)
        self.report({"status": self.status})
        return [self._effects[effect]() for effect in step.effects if effect in self._effects]

    def report(self, news: dict[str, Any]) -> None:
        before = self.it["status"]
        self.it.update(news)
        if self.status == before:
            return
        if self.status not in ("loading", "waiting") and not self._is_ready:
            self._is_ready = True
            self._ready.resolve(cpython.box(self.it))
        self.since = self.tab.browser.loop.time()
        self._moved.set()
        self._moved = asyncio.Event()

    def open(self, consent: str) -> Any:
        opened, self.opened = self.opened, True
        if opened:
            self.happened(lifecycle.START)
        elif self.opted_out:
            self.happened(lifecycle.STOP if consent == "wait" else lifecycle.OPTED_OUT)
        elif consent == "wait" and self.state != lifecycle.ASKED:
            self.happened(lifecycle.CONSENT_AWAITED)
        else:
            self.happened(lifecycle.GRANTED)
        return promise(self.settled())

    async def settled(self) -> Any:
        while self.status == "loading":
            await self._moved.wait()
        if self.status == "failed" and self.last_error:
            raise cpython.Thrown({"name": "ReplayError", **self.last_error})
        return self.it

    def start(self) -> Any:
        self.happened(lifecycle.START)
        return promise(self.settled())

    def stop(self) -> Any:
        answers = self.happened(lifecycle.STOP)

        async def stopped() -> None:
            for answer in answers:
                told = await cpython.settle(cpython.box(answer))
                if told.kind == "error":
                    raise cpython.Thrown(told.box.it)

        return promise(stopped())

    def flush(self) -> Any:
        return self._effects["flush"]() if "flush" in self._effects else None

    def track(self, name: str, properties: dict) -> Any:
        async def tracked() -> None:
            """Segment's own promise is not waited for here."""

        self.tab.analytics.event("track", name, properties)
        return promise(tracked())

    def error(self, problem: dict[str, str]) -> None:
        self.last_error = problem
        self.errors[problem["code"]] = problem
        self.tab.errors.append(problem["code"])

    def failed(self, problem: dict[str, str]) -> None:
        self.error(problem)
        early = self.state in (lifecycle.NEW, lifecycle.ASKED)
        self.happened(lifecycle.REFUSED if early else lifecycle.WIRING_FAILED)

    def back(self) -> None:
        """The page was hidden, and is back."""
        self.happened(lifecycle.BACK)

    def stored(self, key: str | None) -> None:
        """Another tab has written into storage: the visitor may have opted out there."""
        if key == OPT_OUT and self.opted_out and self.state not in ("stopped", "waiting", "new"):
            self.happened(lifecycle.STOP)
