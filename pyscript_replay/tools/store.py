"""What the collectors took, in SQLite.

Three tables, each a list of what arrived, in its order: Segment's messages, Session Replay's uploads, and events that
went to Amplitude directly. Everything else is read from these. One connection, one lock: SQLite has one writer anyway,
and a reader sees whole uploads only. In a file the journal is a WAL, so another process can read along.
"""

import json
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

REPLAY_ID = "[Amplitude] Session Replay ID"

SCHEMA = """
create table if not exists segment (received integer, path text, message text);
create table if not exists upload (received integer, device_id text, session_id integer, query text, headers text,
                                   body text, bytes integer);
create table if not exists amplitude (received integer, path text, event text);
create index if not exists upload_session on upload (device_id, session_id);
"""

Result = TypeVar("Result")


class Upload(NamedTuple):
    """One upload of Session Replay. ``received`` is in milliseconds since 1970, ``bytes`` are those on the wire."""

    received: int
    device_id: str
    session_id: int
    query: dict[str, str]
    headers: dict[str, str]
    events: list[dict[str, Any]]
    bytes: int


class Store:
    """What was collected. ``path`` is a file to keep it in; left out it is kept in memory."""

    def __init__(self, path: Path | None = None) -> None:
        self._database = sqlite3.connect(path or ":memory:", check_same_thread=False, timeout=30)
        self._changed = threading.Condition(threading.RLock())
        self._listeners: list[Callable[[str, dict[str, Any]], None]] = []
        with self._changed:
            self._database.execute("pragma journal_mode = wal")
            self._database.executescript(SCHEMA)

    def close(self) -> None:
        with self._changed:
            self._database.close()

    def clear(self) -> None:
        """Forget everything."""
        with self._changed, self._database:
            for table in ("segment", "upload", "amplitude"):
                self._database.execute(f"delete from {table}")

    # What the collectors write.

    def add_segment(self, path: str, messages: list[dict[str, Any]]) -> None:
        received = _now()
        self._write(
            "insert into segment values (?, ?, ?)",
            [(received, path, json.dumps(message)) for message in messages],
            [("segment", {"received": received, "path": path, "message": message}) for message in messages],
        )

    def add_upload(self, query: dict[str, str], headers: dict[str, str], events: list[Any], size: int) -> None:
        received = _now()
        device_id, session_id = query["device_id"], int(query["session_id"])
        row = (received, device_id, session_id, json.dumps(query), json.dumps(headers), json.dumps(events), size)
        told = {"received": received, "device_id": device_id, "session_id": session_id, "bytes": size, "events": len(events)}
        self._write("insert into upload values (?, ?, ?, ?, ?, ?, ?)", [row], [("upload", told)])

    def add_amplitude(self, path: str, events: list[dict[str, Any]]) -> None:
        received = _now()
        self._write(
            "insert into amplitude values (?, ?, ?)",
            [(received, path, json.dumps(event)) for event in events],
            [("amplitude", {"received": received, "path": path, "body": {"events": events}})],
        )

    def add_session(self, session: Any) -> None:
        """An exported session, as ``session`` gives it. Raises ``ValueError`` when it is none."""
        if not isinstance(session, dict) or not isinstance(session.get("device_id"), str):
            raise ValueError("it has no device id")
        if type(session.get("session_id")) is not int or not 0 < session["session_id"] < 2**53:
            raise ValueError("it has no session id")
        recording, events = session.get("recording"), session.get("events")
        if not isinstance(recording, list) or not all(_is_recorded(each) for each in recording) or not recording:
            raise ValueError("it has no recording")
        if not isinstance(events, list) or not all(isinstance(each, dict) and isinstance(each.get("message"), dict) for each in events):
            raise ValueError("its events cannot be read")
        query = {"device_id": session["device_id"], "session_id": str(session["session_id"]), "type": "replay"}
        self.add_upload(query, {}, recording, len(json.dumps(recording)))
        known = {message.get("messageId") for message in self.segment_messages()}
        self.add_segment("import", [each["message"] for each in events if each["message"].get("messageId") not in known])

    def _write(self, statement: str, rows: list[tuple], told: list[tuple[str, dict[str, Any]]]) -> None:
        with self._changed:
            with self._database:
                self._database.executemany(statement, rows)
            self._changed.notify_all()
            listeners = list(self._listeners)
        for listener in listeners:
            for name, what in told:
                listener(name, what)

    # What tests and pages read.

    def listen(self, listener: Callable[[str, dict[str, Any]], None]) -> Callable[[], None]:
        """Call ``listener(name, what)`` on each arrival; returns how to stop."""
        with self._changed:
            self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def wait_for(self, condition: Callable[["Store"], Result], timeout: float = 10) -> Result:
        """What ``condition(store)`` returns, once that is true. Raises ``TimeoutError`` after ``timeout`` seconds."""
        end = time.monotonic() + timeout
        with self._changed:
            while not (result := condition(self)):
                if not self._changed.wait(end - time.monotonic()):
                    raise TimeoutError(f"not within {timeout} s; arrived so far: {self.counts()}")
        return result

    def segment_messages(self) -> list[dict[str, Any]]:
        """Segment's messages, in the order in which they arrived."""
        return [json.loads(message) for (message,) in self._rows("select message from segment order by rowid")]

    def uploads(self, device_id: str | None = None, session_id: int | None = None) -> list[Upload]:
        """The uploads, or those of one session, in the order in which they arrived."""
        rows = self._rows(
            "select * from upload where ?1 is null or (device_id = ?1 and session_id = ?2) order by rowid", device_id, session_id
        )
        return [Upload(r, d, s, json.loads(q), json.loads(h), [_decoded(e) for e in json.loads(b)], n) for r, d, s, q, h, b, n in rows]

    def amplitude_events(self) -> list[dict[str, Any]]:
        """Events that went to Amplitude directly, by HTTP V2 or from amplitude-js."""
        return [json.loads(event) for (event,) in self._rows("select event from amplitude order by rowid")]

    def counts(self) -> dict[str, int]:
        """How much there is."""
        ((segment,),) = self._rows("select count(*) from segment")
        ((uploads, size),) = self._rows("select count(*), coalesce(sum(bytes), 0) from upload")
        return {"segment": segment, "uploads": uploads, "upload_bytes": size}

    def state(self) -> dict[str, Any]:
        """The counts, and the last 50 messages of Segment."""
        rows = self._rows("select received, path, message from segment order by rowid desc limit 50")
        return {**self.counts(), "events": [_message(*row) for row in reversed(rows)]}

    def sessions(self) -> list[dict[str, Any]]:
        """Every recorded session, the newest first. Times are milliseconds since 1970."""
        keys = self._rows("select device_id, session_id from upload group by 1, 2 order by max(session_id) desc, max(received) desc")
        return [self.summary(*key) for key in keys]

    def session(self, device_id: str, session_id: int) -> dict[str, Any]:
        """One session: its summary, its ``recording``, Segment's ``events`` of it, the ``transitions`` it took part in.

        Raises ``KeyError`` when nothing was recorded under that id.
        """
        uploads = self.uploads(device_id, session_id)
        if not uploads:
            raise KeyError(f"{device_id}/{session_id}")
        recording = _merged(uploads)
        events = self._events(device_id, session_id)
        times = [each["timestamp"] for each in recording] or [each.received for each in uploads]
        return {
            "replay_id": f"{device_id}/{session_id}",
            "device_id": device_id,
            "session_id": session_id,
            "started": min(times),
            "ended": max(times),
            "length_ms": max(times) - min(times),
            "pages": sum(each["type"] == META for each in recording),
            "uploads": len(uploads),
            "upload_bytes": sum(each.bytes for each in uploads),
            "recording": recording,
            "events": events,
            "transitions": self._transitions(device_id, session_id, min(times)),
        }

    def summary(self, device_id: str, session_id: int) -> dict[str, Any]:
        """The same without what makes it large; ``events`` is their number."""
        session = self.session(device_id, session_id)
        summary = {key: value for key, value in session.items() if key not in ("recording", "transitions")}
        return {**summary, "events": len(session["events"])}

    def _events(self, device_id: str, session_id: int) -> list[dict[str, Any]]:
        rows = self._rows("select received, path, message from segment order by rowid")
        return [each for each in (_message(*row) for row in rows) if belongs(each["message"], device_id, session_id)]

    def _transitions(self, device_id: str, session_id: int, started: int) -> list[dict[str, Any]]:
        """This session took over from the one that was recorded before it, by this device or, after a reset, another."""
        earlier = self._rows("select max(session_id) from upload where session_id < ? and device_id = ?", session_id, device_id)
        return [{"at": started, "previous": earlier[0][0], "current": session_id}]

    def _rows(self, statement: str, *values: Any) -> list[tuple]:
        with self._changed:
            return self._database.execute(statement, values).fetchall()


