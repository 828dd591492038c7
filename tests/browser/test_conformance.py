"""The page in memory tells the truth: the same steps, there and on the real SDKs in a real browser, come to the same.

After each step what was delivered and uploaded, and what ``window.pyscriptReplay`` says, are compared: events, devices,
sessions, replay ids, recordings, transitions, status, and errors. What ``tests/unit`` proves in memory rests on this.
"""

import pytest

from ..histories import Page, Seen, Step, difference, history, settled
from ..unit.memory import player as memory
from . import player as real
from .conftest import Site

MODES = ("actions", "classic-device", "classic-cloud")
EVENT = Step("event", "track")
PAGE = Step("event", "page")

STORIES: dict[str, list[Step]] = {
    "events of every kind": [Step("event", kind) for kind in ("track", "page", "identify", "group", "track")],
    "excluded from Amplitude": [EVENT, Step("excluded", "track"), EVENT],
    "a burst": [Step("burst", 3)],
    "through us": [EVENT, Step("through_us"), EVENT],
    "29 and 31 minutes": [EVENT, Step("idle", 29), EVENT, Step("idle", 31), EVENT],
    "reset": [EVENT, Step("reset"), EVENT],
    "reset without an event": [Step("reset"), EVENT],
    "late events of who has gone": [EVENT, Step("late", 2), EVENT],
    "last words after 31 minutes": [EVENT, Step("idle", 31), Step("late", 1), EVENT],
    "the same user again": [Step("identify", "ada"), EVENT, Step("identify", "ada"), EVENT],
    "another user": [EVENT, Step("identify", "ada"), EVENT, Step("identify", "bob"), EVENT],
    "reload": [EVENT, Step("reload"), EVENT, Step("idle", 31), Step("reload"), EVENT],
    "clock back": [EVENT, Step("clock", -61), EVENT, Step("idle", 31), EVENT],
    "clock a week forward before the first user": [Step("clock", 10_000), Step("identify", "bob")],
    "a burst of which uploads fail": [Step("upload", 503), Step("burst", 2)],
    "clock forward": [EVENT, Step("clock", 10_000), EVENT, EVENT],
    "stop and start": [EVENT, Step("stop"), EVENT, Step("reload"), EVENT, Step("start"), EVENT],
    "reset while stopped": [EVENT, Step("stop"), Step("reset"), EVENT, Step("start"), EVENT],
    "31 minutes while stopped": [EVENT, Step("stop"), Step("idle", 31), Step("start"), EVENT],
    "two tabs": [EVENT, Step("another_tab"), Step("idle", 31), EVENT, Step("event", "track", 1), Step("reset"), EVENT],
    "stop in another tab": [EVENT, Step("another_tab"), Step("stop", None, 1), EVENT, Step("start"), EVENT],
    "rrweb is missing": [
        Step("recorder", "missing"),
        Step("reload"),
        EVENT,
        Step("recorder", "there"),
        Step("start"),
        EVENT,
    ],
    "configuration refused": [Step("config", 403), Step("reload"), EVENT, Step("config", 200), Step("start"), EVENT],
    "uploads refused": [
        Step("upload", 403),
        Step("reload"),
        EVENT,
        Step("flush"),
        EVENT,
        Step("upload", 200),
        Step("start"),
        EVENT,
    ],
    "uploads refused later": [EVENT, Step("upload", 403), EVENT, EVENT, Step("upload", 200), Step("start"), EVENT],
    "uploads and configuration refused": [EVENT, Step("config", 403), Step("upload", 503), EVENT, Step("reset"), EVENT],
    "uploads that fail for a while": [Step("upload", 503), EVENT, EVENT, Step("upload", 200), Step("start"), EVENT],
    "29 minutes after a group": [
        Step("event", "group"),
        Step("idle", 29),
        Step("event", "group"),
        Step("reload"),
        EVENT,
    ],
    "another group after a reload": [Step("event", "group"), Step("reload"), Step("event", "group")],
    "a visitor who changes while the session is over": [
        EVENT,
        Step("identify", "ada"),
        Step("another_tab"),
        Step("idle", 31),
        Step("event", "identify"),
        EVENT,
    ],
    "another tab begins the first session": [Step("another_tab"), Step("late", 2, 1), Step("reload"), EVENT],
    "storage cleared": [EVENT, Step("storage", None), EVENT, EVENT],
    "garbage in storage": [EVENT, Step("storage", "abc"), EVENT, EVENT],
    "another session stored": [EVENT, Step("storage", 1000), EVENT, EVENT],
    "an older session stored": [EVENT, Step("storage", -1000), EVENT, EVENT],
    "a visitor who goes in a tab that waits for consent": [
        Step("open", "wait"),
        Step("burst", 2),
        Step("another_tab"),
        Step("start", None, 1),
        Step("reset"),
    ],
    "another group after another tab's reset": [
        Step("event", "group"),
        Step("another_tab"),
        Step("reset"),
        Step("event", "group", 1),
    ],
    "before consent": [],
}
OPEN = {name: Step("open", "granted") for name in STORIES}
STORIES["before consent"] = [Step("open", "wait"), EVENT, Step("start"), EVENT, Step("reload"), EVENT]


def steps(name: str) -> list[Step]:
    story = STORIES[name]
    return story if story[0].name == "open" else [OPEN[name], *story]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", STORIES)
def test_story_in_memory_and_on_the_real_sdks(site: Site, name: str, mode: str) -> None:
    assert_agreed(site, mode, steps(name))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", range(2))
def test_random_history_in_memory_and_on_the_real_sdks(site: Site, seed: int, mode: str) -> None:
    """``uv run python -m tests.browser`` plays more of them."""
    assert_agreed(site, mode, settled(history(seed)))


def assert_agreed(site: Site, mode: str, story: list[Step]) -> None:
    expected, told = memory.told(mode, story), real.told(site, mode, story)
    assert not (problem := difference(story, expected, told)), problem


def test_players_differ_but_for_how_another_tab_hears_of_a_new_visitor() -> None:
    def seen(*transitions: str, tabs: int = 2) -> list[Seen]:
        page = Page("running", True, "device 2", "session 2", transitions, ())
        return [Seen((), (page,) * tabs, frozenset())]

    once, twice = "identity-changed: session 1 to session 2 of device 2", "resumed: None to session 2 of device 2"
    assert difference([EVENT], seen(once), seen(twice)) == ""
    assert difference([EVENT], seen(once, tabs=1), seen(twice, tabs=1))
    assert difference([EVENT], seen(once), seen(once.replace("session 2", "session 3")))
    assert difference([EVENT], seen(once), seen("expired: session 1 to session 2 of device 2"))
