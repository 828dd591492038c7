"""What the collectors took, in SQLite.

Four tables, each a list of what arrived, in its order: Segment's messages, events that went to Amplitude directly,
Session Replay's uploads, and what rrweb recorded, which is in these. Everything else is read from them. Only what is
searched for stands in columns beside what was sent: ids, times, the address of a page.

A session is what Amplitude takes for one: the uploads under one device id and one session id. Its recording is their
events in the order of their time, each once, for the beacon with which the SDK leaves a page may repeat an upload.
Segment's messages of a session are those that name it; and those that name none, as ``identify`` in device-mode does,
where they are of the same visitor and fall into its time; each once, for analytics-next may send again what it could
not see arrive as a page was left, and Segment, too, goes by the message id.

One connection, one lock: SQLite has one writer anyway, and a reader sees whole uploads only. In a file the journal is
a WAL, so another process can read along. Where another process holds the file, whoever asks waits, in a thread of the
store's own (``asked``), and then gets ``sqlite3.OperationalError``.
"""

import contextlib
import functools
import json
import sqlite3
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread

from ...device import REPLAY_ID
from ...errors import ReplayError
from .tabs import Chunk, told_apart

DESTINATIONS = ("Actions Amplitude", "Amplitude")  # where an event's integrations carry the session id
PAGE = 4  # rrweb's type of event for a page that is there
EXACT = 2**53  # whole numbers below it are exact in JavaScript
TICK = 0.05  # seconds
BUSY = 2  # seconds to wait for a file that another process has locked

SCHEMA = """
create table if not exists segment (received integer, path text, made integer, visitor text, device_id text,
                                    session_id integer, message text);
create table if not exists amplitude (received integer, path text, event text);
create table if not exists upload (id integer primary key, received integer, device_id text, session_id integer,
                                   type text, query text, headers text, bytes integer);
create table if not exists recorded (upload integer references upload, timestamp integer, page text, event text);
create index if not exists segment_session on segment (device_id, session_id);
create index if not exists segment_visitor on segment (visitor, made);
create index if not exists upload_session on upload (device_id, session_id);
create index if not exists recorded_upload on recorded (upload);
"""
ORDERS = {
    "newest": ("started", True),
    "oldest": ("started", False),
    "longest": ("length_ms", True),
    "pages": ("pages", True),
    "events": ("events", True),
    "largest": ("upload_bytes", True),
}
"""Of a list of sessions: by what in their summaries, and whether the greatest comes first."""
JSON_COLUMNS = (
    *(("segment", "message"), ("amplitude", "event"), ("recorded", "event")),
    *(("upload", "query"), ("upload", "headers")),
)
MESSAGE_ID = "coalesce(case when json_valid(message) then json_extract(message, '$.messageId') end, rowid)"
HAS_ITS_IDS = "device_id = :device_id and session_id = :session_id"
IS_ITS_UPLOAD = f"type = 'replay' and {HAS_ITS_IDS}"
IS_ITS_EVENT = """
case when json_valid(event) then json_extract(event, '$.device_id') = :device_id
                                 and json_extract(event, '$.session_id') = :session_id end
"""
IS_ITS_MESSAGE = f"""
({HAS_ITS_IDS})
or (session_id is null and made between :started and :ended
    and visitor in (select visitor from segment where device_id = :device_id and session_id = :session_id))
"""

Json = dict[str, Any]
Recorded = Sequence[tuple[int | None, str | None, str]]  # of each event: its time, the page that it shows, its JSON
Result = TypeVar("Result")
P = ParamSpec("P")


