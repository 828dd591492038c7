"""A page in memory, as far as a mode can see one. Its owners of sessions do what the real ones were seen to do.

- Segment's plugin begins a session when none is stored or the stored one has been idle for 30 minutes, stores id and
  time with every event, and puts the id on it.
- amplitude-js begins one while it logs, when its last event is more than 30 minutes old, also in the past.
"""

from copy import deepcopy
from typing import Any

from pyscript_replay.device import REPLAY_ID
from pyscript_replay.modes.base import Mode

MINUTE = 60_000
NOON = 1795608000000
OPTIONS = {"amplitude_options": {}}


class World:
    """What a browser keeps: the clock, the visitor, storage and amplitude-js's cookie."""

    def __init__(self) -> None:
        self.now, self.visitor = NOON, "ada"
        self.stored: Any = None
        self.access: Any = None
        self.amplitude: dict[str, Any] = {
            "session_id": None,
            "device_id": "amplitude-device",
            "last_event_time": None,
            "session_timeout": 30 * MINUTE,
        }


class Page:
    """One page, or tab, of it: what a mode is shown, and what becomes of its answers."""

    def __init__(self, mode: type[Mode], settings: dict | None = None) -> None:
        self.mode = mode(OPTIONS, settings or {})
        self.world = World()
        self.recording = self.settled = self.has_plugin = True
        self.moves: list[Any] = []
        self.problems: list[str] = []
        self.told: list[str] = []  # the same in full

    def facts(self, event: dict | None = None, waited: bool = False) -> dict:
        following = self.mode.following
        return {
            "now": self.world.now,
            "visitor": self.world.visitor,
            "stored": self.world.stored,
            "access": self.world.access,
            "amplitude": self.world.amplitude,
            "event": event,
            "properties": {REPLAY_ID: following.replay_id} if event and self.recording else None,
            "recording": self.recording,
            "settled": self.settled,
            "plugin": self.has_plugin,
            "waited": waited,
        }

    def carry_out(self, answer: Any) -> dict:
        patch = answer.patch
        if answer.problem:
            self.problems.append(answer.problem.code)
            self.told.append(str(answer.problem))
        if answer.move:
            self.moves.append((answer.move.session_id, answer.move.device_id, answer.move.reason))
        if patch.get("clear"):
            self.world.stored = self.world.access = None
        if patch.get("store"):
            self.world.stored = patch["store"]
        if patch.get("touch"):
            self.world.access = self.world.now
        for name, value in (patch.get("amplitude") or {}).items():
            self.world.amplitude[name] = value
            if name == "session_id":
                self.world.amplitude["last_event_time"] = self.world.now
        return patch

    def begin(self) -> dict:
        return self.carry_out(self.mode.begin(self.facts()))

    def look(self) -> dict:
        return self.carry_out(self.mode.look(self.facts()))

    def reset(self, visitor: str) -> dict:
        self.world.visitor = visitor
        return self.carry_out(self.mode.reset(self.facts()))

    def event(self, session_id: Any = None, **more: Any) -> dict:
        """An event passes. One that opens a session waits, and is looked at again."""
        event = {
            "type": "track",
            **dict.fromkeys(("name", "category", "user_id", "group_id")),
            "traits": False,
            "anonymous_id": self.world.visitor,
            "allowed": True,
            "session_id": session_id,
            **more,
        }
        patch = self._answered(event)
        return self._answered(event) if patch.get("wait") else patch

    def _answered(self, event: dict) -> dict:
        facts = deepcopy(self.facts(event))
        answer = self.mode.event(deepcopy(facts))
        self._must_hold(facts, {"holds": 0, **answer.patch})
        return self.carry_out(answer)

    def _must_hold(self, facts: dict, patch: dict) -> None:
        """The page does not ask again while the answer holds: it would be the same, and leave no trace."""
        first, last = facts["now"], patch["holds"] - 1
        moved = {"now": last, "access": last, "amplitude": {**facts["amplitude"], "last_event_time": last}}
        for times in ({}, {"now": last}, moved) if first <= last else ():
            mode = deepcopy(self.mode)
            answer = mode.event({**facts, **times})
            assert {**answer.patch, "holds": None} == {**patch, "holds": None}
            assert (answer.move, answer.problem) == (None, None)
            assert _known(mode) == _known(self.mode)

    def plugin(self) -> dict:
        """An event passes Segment's plugin, which begins and stores sessions, and then the mode."""
        if self.world.stored is None or self.world.access is None or self.world.now - self.world.access >= 30 * MINUTE:
            self.world.stored = self.world.now
        self.world.access = self.world.now
        return self.event(self.world.stored)

    def logged(self) -> dict:
        """An event passes the mode, and then amplitude-js logs it."""
        patch = self.event()
        amplitude, last = self.world.amplitude, self.world.amplitude["last_event_time"]
        if amplitude["session_id"] is None or last is None or self.world.now - last > amplitude["session_timeout"]:
            amplitude["session_id"] = self.world.now
        amplitude["last_event_time"] = self.world.now
        return patch


def _known(mode: Mode) -> list[Any]:
    return [{**vars(mode), "following": None}, vars(mode.following)]


def replay_id(patch: dict) -> str | None:
    return (patch.get("properties") or {}).get(REPLAY_ID)
