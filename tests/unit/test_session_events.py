"""The events of a session's start and end: which are due when replay moves."""

import pytest

from pyscript_replay import session, session_events
from pyscript_replay.following import Following, Gone, Move

OLD, NEW = 1_795_433_609_897, 1_795_435_509_897
ADA, BOB = "ada", "bob"


@pytest.mark.parametrize(
    ("reason", "last", "left", "expected"),
    [
        (session.STARTED, None, None, [("session_started", NEW, ADA)]),
        (session.RENEWED, (OLD, ADA), OLD, [("session_ended", OLD, ADA), ("session_started", NEW, ADA)]),
        (session.RENEWED, None, OLD, [("session_ended", OLD, ADA), ("session_started", NEW, ADA)]),
        (session.IDENTITY_CHANGED, (OLD, BOB), OLD, [("session_ended", OLD, BOB), ("session_started", NEW, ADA)]),
        (session.RESUMED, None, NEW, []),
        (session.RETURNED, (OLD, ADA), OLD, []),
    ],
)
def test_events_that_are_due(reason: str, last: tuple | None, left: int | None, expected: list) -> None:
    due = session_events.due(Move(OLD, NEW, ADA, reason), last, left)
    assert [(name, properties["session_id"]) for name, properties, _ in due] == [each[:2] for each in expected]
    assert [options for _, _, options in due] == [{"messageId": f"{each[0]}-{each[2]}/{each[1]}"} for each in expected]


def test_nothing_is_due_where_nothing_is_recorded() -> None:
    assert session_events.due(Move(OLD, None, ADA, session.IDENTITY_CHANGED), (OLD, ADA), OLD) == []


def test_what_was_recorded_in_a_session_is_known_once_it_is_over() -> None:
    following = Following(session.OURS)
    following.see(ADA, OLD)
    following.see(ADA, NEW, properties={"replay": "of the old one"})
    assert following.over(OLD) == Gone(ADA, OLD, {"replay": "of the old one"})
    assert following.over(OLD - 1) == Gone(None, OLD - 1, {})