def _opened(path: Path | None) -> sqlite3.Connection:
    """The database, with our tables in it; or ``ReplayError`` (``db``), and the file is as it was."""
    with contextlib.ExitStack() as undo:
        try:
            database = sqlite3.connect(path or ":memory:", check_same_thread=False, timeout=BUSY)
            undo.callback(database.close)
            found = _schema(database)
            if found and found != _own_schema():
                message = f"{path} is the database of another program, or of another version of this one."
                raise ReplayError("db", message, "Name another file with --db.")
            database.execute("pragma journal_mode = wal")
            database.execute("pragma synchronous = normal")
            database.executescript(SCHEMA)
            database.execute("begin immediate")  # whether it can be written, too
            database.rollback()
        except (sqlite3.Error, ValueError) as error:  # a ValueError, where what SQLite has to say is no text
            locked = getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
            fix = "Close the program that has it open, or name another" if locked else "Name another"
            raise ReplayError("db", f"{path} cannot be used: {error}", f"{fix} file with --db.") from error
        undo.pop_all()
        return database


def _schema(database: sqlite3.Connection) -> set[tuple[str, str]]:
    """The tables and what else there is, each with its definition; what SQLite itself has added aside."""
    return set(database.execute("select name, sql from sqlite_master where name not like 'sqlite\\_%' escape '\\'"))


@functools.cache
def _own_schema() -> set[tuple[str, str]]:
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.executescript(SCHEMA)
        return _schema(database)


class Upload(NamedTuple):
    """One upload of Session Replay. ``received`` is in milliseconds since 1970, ``bytes`` are those on the wire."""

    received: int
    device_id: str
    session_id: int
    query: dict[str, str]
    headers: dict[str, str]
    events: list[Json]
    bytes: int


