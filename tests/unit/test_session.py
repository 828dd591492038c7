"""Session ids: what they are, and when they move."""

from itertools import product
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyscript_replay import session
from pyscript_replay.session import MAX_ID, Decision

from ..runtime.stories import EXPIRED, PARSED, STORIES

ids = st.integers(1, MAX_ID)
maybe = st.none() | ids
near = st.none() | st.integers(1, 4)  # ids that meet often
looks = st.tuples(near, near, near, st.booleans(), st.booleans()) | st.tuples(
    maybe, maybe, maybe, st.booleans(), st.booleans()
)


@pytest.mark.parametrize(("raw", "expected"), PARSED, ids=lambda each: repr(each)[:40])
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


@given(maybe, maybe, ids)
def test_continued_is_the_stored_session_or_a_later_one(stored: int | None, last: int | None, now: int) -> None:
    current = session.continued(stored, last, now)
    if stored is None:
        assert current == now
    elif session.is_expired(last, now):
        assert current > stored and current >= now
    else:
        assert current == stored


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_story(story: tuple) -> None:
    for look, decision in story:
        assert session.decide(*look) == Decision(*decision), look


def test_the_table_has_a_row_for_each_case_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    used = set()

    class Table(dict):
        def __getitem__(self, case):
            used.add(case)
            return super().__getitem__(case)

    monkeypatch.setattr(session, "TRANSITIONS", Table(session.TRANSITIONS))
    few = (None, 1, 2, 3)
    for stored, event, replay, expired in product(few, few, few, (False, True)):
        session.decide(stored, event, replay, expired)
    assert used == set(session.TRANSITIONS)


@given(looks)
def test_ids_only_move_forward(look: tuple) -> None:
    stored, _, replay, _, _ = look
    decision = session.decide(*look)
    for before, after in ((stored, decision.store), (replay, decision.tell)):
        assert after is None or before is None or after >= before


@given(looks)
def test_only_ids_that_somebody_named_are_passed_on(look: tuple) -> None:
    decision = session.decide(*look)
    assert {decision.store, decision.tell} <= {*look[:3], None}
    assert decision.tell in (None, max((each for each in look[:3] if each), default=None))


@given(looks)
def test_what_was_decided_holds(look: tuple) -> None:
    stored, event, replay, expired, _ = look
    store, tell, _ = session.decide(*look)
    again = session.decide(store or stored, event, tell or replay, expired and not (store or tell))
    late = event is not None and event < max(each or 0 for each in (store or stored, tell or replay))
    assert again == Decision(None, None, session.OLDER_IGNORED if late else session.UNCHANGED)


@given(looks)
def test_a_reason_is_given_for_what_replay_is_told_and_only_then(look: tuple) -> None:
    _, tell, reason = session.decide(*look)
    assert (tell is None) == (reason in (session.UNCHANGED, session.OLDER_IGNORED))


@given(looks)
def test_another_identity_restarts_replay_wherever_it_records(look: tuple) -> None:
    replay = look[2]
    decision = session.decide(*look[:4], identity_changed=True)
    assert replay is None or (decision.tell, decision.reason) != (None, session.UNCHANGED)
    if decision.tell is not None:
        assert decision.reason == session.IDENTITY_CHANGED


@given(ids)
def test_a_dead_session_is_not_resumed(stored: int) -> None:
    assert session.decide(stored, None, None, expired=True).tell is None
