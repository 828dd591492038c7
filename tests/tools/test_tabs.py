"""Which tab recorded what: uploads of pages that were open at once are told apart, and those of one are not."""

import json
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pyscript_replay.tools.devserver.tabs import Chunk, told_apart

Events = list[dict[str, Any]]


def begins(time: int, text: str, nodes: int = 10) -> Events:
    children = [{"type": 3, "id": number, "textContent": text} for number in range(2, nodes)]
    snapshot = {"node": {"type": 0, "id": 1, "childNodes": children}, "initialOffset": {"left": 0, "top": 0}}
    meta = {"type": 4, "timestamp": time, "data": {"href": text, "width": 1, "height": 1}}
    return [meta, {"type": 2, "timestamp": time + 1, "data": snapshot}]


def change(time: int, text: str, node: int = 5) -> dict[str, Any]:
    data = {"source": 0, "texts": [{"id": node, "value": text}], "adds": [], "removes": [], "attributes": []}
    return {"type": 3, "timestamp": time, "data": data}


def chunk(events: Events, document: str | None = None, url: str | None = None) -> Chunk:
    return Chunk(document, url, [(each["timestamp"], json.dumps(each)) for each in events])


def tabs(*chunks: Chunk) -> list[Events]:
    recording, numbers = told_apart(chunks)
    assert [each["timestamp"] for each in recording] == sorted(each["timestamp"] for each in recording)
    return [
        [event for event, number in zip(recording, numbers, strict=True) if number == tab]
        for tab in range(max(numbers, default=-1) + 1)
    ]


A, B = begins(100, "a"), begins(150, "b")


def test_pages_with_a_name_are_told_apart_whatever_they_say() -> None:
    chunks = [chunk(A, "x"), chunk(B, "y"), chunk([change(200, "b")], "y"), chunk([change(210, "a")], "x")]
    assert tabs(*chunks) == [[*A, change(210, "a")], [*B, change(200, "b")]]


def test_pages_that_follow_each_other_are_one_tab() -> None:
    last = [change(120, "still a")]
    assert tabs(chunk(A, "x"), chunk(B, "y"), chunk(last, "x")) == [[*A, *last, *B]]
    assert tabs(chunk(A, url="a"), chunk(B, url="b"), chunk(last, url="a")) == [[*A, *last, *B]]


def test_a_page_that_is_left_while_another_tab_goes_on_is_followed_in_its_own_tab() -> None:
    left, goes_on, after = [change(200, "a")], [change(400, "b")], begins(210, "c")
    assert tabs(chunk(A + left, "x"), chunk(B, "y"), chunk(after, "z"), chunk(goes_on, "y")) == [
        [*A, *left, *after],
        [*B, *goes_on],
    ]


def test_pages_without_a_name_are_told_apart_by_their_address() -> None:
    to_b, to_a = [change(200, "to b")], [change(210, "to a")]
    chunks = [chunk(A, url="a"), chunk(B, url="b"), chunk(to_b, url="b"), chunk(to_a, url="a")]
    assert tabs(*chunks) == [[*A, *to_a], [*B, *to_b]]


def test_pages_of_one_address_are_told_apart_by_their_nodes() -> None:
    small, large = begins(100, "p", nodes=10), begins(150, "p", nodes=100)
    to_large, to_small = [change(200, "large", node=50)], [change(150, "s"), change(210, "s")]
    chunks = [chunk(small, url="p"), chunk(large, url="p"), chunk(to_large, url="p"), chunk(to_small, url="p")]
    assert tabs(*chunks) == [[*small, *to_small], [*large, *to_large]]


def test_what_is_sent_again_is_of_the_page_that_sent_it_and_there_once() -> None:
    one = [change(160, "a"), change(170, "a")]
    beacon = [*one, change(180, "a")]
    assert tabs(chunk(A), chunk(B), chunk(one, url="a"), chunk(beacon)) == tabs(
        chunk(A), chunk(B), chunk(beacon, url="a")
    )
    assert sum(len(each) for each in tabs(chunk(A, "x"), chunk(one, "x"), chunk(beacon, "x"))) == 5


def test_a_snapshot_on_focus_begins_no_other_tab() -> None:
    again = [*begins(300, "a"), change(320, "a")]
    assert tabs(chunk(A, url="a"), chunk(again, url="a")) == [[*A, *again]]


def test_two_tabs_that_take_turns_stay_two() -> None:
    chunks = [
        *(chunk([*A, change(160, "a")], url="a"), chunk(B, url="b")),
        *(chunk(begins(300, "a"), url="a"), chunk([change(350, "b")], url="b"), chunk([change(360, "a")], url="a")),
        *(chunk(begins(400, "b"), url="b"), chunk([change(450, "a")], url="a"), chunk([change(460, "b")], url="b")),
    ]
    assert ["'b'" in str(tab) for tab in tabs(*chunks)] == [False, True]
    assert ["'a'" in str(tab) for tab in tabs(*chunks)] == [True, False]


def test_nothing_is_no_tab() -> None:
    assert told_apart([]) == ([], [])


NAMED = st.lists(st.lists(st.integers(0, 10**6), min_size=1, max_size=6), min_size=1, max_size=5)


@given(NAMED, st.randoms())
def test_no_event_is_lost_or_said_twice_and_pages_are_never_mixed(pages: list[list[int]], random: Any) -> None:
    chunks = []
    for name, times in enumerate(pages):
        events = [change(time, f"{name}") for time in sorted(set(times))]
        cut = random.randrange(len(events) + 1)
        chunks += [chunk(each, f"page {name}") for each in (events[:cut], events[cut:]) if each]
    random.shuffle(chunks)
    found = tabs(*chunks)
    sent = sorted(json.dumps(change(time, f"{name}")) for name, times in enumerate(pages) for time in set(times))
    assert sorted(json.dumps(each) for tab in found for each in tab) == sent
    for tab in found:
        turns = [each["data"]["texts"][0]["value"] for each in tab]
        assert sum(one != other for one, other in pairwise(turns)) == len(set(turns)) - 1


ODD = st.recursive(
    st.none() | st.integers() | st.text(),
    lambda each: (
        st.lists(each)
        | st.dictionaries(st.sampled_from(["node", "id", "childNodes", "adds", "texts", "positions", "source"]), each)
    ),
    max_leaves=10,
)


@given(st.lists(st.tuples(st.sampled_from([0, 2, 3, 4, "x", None]), ODD), max_size=5))
def test_events_may_say_anything(odd: list[tuple[Any, Any]]) -> None:
    chunks = [chunk([{"type": kind, "timestamp": at, "data": data}]) for at, (kind, data) in enumerate(odd)]
    assert sum(len(tab) for tab in tabs(*chunks)) == len(odd)