class Store:
    """What was collected. ``path`` is a file to keep it in; left out it is kept in memory.

    Raises ``ReplayError`` (``db``) when the file cannot be used.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._changed = threading.Condition(threading.RLock())
        self._listeners: list[Callable[[str, Json], None]] = []
        self._turns = CapacityLimiter(1)
        self._database = _opened(path)
        try:
            self._check()
        except (sqlite3.Error, ValueError, TypeError) as error:
            self._database.close()
            fix = "Name another file with --db, or remove this one."
            raise ReplayError("db", f"{path} is damaged: {error}", fix) from error

    def _check(self) -> None:
        """Read everything once, so that what is damaged is found now, and not by the requests of a page."""
        ((found,),) = self._rows("pragma integrity_check(1)")
        if found != "ok":
            raise ValueError(found)
        for table, column in JSON_COLUMNS:
            for (text,) in self._database.execute(f"select {column} from {table}"):
                json.loads(text)
        self.sessions()

    async def asked(self, what: Callable[P, Result], *args: P.args, **more: P.kwargs) -> Result:
        """What this method answers. The calls have a thread to themselves, and their turns in the order in which they
        came: so nothing else waits with them, and messages do not overtake each other."""
        return await to_thread.run_sync(functools.partial(what, *args, **more), limiter=self._turns)

    def close(self) -> None:
        with self._changed:
            self._database.close()

    def clear(self) -> None:
        """Forget everything."""
        with self._writing() as database:
            for table in ("segment", "amplitude", "recorded", "upload"):
                database.execute(f"delete from {table}")
        self._tell("deleted", {})

    def delete(self, device_id: str, session_id: int) -> None:
        """Forget a session, with all that arrived under its ids. Raises ``KeyError`` where there is none."""
        ids = {"device_id": device_id, "session_id": session_id}
        with self._writing() as database:
            summary = self.summary(device_id, session_id)
            # found first, and then deleted: which are its own is told by others of them
            messages = f"select rowid from segment where {IS_ITS_MESSAGE}"
            database.execute(f"delete from segment where rowid in ({messages})", summary)
            database.execute(f"delete from amplitude where {IS_ITS_EVENT}", ids)
            database.execute(f"delete from recorded where upload in (select id from upload where {HAS_ITS_IDS})", ids)
            database.execute(f"delete from upload where {HAS_ITS_IDS}", ids)
        self._tell("deleted", {"replay_id": summary["replay_id"]})

    # What the collectors write.

    def add_segment(self, path: str, messages: list[Json]) -> None:
        received = _now()
        with self._writing() as database:
            for message in messages:
                _insert_message(database, received, path, named(message), message)
        for message in messages:
            self._tell("segment", {"received": received, "path": path, "message": message})
            self._tell_of_session(*named(message))

    def add_amplitude(self, path: str, events: list[Json]) -> None:
        received = _now()
        with self._writing() as database:
            rows = [(received, path, json.dumps(event)) for event in events]
            database.executemany("insert into amplitude values (?, ?, ?)", rows)
        self._tell("amplitude", {"received": received, "path": path, "body": {"events": events}})

    def add_upload(self, query: dict[str, str], headers: dict[str, str], events: list[Json], size: int) -> None:
        """Add an upload of ``size`` bytes. Raises ``ValueError`` when its ids or events cannot be those of a replay."""
        device_id, session_id = _ids(query.get("device_id"), whole(query.get("session_id")))
        is_replay = query.get("type") == "replay"  # others, of clicks and scrolling for heat maps, are kept as they are
        recorded = _recorded(events) if is_replay else [(None, None, json.dumps(event)) for event in events]
        received = _now()
        with self._writing() as database:
            _insert_upload(database, received, (device_id, session_id), query, headers, recorded, size)
        told = {"received": received, "device_id": device_id, "session_id": session_id, "bytes": size}
        self._tell("upload", {**told, "events": len(events)})
        if is_replay:
            self._tell_of_session(device_id, session_id)

    def add_session(self, given: Any) -> tuple[str, int]:
        """Add a session in the form that ``session`` gives it, but for what is there already; return its ids.

        Raises ``ValueError`` when it is none.
        """
        if not isinstance(given, dict):
            raise ValueError("it is no object")
        device_id, session_id = ids = _ids(given.get("device_id"), given.get("session_id"))
        recorded, messages = _recorded(given.get("recording")), _messages(given.get("events"))
        tabs = _tabs(given.get("tabs"), len(recorded))
        with self._writing() as database:
            known = self._known(*ids)
            for tab in sorted(set(tabs)):
                of_tab = [row for row, its in zip(recorded, tabs, strict=True) if its == tab and row[-1] not in known]
                query = {"device_id": device_id, "session_id": str(session_id), "type": "replay"}
                if of_tab:
                    size = sum(len(event) for *_, event in of_tab)
                    _insert_upload(database, _now(), ids, {**query, "document": f"tab {tab}"}, {}, of_tab, size)
            for each in messages:
                if json.dumps(each["message"]) not in known:
                    _insert_message(database, each["received"], each["path"], ids, each["message"])
        self._tell_of_session(*ids)
        return ids

    def _known(self, device_id: str, session_id: int) -> set[str]:
        try:
            session = self.session(device_id, session_id)
        except KeyError:
            return set()
        return {json.dumps(each) for each in (*session["recording"], *(each["message"] for each in session["events"]))}

    @contextlib.contextmanager
    def _writing(self) -> Generator[sqlite3.Connection, None, None]:
        with self._changed, self._database:
            yield self._database
            self._changed.notify_all()

    def _tell(self, name: str, what: Json) -> None:
        for listener in list(self._listeners):
            listener(name, what)

    def _tell_of_session(self, device_id: str | None, session_id: int | None) -> None:
        if device_id is not None:
            self._tell("session", {"device_id": device_id, "session_id": session_id})

    # What tests and pages read.

    def listen(self, listener: Callable[[str, Json], None]) -> Callable[[], None]:
        """Call ``listener(name, what)`` on each arrival, from the thread that brings it; returns how to stop.

        The names are ``segment``, ``amplitude``, ``upload``; ``session``, with the ids of one that has changed; and
        ``deleted``, with the replay id of one that is gone, or nothing where all are.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def wait_for(
        self,
        condition: Callable[["Store"], Result],
        timeout: float = 10,
        meanwhile: Callable[[], object] | None = None,
    ) -> Result:
        """What ``condition(store)`` returns, once that is true. Raises ``TimeoutError`` after ``timeout`` seconds.

        It is asked anew on each arrival. ``meanwhile`` is called again and again until then: Playwright's synchronous
        API answers routes in Python only while it is called, for one.
        """
        end = time.monotonic() + timeout
        while True:
            with self._changed:
                if result := condition(self):
                    return result
                left = end - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"not within {timeout} s; arrived so far: {self.counts()}")
                self._changed.wait(min(left, TICK) if meanwhile else left)
            if meanwhile:
                meanwhile()

    def segment_messages(self) -> list[Json]:
        """Segment's messages, in the order in which they arrived."""
        return [json.loads(message) for (message,) in self._rows("select message from segment order by rowid")]

    def amplitude_events(self) -> list[Json]:
        """Events that went to Amplitude directly, by HTTP V2 or from amplitude-js."""
        return [json.loads(event) for (event,) in self._rows("select event from amplitude order by rowid")]

    def uploads(self, device_id: str | None = None, session_id: int | None = None) -> list[Upload]:
        """The uploads, or those of one session, in the order in which they arrived."""
        ids = {"device_id": device_id, "session_id": session_id}
        chosen = "from upload where :device_id is null or (device_id = :device_id and session_id = :session_id)"
        with self._changed:
            uploads = self._rows(
                f"select id, received, device_id, session_id, query, headers, bytes {chosen} order by id", ids
            )
            recorded = self._rows(
                f"select upload, event from recorded where upload in (select id {chosen}) order by rowid", ids
            )
        events: dict[int, list[Json]] = {key: [] for key, *_ in uploads}
        for key, event in recorded:
            events[key].append(json.loads(event))
        return [
            Upload(received, device, session, json.loads(query), json.loads(headers), events[key], size)
            for key, received, device, session, query, headers, size in uploads
        ]

    def counts(self) -> dict[str, int]:
        """How much there is."""
        ((segment,),) = self._rows("select count(*) from segment")
        ((uploads, size),) = self._rows("select count(*), coalesce(sum(bytes), 0) from upload")
        return {"segment": segment, "uploads": uploads, "upload_bytes": size}

    def state(self) -> Json:
        """The counts; the last 50 messages of Segment, and the last 50 events that went to Amplitude directly."""
        rows = self._rows("select received, path, message from segment order by rowid desc limit 50")
        logged = self._rows("select event from amplitude order by rowid desc limit 50")
        return {
            **self.counts(),
            "events": [_told(*row) for row in reversed(rows)],
            "logged": [json.loads(event) for (event,) in reversed(logged)],
        }

    def sessions(self, search: str = "", at_least_ms: int = 0, order: str = "newest") -> list[Json]:
        """The summaries of the recorded sessions, or of those that are at least so long and have this text in their
        ids, in an address of their pages, or in a name or user id of Segment's messages; ``order`` is of ``ORDERS``."""
        by, reverse = ORDERS[order]
        with self._changed:
            keys = self._rows("select distinct device_id, session_id from upload where type = 'replay'")
            found = [each for each in (self.summary(*key) for key in keys) if each["length_ms"] >= at_least_ms]
            if sought := search.strip().casefold():
                found = [each for each in found if any(sought in text.casefold() for text in self._texts(each))]
        return sorted(found, key=lambda each: each[by], reverse=reverse)

    def _texts(self, summary: Json) -> Iterator[str]:
        """What a session can be found by."""
        yield summary["replay_id"]
        pages = f"select distinct page from recorded join upload on upload = id where page not null and {IS_ITS_UPLOAD}"
        yield from (page for (page,) in self._rows(pages, summary))
        for (message,) in self._rows(f"select message from segment where {IS_ITS_MESSAGE}", summary):
            given = json.loads(message)
            yield from (str(given[name]) for name in ("event", "name", "userId") if given.get(name))

    def summary(self, device_id: str, session_id: int) -> Json:
        """What there is of a session. Times are milliseconds since 1970; ``events`` are those of Segment.

        Raises ``KeyError`` when nothing was recorded under these ids.
        """
        ids = {"device_id": device_id, "session_id": session_id}
        with self._changed:
            ((started, ended, pages),) = self._rows(
                "select min(timestamp), max(timestamp), count(distinct page) from recorded join upload on upload = id "
                f"where {IS_ITS_UPLOAD}",
                ids,
            )
            if started is None:
                raise KeyError(f"{device_id}/{session_id}")
            ((uploads, size),) = self._rows(f"select count(*), sum(bytes) from upload where {IS_ITS_UPLOAD}", ids)
            span = {"started": started, "ended": ended}
            ((events,),) = self._rows(
                f"select count(distinct {MESSAGE_ID}) from segment where {IS_ITS_MESSAGE}", {**ids, **span}
            )
        return {
            "replay_id": f"{device_id}/{session_id}",
            **ids,
            **span,
            "length_ms": ended - started,
            "pages": pages,
            "events": events,
            "uploads": uploads,
            "upload_bytes": size,
        }

    def session(self, device_id: str, session_id: int) -> Json:
        """All of a session: its summary, but with its ``recording``, its ``events`` and its ``transitions``.

        ``tabs`` says of each event of the recording in which tab it was, counted from 0.

        Raises ``KeyError`` when nothing was recorded under these ids.
        """
        with self._changed:
            summary = self.summary(device_id, session_id)
            uploads = self._rows(f"select id, query, headers from upload where {IS_ITS_UPLOAD} order by id", summary)
            recorded = self._rows(
                f"select upload, timestamp, event from recorded join upload on upload = id where {IS_ITS_UPLOAD} "
                "order by recorded.rowid",
                summary,
            )
            messages = self._rows(
                f"select received, path, message, min(rowid) from segment where {IS_ITS_MESSAGE} "
                f"group by {MESSAGE_ID} order by made, min(rowid)",
                summary,
            )
            recording, tabs = told_apart(_chunks(uploads, recorded))
            return {
                **summary,
                "recording": recording,
                "tabs": tabs,
                "events": [_told(*row) for *row, _ in messages],
                "transitions": self._transitions(device_id, session_id),
            }

    def _transitions(self, device_id: str, session_id: int) -> list[Json]:
        """When this session took over from the device's session before, and when the next one did from this."""
        sessions = self._rows(
            "select session_id, min(timestamp) from recorded join upload on upload = id "
            "where type = 'replay' and device_id = ? group by session_id order by session_id",
            (device_id,),
        )
        before = [(None, None), *sessions]
        return [
            {"at": at, "previous": previous, "current": current}
            for (previous, _), (current, at) in zip(before, sessions, strict=False)
            if session_id in (previous, current)
        ]

    def _rows(self, statement: str, values: Json | tuple = ()) -> list[tuple]:
        with self._changed:
            return self._database.execute(statement, values).fetchall()


