"""Random histories of the whole wiring in memory, against its promises, which are stated here and nowhere else:

- each event is delivered once, and in order;
- an event carries a replay id of no other session or device than its own, and only while a full snapshot of that very
  session runs, or ran when its visitor was there;
- what is recorded is uploaded, under its own replay id;
- while nothing is wrong with the recording, each event that may carry one does;
- nothing is recorded, asked for, uploaded, stored or marked while stopped or before consent;
- ``status`` and ``recording`` tell the truth;
- the ids that are ours (classic-cloud) only move forward;
- whatever has happened, once all is well and ``start()`` is called, events are marked again.

A history is a list of steps, made from a seed. One that breaks a promise is shortened before it is shown.
"""

import os
import random
from typing import Any, NamedTuple

import pytest

from .memory.browser import LAST_ACCESS, SESSION, Browser, Tab, pause, run
from .memory.clock import MINUTE
from .test_wiring import MODES, its_own, replay_id

HISTORIES = 100 if os.environ.get("MUTANT_UNDER_TEST") else 500
STEPS = 14
SETTLED_S = 12  # more than a recording has to begin, or a stop to end
STOPPED_S = 2.5  # after so long, a stop is over
CARRY = ("track", "page")


class Step(NamedTuple):
    """What happens, in which tab, with what, and how many seconds then pass."""

    name: str
    tab: int
    what: Any
    seconds: float


CHOICES: dict[str, tuple] = {
    "event": ("track", "track", "track", "page", "identify", "group"),
    "excluded": ("track", "page"),
    "burst": (2, 3),
    "late": (1, 2),
    "through_us": (None,),
    "reset": (None,),
    "identify": ("ada", "bob"),
    "idle": (5, 29, 31, 600),
    "clock": (-600, -61, -31, -29, -1, 1, 61, 10_000),
    "reload": (None,),
    "another_tab": (None,),
    "back": (None,),
    "stop": (None,),
    "start": (None,),
    "flush": (None,),
    "storage": (None, None, "abc", "", -1000, 1000),
    "recorder": ("missing", "there"),
    "config": (200, 403, 500),
    "upload": (200, 403, 503),
}
WEIGHTS = {"event": 8, "burst": 2, "late": 2, "idle": 2, "reset": 2}
PASSES = (0, 0.01, 0.03, 0.1, 3, SETTLED_S, SETTLED_S)


def history(seed: int) -> list[Step]:
    """The first step opens the page; half of the histories have no fault in them, and no stop."""
    dice = random.Random(seed)
    healthy = dice.random() < 0.5
    names = [name for name in CHOICES if not (healthy and name in ("recorder", "config", "upload", "stop", "storage"))]
    weights = [WEIGHTS.get(name, 1) for name in names]
    opening = "granted" if healthy else dice.choice(("granted", "granted", "wait"))
    steps = [Step("open", 0, opening, dice.choice(PASSES))]
    for name in dice.choices(names, weights, k=STEPS):
        steps.append(Step(name, dice.randrange(2), dice.choice(CHOICES[name]), dice.choice(PASSES)))
    return steps


