"""``web/page/segment.js`` in memory: holds a page's events until it is wired, and shows each to the wiring.

As there: an event is one look and one patch, and one more of each where it waits for its recording; while an answer
holds, an event like the one before gets the same; an event that waits is not overtaken; what may move the session
without an event is looked at, too.
"""

import asyncio
from typing import TYPE_CHECKING, Any

from pyscript_replay.device import CARRIES_PROPERTIES

from ...runtime import cpython
from .border import plain, promise

if TYPE_CHECKING:
    from .browser import Tab

HOLD_MS = 2000
ONE_CHANGE_MS = 50  # a new visitor is written first, and then their session
SESSION, LAST_ACCESS, ANONYMOUS_ID = "analytics_session_id", "analytics_session_id.last_access", "ajs_anonymous_id"


class Watch:
    def __init__(self, tab: "Tab") -> None:
        self.tab, self.browser = tab, tab.browser
        self._holds = False  # whether anything was put into Segment's way
        self._gate, self._real, self._met = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._settling = asyncio.Event()
        self._turn = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self.wiring: dict[str, Any] = {}
        self._tell: dict[str, Any] = {}
        self.connected = 0  # how many times
        self._known: str | None = None
        self._before: str | None = None
        self._instance = False
        self._arrived: dict[str, float] = {}
        self._latest: dict[str, Any] = {}  # the last event's facts, and Python's answer, if that holds
        self.deferred, self.unreadable, self.awaited = False, "", ""  # why the page has no Segment yet
        self.it: dict[str, Any] = {
            "real": promise_of(self._real, tab),
            "expect": lambda *_: None,
            "deferred": lambda: self.deferred,
            "awaited": lambda: self.awaited,
            "unreadable": lambda: self.unreadable,
            "destinations": self._destinations,
            "meetAmplitude": lambda: promise(self._meet_amplitude()),
            "connect": self._connect,
            "look": lambda: self._look(None),
            "apply": self._apply_outside,
            "settled": self._settled,
            "call": lambda method, args: self.tab.analytics.event(method, *args),
        }

    # What Segment does.

    def hold_events(self) -> None:
        self._holds = True

    def release(self) -> None:
        self._gate.set()

    def found(self) -> None:
        self._known = self.browser.visitor
        self._real.set()

    def fail(self, error: dict[str, Any]) -> None:
        """Segment cannot be loaded."""
        self.it["real"] = {"then": lambda _, reject: reject(error)}

    async def hold(self, event: dict[str, Any]) -> None:
        if not self._holds:
            return
        self._arrived[event["message_id"]] = self.browser.loop.time()
        self._known = event["anonymous_id"]
        if self._timer is None:
            self._timer = self.browser.loop.call_later(HOLD_MS / 1000, self._gate.set)
        await asyncio.sleep(0)  # as in JavaScript, where nobody goes on at once
        await self._gate.wait()

    async def view(self, event: dict[str, Any]) -> None:
        if not self._holds:
            return
        async with self._turn:
            await self._see(event)

    def reset(self) -> None:
        if not self._holds:
            return
        if self.tab.facade.live:
            self.seen("reset")
        elif self._before is None:
            self._before = self._known

    def met_amplitude(self) -> None:
        self._met.set()

    def stored(self, key: str) -> None:
        """Something was written into storage: see ``Browser.changed``."""
        if self.wiring and key == SESSION:
            self.seen("look")
        elif self.wiring and key == ANONYMOUS_ID:
            self.tab.spawn(self._look_later())

    async def _look_later(self) -> None:
        await asyncio.sleep(ONE_CHANGE_MS / 1000)
        self.seen("look")

    def seen(self, how: str) -> None:
        if self.tab.facade.live and how in self._tell:
            self._apply(None, self._tell[how](self._look(None)))

    # What Python does.

    def _destinations(self) -> dict[str, Any]:
        return {"settings": self.browser.settings, "plugins": self.browser.plugins}

    async def _meet_amplitude(self) -> None:
        await self._met.wait()
        self._instance = True

    def _connect(self, wiring: dict[str, Any], functions: dict[str, Any]) -> None:
        self.wiring, self._tell = wiring, functions
        self.connected += 1

    def _settled(self) -> None:
        self._settling.set()
        self._settling = asyncio.Event()

    def _apply_outside(self, event: None, patch: dict[str, Any]) -> None:
        self._before = None
        self._apply(event, patch)

    async def _see(self, event: dict[str, Any]) -> None:
        came = self._arrived.pop(event["message_id"])
        facade = self.tab.facade
        if not self._tell or not facade.live:
            return
        self._before = None
        patch = self._apply(event, self._answer(self._look(event)))
        if not (patch or {}).get("wait"):
            return
        left = max(0, HOLD_MS / 1000 - (self.browser.loop.time() - came))
        await asyncio.wait([asyncio.ensure_future(self._settling.wait())], timeout=left)
        if facade.live:
            self._apply(event, self._answer({**self._look(event), "waited": True}))

    def _answer(self, facts: dict[str, Any]) -> Any:
        latest = self._latest
        if latest and facts["now"] < latest["patch"]["holds"] and is_like(latest["facts"], facts):
            return latest["patch"]
        patch = self._tell["event"](facts)
        self._latest = {"facts": facts, "patch": patch} if (patch or {}).get("holds") else {}
        return patch

    def logged(self) -> None:
        """amplitude-js has logged an event."""
        before = self._latest["facts"]["amplitude"] if self._latest else {}
        if any(before.get(each) != self.tab.amplitude.now()[each] for each in ("session_id", "device_id")):
            self.seen("look")

    def _look(self, event: dict[str, Any] | None) -> dict[str, Any]:
        if event is None:
            self._latest = {}
        return plain(
            {
                "now": self.browser.now(),
                "visitor": self.browser.visitor or self.tab.analytics.visitor,
                "before": self._before,
                "stored": self.tab.stored(SESSION),
                "access": self.tab.stored(LAST_ACCESS),
                "amplitude": self.tab.amplitude.now() if self._instance else None,
                "reach": {
                    "disabled": False,
                    "enabled": True,
                    "opted_out": False,
                    "passing": event is not None,
                    "consent": None,
                    **self.browser.reach,
                },
                "event": event and self._event_facts(event),
                "properties": self._properties(event),
                "plugin": self.browser.has_plugin,
                "waited": False,
            }
        )

    def _event_facts(self, event: dict[str, Any]) -> dict[str, Any]:
        destination = self.wiring["destination"]
        given = event["integrations"].get(destination)
        kind = event["type"]
        return {
            "type": kind,
            "name": event["name"] if kind == "page" else None,
            "category": None,
            "user_id": event["name"] if kind == "identify" else None,
            "group_id": event["name"] if kind == "group" else None,
            "traits": False,
            "anonymous_id": event["anonymous_id"],
            "device_id": event["names_device"],
            "allowed": all(event["integrations"].get(name, True) for name in self.wiring["destinations"]),
            "session_id": given.get("session_id") if isinstance(given, dict) else None,
            "ends": event["properties"].get("session_id") if event["name"] == self.wiring["ended"] else None,
        }

    def _properties(self, event: dict[str, Any] | None) -> Any:
        if event is None or event["type"] not in CARRIES_PROPERTIES or not self.tab.facade.it["recording"]:
            return None
        return self.tab.sdk.properties()

    def _apply(self, event: dict[str, Any] | None, patch: Any) -> Any:
        if not isinstance(patch, dict):
            return None
        write = self.browser.write
        if patch.get("clear"):
            write(self.tab, SESSION, None)
            write(self.tab, LAST_ACCESS, None)
        if patch.get("store"):
            write(self.tab, SESSION, patch["store"])
        if patch.get("touch"):
            write(self.tab, LAST_ACCESS, self.browser.now())
        if patch.get("amplitude") and self._instance:
            self.tab.amplitude.tell(patch["amplitude"])
        if event and patch.get("session_id") and self.wiring["destination"]:
            event["integrations"][self.wiring["destination"]] = {"session_id": patch["session_id"]}
        if event and patch.get("properties"):
            event["properties"].update(patch["properties"])
        return patch


def is_like(before: dict[str, Any], facts: dict[str, Any]) -> bool:
    """Whether facts differ in their times only, and these move on, and do not lie ahead."""
    (seen, known), (others, times) = _parted(before), _parted(facts)
    return seen == others and all(first <= time <= facts["now"] for first, time in zip(known, times, strict=True))


def _parted(facts: dict[str, Any]) -> tuple[dict[str, Any], list[int]]:
    amplitude = facts["amplitude"] or {}
    times = [facts["now"], facts["access"], amplitude.get("last_event_time")]
    others = {**facts, "now": None, "access": None, "amplitude": {**amplitude, "last_event_time": None}}
    return others, [int(time or 0) if str(time or 0).isdigit() else -1 for time in times]


def promise_of(event: asyncio.Event, tab: "Tab") -> dict[str, Any]:
    """A promise that is kept once this has happened."""

    def then(resolve: Any, _: Any) -> None:
        async def waited() -> None:
            await event.wait()
            resolve(cpython.undefined)

        tab.spawn(waited())

    return {"then": then}