def named(message: Json) -> tuple[str, int] | tuple[None, None]:
    """The device id and the session id that a message of Segment names: in its replay id, or each by itself."""
    replay_id = _in(message, "properties", REPLAY_ID)
    device_id, _, text = str(replay_id).rpartition("/")
    session_id = whole(text)
    if _text(device_id) and session_id is not None:
        return device_id, session_id
    device_id = _text(_in(message, "context", "device", "id") or message.get("anonymousId"))
    for destination in DESTINATIONS:
        session_id = _in(message, "integrations", destination, "session_id")
        if device_id is not None and type(session_id) is int and 0 <= session_id < EXACT:
            return device_id, session_id
    return None, None


def _insert_message(
    database: sqlite3.Connection, received: int, path: str, ids: tuple[str | None, int | None], message: Json
) -> None:
    row = (
        received,
        path,
        _made(message) or received,
        _text(message.get("anonymousId")),
        *ids,
        json.dumps(message),
    )
    database.execute("insert into segment values (?, ?, ?, ?, ?, ?, ?)", row)


def _insert_upload(
    database: sqlite3.Connection,
    received: int,
    ids: tuple[str, int],
    query: dict[str, str],
    headers: dict[str, str],
    recorded: Recorded,
    size: int,
) -> None:
    row = (received, *ids, query.get("type"), json.dumps(query), json.dumps(headers), size)
    upload = database.execute("insert into upload values (null, ?, ?, ?, ?, ?, ?, ?)", row).lastrowid
    database.executemany("insert into recorded values (?, ?, ?, ?)", [(upload, *each) for each in recorded])


