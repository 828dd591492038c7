"""The development server: the demo's pages, the bundle, and behind them one local Segment and one local Amplitude.

``DevServer`` runs in a thread of its own, on the loopback address only, and is used by ``serve`` and by the tests
alike. What the collectors take is in ``server.store``; ``server.faults`` makes them answer as real ones do on bad days.

Three guards come before every route. A request must name a loopback host, or a page elsewhere could reach it under a
name of its own. Segment and Amplitude answer every origin (CORS), as the real ones do, and the bundle may be loaded by
any; what was recorded, and orders, are for the server's own pages. A fault that was ordered for a path is its answer.
"""

import socket
import sqlite3
import threading
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from ...errors import ReplayError
from . import amplitude, api, demo, elsewhere, segment, viewer
from .body import Json, Refused
from .demo import Real
from .faults import Fault, Faults, ordered
from .store import Store

HOST = "127.0.0.1"
LOOPBACK = (HOST, "localhost", "*.localhost")
COLLECTORS = ("/segment/", "/v1/", "/amplitude/", elsewhere.PREFIX)
BUNDLE = "/dist/"
TOLD = ("X-Session-Replay-Event-Skipped", "Retry-After")  # headers that scripts of other origins may read
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".wasm": "application/wasm",
    ".zip": "application/zip",
}


class DevServer:
    """The server; a context manager, or ``start()`` and ``stop()``.

    Args:
        dist: the bundle's directory, served as ``/dist/``.
        port: on 127.0.0.1; 0 takes a free one.
        db: a file to keep what is collected in; left out, it is kept in memory.
        real: let the demo's shops use the real Segment and Amplitude.
        sources: the local Segment's, by their write keys; left out, those of ``SOURCES``.
        max_age: for how many seconds browsers may keep scripts of the bundle that have no hash in their names.

    Attributes:
        url: where it is, without a slash at the end.
        store: what was collected.
        faults: how the next requests shall fail.
        sources: the local Segment's sources; more may be added.
        configuration: the local Amplitude's configuration of Session Replay; empty at first.

    Raises ``ReplayError``: ``port-taken``, or ``db``.
    """

    def __init__(
        self,
        dist: Path,
        port: int = 0,
        db: Path | None = None,
        real: Real | None = None,
        sources: dict[str, dict[str, Any]] | None = None,
        max_age: int = 0,
    ) -> None:
        self._socket = _bound(port)
        self.url = f"http://{HOST}:{self._socket.getsockname()[1]}"
        self.store = Store(db)
        self.faults: list[Fault] = []
        self.sources = dict(segment.SOURCES) if sources is None else sources
        self.configuration: dict[str, Any] = {}
        self._stream = api.Stream(self.store)
        app = self._app(_Bundle(dist, max_age), real)
        config = uvicorn.Config(app, log_level="error", lifespan="off", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)

    def start(self) -> None:
        self._thread.start()  # requests made before it has begun wait in the socket

    def stop(self) -> None:
        self._stream.close()
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()
        self.store.close()

    def __enter__(self) -> "DevServer":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def fault(self, path: str, status: int | None = None, **more: Any) -> None:
        """Have the next requests to ``path`` answered so: the arguments are those of ``Fault``."""
        self.faults.append(ordered(path, status, **more))

    def _app(self, dist: "_Bundle", real: Real | None) -> Starlette:
        return Starlette(
            routes=[
                *segment.routes(self.store, self.sources),
                *amplitude.routes(self.store, self.configuration),
                *api.routes(self.store, self._stream, self.faults),
                *demo.routes(real),
                *viewer.routes(),
                *elsewhere.routes(),
                Mount("/dist", dist),
            ],
            middleware=[
                Middleware(TrustedHostMiddleware, allowed_hosts=LOOPBACK),
                Middleware(_Origins),
                Middleware(elsewhere.Elsewhere),
                Middleware(Faults, faults=self.faults),
            ],
            exception_handlers={Refused: amplitude.refused, sqlite3.Error: _unavailable, ClientDisconnect: _gone},
        )


def _bound(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port), backlog=2048)
    except OSError as error:
        raise ReplayError("port-taken", f"{HOST}:{port} cannot be had: {error}", "Choose another --port.") from error


async def _unavailable(request: Request, error: Exception) -> Response:
    """Of the file of ``--db``; clients try again."""
    return Json({"code": 503, "error": f"The database cannot be used now: {error}."}, 503)


async def _gone(request: Request, error: Exception) -> Response:
    """Nobody is there any more who would read it."""
    return PlainTextResponse("", 400)


class _Origins:
    """Who may ask for what."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        # A beacon comes with credentials, so the origin itself must be named, and not *.
        self._open = CORSMiddleware(
            app,
            allow_origin_regex=".*",
            allow_credentials=True,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=TOLD,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            if "\0" in scope["path"]:  # older Starlettes ask the disk for it, and fail
                app = PlainTextResponse("Not found", 404)
            elif scope["path"].startswith(COLLECTORS):
                app = self._open
            elif not scope["path"].startswith(BUNDLE) and headers.get("origin") not in (
                None,
                f"http://{headers['host']}",
            ):
                app = PlainTextResponse("This is for the server's own pages.", 403)
        await app(scope, receive, send)


class _Bundle(StaticFiles):
    """Files, or their ``.br`` and ``.gz`` where the browser takes these; what has a hash in its name is for ever."""

    def __init__(self, directory: Path, max_age: int) -> None:
        super().__init__(directory=directory)
        self._max_age = max_age

    async def get_response(self, path: str, scope: Scope) -> Response:
        accepted = {
            each.partition(";")[0].strip() for each in Headers(scope=scope).get("accept-encoding", "").split(",")
        }
        for encoding, suffix in (("br", ".br"), ("gzip", ".gz")):
            if encoding in accepted and self.lookup_path(path + suffix)[1]:
                response = await super().get_response(path + suffix, scope)
                response.headers["Content-Encoding"] = encoding
                break
        else:
            response = await super().get_response(path, scope)
        response.headers["Content-Type"] = TYPES.get(Path(path).suffix, "application/octet-stream")
        response.headers["Vary"] = "Accept-Encoding"
        response.headers["Cache-Control"] = self._kept(Path(path))
        response.headers["Access-Control-Allow-Origin"] = "*"
        return response

    def _kept(self, path: Path) -> str:
        if path.parts[0] == "assets":
            return "max-age=31536000, immutable"
        return f"max-age={self._max_age}" if self._max_age and path.suffix == ".js" else "no-cache"
