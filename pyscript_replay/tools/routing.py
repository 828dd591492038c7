"""Segment's and Amplitude's hosts behind the development server: gathering, by Playwright's routes.

A page asks ``https://cdn.segment.com/…`` as ever, and its answer comes from here. What a page sends as it is left
passes Playwright's routes by; ``web/tools/observer.js`` keeps it for the tab's next page of the same origin. Whatever
has been asked and has arrived is noted, for ``evidence.py`` to say what it comes to. The pages are not changed: what
they load and how they are wired is theirs.
"""

import http.client
import json
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from . import hosts
from .devserver import elsewhere
from .devserver.segment import ASKED_OF
from .devserver.server import DevServer
from .evidence import Asked, Evidence, Moment
from .npm import WEB

if TYPE_CHECKING:
    from playwright import async_api, sync_api

BINDING = "__pyscript_replay_observer"
OBSERVER = WEB / "tools" / "observer.js"
HOP = ("connection", "content-length", "host", "transfer-encoding", "accept-encoding")
"""Headers that are of one connection, and are not handed on."""
SECONDS = 30


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class Wire:
    """All that the pages of a context ask of Segment and Amplitude, and what they are answered."""

    def __init__(self, server: DevServer) -> None:
        self.server = server
        self.asked: list[Asked] = []
        self.called: list[dict[str, Any]] = []
        self.moments: list[Moment] = []
        self.under_way = 0
        self._began = self._last = time.monotonic()
        self._stop = server.store.listen(self._arrived)

    def close(self) -> None:
        self._stop()

    def evidence(self, stored: Sequence[str] = ()) -> Evidence:
        """What was seen so far; ``stored`` are names of what is stored in the browser."""
        store = self.server.store
        return Evidence(
            messages=store.segment_messages(),
            logged=store.amplitude_events(),
            uploads=[upload for upload in store.uploads() if upload.query.get("type") == "replay"],
            called=list(self.called),
            asked=list(self.asked),
            stored=stored,
        )

    def note(self, kind: str, text: str) -> None:
        self._last = time.monotonic()
        self.moments.append(Moment(self._last - self._began, kind, text))

    def quiet(self, seconds: float) -> bool:
        """Whether nothing has happened for so long, and nothing is under way."""
        return not self.under_way and time.monotonic() - self._last >= seconds

    def answer(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer | None:
        """What the development server has for this request; ``None`` for what is none of theirs. Waits for it."""
        if url.startswith(f"{self.server.url}/") or not (path := hosts.local(method, url, body)):
            return None
        self.under_way += 1
        try:
            answer = self._forwarded(method, url, path, headers, body)
        finally:
            self.under_way -= 1
        self.asked.append(Asked(method, url, answer.status))
        if method != "OPTIONS" and (answer.status >= 400 or method == "GET"):
            self.note("request", f"{method} {url.partition('?')[0]}: {answer.status}")
        return answer

    def answered(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, status: int) -> None:
        """The real one has answered: what it was told is kept here as well."""
        if method == "POST" and status < 300:
            self.answer(method, url, headers, body)
        else:
            self.asked.append(Asked(method, url, status))
            self.note("request", f"{method} {url.partition('?')[0]}: {status}")

    def _forwarded(self, method: str, url: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        here, there = urlsplit(self.server.url), urlsplit(url)
        kept = {name: value for name, value in headers.items() if name.lower() not in HOP}
        connection = http.client.HTTPConnection(here.hostname or "", here.port, timeout=SECONDS)
        try:
            connection.request(method, path, body, {**kept, ASKED_OF: there.netloc})
            response = connection.getresponse()
            given = {name.lower(): value for name, value in response.getheaders() if name.lower() not in HOP}
            return Answer(response.status, given, response.read())
        except OSError:  # the server has been stopped: the test is over
            return Answer(503, {}, b"")
        finally:
            connection.close()

    def told(self, source: Any, what: dict[str, Any]) -> None:
        """By ``observer.js``."""
        if called := what.get("called"):
            self.called.append(called)
            self.note("call", f"{called['type']} {json.dumps(called.get('event'))}")
        elif (left := what["left"]) and left["body"] is not None:
            self.answer("POST", left["url"], {**left["headers"], "origin": "null"}, left["body"].encode())

    def _arrived(self, name: str, what: dict[str, Any]) -> None:
        if name == "segment":
            message = what["message"]
            called = message.get("event") or message.get("name")
            self.note("segment", f"{message.get('type')} {json.dumps(called)} {json.dumps(message.get('properties'))}")
        elif name == "amplitude":
            for event in what["body"]["events"]:
                told = json.dumps(event.get("event_type"))
                self.note("amplitude", f"{told} of {event.get('device_id')}/{event.get('session_id')}")
        elif name == "upload":
            self.note("upload", f"{what['device_id']}/{what['session_id']}: {what['events']} recorded events")


def observer(server: DevServer) -> str:
    """The script for the pages."""
    return elsewhere.written(OBSERVER.read_text("utf-8"), f"{server.url}/")


def listen(context: "sync_api.BrowserContext | async_api.BrowserContext", wire: Wire) -> None:
    """Note what else happens on the pages."""

    def requested(request: Any) -> None:
        if request.resource_type == "document":
            wire.note("page", request.url)

    context.on("request", requested)  # type: ignore[call-overload]
    context.on("weberror", lambda error: wire.note("error", str(error.error)))  # type: ignore[call-overload]
    context.on("console", lambda said: said.type in ("error", "warning") and wire.note("console", said.text))  # type: ignore[call-overload]


def route(context: "sync_api.BrowserContext", wire: Wire, live: bool = False) -> None:
    """Answer this context's requests to Segment and Amplitude here; or, ``live``, have them answered, and listen."""
    from playwright.sync_api import Error

    def listening(route: "sync_api.Route") -> None:
        request = route.request
        method, url, body = request.method, request.url, request.post_data_buffer
        if not hosts.local(method, url, body):
            return route.fallback()
        try:
            answer = route.fetch()
            wire.answered(method, url, request.headers, body, answer.status)
            route.fulfill(response=answer)
        except Error:
            route.abort()

    def handle(route: "sync_api.Route") -> None:
        request = route.request
        answer = wire.answer(request.method, request.url, request.headers, request.post_data_buffer)
        try:
            if answer:
                route.fulfill(status=answer.status, headers=answer.headers, body=answer.body)
            else:
                route.fallback()
        except Error:
            pass  # the page has gone meanwhile

    context.route(hosts.PATTERN, listening if live else handle)
    context.expose_binding(BINDING, wire.told)
    context.add_init_script(observer(wire.server))
    listen(context, wire)


async def route_async(context: "async_api.BrowserContext", wire: Wire) -> None:
    """The same with Playwright's asynchronous API."""
    import asyncio

    from playwright.async_api import Error

    async def handle(route: "async_api.Route") -> None:
        request = route.request
        given = request.method, request.url, request.headers, request.post_data_buffer
        answer = await asyncio.to_thread(wire.answer, *given)
        try:
            if answer:
                await route.fulfill(status=answer.status, headers=answer.headers, body=answer.body)
            else:
                await route.fallback()
        except Error:
            pass  # the page has gone meanwhile

    await context.route(hosts.PATTERN, handle)
    await context.expose_binding(BINDING, wire.told)
    await context.add_init_script(observer(wire.server))
    listen(context, wire)
