"""The store: what was collected can be read again, merged into sessions, by many at once."""

import contextlib
import json
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyscript_replay import ReplayError
from pyscript_replay.tools import devserver
from pyscript_replay.tools.devserver.store import REPLAY_ID, Store, named

DEVICE, SESSION = "device-1", 1795433609897
LATER = SESSION + 3_600_000


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store()
    yield store
    store.close()


def upload(store: Store, *events: dict[str, Any], device_id: str = DEVICE, session_id: int = SESSION) -> None:
    query = {"device_id": device_id, "session_id": str(session_id), "type": "replay"}
    store.add_upload(query, {"x-client-version": "1.50.2"}, list(events), 100)


def event(timestamp: float, **more: Any) -> dict[str, Any]:
    return {"type": 3, "timestamp": timestamp, "data": {}, **more}


def page(timestamp: int, href: str) -> dict[str, Any]:
    return event(timestamp, type=4, data={"href": href})


def track(name: str, **more: Any) -> dict[str, Any]:
    return {"type": "track", "event": name, "anonymousId": DEVICE, **more}


# Sessions


def test_a_recording_is_in_the_order_of_its_time_and_says_nothing_twice(store: Store) -> None:
    upload(store, event(3000), event(4000))
    upload(store, page(1000, "/"), event(2000))
    upload(store, event(4000), event(5000))  # the beacon begins with what was sent already
    session = store.session(DEVICE, SESSION)
    assert [each["timestamp"] for each in session["recording"]] == [1000, 2000, 3000, 4000, 5000]
    assert session["uploads"] == 3
    assert len(store.uploads()) == 3
    assert [len(each.events) for each in store.uploads()] == [2, 2, 2]


def test_a_summary(store: Store) -> None:
    upload(store, page(1000, "/"), page(1500, "/"), page(2000, "/basket"), event(2500.75))
    store.add_segment("/v1/t", [track("Bought", integrations={"Actions Amplitude": {"session_id": SESSION}})])
    assert store.sessions() == [
        {
            "replay_id": f"{DEVICE}/{SESSION}",
            "device_id": DEVICE,
            "session_id": SESSION,
            "started": 1000,
            "ended": 2500,
            "length_ms": 1500,
            "pages": 2,
            "events": 1,
            "uploads": 1,
            "upload_bytes": 100,
        }
    ]


def test_sessions_are_listed_the_newest_first(store: Store) -> None:
    upload(store, event(2000), device_id="b")
    upload(store, event(3000), device_id="c")
    upload(store, event(1000), device_id="a")
    assert [each["device_id"] for each in store.sessions()] == ["c", "b", "a"]


ORDERS = {
    "newest": ["c", "b", "a"],
    "oldest": ["a", "b", "c"],
    "longest": ["b", "c", "a"],
    "pages": ["c", "a", "b"],
    "events": ["a", "b", "c"],
    "largest": ["b", "a", "c"],
}


def several(store: Store) -> None:
    """Sessions a, b, c: each is the first by something."""
    for device_id, started, length, pages, size in (
        ("a", 1000, 10, 2, 20),
        ("b", 2000, 90, 1, 30),
        ("c", 3000, 50, 3, 10),
    ):
        query = {"device_id": device_id, "session_id": str(SESSION), "type": "replay"}
        shown = [page(started, f"https://shop.example/{device_id}/{number}") for number in range(pages)]
        store.add_upload(query, {}, [*shown, event(started + length)], size)
    named = {"integrations": {"Actions Amplitude": {"session_id": SESSION}}}
    store.add_segment("/v1/t", [track("Größe gewählt", **named, userId="ada") | {"anonymousId": "a"}])


@pytest.mark.parametrize("order", ORDERS)
def test_sessions_can_be_sorted(store: Store, order: str) -> None:
    several(store)
    assert [each["device_id"] for each in store.sessions(order=order)] == ORDERS[order]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("", ["c", "b", "a"]),
        ("  ", ["c", "b", "a"]),
        ("shop.example/B/", ["b"]),
        (f"c/{SESSION}", ["c"]),
        ("GRÖSSE", ["a"]),
        ("ada", ["a"]),
        ("%", []),
        ("nobody", []),
    ],
)
def test_sessions_can_be_searched_for_by_ids_addresses_events_and_users(
    store: Store, search: str, found: list[str]
) -> None:
    several(store)
    assert [each["device_id"] for each in store.sessions(search)] == found


