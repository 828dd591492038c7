"""The demo: a shop in each of the modes, and the same wiring on PyScript pages.

The shop is the same in every mode, with another script tag; by default it uses the local Segment and Amplitude.
PyScript's pages evaluate text and bring styles of their own, and their policy allows that.
"""

import html
import json
import secrets
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from ...device import REPLAY_ID
from ...options import TABLE
from ...segment import SEGMENT_CDN
from .pages import DEMO, OWN, SITE, page, rendered

WORDS: dict[str, tuple[str, ...]] = {option.name: option.kind for option in TABLE if isinstance(option.kind, tuple)}
MODES, RUNTIMES = WORDS["mode"], WORDS["runtime"]
SHOP = {
    "index": "Teas",
    "product": "Tea",
    "basket": "Basket",
    "checkout": "Checkout",
    "thanks": "Thank you",
    "journal": "Journal",
}
"""The shop's pages, each a file in ``web/demo/shop``, with their titles."""
LANGUAGES = ("mpy", "py")
COOKIE = "demo-runtime"

REAL_HOSTS = " https://*.segment.com https://*.segment.io https://*.segmentapis.com https://*.amplitude.com"
REAL = SITE.format(scripts=REAL_HOSTS, styles="", hosts=REAL_HOSTS)
EVALUATING = " 'unsafe-eval' blob:"
INLINE = " 'unsafe-inline'"
PYSCRIPT = SITE.format(scripts=EVALUATING, styles=INLINE, hosts="")
PYSCRIPT_REAL = SITE.format(scripts=EVALUATING + REAL_HOSTS, styles=INLINE, hosts=REAL_HOSTS)


class Real(NamedTuple):
    """The keys of a real source and a real project, for shops that use these instead of the local ones."""

    write_key: str
    api_key: str


def routes(real: Real | None) -> list[BaseRoute]:
    inspector = {"whose": "real" if real else "local", "replay_property": REPLAY_ID}

    def shop(mode: str, name: str) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            asked = request.query_params.get("runtime", request.cookies.get(COOKIE))
            runtime = asked if asked in RUNTIMES else RUNTIMES[0]
            response = page(
                "shop.html",
                REAL if real else OWN,
                mode=mode,
                name=name,
                title=SHOP[name],
                main=rendered(f"shop/{name}.html"),
                tag=_tag({"mode": mode, "runtime": runtime, "sample-rate": "1", **_keys(mode, request, real)}),
                **inspector,
            )
            if "runtime" in request.query_params:  # for the pages that follow, too
                response.set_cookie(COOKIE, runtime, samesite="strict")
            return response

        return answer

    def pyscript(language: str) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            write_key = real.write_key if real else "actions"
            cdn = SEGMENT_CDN if real else "/segment"
            connect = {"api_key": real.api_key} if real else {"api_key": "local", "options": _replay_options(request)}
            return page(
                "pyscript.html",
                PYSCRIPT_REAL if real else PYSCRIPT,
                script_type=language,
                connect=json.dumps(connect),
                write_key=write_key,
                segment_js=f"{cdn}/analytics.js/v1/{quote(write_key, safe='')}/analytics.min.js",
                **inspector,
            )

        return answer

    def shops(prefix: str, mode: str) -> list[Route]:
        return [Route(f"{prefix}/{'' if name == 'index' else name}", shop(mode, name)) for name in SHOP]

    return [
        *shops("", "actions"),
        *(route for mode in MODES for route in shops(f"/{mode}", mode)),
        *(Route(f"/{mode}", lambda request: RedirectResponse(f"{request.url.path}/")) for mode in MODES),
        *(Route(f"/pyscript/{language}", pyscript(language)) for language in LANGUAGES),
        Route("/favicon.ico", lambda request: FileResponse(DEMO / "icon.svg", media_type="image/svg+xml")),
        Mount("/demo", StaticFiles(directory=DEMO)),
    ]


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
        "trackServerUrl": f"{here}/track/{secrets.token_hex(4)}",  # another for each page: see tabs.py
        "flushIntervalConfig": {"minIntervalMs": 300, "maxIntervalMs": 1000},
        "eagerFullSnapshotSend": True,
    }