# What came from outside is what it ought to be, or a ValueError.


def _recorded(events: Any) -> Recorded:
    if not isinstance(events, list) or not events:
        raise ValueError("there are no recorded events")
    rows = []
    for event in events:
        timestamp = _in(event, "timestamp")
        if type(timestamp) not in (int, float) or not 0 <= timestamp < EXACT:
            raise ValueError("a recorded event has no time")
        page = _in(event, "data", "href") if event.get("type") == PAGE else None
        rows.append((int(timestamp), _storable(page) if isinstance(page, str) else None, json.dumps(event)))
    return rows


def _tabs(tabs: Any, count: int) -> list[int]:
    """The tabs of so many events: one tab, where a file is older than these, or its recording has been edited."""
    fits = isinstance(tabs, list) and len(tabs) == count and all(type(each) is int for each in tabs)
    return tabs if fits else [0] * count


def _chunks(uploads: list[tuple], recorded: list[tuple]) -> list[Chunk]:
    """The uploads, each with where it came from."""
    events: dict[int, list[tuple[int, str]]] = {key: [] for key, *_ in uploads}
    for key, timestamp, event in recorded:
        events[key].append((timestamp, event))
    return [
        Chunk(json.loads(query).get("document"), _page_of(json.loads(headers)), events[key])
        for key, query, headers in uploads
    ]