def test_sessions_can_be_filtered_by_their_length(store: Store) -> None:
    several(store)
    assert [each["device_id"] for each in store.sessions(at_least_ms=50)] == ["c", "b"]


def test_a_deleted_session_leaves_nothing_behind_and_others_alone(store: Store) -> None:
    heat = {"device_id": DEVICE, "session_id": str(SESSION), "type": "interaction"}
    ids = {"device_id": DEVICE, "session_id": SESSION}
    told: list[Any] = []
    for session_id, time in ((SESSION, 1000), (LATER, 5000)):
        upload(store, event(time), event(time + 1000), session_id=session_id)
        store.add_segment("/v1/t", [track("named", integrations={"Amplitude": {"session_id": session_id}})])
    store.add_segment("/v1/i", [{"type": "identify", "anonymousId": DEVICE, "timestamp": "1970-01-01T00:00:01.500Z"}])
    store.add_upload(heat, {}, [{"count": 1}], 10)
    store.add_amplitude("/amplitude/2/httpapi", [ids, {**ids, "session_id": LATER}])
    store.listen(lambda name, what: told.append((name, what)))

    store.delete(DEVICE, SESSION)
    assert told == [("deleted", {"replay_id": f"{DEVICE}/{SESSION}"})]
    assert [each["session_id"] for each in store.sessions()] == [LATER]
    assert [each.session_id for each in store.uploads()] == [LATER]
    assert [each["type"] for each in store.segment_messages()] == ["track"]
    assert store.amplitude_events() == [{**ids, "session_id": LATER}]
    with pytest.raises(KeyError):
        store.delete(DEVICE, SESSION)


def test_what_is_recorded_for_heat_maps_is_kept_and_is_no_session(store: Store) -> None:
    query = {"device_id": DEVICE, "session_id": str(SESSION), "type": "interaction"}
    store.add_upload(query, {}, [{"count": 1}], 10)
    assert store.sessions() == []
    assert [each.events for each in store.uploads()] == [[{"count": 1}]]


def test_transitions_into_a_session_and_out_of_it(store: Store) -> None:
    upload(store, event(1000))
    upload(store, event(9000), session_id=LATER)
    upload(store, event(5000), device_id="another")
    into = {"at": 1000, "previous": None, "current": SESSION}
    over = {"at": 9000, "previous": SESSION, "current": LATER}
    assert store.session(DEVICE, SESSION)["transitions"] == [into, over]
    assert store.session(DEVICE, LATER)["transitions"] == [over]


@pytest.mark.parametrize("ids", [("nobody", SESSION), (DEVICE, SESSION + 1)])
def test_there_is_no_session_that_was_not_recorded(store: Store, ids: tuple[str, int]) -> None:
    upload(store, event(1000))
    with pytest.raises(KeyError):
        store.session(*ids)


# Segment's messages

OTHER = f"{DEVICE}/{LATER}"
OF_SESSION = {
    "by its replay id": (track("x", properties={REPLAY_ID: f"{DEVICE}/{SESSION}"}), True),
    "by another replay id, whatever else it says": (
        track("x", properties={REPLAY_ID: OTHER}, integrations={"Amplitude": {"session_id": SESSION}}),
        False,
    ),
    "by its session id in Actions": (track("x", integrations={"Actions Amplitude": {"session_id": SESSION}}), True),
    "by its session id in Classic": (track("x", integrations={"Amplitude": {"session_id": SESSION}}), True),
    "by another device's session id": (
        track("x", integrations={"Amplitude": {"session_id": SESSION}}, context={"device": {"id": "another"}}),
        False,
    ),
    "a session id that is a text is none": (
        track("x", integrations={"Amplitude": {"session_id": str(SESSION)}}),
        False,
    ),
    "the same visitor's, in its time": (
        {**track("x"), "type": "identify", "timestamp": "1970-01-01T00:00:01.500Z"},
        True,
    ),
    "the same visitor's, at another time": (track("x", timestamp="1970-01-01T00:00:03.000Z"), False),
    "another visitor's, in its time": (track("x", anonymousId="somebody", timestamp="1970-01-01T00:00:01.500Z"), False),
}


