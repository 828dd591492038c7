"""Other sites' pages, with this Segment and this Amplitude: one line in a page under development is enough.

GET  /watch.js              the line's script, ``web/tools/watch.js``
*    /elsewhere/{address}   what is here for this address of Segment's or Amplitude's; 421 where it is none of theirs
"""

import json
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import unquote, urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from .. import hosts
from ..npm import WEB
from .body import Refused, read
from .segment import ASKED_OF

PREFIX = "/elsewhere/"
SCRIPT = WEB / "tools" / "watch.js"
MAX_BODY = 10_000_000  # bytes


def line(server: str) -> str:
    """The line for a page's head, before all other scripts, with the address of a development server."""
    return f'<script src="{server}/watch.js"></script>'


def written(script: str, here: str) -> str:
    """One of the scripts in ``web/tools``, with what it knows from Python; ``here`` is the development server."""
    values = {"__HERE__": here, "__PATTERN__": hosts.PATTERN.pattern, "__THEIRS__": hosts.THEIRS.pattern}
    for name, value in values.items():
        script = script.replace(name, json.dumps(value))
    return script


def routes() -> list[Route]:
    def watch(request: Request) -> Response:
        script = written(SCRIPT.read_text("utf-8"), str(request.base_url).rstrip("/"))
        headers = {"Cache-Control": "no-cache", "Cross-Origin-Resource-Policy": "cross-origin"}
        return Response(script, media_type="text/javascript", headers=headers)

    return [Route("/watch.js", watch)]


class Elsewhere:
    """Leads requests for ``/elsewhere/{address}`` to the route that has the answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            return await self._app(scope, receive, send)
        query = f"?{scope['query_string'].decode()}" if scope["query_string"] else ""
        url = scope["raw_path"].decode().removeprefix(PREFIX) + query
        body, receive = (None, receive) if hosts.theirs(url) else await _kept(scope, receive)
        path = hosts.local(scope["method"], url, body)
        if not path:
            return await PlainTextResponse("That is none of Segment's or Amplitude's.", 421)(scope, receive, send)
        path = path.partition("?")[0]
        headers = [*scope["headers"], (ASKED_OF.encode(), urlsplit(url).netloc.encode())]
        led = {**scope, "path": unquote(path), "raw_path": path.encode(), "headers": headers}
        await self._app(led, receive, _embeddable(send))


async def _kept(scope: Scope, receive: Receive) -> tuple[bytes | None, Receive]:
    """The body, and how it can be read once more."""
    try:
        body = await read(Request(scope, receive), MAX_BODY)
    except Refused:
        body = None

    async def again() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": body or b""}

    return body, again


def _embeddable(send: Send) -> Send:
    """Also for pages that are isolated from other origins, as PyScript's with workers are."""

    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], (b"cross-origin-resource-policy", b"cross-origin")]
        await send(message)

    return sending