META = 4  # rrweb's event type for "a page was loaded"


def belongs(message: dict[str, Any], device_id: str, session_id: int) -> bool:
    """Whether a message of Segment belongs to this session: by its replay id, else by its session id and device."""
    named = (message.get("properties") or {}).get(REPLAY_ID)
    if named is not None:
        return named.startswith(f"{device_id}/{session_id}")  # in debug mode the SDK appends to it
    integrations = message.get("integrations") or {}
    ids = [integrations[name].get("session_id") for name in ("Actions Amplitude", "Amplitude") if isinstance(integrations.get(name), dict)]
    return session_id in ids and message.get("anonymousId") == device_id


def _merged(uploads: list[Upload]) -> list[dict[str, Any]]:
    """The events of all uploads in the order of their time; what a beacon has sent a second time counts once."""
    once = {json.dumps(event, sort_keys=True): event for upload in uploads for event in upload.events}
    return sorted(once.values(), key=lambda event: event["timestamp"])


def _decoded(event: Any) -> dict[str, Any]:
    """The SDK sends each rrweb event as JSON in JSON."""
    return json.loads(event) if isinstance(event, str) else event


def _is_recorded(event: Any) -> bool:
    return isinstance(event, dict) and isinstance(event.get("timestamp"), int) and isinstance(event.get("type"), int)


def _message(received: int, path: str, message: str) -> dict[str, Any]:
    return {"received": received, "path": path, "message": json.loads(message)}


def _now() -> int:
    return time.time_ns() // 1_000_000


