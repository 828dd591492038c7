"""The local Amplitude: Session Replay's configuration and uploads, HTTP V2, and amplitude-js 5's endpoint.

    GET  /amplitude/session-replay/config/{api key}
    POST /amplitude/session-replay/track        plain, gzip, or a beacon
    POST /amplitude/2/httpapi
    POST /amplitude/classic                     a form with the events as JSON in its field ``e``; answers ``success``
"""


import json
import zlib
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from .store import Store

MAX_UPLOAD = 10_000_000  # bytes, unpacked; what Session Replay's service takes at once
MAX_EVENTS = 1_000_000  # bytes; HTTP V2's own limit


class Refused(Exception):
    """A request that gets an answer with this status and this text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def routes(store: Store) -> list[Route]:
    """The routes; what they take they write to ``store``."""

    async def config(request: Request) -> Response:
        return JSONResponse({"configs": {"sessionReplay": {}}})

    async def track(request: Request) -> Response:
        query = dict(request.query_params)
        if not query.get("device_id") or not query.get("session_id", "").isdecimal():
            raise Refused(400, "device_id and session_id are required")
        if "api_key" not in query and not request.headers.get("authorization", "").startswith("Bearer "):
            raise Refused(401, "no API key")
        body = await request.body()
        events = _recording(_unpacked(body, request.headers.get("content-encoding")))
        store.add_upload(query, dict(request.headers), events, len(body))
        return JSONResponse({"code": 200})

    async def http_v2(request: Request) -> Response:
        body = await request.body()
        if len(body) > MAX_EVENTS:
            raise Refused(413, "Payload too large")
        given = _json(_unpacked(body, request.headers.get("content-encoding")))
        events = given.get("events") if isinstance(given, dict) else None
        if not isinstance(events, list):
            raise Refused(400, "missing required field: events")
        store.add_amplitude(request.url.path, events)
        return JSONResponse({"code": 200, "events_ingested": len(events), "payload_size_bytes": len(body)})

    async def classic(request: Request) -> Response:
        form = parse_qs((await request.body()).decode(errors="replace"))
        events = _json(form.get("e", ["[]"])[0].encode())
        store.add_amplitude(request.url.path, events if isinstance(events, list) else [])
        return PlainTextResponse("success")

    return [
        Route("/amplitude/session-replay/config/{key}", config),
        Route("/amplitude/session-replay/track", track, methods=["POST"]),
        Route("/amplitude/2/httpapi", http_v2, methods=["POST"]),
        Route("/amplitude/classic", classic, methods=["POST"]),
    ]


async def refused(request: Request, error: Exception) -> Response:
    """The answer to a ``Refused``."""
    assert isinstance(error, Refused)
    return JSONResponse({"code": error.status, "error": str(error)}, error.status)


def _unpacked(body: bytes, encoding: str | None) -> bytes:
    if encoding != "gzip":
        unpacked = body
    else:
        try:
            reader = zlib.decompressobj(zlib.MAX_WBITS | 16)
            unpacked = reader.decompress(body, MAX_UPLOAD + 1)
        except zlib.error as error:
            raise Refused(400, f"no gzip: {error}") from error
    if len(unpacked) > MAX_UPLOAD:
        raise Refused(413, f"Payload too large: more than {MAX_UPLOAD} bytes")
    return unpacked


def _recording(body: bytes) -> list[Any]:
    given = _json(body)
    events = given.get("events") if isinstance(given, dict) else None
    if not isinstance(events, list):
        raise Refused(400, "no events")
    if not all(isinstance(_json(each.encode()) if isinstance(each, str) else each, dict) for each in events):
        raise Refused(400, "an event is no object")
    return events


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise Refused(400, f"malformed JSON: {error}") from error
