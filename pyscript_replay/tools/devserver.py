"""The development server: the demo's pages, the bundle, and behind them one local Segment and one local Amplitude.

``DevServer`` runs in a thread of its own, on the loopback address only, and is used by ``serve`` and by the tests
alike. What the collectors take is in ``server.store``; ``server.faults`` makes them answer as real ones do on bad days.

Three guards come before every route. A request must name a loopback host (or a page elsewhere could reach it under a
name of its own); a fault that was ordered for its path is its answer; collectors answer every origin (CORS), as the
real ones do, the rest answers its own only.
"""

import asyncio
import base64
import contextlib
import hashlib
import html
import json
import re
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import uvicorn
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from ..errors import ReplayError
from . import amplitude, segment
from .npm import WEB, installed
from .store import Store

HOST = "127.0.0.1"
MODES = ("actions", "classic-device", "classic-cloud", "auto")
SHOP = ("index", "product", "basket", "checkout", "thanks", "journal")
COLLECTORS = ("/segment/", "/v1/", "/amplitude/")
MAX_IMPORT = 100_000_000  # bytes

_SITE = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{scripts}; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'{hosts}; worker-src 'self' blob:; font-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_PLAYER = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src data:; "
    "media-src data:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_EXPORT = (
    "default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data:; font-src data:; "
    "media-src data:; form-action 'none'; base-uri 'none'"
)


class Real(NamedTuple):
    """The keys of a real source and a real project, for pages that use these instead of the local ones."""

    write_key: str
    api_key: str


REAL_HOSTS = " https://*.segment.com https://*.segment.io https://*.amplitude.com"


class Fault(NamedTuple):
    """How requests whose path begins with ``path`` are answered, the next ``times`` times."""

    path: str
    status: int | None = None
    delay_ms: int = 0
    times: int = 1


class DevServer:
    """The server; a context manager, or ``start()`` and ``stop()``.

    Args:
        dist: the bundle's directory, served as ``/dist/``.
        port: on 127.0.0.1; 0 takes a free one.
        db: a file to keep what is collected in; left out, it is kept in memory.
        real: let the demo's pages use the real Segment and Amplitude.
    """

    def __init__(self, dist: Path, port: int = 0, db: Path | None = None, real: Real | None = None) -> None:
        self.store = Store(db)
        self.faults: list[Fault] = []
        self.real = real
        self._dist = dist
        self._socket = _bound(port)
        self.url = f"http://{HOST}:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(self._app(), log_level="error", lifespan="off", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()
        self.store.close()

    def __enter__(self) -> "DevServer":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def fault(self, path: str, status: int | None = None, delay_ms: int = 0, times: int = 1) -> None:
        """Have the next ``times`` requests to ``path`` answered with ``status``, after ``delay_ms`` milliseconds."""
        self.faults.append(Fault(path, status, delay_ms, times))

    def _app(self) -> Starlette:
        return Starlette(
            routes=[
                *segment.routes(self.store),
                *amplitude.routes(self.store),
                *_Api(self).routes(),
                *_Pages(self).routes(),
                Mount("/dist", _Precompressed(directory=self._dist)),
                Mount("/demo", StaticFiles(directory=WEB / "demo")),
            ],
            middleware=[
                Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"]),
                Middleware(_Open),
                Middleware(_Faults, faults=self.faults),
            ],
            exception_handlers={amplitude.Refused: amplitude.refused},
        )


def _bound(port: int) -> socket.socket:
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        listening.listen(2048)  # so that a request made at once waits for the thread
    except OSError as error:
        listening.close()
        raise ReplayError("port-taken", f"{HOST}:{port} cannot be had: {error.strerror}.", "Choose another --port.") from error
    return listening


class _Open:
    """Collectors answer every origin; nothing else does."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._open = CORSMiddleware(app, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._open if scope["type"] == "http" and scope["path"].startswith(COLLECTORS) else self._app
        await app(scope, receive, send)


class _Faults:
    """Answers as it was ordered to."""

    def __init__(self, app: ASGIApp, faults: list[Fault]) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = self._next(scope["path"]) if scope["type"] == "http" and scope["method"] != "OPTIONS" else None
        if fault is not None:
            await asyncio.sleep(fault.delay_ms / 1000)
        if fault is None or fault.status is None:
            await self._app(scope, receive, send)
        else:
            await JSONResponse({"code": fault.status, "error": "as ordered"}, fault.status)(scope, receive, send)

    def _next(self, path: str) -> Fault | None:
        for position, fault in enumerate(self._faults):
            if path.startswith(fault.path):
                left = fault._replace(times=fault.times - 1)
                self._faults[position : position + 1] = [left] if left.times > 0 else []
                return fault
        return None


class _Precompressed(StaticFiles):
    """The bundle: its ``.br`` and ``.gz`` files where the browser takes them; hashed names are for ever."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        accepted = Headers(scope=scope).get("accept-encoding", "")
        for encoding, suffix in (("br", ".br"), ("gzip", ".gz")):
            if encoding in accepted:
                with contextlib.suppress(HTTPException):
                    return self._as(path, await super().get_response(path + suffix, scope), encoding)
        return self._as(path, await super().get_response(path, scope), None)

    def _as(self, path: str, response: Response, encoding: str | None) -> Response:
        if encoding:
            response.headers["Content-Encoding"] = encoding
            response.headers["Content-Type"] = TYPES.get(Path(path).suffix, "application/octet-stream")
        response.headers["Vary"] = "Accept-Encoding"
        # the cache may keep what carries a hash; an embedding page of another origin may load all
        response.headers["Cache-Control"] = "max-age=31536000, immutable" if path.startswith("assets/") else "no-cache"
        response.headers["Access-Control-Allow-Origin"] = "*"
        return response


TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".wasm": "application/wasm",
    ".zip": "application/zip",
}


class _Api:
    """What the pages ask: ``/api/…`` and the export of a session."""

    def __init__(self, server: DevServer) -> None:
        self._server = server
        self._store = server.store

    def routes(self) -> list[Route]:
        return [
            Route("/api/state", self.state),
            Route("/api/stream", self.stream),
            Route("/api/sessions", self.sessions),
            Route("/api/sessions/import", self.take, methods=["POST"]),
            Route("/api/sessions/{device_id}/{session_id:int}", self.session),
            Route("/api/faults", self.order, methods=["POST"]),
            Route("/export/{device_id}/{session_id:int}.html", self.export),
        ]

    async def state(self, request: Request) -> Response:
        return JSONResponse(self._store.state())

    async def sessions(self, request: Request) -> Response:
        return JSONResponse(self._store.sessions())

    async def session(self, request: Request) -> Response:
        return JSONResponse(self._recorded(request))

    def _recorded(self, request: Request) -> dict[str, Any]:
        try:
            return self._store.session(request.path_params["device_id"], request.path_params["session_id"])
        except KeyError as error:
            raise HTTPException(404, "no such session") from error

    async def stream(self, request: Request) -> Response:
        """Server-sent events: each arrival, and the summary of the session that it belongs to."""
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue(maxsize=1000)

        def put(name: str, what: dict[str, Any]) -> None:
            with contextlib.suppress(asyncio.QueueFull):  # a subscriber that does not read must not fill the memory
                queue.put_nowait((name, what))

        def arrived(name: str, what: dict[str, Any]) -> None:
            loop.call_soon_threadsafe(put, name, what)

        async def events() -> AsyncIterator[ServerSentEvent]:
            stop = self._store.listen(arrived)
            try:
                while True:
                    name, what = await queue.get()
                    yield ServerSentEvent(json.dumps(what), event=name)
                    if name == "upload":
                        summary = self._store.summary(what["device_id"], what["session_id"])
                        yield ServerSentEvent(json.dumps(summary), event="session")
            finally:
                stop()

        return EventSourceResponse(events())

    async def order(self, request: Request) -> Response:
        given = await request.json()
        try:
            self._server.faults[:] = [Fault(**each) for each in ([given] if isinstance(given, dict) else given)]
        except TypeError as error:
            raise HTTPException(400, str(error)) from error
        return JSONResponse({"faults": len(self._server.faults)})

    async def export(self, request: Request) -> Response:
        session = self._recorded(request)
        name = f'attachment; filename="replay-{session["session_id"]}.html"'
        return HTMLResponse(exported(session), headers={"Content-Disposition": name})

    async def take(self, request: Request) -> Response:
        """Import what ``export`` wrote. Its data are read, its markup never looked at."""
        body = await request.body()
        found = re.search(rb'<script type="application/json" id="recording">(.*?)</script>', body, re.DOTALL)
        try:
            if len(body) > MAX_IMPORT:
                raise ValueError("it is too large")
            session = json.loads(found[1]) if found else None
            self._store.add_session(session)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            return JSONResponse({"error": f"That is no exported session: {error}"}, 400)
        return JSONResponse({"device_id": session["device_id"], "session_id": session["session_id"]})


