"""The local Amplitude: Session Replay's configuration and uploads, HTTP V2, amplitude-js 5's endpoint, and its SDKs.

GET  /amplitude/session-replay/config/{api key}         or, as older SDKs ask, with ?api_key={api key}
POST /amplitude/session-replay/track        plain or gzip, or a beacon, which has its API key in the query; with a name
                                            for the page behind it (/track/x7f), tabs are told apart for certain
POST /amplitude/2/httpapi
POST /amplitude/classic                     a form with the events as JSON in its field ``e``; answers ``success``
GET  /amplitude/libs/{name}-{version}…      an SDK as one script, whatever version is asked for in the one that we have
"""

import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from .. import sdks
from .body import Json, Refused, parsed, read, unpacked
from .store import Store

MAX_UPLOAD = 10_000_000  # bytes, before and after unpacking; what Session Replay's service takes at once
MAX_EVENTS = 1_000_000  # bytes; HTTP V2's own limit


def routes(store: Store, configuration: Mapping[str, Any]) -> list[Route]:
    """The routes; what they take they write to ``store``. ``configuration`` is Session Replay's."""

    async def config(request: Request) -> Response:
        return Json({"configs": {"sessionReplay": dict(configuration)}})

    async def track(request: Request) -> Response:
        if not request.query_params.get("api_key") and not _bearer(request):
            raise Refused(401, "no API key")
        body = await read(request, MAX_UPLOAD)
        events = await run_in_threadpool(_recorded, request, body)  # a large one must not keep others waiting
        query = {**request.query_params, **request.path_params}
        try:
            await store.asked(store.add_upload, query, dict(request.headers), events, len(body))
        except ValueError as error:
            raise Refused(400, str(error)) from error
        return Json({"code": 200})

    async def http_v2(request: Request) -> Response:
        body = await read(request, MAX_EVENTS)
        given = parsed(unpacked(body, request.headers.get("content-encoding"), MAX_EVENTS))
        events = _events(given)
        if not given.get("api_key"):
            raise Refused(400, "Request missing required field: api_key")
        if not all(isinstance(each, dict) for each in events):
            raise Refused(400, "Invalid event JSON")
        await store.asked(store.add_amplitude, request.url.path, events)
        answer = {"events_ingested": len(events), "payload_size_bytes": len(body)}
        return Json({"code": 200, **answer, "server_upload_time": time.time_ns() // 1_000_000})

    async def classic(request: Request) -> Response:
        form = parse_qs((await read(request, MAX_EVENTS)).decode(errors="replace"))
        events = parsed(form.get("e", [""])[0])
        if not isinstance(events, list) or not all(isinstance(each, dict) for each in events):
            raise Refused(400, "Invalid event JSON")
        await store.asked(store.add_amplitude, request.url.path, events)
        return PlainTextResponse("success")

    def library(request: Request) -> Response:
        name = re.match(r"(.+?)-\d", request.path_params["file"])
        if not name or name[1] not in sdks.LIBS:
            raise HTTPException(404, "there is no such SDK")
        return FileResponse(sdks.cached() / "libs" / f"{name[1]}.js", media_type="text/javascript")

    return [
        Route("/amplitude/libs/{file}", library),
        Route("/amplitude/session-replay/config", config),
        Route("/amplitude/session-replay/config/{key}", config),
        Route("/amplitude/session-replay/track", track, methods=["POST"]),
        Route("/amplitude/session-replay/track/{document}", track, methods=["POST"]),
        Route("/amplitude/2/httpapi", http_v2, methods=["POST"]),
        Route("/amplitude/classic", classic, methods=["POST"]),
    ]


async def refused(request: Request, error: Exception) -> Response:
    """Amplitude's answer to a ``Refused``."""
    assert isinstance(error, Refused)
    return Json({"code": error.status, "error": error.text}, error.status)


def _recorded(request: Request, body: bytes) -> list[Any]:
    given = parsed(unpacked(body, request.headers.get("content-encoding"), MAX_UPLOAD))
    return [_recorded_event(each) for each in _events(given)]


def _recorded_event(given: Any) -> Any:
    """One of rrweb's events: JSON in JSON; older SDKs have packed that, each byte a character."""
    event = parsed(given) if isinstance(given, str) else given
    if not isinstance(event, str):
        return event
    return parsed(unpacked(event.encode("latin-1", "replace"), "deflate", MAX_UPLOAD))


def _bearer(request: Request) -> str:
    return request.headers.get("authorization", "").removeprefix("Bearer ")


def _events(given: Any) -> list[Any]:
    events = given.get("events") if isinstance(given, dict) else None
    if not isinstance(events, list) or not events:
        raise Refused(400, "Request missing required field: events")
    return events