@pytest.mark.parametrize("case", OF_SESSION)
def test_whose_message_it_is(store: Store, case: str) -> None:
    message, belongs = OF_SESSION[case]
    upload(store, event(1000), event(2000))
    first = track("first", properties={REPLAY_ID: f"{DEVICE}/{SESSION}"}, timestamp="1970-01-01T00:00:01.000Z")
    store.add_segment("/v1/t", [first, message])
    messages = [each["message"] for each in store.session(DEVICE, SESSION)["events"]]
    assert messages == ([first, message] if belongs else [first])
    assert store.summary(DEVICE, SESSION)["events"] == len(messages)


def test_a_message_that_was_sent_again_is_one(store: Store) -> None:
    upload(store, event(1000), event(2000))
    named = {REPLAY_ID: f"{DEVICE}/{SESSION}"}
    once = track("once", messageId="m-1", properties=named)
    nameless = track("nameless", properties={**named, "no JSON to SQLite": float("inf")})
    store.add_segment("/v1/t", [once, nameless])
    store.add_segment("/v1/b", [once, nameless])
    session = store.session(DEVICE, SESSION)
    assert [each["message"]["event"] for each in session["events"]] == ["once", "nameless", "nameless"]
    assert session["events"][0]["path"] == "/v1/t"
    assert store.summary(DEVICE, SESSION)["events"] == 3
    assert len(store.segment_messages()) == 4


def test_messages_are_kept_as_they_came_and_in_the_order_in_which_they_came(store: Store) -> None:
    odd = track("€ \ud800 \u0000 'quoted\"", properties={"big": 2**60, "none": None})
    store.add_segment("/v1/b", [odd, track("b")])
    store.add_segment("/v1/t", [track("a")])
    assert [each["event"] for each in store.segment_messages()] == [odd["event"], "b", "a"]
    assert store.segment_messages()[0] == odd
    assert [each["path"] for each in store.state()["events"]] == ["/v1/b", "/v1/b", "/v1/t"]


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda each: st.lists(each) | st.dictionaries(st.text(), each),
    max_leaves=5,
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "properties": ANY_JSON | st.fixed_dictionaries({REPLAY_ID: ANY_JSON}),
            "integrations": ANY_JSON
            | st.fixed_dictionaries({"Amplitude": ANY_JSON | st.just({"session_id": SESSION})}),
            "context": ANY_JSON | st.fixed_dictionaries({"device": ANY_JSON}),
            "anonymousId": ANY_JSON,
            "timestamp": ANY_JSON,
        },
    )
)
def test_any_message_can_be_stored(message: dict[str, Any]) -> None:
    store = Store()
    store.add_segment("/v1/t", [message])
    assert store.segment_messages() == [message]
    device_id, session_id = named(message)
    assert (device_id is None) is (session_id is None)
    store.close()


# What is not as it ought to be

BAD_UPLOADS = {
    "no device": ({"session_id": "1"}, [event(1)]),
    "an empty device": ({"device_id": "", "session_id": "1"}, [event(1)]),
    "no session": ({"device_id": "d"}, [event(1)]),
    "a session that is no number": ({"device_id": "d", "session_id": "undefined"}, [event(1)]),
    "a session below 0": ({"device_id": "d", "session_id": "-1"}, [event(1)]),
    "a session beyond what is exact": ({"device_id": "d", "session_id": str(2**53)}, [event(1)]),
    "no events": ({"device_id": "d", "session_id": "1"}, []),
    "an event that is none": ({"device_id": "d", "session_id": "1"}, ["x"]),
    "an event without a time": ({"device_id": "d", "session_id": "1"}, [{"type": 3}]),
    "an event whose time is a truth": ({"device_id": "d", "session_id": "1"}, [event(True)]),
    "an event at no time": ({"device_id": "d", "session_id": "1"}, [event(float("nan"))]),
    "an event at the end of time": ({"device_id": "d", "session_id": "1"}, [event(float("inf"))]),
}


