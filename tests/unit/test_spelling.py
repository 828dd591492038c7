"""The nearest word: what is a slip of which."""

import pytest

from pyscript_replay.spelling import near, nearest

WORDS = ["mode", "consent", "session-events"]


@pytest.mark.parametrize("word", ["mode", "MODE", "mods", "mde", "modee", "xmode"])
def test_one_edit_is_a_slip(word: str) -> None:
    assert near(word, WORDS) == "mode"


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("moed", None),  # two, of four letters
        ("sesion-event", "session-events"),
        ("ssion-evens", "session-events"),  # three, of fourteen
        ("ssion-even", None),
        ("", None),
    ],
)
def test_a_longer_word_may_have_more_of_them(word: str, expected: str | None) -> None:
    assert near(word, WORDS) == expected


def test_the_nearest_is_always_one_of_them() -> None:
    assert nearest("session_event", WORDS) == "session-events"
    assert nearest("moed", WORDS) == "mode"
    assert nearest("CONSENTS", WORDS) == "consent"
