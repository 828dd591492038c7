"""What may happen on a page and in its tabs, as lists of steps: random ones from a seed, and shorter ones.

Who plays them: the page in memory (``tests/unit/memory/player.py``) and a real browser (``tests/browser/player.py``).
"""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

STEPS = 14  # at most
EXCLUDED = {"Actions Amplitude": False, "Amplitude": False}  # the integrations of an event that is not for Amplitude
SETTLED_S = 12  # more than a recording has to begin, or a stop to end


class Step(NamedTuple):
    """What happens, in which tab, with what, and how many seconds then pass."""

    name: str
    what: Any = None
    tab: int = 0
    seconds: float = SETTLED_S


class Event(NamedTuple):
    """As it was delivered. ``device`` and ``session`` are those that Amplitude takes it for."""

    name: str
    device: str | None
    session: str | None
    replay_id: str | None


class Page(NamedTuple):
    """What ``window.pyscriptReplay`` says of itself, and what it has told of: transitions, and codes of errors."""

    status: str
    recording: bool
    device: str | None
    session: str | None
    transitions: tuple[str, ...]
    errors: tuple[str, ...]


class Seen(NamedTuple):
    """What a step has come to."""

    events: tuple[Event, ...]
    pages: tuple[Page, ...]
    recordings: frozenset[str]  # the replay ids of all that has been uploaded so far


class Names:
    """Names for ids, in the order in which they are met: two players never make the same ids."""

    def __init__(self) -> None:
        self._known: dict[str, dict[Any, str]] = {"device": {}, "session": {}}

    def name(self, kind: str, it: Any) -> str | None:
        known = self._known[kind]
        return None if it is None else known.setdefault(str(it), f"{kind} {len(known) + 1}")

    def event(self, name: str, device: Any, session: Any, replay_id: str | None) -> Event:
        device, session = self.name("device", device), self.name("session", session)
        return Event(name, device, session, replay_id and self._replay_id(replay_id))

    def page(self, facade: Mapping[str, Any], transitions: Sequence[Mapping[str, Any]], errors: Sequence[str]) -> Page:
        device, session = self.name("device", facade["deviceId"]), self.name("session", facade["sessionId"])
        told = tuple(self._transition(each) for each in transitions)
        return Page(facade["status"], facade["recording"], device, session, told, tuple(errors))

    def recordings(self, replay_ids: Iterable[str]) -> frozenset[str]:
        return frozenset(self._replay_id(each) for each in replay_ids)

    def _transition(self, told: Mapping[str, Any]) -> str:
        previous, current = self.name("session", told["previous"]), self.name("session", told["current"])
        return f"{told['reason']}: {previous} to {current} of {self.name('device', told['deviceId'])}"

    def _replay_id(self, replay_id: str) -> str:
        device, _, session = replay_id.rpartition("/")
        return f"{self.name('device', device)}, {self.name('session', session)}"


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
    steps = [Step("open", opening, 0, dice.choice(PASSES))]
    for name in dice.choices(names, weights, k=dice.randint(1, STEPS)):
        steps.append(Step(name, dice.choice(CHOICES[name]), dice.randrange(2), dice.choice(PASSES)))
    return steps


def settled(steps: Sequence[Step]) -> list[Step]:
    """The same without races: whatever a step has begun is over before the next.

    Nor do uploads fail for a while, which counts after several of them: how many there are is the SDK's own affair.
    """
    return [_settled(step) for step in steps if step.name != "back"]


def _settled(step: Step) -> Step:
    passing = step.name == "upload" and step.what == 503
    return step._replace(what=403 if passing else step.what, seconds=SETTLED_S)


def shortened(steps: Sequence[Step], broken: Callable[[Sequence[Step]], object]) -> Sequence[Step]:
    """The steps without those that it can do without and still be ``broken``."""
    for position in range(len(steps) - 1, 0, -1):
        fewer = [*steps[:position], *steps[position + 1 :]]
        if broken(fewer):
            steps = fewer
    return steps


def shown(steps: Sequence[Step]) -> str:
    return "\n".join(f"    {step}," for step in steps)


def difference(steps: Sequence[Step], memory: Sequence[Seen], reality: Sequence[Seen]) -> str:
    """Where two players first disagree; empty where they don't."""
    for step, here, there in zip(steps, memory, reality, strict=True):
        here, there = here._replace(pages=_heard(here.pages)), there._replace(pages=_heard(there.pages))
        if here != there:
            told = [
                f"in memory:  {one}\nin reality: {other}"
                for one, other in zip(here, there, strict=True)
                if one != other
            ]
            return "\n".join([str(step), *told])
    return ""


def _heard(pages: tuple[Page, ...]) -> tuple[Page, ...]:
    """The pages, as they compare where there are several tabs. A new visitor and their session are stored one after the
    other, so another tab may hear of both at once, and calls that ``identity-changed``, or of one after the other, and
    calls the session ``resumed``."""
    if len(pages) == 1:
        return pages
    return tuple(each._replace(transitions=tuple(map(_another, each.transitions))) for each in pages)


def _another(transition: str) -> str:
    """A transition that may be told in either way, in one way: by the session that it comes to."""
    reason, _, change = transition.partition(": ")
    either = reason in ("identity-changed", "resumed")
    return f"another: {change.partition(' to ')[2]}" if either else transition