@pytest.mark.parametrize("case", BAD_UPLOADS)
def test_an_upload_that_cannot_be_a_replay_s_is_refused_whole(store: Store, case: str) -> None:
    query, events = BAD_UPLOADS[case]
    with pytest.raises(ValueError):
        store.add_upload({**query, "type": "replay"}, {}, [*events[:1], *events], 1)
    assert store.counts() == {"segment": 0, "uploads": 0, "upload_bytes": 0}


def test_an_exported_session_comes_back_once(store: Store) -> None:
    upload(store, page(1000, "/"), event(2000))
    store.add_segment("/v1/t", [track("Bought", properties={REPLAY_ID: f"{DEVICE}/{SESSION}"})])
    exported = json.loads(json.dumps(store.session(DEVICE, SESSION)))
    before = store.counts()
    assert store.add_session(exported) == (DEVICE, SESSION)
    assert store.counts() == before

    other = Store()
    other.add_session(exported)
    other.add_session(exported)
    again = other.session(DEVICE, SESSION)
    assert again["recording"] == exported["recording"]
    assert again["events"] == exported["events"]
    other.close()


def test_the_messages_of_an_exported_session_are_its_own_even_if_they_name_none(store: Store) -> None:
    given = {"device_id": "d", "session_id": 5, "recording": [event(1000)], "events": [{"message": {"type": "track"}}]}
    store.add_session(given)
    assert [each["message"] for each in store.session("d", 5)["events"]] == [{"type": "track"}]


SOUND = {"device_id": "d", "session_id": 5, "recording": [event(1000)], "events": []}
NO_SESSIONS: list[Any] = [
    None,
    [],
    "text",
    {},
    {**SOUND, "device_id": 7},
    {**SOUND, "session_id": "5"},
    {**SOUND, "session_id": True},
    {**SOUND, "session_id": 5.5},
    {**SOUND, "recording": []},
    {**SOUND, "recording": [{"timestamp": "now"}]},
    {**SOUND, "events": None},
    {**SOUND, "events": [{"message": "x"}]},
]


@pytest.mark.parametrize("given", NO_SESSIONS, ids=str)
def test_what_is_no_session_is_refused(store: Store, given: Any) -> None:
    with pytest.raises(ValueError):
        store.add_session(given)
    assert store.counts()["uploads"] == 0


# Waiting


def test_waiting_ends_with_the_change_that_was_waited_for(store: Store) -> None:
    threading.Timer(0.1, store.add_segment, ["/v1/t", [track("late")]]).start()
    assert store.wait_for(Store.segment_messages) == [track("late")]


def test_waiting_in_vain_says_what_has_arrived(store: Store) -> None:
    store.add_segment("/v1/t", [track("other")])
    with pytest.raises(TimeoutError, match="'segment': 1"):
        store.wait_for(Store.uploads, timeout=0.1)


def test_meanwhile_something_else_can_be_done(store: Store) -> None:
    assert store.wait_for(Store.segment_messages, meanwhile=lambda: store.add_segment("/v1/t", [track("done")]))


def test_listeners_are_told_until_they_have_heard_enough(store: Store) -> None:
    heard: list[str] = []
    stop = store.listen(lambda name, what: heard.append(name))
    upload(store, event(1000))
    store.add_segment("/v1/t", [track("x"), track("y", integrations={"Amplitude": {"session_id": SESSION}})])
    store.add_amplitude("/amplitude/classic", [{"event_type": "x"}])
    stop()
    upload(store, event(1000))
    assert heard == ["upload", "session", "segment", "segment", "session", "amplitude"]


# Files


