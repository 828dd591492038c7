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
from collections.abc import Sequence
from typing import Any

import pytest

from ..histories import SETTLED_S, Step, history, shortened, shown
from .memory.browser import SESSION, Browser, Tab, pause, run
from .memory.player import Player
from .test_wiring import MODES, its_own, replay_id

BLOCKS, BLOCK = (1, 50) if os.environ.get("MUTANT_UNDER_TEST") else (20, 500)
STOPPED_S = 2.5  # after so long, a stop is over
CARRY = ("track", "page")
UNWELL = ("stop", "storage", "recorder", "config", "upload")


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


class History(Player):
    """The steps, and after each a look."""

    browser: Watched

    async def run(self, steps: Sequence[Step]) -> None:
        for step in steps:
            if step.name in UNWELL:
                self.browser.healthy = False
            await self.play(step)
            self.browser.look(step.seconds == SETTLED_S)
        await self._all_is_well_again()

    async def stop(self, tab: Tab, _: None) -> None:
        await super().stop(tab, _)
        await pause(0.001)  # what was before the stop arrives
        self.browser.newest.clear()  # a start has no session to go on from

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


def broken(mode: str, steps: Sequence[Step]) -> str | None:
    """The promise that this history breaks."""

    async def story(browser: Watched) -> None:
        await History(browser).run(steps)

    try:
        run(mode, story, Watched)
    except AssertionError as error:
        return str(error).partition("\n")[0]
    return None


@pytest.mark.parametrize("block", range(BLOCKS))
@pytest.mark.parametrize("mode", MODES)
def test_no_history_breaks_a_promise(mode: str, block: int) -> None:
    for seed in range(block * BLOCK, (block + 1) * BLOCK):
        if broken(mode, history(seed)):
            steps = shortened(history(seed), lambda fewer: broken(mode, fewer))
            pytest.fail(f"seed {seed}: {broken(mode, steps)}\n{shown(steps)}")
