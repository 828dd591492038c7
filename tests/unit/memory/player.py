"""Plays the steps of a history (``tests/histories.py``) on the page in memory, and says what became of them."""

from collections.abc import Sequence
from typing import Any

from pyscript_replay.device import REPLAY_ID

from ...histories import EXCLUDED, Event, Names, Seen, Step
from .browser import LAST_ACCESS, SESSION, Browser, Tab, pause, run
from .clock import MINUTE


class Player:
    """Each step is a method of its name."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self._count = 0

    def _name(self) -> str:
        self._count += 1
        return f"Event {self._count}"

    async def play(self, step: Step) -> None:
        tabs = self.browser.tabs
        tab = tabs[step.tab % len(tabs)] if tabs else None
        await getattr(self, step.name)(tab, step.what)
        await pause(step.seconds)

    async def open(self, _: Tab | None, consent: str) -> None:
        self.browser.begin(consent=consent)

    async def another_tab(self, tab: Tab, _: None) -> None:
        if len(self.browser.tabs) < 2:
            self.browser.begin(**tab.given)

    async def event(self, tab: Tab, kind: str) -> None:
        tab.do(tab.analytics.event, kind, self._name())

    async def excluded(self, tab: Tab, kind: str) -> None:
        tab.do(tab.analytics.event, kind, self._name(), {}, EXCLUDED)

    async def burst(self, tab: Tab, count: int) -> None:
        for _ in range(count):
            tab.do(tab.analytics.event, "track", self._name())

    async def late(self, tab: Tab, count: int) -> None:
        """Events that are still on their way when their visitor goes, and one of the next visitor."""

        def both() -> None:
            for _ in range(count):
                tab.analytics.event("track", self._name())
            tab.analytics.reset()
            tab.analytics.event("track", self._name())

        tab.do(both)

    async def through_us(self, tab: Tab, _: None) -> None:
        tab.do(tab.facade.track, self._name(), {})

    async def reset(self, tab: Tab, _: None) -> None:
        tab.do(tab.analytics.reset)

    async def identify(self, tab: Tab, user: str) -> None:
        tab.do(tab.analytics.identify, user)

    async def idle(self, _: Tab, minutes: int) -> None:
        await pause(minutes * 60)

    async def clock(self, _: Tab, minutes: int) -> None:
        await pause(0.005)  # not between amplitude-js and who has looked just before it
        self.browser.clock.set(minutes * MINUTE)

    async def reload(self, tab: Tab, _: None) -> None:
        await pause(5)  # what is on its way arrives
        given, place = tab.given, self.browser.tabs.index(tab)
        tab.close()
        self.browser.begin(place=place, **given)

    async def back(self, tab: Tab, _: None) -> None:
        tab.do(tab.facade.back)

    async def stop(self, tab: Tab, _: None) -> None:
        tab.do(tab.facade.stop)

    async def start(self, tab: Tab, _: None) -> None:
        tab.do(tab.facade.start)

    async def flush(self, tab: Tab, _: None) -> None:
        tab.do(tab.facade.flush)

    async def storage(self, _: Tab, what: Any) -> None:
        """Somebody writes into storage, or clears it; an id is so many milliseconds from now."""
        stored = self.browser.now() + what if isinstance(what, int) else what
        self.browser.write(None, SESSION, stored)
        self.browser.write(None, LAST_ACCESS, None if stored is None else self.browser.now())

    async def recorder(self, _: Tab, how: str) -> None:
        self.browser.recorder = how

    async def config(self, _: Tab, status: int) -> None:
        self.browser.config = status

    async def upload(self, _: Tab, status: int) -> None:
        self.browser.upload = status


def told(mode: str, steps: Sequence[Step]) -> list[Seen]:
    """What becomes of a page, step by step."""
    tale: list[Seen] = []

    async def story(browser: Browser) -> None:
        player, names = Player(browser), Names()
        for step in steps:
            before = len(browser.delivered)
            await player.play(step)
            arrived = sorted(browser.delivered[before:], key=_count)
            events = tuple(_event(mode, names, each) for each in arrived)
            pages = tuple(names.page(tab.facade.it, tab.facade.sessions, tab.errors) for tab in browser.tabs)
            tale.append(Seen(events, pages, names.recordings(browser.kept)))

    run(mode, story)
    return tale


def _count(event: dict[str, Any]) -> int:
    return event["number"]


def _event(mode: str, names: Names, event: dict[str, Any]) -> Event:
    logged = mode != "classic-device" or event["type"] == "track"
    device, session = (event.get("device_id"), event.get("session_id")) if logged else (None, None)
    return names.event(event["name"], device, session, event["properties"].get(REPLAY_ID))