def test_a_file_is_there_again_next_time_and_others_can_read_along(tmp_path: Path) -> None:
    file = tmp_path / "demo.db"
    store = Store(file)
    upload(store, event(1000))
    other = sqlite3.connect(file)
    assert other.execute("pragma journal_mode").fetchone() == ("wal",)
    assert other.execute("select count(*) from upload").fetchone() == (1,)
    other.close()
    store.close()
    again = Store(file)
    assert [each["device_id"] for each in again.sessions()] == [DEVICE]
    again.clear()
    assert again.sessions() == [] == again.uploads()
    again.close()


@pytest.mark.parametrize("content", [b"this is no database, but a text", None])
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "demo.db"
    file.mkdir() if content is None else file.write_bytes(content * 100)
    with pytest.raises(ReplayError, match=r"demo\.db") as raised:
        Store(file)
    assert raised.value.code == "db"


def test_a_database_of_another_program_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "other.db"
    with contextlib.closing(sqlite3.connect(file)) as other:
        other.execute("create table upload (id integer, photo blob)")
        other.commit()
    before = file.read_bytes()
    with pytest.raises(ReplayError, match="another program") as raised:
        Store(file)
    assert raised.value.code == "db"
    assert file.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["other.db"]


def test_a_database_that_another_program_holds_is_said_to_be_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devserver.store, "BUSY", 0.1)
    file = tmp_path / "demo.db"
    Store(file).close()
    with contextlib.closing(sqlite3.connect(file)) as other:
        other.execute("begin immediate")
        with pytest.raises(ReplayError, match="locked") as raised:
            Store(file)
    assert (raised.value.code, raised.value.fix[:5]) == ("db", "Close")


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """A file with something in each table."""
    file = tmp_path / "demo.db"
    store = Store(file)
    upload(store, *(event(number, text="x" * 100) for number in range(500)))
    store.add_segment("/v1/t", [track("Bought")])
    store.add_amplitude("/amplitude/classic", [{"event_type": "x"}])
    store.close()
    return file


def test_a_file_that_was_cut_short_is_refused(filled: Path) -> None:
    filled.write_bytes(filled.read_bytes()[:-20_000])
    with pytest.raises(ReplayError, match=r"demo\.db") as raised:
        Store(filled)
    assert raised.value.code == "db"


@pytest.mark.parametrize(
    "damage",
    [
        "update recorded set event = substr(event, 2) where rowid = 300",
        "update recorded set event = null where rowid = 300",
        "update recorded set timestamp = 'noon'",
        "update segment set message = cast(x'ff' as text)",
        "update amplitude set event = ''",
        "update upload set query = '{'",
        "update upload set headers = null",
    ],
)
def test_a_file_with_a_row_that_cannot_be_read_is_refused(filled: Path, damage: str) -> None:
    with contextlib.closing(sqlite3.connect(filled)) as database:
        database.execute(damage)
        database.commit()
    with pytest.raises(ReplayError, match=r"demo\.db is damaged"):
        Store(filled)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(place=st.floats(0, 1, exclude_max=True), garbage=st.binary(min_size=1, max_size=64))
def test_a_damaged_file_is_refused_or_everything_in_it_can_be_read(filled: Path, place: float, garbage: bytes) -> None:
    content = filled.read_bytes()
    at = int(place * len(content))
    broken = filled.with_name("broken.db")
    broken.write_bytes(content[:at] + garbage + content[at + len(garbage) :])
    try:
        store = Store(broken)
    except ReplayError as error:
        assert error.code == "db"
        return
    finally:
        for left in broken.parent.glob("broken.db-*"):
            left.unlink()
    for session in store.sessions():
        assert store.session(session["device_id"], session["session_id"])
    assert store.state() and store.uploads() is not None and store.amplitude_events() is not None
    store.close()


def test_many_threads_at_once_lose_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "demo.db")

    def work(thread: int) -> None:
        for turn in range(25):
            upload(store, event(turn), device_id=f"device-{thread}")
            store.add_segment("/v1/t", [track(f"{thread}/{turn}")])
            store.sessions()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.counts() == {"segment": 200, "uploads": 200, "upload_bytes": 20_000}
    assert [each["uploads"] for each in store.sessions()] == [25] * 8
    store.close()
