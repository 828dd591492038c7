"""Random histories of a page and its tabs, against the promises: an event never carries a replay id of another session
or another device than its own, nor any while nothing is recorded; and what is recorded follows the owner's session.
"""

import random
from collections.abc import Callable

import pytest

from pyscript_replay.modes.actions import Actions
from pyscript_replay.modes.base import Mode
from pyscript_replay.modes.classic_cloud import ClassicCloud
from pyscript_replay.modes.classic_device import ClassicDevice

from .page import MINUTE, Page, World, replay_id

HISTORIES = 2500
STEPS = 40


class History:
    """Two tabs of one browser, and a dice."""

    def __init__(self, mode: type[Mode], seed: int) -> None:
        self.dice = random.Random(seed)
        self.kind, self.world = mode, World()
        self.tabs = [Page(mode, self.world) for _ in range(2)]
        self.visitors = ["ada"]
        self.told: list[str] = []  # what has happened, for who reads a failure
        for tab in self.tabs:
            tab.begin()

    def run(self) -> None:
        steps: list[Callable[[Page], None]] = [self.event] * 6
        steps += [self.late, self.idle, self.clock, self.reset, self.another, self.look, self.reload, self.outside]
        steps += [self.recorder]
        for _ in range(STEPS):
            step = self.dice.choice(steps)
            self.told.append(step.__name__)
            step(self.dice.choice(self.tabs))
            self.world.now += self.dice.randint(1, 5000)

    def event(self, tab: Page) -> None:
        patch = tab.plugin() if self.kind is Actions else tab.logged() if self.kind is ClassicDevice else tab.event()
        owner = {
            Actions: self.world.stored,
            ClassicDevice: self.world.amplitude["session_id"],
            ClassicCloud: patch.get("session_id"),
        }[self.kind]
        device = "amplitude-device" if self.kind is ClassicDevice else self.world.visitor
        expected = f"{device}/{owner}" if tab.recording else None
        assert replay_id(patch) == expected, self.told
        assert tab.mode.following.replay_id == f"{device}/{owner}", self.told
        if self.kind is not ClassicDevice:
            assert patch["session_id"] == owner, self.told

    def late(self, tab: Page) -> None:
        """An event of a visitor who may have gone since."""
        maker = self.dice.choice(self.visitors)
        carried = replay_id(tab.event(self.world.stored, anonymous_id=maker))
        if carried and self.kind is not ClassicDevice:
            assert carried.startswith(f"{maker}/"), self.told

    def idle(self, tab: Page) -> None:
        self.world.now += self.dice.choice((5, 29, 31, 600)) * MINUTE

    def clock(self, tab: Page) -> None:
        """Somebody sets the clock."""
        self.world.now += self.dice.choice((-600, -61, -31, -29, -1, 1, 61, 10_000)) * MINUTE

    def reset(self, tab: Page) -> None:
        self.visitors.append(f"visitor-{len(self.visitors)}")
        if self.kind is ClassicDevice:
            self.world.visitor = self.visitors[-1]
        else:
            tab.reset(self.visitors[-1])

    def another(self, tab: Page) -> None:
        """``identify()`` of another user: another visitor in the same session."""
        self.visitors.append(f"visitor-{len(self.visitors)}")
        self.world.visitor = self.visitors[-1]

    def look(self, tab: Page) -> None:
        tab.look()

    def reload(self, tab: Page) -> None:
        self.tabs[self.tabs.index(tab)] = fresh = Page(self.kind, self.world)
        fresh.begin()

    def outside(self, tab: Page) -> None:
        """Somebody writes into storage, or clears it."""
        self.world.stored = self.dice.choice((None, None, "abc", self.world.now - 5, self.world.now + 5))
        self.world.access = None if self.world.stored is None else self.world.now

    def recorder(self, tab: Page) -> None:
        """The recording ends, or begins."""
        tab.recording = not tab.recording


@pytest.mark.parametrize("mode", [Actions, ClassicDevice, ClassicCloud])
def test_no_history_breaks_a_promise(mode: type[Mode]) -> None:
    for seed in range(HISTORIES):
        History(mode, seed).run()


def test_ids_that_are_ours_never_move_back_whatever_the_clock_does() -> None:
    for seed in range(HISTORIES // 5):
        history = History(ClassicCloud, seed)
        history.outside = lambda tab: None  # who writes a later id has it followed, and no earlier one
        history.run()
        for tab in history.tabs:
            ids = [move[0] for move in tab.moves if move[0] is not None]
            assert ids == sorted(ids), (seed, history.told)