class _Pages:
    """The demo's pages, made of the templates in ``web/demo``."""

    def __init__(self, server: DevServer) -> None:
        self._server = server
        self._policy = _SITE.format(scripts="", hosts="")
        if server.real:
            self._policy = _SITE.format(scripts=REAL_HOSTS, hosts=REAL_HOSTS)

    def routes(self) -> list[Route]:
        shop = "|".join(SHOP)
        return [
            Route("/", self.shop),
            *(Route(f"/{name}", self.shop) for name in SHOP),
            *(Route(f"/{mode}", _to_folder) for mode in MODES),
            *(Route(f"/{mode}/", self.shop) for mode in MODES),
            *(Route(f"/{mode}/{name}", self.shop) for mode in MODES for name in shop.split("|")),
            Route("/sessions", self.page("sessions.html", self._policy)),
            Route("/replay/{device_id}/{session_id:int}", self.page("replay.html", _PLAYER)),
            Route("/pyscript/{kind}", self.pyscript),
            Route("/viewer/rrweb-player.js", _player("rrweb-player.umd.min.cjs", "text/javascript")),
            Route("/viewer/rrweb-player.css", _player("style.min.css", "text/css")),
        ]

    def page(self, template: str, policy: str, **values: str) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            return HTMLResponse(rendered(template, values), headers={"Content-Security-Policy": policy})

        return answer

    async def shop(self, request: Request) -> Response:
        mode, _, name = request.url.path.strip("/").rpartition("/")
        if name in MODES:
            mode, name = name, ""
        mode = mode or "actions"
        asked = request.query_params.get("runtime", request.cookies.get("demo-runtime"))
        runtime = asked if asked in ("micropython", "pyodide") else "micropython"
        values = {"mode": mode, "tag": self._tag(mode, runtime)}
        response = await self.page(f"shop/{name or 'index'}.html", self._policy, **values)(request)
        if "runtime" in request.query_params:
            response.set_cookie("demo-runtime", runtime, samesite="strict")
        return response

    async def pyscript(self, request: Request) -> Response:
        kind = request.path_params["kind"]
        if kind not in ("mpy", "py"):
            raise HTTPException(404)
        connect = {"api_key": "local", "options": self._replay_options()}
        values = {
            "script_type": kind,
            "connect": json.dumps(connect),
            "write_key": "actions",
            "segment_js": "/segment/analytics.js/v1/actions/analytics.min.js",
        }
        # PyScript evaluates text, and styles its page
        policy = _SITE.format(scripts=" 'unsafe-eval' blob:", hosts="").replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
        return await self.page("pyscript.html", policy, **values)(request)

    def _tag(self, mode: str, runtime: str) -> str:
        given = {"mode": mode, "runtime": runtime, "sample-rate": "1"}
        if self._server.real:
            given |= {"api-key": self._server.real.api_key, "write-key": self._server.real.write_key}
        else:
            given |= {
                "api-key": "local",
                "write-key": "actions" if mode == "auto" else mode,
                "segment-cdn": f"{self._server.url}/segment",
                "options": json.dumps(self._replay_options()),
            }
        attributes = " ".join(f'data-{name}="{html.escape(value)}"' for name, value in given.items())
        return f'<script async src="/dist/replay.js" {attributes}></script>'

    def _replay_options(self) -> dict[str, Any]:
        here = f"{self._server.url}/amplitude/session-replay"
        return {
            "configServerUrl": f"{here}/config",
            "trackServerUrl": f"{here}/track",
            "flushIntervalConfig": {"minIntervalMs": 300, "maxIntervalMs": 1000},
            "eagerFullSnapshotSend": True,
        }


def exported(session: dict[str, Any]) -> str:
    """A session as one HTML file that plays it anywhere, offline."""
    demo = WEB / "demo"
    player, viewer = _player_file("rrweb-player.umd.min.cjs"), (demo / "viewer.js").read_text()
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in (player, viewer)]
    values = {
        "csp": _EXPORT.format(scripts=" ".join(f"'sha256-{each}'" for each in hashes)),
        "style": (demo / "style.css").read_text() + (demo / "viewer.css").read_text(),
        "player_css": _player_file("style.min.css"),
        "player_js": player,
        "viewer_js": viewer,
        "recording": json.dumps(session).replace("<", "\\u003c"),
    }
    return rendered("export.html", values)


RAW = ("tag", "csp", "style", "player_css", "player_js", "viewer_js", "recording")
"""Values of templates that are markup, or stand where nothing is escaped; all of them are made here."""


def rendered(template: str, values: dict[str, str]) -> str:
    """A template of ``web/demo``: ``{{name}}`` is a value, escaped; ``{{file.html}}`` another template."""

    def filled(found: re.Match[str]) -> str:
        name = found[1]
        if name.endswith(".html"):
            return rendered(name, values)
        return values[name] if name in RAW else html.escape(values[name])

    return re.sub(r"\{\{([\w.-]+)\}\}", filled, (WEB / "demo" / template).read_text())


def _player(file: str, kind: str) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        return Response(_player_file(file), media_type=kind)

    return answer


def _player_file(name: str) -> str:
    text = (installed() / "rrweb-player" / "dist" / name).read_text()
    return re.sub(r"(//|/\*)# sourceMappingURL=.*", "", text)


async def _to_folder(request: Request) -> Response:
    return RedirectResponse(request.url.path + "/")