class Watched(Browser):
    """A browser that has each promise kept."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.made: dict[Tab, int] = {}
        self.arrived: dict[Tab, list[int]] = {}
        self.newest: dict[Tab, int] = {}
        self.broken: list[str] = []
        self.healthy = True  # nothing was ever wrong, nobody has stopped, nobody has written into storage

    def must(self, kept: bool, broken: str) -> None:
        """Told at the next look: what is raised here might be caught by whoever calls."""
        if not kept:
            self.broken.append(broken)

    def deliver(self, event: dict[str, Any]) -> None:
        super().deliver(event)
        tab: Tab = event["tab"]
        self.arrived.setdefault(tab, []).append(event["number"])
        marked = replay_id(event)
        if marked:
            late = event["anonymous_id"] != self.visitor and marked in tab.sdk.snapshots
            self.must(marked == its_own(event), "a replay id of another session or device")
            self.must(marked == event["recorded"] or late, "a replay id without a recording")
            self.must(event["live"], "marked while stopped, or before consent")
            self.must(event["type"] in CARRY and not event["excluded"], "marked, and may not be")
        if self.mode == "classic-cloud" and event["live"] and event["anonymous_id"] == self.visitor:
            session_id = event["session_id"] or 0
            self.must(event["excluded"] or session_id >= self.newest.get(tab, 0), "an id of ours moved back")
            self.newest[tab] = max(session_id, self.newest.get(tab, 0))

    def write(self, tab: Tab | None, key: str, value: Any) -> None:
        if tab and key == SESSION and value is not None and self.mode != "actions":
            self.must(tab.facade.live, "stored while stopped, or before consent")
        super().write(tab, key, value)

    def contact(self, tab: Tab, what: str) -> None:
        super().contact(tab, what)
        stopping = tab.status == "stopped" and self.loop.time() - tab.facade.since < STOPPED_S
        if what == "upload":
            self.must(self.uploads[-1] in tab.sdk.snapshots, "uploaded under another id than recorded")
        self.must(stopping or tab.status not in ("stopped", "waiting"), f"{what} while stopped, or before consent")

    def look(self, settled: bool) -> None:
        """What must be true now; ``settled``: enough time has passed for whatever was under way."""
        assert not self.broken, self.broken[0]
        for tab in self.tabs:
            running = tab.sdk.running
            if tab.recording:
                assert running == tab.replay_id, "`recording`, and nothing is recorded"
            if tab.status in ("stopped", "waiting"):
                assert not tab.recording and tab.replay_id is None, "stopped, and shows a recording"
                assert running is None, "recorded while stopped, or before consent"
            if settled:
                self._look_closer(tab)

    def _look_closer(self, tab: Tab) -> None:
        assert tab.status != "loading", "nobody knows what has become of it"
        if tab.status == "running" and tab.replay_id:
            assert tab.recording, "running, and not recording"
        if tab.sdk.running:
            assert tab.sdk.running == tab.replay_id, "another session is recorded"
        if self.healthy:
            assert tab.status in ("running", "waiting"), "failed, and nothing was wrong"


class History:
    def __init__(self, browser: Watched) -> None:
        self.browser = browser

    async def run(self, steps: list[Step]) -> None:
        browser = self.browser
        for step in steps:
            tab = browser.tabs[step.tab % len(browser.tabs)] if browser.tabs else None
            await getattr(self, step.name)(tab, step.what)
            await pause(step.seconds)
            browser.look(step.seconds == SETTLED_S)
        await self._all_is_well_again()

    async def _all_is_well_again(self) -> None:
        browser = self.browser
        browser.recorder, browser.config, browser.upload = "there", 200, 200
        for tab in list(browser.tabs):
            await pause(SETTLED_S)
            if tab.status != "running":
                tab.do(tab.facade.start)
            await pause(SETTLED_S)
            await tab.track()  # a recording that was refused may begin with it
            event = await tab.track()
            assert replay_id(event) == its_own(event), "all is well, and an event is not marked"
            recorded = set(tab.sdk.snapshots)
            assert recorded <= set(browser.uploads) or not browser.healthy, "recorded, and not uploaded"
        browser.look(settled=True)
        for tab, arrived in browser.arrived.items():
            if not tab.closed:
                assert arrived == list(range(1, tab.analytics.count + 1)), "an event was lost, doubled or overtaken"

    # The steps.

    async def open(self, _: Tab | None, consent: str) -> None:
        self.browser.begin(consent=consent)

    async def another_tab(self, tab: Tab, _: None) -> None:
        if len(self.browser.tabs) < 2:
            self.browser.begin(**tab.given)

    async def event(self, tab: Tab, kind: str) -> None:
        tab.do(tab.analytics.event, kind, "Name")

    async def excluded(self, tab: Tab, kind: str) -> None:
        off = {"Actions Amplitude": False, "Amplitude": False}
        tab.do(lambda: tab.analytics.event(kind, "Name", {}, off))

    async def burst(self, tab: Tab, count: int) -> None:
        for _ in range(count):
            tab.do(tab.analytics.event, "track", "Name")

    async def late(self, tab: Tab, count: int) -> None:
        """Events that are still on their way when their visitor goes, and one of the next visitor."""
        for _ in range(count):
            tab.do(tab.analytics.event, "track", "Name")
        tab.do(tab.analytics.reset)
        tab.do(tab.analytics.event, "track", "Name")

    async def through_us(self, tab: Tab, _: None) -> None:
        tab.do(tab.facade.track, "Name", {})

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
        given = tab.given
        tab.close()
        self.browser.begin(**given)

    async def back(self, tab: Tab, _: None) -> None:
        tab.do(tab.facade.back)

    async def stop(self, tab: Tab, _: None) -> None:
        self.browser.healthy = False
        self.browser.newest.clear()
        tab.do(tab.facade.stop)

    async def start(self, tab: Tab, _: None) -> None:
        tab.do(tab.facade.start)

    async def flush(self, tab: Tab, _: None) -> None:
        tab.do(tab.facade.flush)

    async def storage(self, _: Tab, what: Any) -> None:
        """Somebody writes into storage, or clears it; an id is so many milliseconds from now."""
        browser = self.browser
        browser.healthy = False
        stored = browser.now() + what if isinstance(what, int) else what
        browser.write(None, SESSION, stored)
        browser.write(None, LAST_ACCESS, None if stored is None else browser.now())

    async def recorder(self, _: Tab, how: str) -> None:
        self.browser.healthy, self.browser.recorder = False, how

    async def config(self, _: Tab, status: int) -> None:
        self.browser.healthy, self.browser.config = False, status

    async def upload(self, _: Tab, status: int) -> None:
        self.browser.healthy, self.browser.upload = False, status


def broken(mode: str, steps: list[Step]) -> str | None:
    """The promise that this history breaks."""

    async def story(browser: Watched) -> None:
        await History(browser).run(steps)

    try:
        run(mode, story, Watched)
    except AssertionError as error:
        return str(error).partition("\n")[0]
    return None


def shortened(mode: str, steps: list[Step]) -> list[Step]:
    """The history without the steps that it can do without and still break some promise."""
    position = len(steps) - 1
    while position > 0:
        fewer = steps[:position] + steps[position + 1 :]
        if broken(mode, fewer):
            steps = fewer
        position -= 1
    return steps


@pytest.mark.parametrize("mode", MODES)
def test_no_history_breaks_a_promise(mode: str) -> None:
    for seed in range(HISTORIES):
        if broken(mode, history(seed)):
            steps = shortened(mode, history(seed))
            shown = "\n".join(f"    {step}" for step in steps)
            pytest.fail(f"seed {seed}: {broken(mode, steps)}\n{shown}")
