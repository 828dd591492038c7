"""What is known of the session and its visitor: looks in, moves out."""

import pytest

from pyscript_replay import session
from pyscript_replay.following import MOST_GONE, Following, Gone, Move
from pyscript_replay.session import OURS, THEIRS

OLD, NEW = 1_795_433_609_897, 1_795_435_509_897
MARKED = {"replay": "of then"}


def moved(answer: tuple) -> Move | None:
    return answer[1]


def test_a_session_that_was_there_before_the_page_is_resumed_also_by_an_event() -> None:
    assert moved(Following(THEIRS).see("ada", OLD, event=OLD)) == Move(None, OLD, "ada", session.RESUMED)


def test_a_session_that_its_owner_stores_with_the_event_has_started() -> None:
    following = Following(THEIRS)
    following.see("ada", None)
    assert moved(following.see("ada", OLD, event=OLD)) == Move(None, OLD, "ada", session.STARTED)
    assert moved(following.see("ada", NEW, event=NEW)) == Move(OLD, NEW, "ada", session.RENEWED)


def test_a_visitor_who_comes_before_any_session_has_the_next_one() -> None:
    following = Following(THEIRS)
    following.see("ada", None)
    answer = moved(following.begin_anew("grace", NEW, None))
    assert answer == Move(None, None, "grace", session.UNCHANGED)
    assert following.gone("ada") is None, "nothing was recorded of her"
    assert moved(following.see("grace", NEW, event=NEW)) == Move(None, NEW, "grace", session.STARTED)


@pytest.mark.parametrize("owner", [THEIRS, OURS])
def test_a_visitor_begins_a_session_of_their_own_after_the_one_that_was_going_on(owner: str) -> None:
    following = Following(owner)
    following.see("ada", OLD)
    decision, move = following.begin_anew("grace", NEW, OLD, MARKED)
    assert move == Move(OLD, NEW, "grace", session.IDENTITY_CHANGED) and decision.store == NEW
    assert following.gone("ada") == Gone("ada", OLD, MARKED)
    assert following.gone("grace") is None


@pytest.mark.parametrize(("now", "last"), [(NEW, NEW), (OLD - 5, OLD + 1)])
def test_the_last_words_of_who_has_gone_after_the_end_of_their_session_are_of_one_that_nobody_recorded(
    now: int, last: int
) -> None:
    following = Following(THEIRS)
    following.see("ada", OLD)
    assert moved(following.begin_anew("grace", now, OLD, MARKED, over=True)) == Move(
        OLD, last + 1, "grace", session.IDENTITY_CHANGED
    )
    assert following.gone("ada") == Gone("ada", last, {})


def test_a_device_id_that_is_refused_ends_the_recording_and_late_events_keep_theirs() -> None:
    following = Following(THEIRS)
    following.see("ada", OLD)
    assert moved(following.see(None, OLD, properties=MARKED)) == Move(OLD, None, None, session.UNCHANGED)
    assert following.replay_id is None
    assert following.gone("ada") == Gone("ada", OLD, MARKED)
    assert moved(following.see("ada", OLD)) == Move(None, OLD, "ada", session.RESUMED)


def test_of_visitors_who_have_gone_only_the_last_ones_are_remembered() -> None:
    following = Following(THEIRS)
    following.see("visitor-0", OLD)
    for number in range(1, MOST_GONE + 2):
        following.begin_anew(f"visitor-{number}", OLD + number, OLD)
    known = [number for number in range(MOST_GONE + 2) if following.gone(f"visitor-{number}")]
    assert known == list(range(1, MOST_GONE + 1))


def test_a_visitor_who_comes_back_has_not_gone() -> None:
    following = Following(THEIRS)
    following.see("ada", OLD)
    following.begin_anew("grace", NEW, OLD)
    following.see("ada", NEW)
    assert following.gone("ada") is None
    assert following.gone("grace") == Gone("grace", NEW, {})


def test_after_a_stop_nothing_is_known() -> None:
    following = Following(THEIRS)
    following.see("ada", OLD)
    following.begin_anew("grace", NEW, OLD)
    following.stop()
    assert (following.session_id, following.device_id, following.replay_id) == (None, None, None)
    assert following.gone("ada") is None
    assert following.over(OLD) == Gone(None, OLD, {})
    assert moved(following.see("grace", NEW, event=NEW)) == Move(None, NEW, "grace", session.RESUMED)


def test_nobody_waits_in_vain_twice_but_for_another_recording() -> None:
    following = Following(THEIRS)
    following.see("ada", OLD)
    following.gave_up = True
    following.see("ada", OLD)
    assert following.gave_up
    following.see("ada", NEW)
    assert not following.gave_up
