"""Session ids: what they are, and when they move."""

import re
from itertools import product
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyscript_replay import session
from pyscript_replay.session import MAX_ID, NOT_LOOKED, Decision

from ..runtime.stories import EXPIRED, OUTLIVED, PARSED, STORIES

ids = st.integers(1, MAX_ID)
maybe = st.none() | ids
near = st.none() | st.integers(1, 4)  # ids that meet often
unlooked = st.just(NOT_LOOKED)
looks = st.tuples(near | unlooked, near | unlooked, near, st.booleans(), st.booleans()) | st.tuples(
    maybe | unlooked, maybe | unlooked, maybe, st.booleans(), st.booleans()
)
owners = st.sampled_from(sorted(session.OWNERS))


def named(value: object) -> str:
    """A name that can be typed on a command line."""
    return re.sub(r"[^\w.+-]", "_", ascii(value))[:40]


@pytest.mark.parametrize(("raw", "expected"), PARSED, ids=named)
def test_parse(raw: object, expected: int | None) -> None:
    assert session.parse(raw) == expected


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.complex_numbers(),
    lambda each: st.lists(each) | st.dictionaries(st.text(), each),
)
almost = st.text("0123456789.-+eE%27\"' _", max_size=20)


@given(anything | almost)
def test_parse_never_raises_and_answers_an_id_or_none(raw: object) -> None:
    parsed = session.parse(raw)
    assert parsed is None or (type(parsed) is int and 1 <= parsed <= MAX_ID)


wraps = (
    lambda text: text,
    lambda text: text + ".0",
    lambda text: f"  {text}\n",
    lambda text: f'"{text}"',
    lambda text: f"'{text}.0'",
    lambda text: quote(f'"{text}"'),
    lambda text: quote(f' " {text} " '),
)


@given(ids, st.sampled_from(wraps))
def test_parse_understands_an_id_however_it_is_wrapped(number: int, wrap) -> None:
    assert session.parse(wrap(str(number))) == number


@given(st.integers(0, 10**40))
def test_parse_never_rounds(number: int) -> None:
    expected = number if 1 <= number <= MAX_ID else None
    assert session.parse(number) == session.parse(str(number)) == expected


@given(st.floats())
def test_parse_takes_floats_that_are_exact(number: float) -> None:
    exact = number.is_integer() and 1 <= number <= MAX_ID
    assert session.parse(number) == (int(number) if exact else None)


@pytest.mark.parametrize(("last_access", "now", "expected"), EXPIRED)
def test_is_expired(last_access: int | None, now: int, expected: bool) -> None:
    assert session.is_expired(last_access, now) is expected


@given(ids, st.integers(0, 10**9), st.integers(1, 10**9))
def test_expires_exactly_at_its_length(last_access: int, idle: int, length: int) -> None:
    assert session.is_expired(last_access, last_access + idle, length) is (idle >= length)


@pytest.mark.parametrize(("last_access", "now", "expected"), OUTLIVED)
def test_is_outlived(last_access: int | None, now: int, expected: bool) -> None:
    assert session.is_outlived(last_access, now) is expected


@given(ids, st.integers(1, 10**9))
def test_lasts_until_it_expires(last_access: int, length: int) -> None:
    end = session.lasts_until(str(last_access), length)
    assert end == last_access + length
    assert session.is_expired(last_access, end, length) and not session.is_expired(last_access, end - 1, length)


def test_no_session_lasts_until_nothing() -> None:
    assert session.lasts_until(None) == session.lasts_until("null") == 0


@given(maybe, ids)
def test_a_session_opens_after_the_one_before_whatever_the_clock_says(previous: int | None, now: int) -> None:
    opened = session.opened(now, previous)
    assert opened >= now
    assert previous is None or opened > previous


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_story(story: tuple) -> None:
    for look, decision in story:
        assert session.decide(*look) == Decision(*decision), look


def test_the_table_has_no_row_that_nothing_reaches(monkeypatch: pytest.MonkeyPatch) -> None:
    used = set()

    class Table(dict):
        def __getitem__(self, case):
            used.add(case)
            return super().__getitem__(case)

    monkeypatch.setattr(session, "TRANSITIONS", Table(session.TRANSITIONS))
    few = (None, 1, 2, 3)
    for owner, stored, event, replay, expired in product(
        session.OWNERS, (NOT_LOOKED, *few), (NOT_LOOKED, *few), few, (False, True)
    ):
        session.decide(owner, stored, event, replay, expired)
    assert used == set(session.TRANSITIONS)


@given(looks)
def test_ids_of_ours_only_move_forward(look: tuple) -> None:
    stored, _, replay, expired, _ = look
    decision = session.decide(session.OURS, *look)
    for before, after in (
        (None if expired or stored == NOT_LOOKED else stored, decision.store),
        (replay, decision.tell),
    ):
        assert after is None or before is None or after >= before


@given(looks)
def test_where_somebody_else_owns_the_session_replay_follows_them_wherever_they_go(look: tuple) -> None:
    stored, event, replay, expired, _ = look
    live = None if stored == NOT_LOOKED or (expired and stored != event) else stored
    owner = live or (None if event == NOT_LOOKED else event)
    decision = session.decide(session.THEIRS, *look)
    assert (decision.tell or replay) == (owner or replay)


@given(owners, looks)
def test_only_ids_that_somebody_named_are_passed_on(owner: str, look: tuple) -> None:
    decision = session.decide(owner, *look)
    assert {decision.leader, decision.store, decision.tell} <= {*look[:3], None}


@given(owners, looks)
def test_what_was_decided_holds(owner: str, look: tuple) -> None:
    stored, event, replay, expired, _ = look
    leader, store, tell, _ = session.decide(owner, *look)
    kept = None if leader is None else replay
    again = session.decide(owner, store or stored, event, tell or kept, expired and not store)
    assert (again.leader, again.tell, again.reason) == (leader, None, session.UNCHANGED)


@given(owners, looks)
def test_a_reason_is_given_for_what_replay_is_told_and_only_then(owner: str, look: tuple) -> None:
    decision = session.decide(owner, *look)
    assert (decision.tell is None) == (decision.reason == session.UNCHANGED)


@given(owners, looks)
def test_another_visitor_restarts_replay_wherever_it_records(owner: str, look: tuple) -> None:
    stored, event, replay, expired, _ = look
    decision = session.decide(owner, *look[:4], visitor_changed=True)
    over = expired and stored is not None and event in (None, session.NOT_LOOKED)
    assert replay is None or (decision.tell is None) == over
    if decision.tell is not None:
        assert (decision.reason == session.IDENTITY_CHANGED) == (replay is not None)


@given(owners, ids)
def test_a_dead_session_is_not_resumed(owner: str, stored: int) -> None:
    assert session.decide(owner, stored, expired=True).tell is None


@given(owners, ids)
def test_a_session_that_is_stored_is_alive_and_of_the_same_visitor_unless_somebody_says_otherwise(
    owner: str, stored: int
) -> None:
    assert session.decide(owner, stored) == Decision(stored, None, stored, session.RESUMED)
    assert session.decide(owner, stored, replay=stored).reason == session.UNCHANGED