def _page_of(headers: dict[str, str]) -> str | None:
    """The address of the page that sent it, where it said so: a beacon does not carry the SDK's own header."""
    return headers.get("x-client-url") or headers.get("referer")


def _messages(events: Any) -> list[Json]:
    """These messages of Segment in the form of ``_told``."""
    if not isinstance(events, list) or not all(isinstance(_in(each, "message"), dict) for each in events):
        raise ValueError("its events cannot be read")
    return [
        _told(whole(each.get("received")) or 0, _storable(str(each.get("path"))), json.dumps(each["message"]))
        for each in events
    ]


def _ids(device_id: Any, session_id: Any) -> tuple[str, int]:
    if not _text(device_id):
        raise ValueError("there is no device id")
    if type(session_id) is not int or not 0 <= session_id < EXACT:
        raise ValueError("there is no session id")
    return device_id, session_id


def _text(value: Any) -> str | None:
    """A text that can be stored as such (half of a surrogate pair cannot); or, of anything else, ``None``."""
    try:
        return value if isinstance(value, str) and value.encode() is not None else None
    except UnicodeEncodeError:
        return None


def _storable(text: str) -> str:
    """The text, with an escape in place of half of a surrogate pair."""
    return text.encode(errors="backslashreplace").decode()


def whole(value: Any) -> int | None:
    """A whole number that is exact in JavaScript; or, of anything else, ``None``."""
    digits = str(value)
    return int(digits) if digits.isdecimal() and len(digits) <= 16 and int(digits) < EXACT else None


def _made(message: Json) -> int | None:
    """When it was made in the page, in milliseconds."""
    try:
        return int(datetime.fromisoformat(message["timestamp"]).timestamp() * 1000)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def _told(received: int, path: str, message: str) -> Json:
    return {"received": received, "path": path, "message": json.loads(message)}


def _in(value: Any, *path: str) -> Any:
    """What lies at this path of names, where objects lead there."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _now() -> int:
    return time.time_ns() // 1_000_000
