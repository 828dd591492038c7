"""What arrives at a development server, a line each, as it comes: for people, or as JSON."""

import http.client
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote

from rich.filesize import decimal

from ...errors import ReplayError
from ..devserver.server import HOST
from ..devserver.store import named

Arrival = tuple[str, dict[str, Any]]
"""What the store tells its listeners: a name, and what arrived."""


def follow(port: int) -> Iterator[Arrival]:
    """The arrivals at the development server on this port, from now on, until it ends.

    Raises ``ReplayError`` (``no-server``).
    """
    connection = http.client.HTTPConnection(HOST, port)
    try:
        connection.request("GET", "/api/stream")
        response = connection.getresponse()
        if not response.getheader("content-type", "").startswith("text/event-stream"):
            raise OSError("something else answers")
    except (OSError, http.client.HTTPException) as error:
        fix = "Start one: pyscript-replay watch, or serve; --at names its port."
        raise ReplayError("no-server", f"There is no development server on port {port}: {error}", fix) from error
    name = ""
    with response:
        for line in response:
            field, _, value = line.decode().rstrip("\r\n").partition(": ")
            if field == "event":
                name = value
            elif field == "data":
                yield name, json.loads(value)


def text(name: str, what: dict[str, Any], server: str) -> Iterator[str]:
    """The lines for people."""
    at = datetime.fromtimestamp(what.get("received", 0) / 1000).strftime("%H:%M:%S")
    for kind, told, replay in _told(name, what):
        words = "  ".join([at, f"{kind:9}", told, *([link(server, *replay)] if replay else [])])
        # whatever a page has sent, it is no command to a terminal
        yield "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in words)


def as_json(name: str, what: dict[str, Any], server: str) -> Iterator[str]:
    """The same, an object each: ``kind``, the link to its ``replay``, and what arrived as it is."""
    for kind, _, replay in _told(name, what):
        yield json.dumps({"kind": kind, "replay": link(server, *replay) if replay else None, **what})


def link(server: str, device_id: str, session_id: int) -> str:
    """Where the replay of this session is played."""
    device_id = quote(device_id, errors="replace")  # it may have half of a surrogate pair
    return f"{server}/replay/{device_id}/{session_id}"


def _told(name: str, what: dict[str, Any]) -> Iterator[tuple[str, str, tuple[str, int] | None]]:
    """Of each: its kind, in a few words what it is, and the ids of its session, if it names one."""
    if name == "segment":
        message = what["message"]
        called = message.get("event") or message.get("name")
        words = [str(message.get("type")), *([json.dumps(called, ensure_ascii=False)] if called else [])]
        properties = {key: each for key, each in (message.get("properties") or {}).items() if not key.startswith("[")}
        if properties and message.get("type") == "track":
            words.append(json.dumps(properties, ensure_ascii=False))
        device_id, session_id = named(message)
        ids = (device_id, session_id) if device_id is not None and session_id is not None else None
        yield "event", " ".join(words), ids
    elif name == "amplitude":
        for event in what["body"]["events"]:
            device_id, session_id = event.get("device_id"), event.get("session_id")
            ids = (device_id, session_id) if isinstance(device_id, str) and isinstance(session_id, int) else None
            yield "amplitude", json.dumps(event.get("event_type"), ensure_ascii=False), ids
    elif name == "upload":
        told = f"{what['events']} recorded events, {decimal(what['bytes'])}"
        yield "upload", told, (what["device_id"], what["session_id"])
