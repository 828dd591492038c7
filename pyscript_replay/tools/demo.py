"""The demo's pages, made of the templates in ``web/demo``.

The shop is the same in every mode, with another script tag; by default it uses the local Segment and Amplitude.
Each page has a policy (Content-Security-Policy) as strict as what it does allows. PyScript's pages evaluate text and
bring styles of their own; a recording brings inline styles, and nothing else of it may work.
"""

import html
import json
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from .npm import WEB
from .templates import player_file, rendered

MODES = ("actions", "classic-device", "classic-cloud", "auto")
SHOP = ("index", "product", "basket", "checkout", "thanks", "journal")
RUNTIMES = ("micropython", "pyodide")
LANGUAGES = ("mpy", "py")
COOKIE = "demo-runtime"

SITE = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{scripts}; style-src 'self'{styles}; "
    "img-src 'self' data:; connect-src 'self'{hosts}; worker-src 'self' blob:; font-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
OWN = SITE.format(scripts="", styles="", hosts="")
PLAYER = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src data:; "
    "media-src data:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
REAL_HOSTS = " https://*.segment.com https://*.segment.io https://*.segmentapis.com https://*.amplitude.com"
REAL = SITE.format(scripts=REAL_HOSTS, styles="", hosts=REAL_HOSTS)
EVALUATING = " 'unsafe-eval' blob:"
INLINE = " 'unsafe-inline'"
PYSCRIPT = SITE.format(scripts=EVALUATING, styles=INLINE, hosts="")
PYSCRIPT_REAL = SITE.format(scripts=EVALUATING + REAL_HOSTS, styles=INLINE, hosts=REAL_HOSTS)
SEGMENT_CDN = "https://cdn.segment.com"


class Real(NamedTuple):
    """The keys of a real source and a real project, for shops that use these instead of the local ones."""

    write_key: str
    api_key: str


def routes(real: Real | None) -> list[BaseRoute]:
    whose = "real" if real else "local"

    def shop(mode: str, name: str) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            asked = request.query_params.get("runtime", request.cookies.get(COOKIE))
            runtime = asked if asked in RUNTIMES else RUNTIMES[0]
            tag = _tag({"mode": mode, "runtime": runtime, "sample-rate": "1", **_keys(mode, request, real)})
            response = _page(f"shop/{name}.html", REAL if real else OWN, mode=mode, tag=tag, whose=whose)
            if "runtime" in request.query_params:  # for the pages that follow, too
                response.set_cookie(COOKIE, runtime, samesite="strict")
            return response

        return answer

    def pyscript(language: str) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            write_key = real.write_key if real else "actions"
            cdn = SEGMENT_CDN if real else "/segment"
            connect = {"api_key": real.api_key} if real else {"api_key": "local", "options": _replay_options(request)}
            return _page(
                "pyscript.html",
                PYSCRIPT_REAL if real else PYSCRIPT,
                script_type=language,
                connect=json.dumps(connect),
                write_key=write_key,
                segment_js=f"{cdn}/analytics.js/v1/{quote(write_key, safe='')}/analytics.min.js",
                whose=whose,
            )

        return answer

    def shops(prefix: str, mode: str) -> list[Route]:
        return [Route(f"{prefix}/{'' if name == 'index' else name}", shop(mode, name)) for name in SHOP]

    return [
        *shops("", "actions"),
        *(route for mode in MODES for route in shops(f"/{mode}", mode)),
        *(Route(f"/{mode}", lambda request: RedirectResponse(f"{request.url.path}/")) for mode in MODES),
        *(Route(f"/pyscript/{language}", pyscript(language)) for language in LANGUAGES),
        Route("/sessions", lambda request: _page("sessions.html", OWN)),
        Route("/replay/{device_id:path}/{session_id:int}", lambda request: _page("replay.html", PLAYER)),
        Route("/viewer/rrweb-player.js", lambda request: _player("rrweb-player.umd.min.cjs", "text/javascript")),
        Route("/viewer/rrweb-player.css", lambda request: _player("style.min.css", "text/css")),
        Mount("/demo", StaticFiles(directory=WEB / "demo")),
    ]


def _page(template: str, policy: str, **values: str) -> Response:
    return HTMLResponse(rendered(template, **values), headers={"Content-Security-Policy": policy})


def _player(file: str, kind: str) -> Response:
    return Response(player_file(file), media_type=kind)


def _tag(given: dict[str, str]) -> str:
    attributes = " ".join(f'data-{name}="{html.escape(value)}"' for name, value in given.items())
    return f'<script async src="/dist/replay.js" {attributes}></script>'


def _keys(mode: str, request: Request, real: Real | None) -> dict[str, str]:
    """Whose Segment and whose Amplitude."""
    if real:
        return {"api-key": real.api_key, "write-key": real.write_key}
    return {
        "api-key": "local",
        "write-key": "actions" if mode == "auto" else mode,
        "segment-cdn": f"{request.base_url}segment",
        "options": json.dumps(_replay_options(request)),
    }


def _replay_options(request: Request) -> dict[str, Any]:
    here = f"{request.base_url}amplitude/session-replay"
    return {
        "configServerUrl": f"{here}/config",
        "trackServerUrl": f"{here}/track",
        "flushIntervalConfig": {"minIntervalMs": 300, "maxIntervalMs": 1000},
        "eagerFullSnapshotSend": True,
    }
