"""What the demo's pages ask their server: what has arrived, so far and from now on.

GET    /api/state                                what a page that has just opened needs to know
GET    /api/stream                               server-sent events: segment, amplitude, upload, session, deleted
GET    /api/sessions                             summaries; search, at_least_ms and order are ``Store.sessions``' own
DELETE /api/sessions                             forget all, and everything else that was collected
GET    /api/sessions/{device id}/{session id}    all of one
DELETE /api/sessions/{device id}/{session id}    forget it
POST   /api/sessions/import                      an exported session; answers its ids, or {"error": sentence}
GET    /export/{device id}/{session id}.html     a session as a file
POST   /api/faults                               how requests shall fail: see ``faults.py``; [] ends it
"""

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import AsyncIterator, Callable
from typing import Any

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from . import viewer
from .body import Json, Refused, parsed, read
from .faults import Fault, ordered
from .store import ORDERS, Store, whole

MAX_IMPORT = 100_000_000  # bytes
MAX_ORDER = 10_000  # bytes
BEHIND = 1000  # events
GATHER = 0.2  # seconds in which changes of a session are told as one


class Stream:
    """The arrivals in a store, told to any number of subscribers.

    Nobody waits for a subscriber: one that is too far behind is let go, and its ``EventSource`` comes back.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._queues: set[asyncio.Queue[ServerSentEvent | None]] = set()
        self._changed: set[tuple[str, int]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        store.listen(self._arrived)

    async def events(self) -> AsyncIterator[ServerSentEvent]:
        self._loop = asyncio.get_running_loop()
        queue: asyncio.Queue[ServerSentEvent | None] = asyncio.Queue(BEHIND)
        self._queues.add(queue)
        try:
            while event := await queue.get():
                yield event
        finally:
            self._queues.discard(queue)

    def close(self) -> None:
        """End it for every subscriber. May be called from any thread, as the store does with ``_arrived``."""
        if self._queues:
            self._loop.call_soon_threadsafe(lambda: [self._let_go(queue) for queue in list(self._queues)])

    def _arrived(self, name: str, what: dict[str, Any]) -> None:
        if self._queues:
            self._loop.call_soon_threadsafe(self._gather if name == "session" else self._tell, name, what)

    def _gather(self, _: str, ids: dict[str, Any]) -> None:
        if not self._changed:
            self._loop.call_later(GATHER, self._begin_to_summarise)
        self._changed.add((ids["device_id"], ids["session_id"]))

    def _begin_to_summarise(self) -> None:
        task = self._loop.create_task(self._summarise())
        self._tasks.add(task)  # or nobody held it
        task.add_done_callback(self._tasks.discard)

    async def _summarise(self) -> None:
        changed, self._changed = self._changed, set()
        for ids in changed:
            # there may be messages of it, but no upload yet; or a file that cannot be read now
            with contextlib.suppress(KeyError, sqlite3.Error):
                self._tell("session", await self._store.asked(self._store.summary, *ids))

    def _tell(self, name: str, what: dict[str, Any]) -> None:
        event = ServerSentEvent(json.dumps(what), event=name)
        for queue in list(self._queues):
            try:
                queue.put_nowait(event)
            except asyncio.QueueFull:
                self._let_go(queue)

    def _let_go(self, queue: asyncio.Queue[ServerSentEvent | None]) -> None:
        self._queues.discard(queue)
        while not queue.empty():
            queue.get_nowait()
        queue.put_nowait(None)


def routes(store: Store, stream: Stream, faults: list[Fault]) -> list[Route]:
    async def state(request: Request) -> Response:
        return Json(await store.asked(store.state))

    async def follow(request: Request) -> Response:
        return EventSourceResponse(stream.events())

    async def sessions(request: Request) -> Response:
        if request.method == "DELETE":
            await store.asked(store.clear)
            return Json({})
        asked = request.query_params
        at_least_ms, order = whole(asked.get("at_least_ms") or 0), asked.get("order") or "newest"
        if at_least_ms is None or order not in ORDERS:
            raise Refused(400, f"at_least_ms is a whole number, and order is one of {', '.join(ORDERS)}")
        return Json(await store.asked(store.sessions, asked.get("search", ""), at_least_ms, order))

    async def session(request: Request) -> Response:
        if request.method == "DELETE":
            await known(store.delete, request)
            return Json({})
        return Json(await known(store.session, request))

    async def export(request: Request) -> Response:
        chosen = await known(store.session, request)
        file = await run_in_threadpool(viewer.exported, chosen)
        name = f'attachment; filename="replay-{chosen["session_id"]}.html"'
        return HTMLResponse(file, headers={"Content-Disposition": name})

    async def known(what: Callable[[str, int], Any], request: Request) -> Any:
        """What this answers for the session that the address names."""
        ids = request.path_params["device_id"], whole(request.path_params["session_id"]) or 0
        try:
            return await store.asked(what, *ids)
        except KeyError as error:
            raise HTTPException(404, "there is no such session") from error

    async def take(request: Request) -> Response:
        try:
            file = await read(request, MAX_IMPORT)
            session = await run_in_threadpool(viewer.imported, file)
            device_id, session_id = await store.asked(store.add_session, session)
        except ValueError as error:
            return Json({"error": f"This is no exported session: {error}."}, 400)
        except Refused as refused:
            return Json({"error": f"This is no exported session: {refused.text}."}, refused.status)
        return Json({"device_id": device_id, "session_id": session_id})

    async def order(request: Request) -> Response:
        given = parsed(await read(request, MAX_ORDER))
        try:
            faults[:] = [ordered(**each) for each in (given if isinstance(given, list) else [given])]
        except TypeError as error:
            raise Refused(400, f"that is no fault: {error}") from error
        return Json([fault._asdict() for fault in faults])

    return [
        Route("/api/state", state),
        Route("/api/stream", follow),
        Route("/api/sessions", sessions, methods=["GET", "DELETE"]),
        Route("/api/sessions/import", take, methods=["POST"]),
        Route("/api/sessions/{device_id:path}/{session_id}", session, methods=["GET", "DELETE"]),
        Route("/export/{device_id:path}/{session_id}.html", export),
        Route("/api/faults", order, methods=["POST"]),
    ]
