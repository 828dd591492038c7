"""The local Segment: its CDN, and the collectors for events.

What the CDN serves is the real thing, out of the npm packages: the Actions Amplitude plugin, the classic Amplitude
integration with amplitude-js 5.2.2, analytics.js for pages with Segment's snippet. Only the settings of the sources
are made up here, in ``SOURCES``. The write key says in which of the three ways a source's events reach Amplitude.

    GET  /segment/v1/projects/{write key}/settings
    GET  /segment/next-integrations/actions/…
    GET  /segment/next-integrations/integrations/amplitude/{version}/amplitude.dynamic.js.gz
    GET  /segment/analytics.js/v1/{write key}/analytics.min.js     and its chunks in /segment/analytics-next/bundles/
    GET  /segment/amplitude-js/amplitude.js
    POST /v1/{t,p,i,g,a,s}, /v1/b and /v1/batch, and /v1/m for the SDK's own metrics, which are not kept
"""

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from .. import sdks
from ..hosts import BATCHES, COLLECTED, METRICS
from ..npm import WEB
from .body import Json, Refused, parsed, read, unpacked
from .store import Store

ASKED_OF = "x-forwarded-host"
"""The header of a request that was made to another host, and is answered here in its place: see tools/routing.py."""
MAX_EVENT = 32_000  # bytes
MAX_BATCH = 500_000  # bytes

LOCAL = WEB / "sdk" / "local-amplitude.js"

_ACTIONS = {
    "name": "Amplitude (Actions)",
    "creationName": "Actions Amplitude",
    "libraryName": "amplitude-pluginsDestination",
    # as the package in web/package.json names the file; analytics-next puts the CDN in use in place of Segment's
    "url": "https://cdn.segment.com/next-integrations/actions/amplitude-plugins/6743af15a3c984ff970b.js",
    "settings": {
        "versionSettings": {"componentTypes": []},
        "subscriptions": [
            {
                "id": "session",
                "name": "Session Plugin",
                "enabled": True,
                "partnerAction": "sessionId",
                "subscribe": " or ".join(
                    f'type = "{each}"' for each in ("track", "identify", "group", "page", "alias")
                ),
                "mapping": {},
            }
        ],
    },
}
_DEVICE = {
    "apiKey": "local",
    "versionSettings": {"version": "3.3.3", "componentTypes": ["browser"]},
    "bundlingStatus": "bundled",
}
_CLOUD = {"versionSettings": {"componentTypes": ["server"]}, "bundlingStatus": "unbundled"}

SOURCES: dict[str, dict[str, Any]] = {
    "actions": {"remotePlugins": [_ACTIONS]},
    "classic-device": {"integrations": {"Amplitude": _DEVICE}},
    "classic-device-anonymous": {"integrations": {"Amplitude": {**_DEVICE, "preferAnonymousIdForDeviceId": True}}},
    "classic-cloud": {"integrations": {"Amplitude": _CLOUD}},
    "segment-only": {},
}
"""Write key: what is particular to the settings of that source."""


def sources(mode: str) -> dict[str, dict[str, Any]]:
    """``SOURCES``; and whatever else the write key is, its source is as the one of this name."""
    return defaultdict(lambda: SOURCES[mode], SOURCES)


def settings(write_key: str, host: str | None, sources: Mapping[str, dict[str, Any]] = SOURCES) -> dict[str, Any]:
    """The settings of a source, as Segment's CDN serves them. ``host`` is this server's ``address:port``; left out, the
    collectors have the address that Segment's SDK knows.

    Raises ``KeyError`` when there is no such source.
    """
    source = sources[write_key]
    collector = {"apiKey": write_key, **({"apiHost": f"{host}/v1", "protocol": "http"} if host else {})}
    return {
        "metrics": {"sampleRate": 0},
        "plan": {"track": {"__default": {"enabled": True, "integrations": {}}}},
        "remotePlugins": [],
        **source,
        "integrations": {"Segment.io": collector, **source.get("integrations", {})},
    }


def routes(store: Store, sources: Mapping[str, dict[str, Any]] = SOURCES) -> list[BaseRoute]:
    """The routes of the CDN and of the collectors, which write to ``store``."""
    served = sdks.cached()

    async def collect(request: Request) -> Response:
        kind = request.path_params["kind"]
        if kind not in COLLECTED:
            raise HTTPException(404)
        try:
            messages = await _messages(kind, request)
        except Refused as refused:  # whatever is wrong with it, Segment answers 400
            return Json({"success": False, "message": refused.text}, 400)
        await store.asked(store.add_segment, request.url.path, messages)
        return Json({"success": True})

    def source(request: Request) -> Response:
        try:
            host = None if ASKED_OF in request.headers else request.url.netloc
            return Json(settings(request.path_params["key"], host, sources))
        except KeyError as error:
            raise HTTPException(404, "there is no source with this write key") from error

    def snippet(request: Request) -> Response:
        """Segment's CDN, too, writes the write key into the script."""
        key = request.path_params["key"]
        try:
            sources[key]
        except KeyError as error:
            raise HTTPException(404, "there is no source with this write key") from error
        script = (served / "analytics-next/standalone.js").read_text("utf-8")
        return Response(script.replace('"__WRITE_KEY__"', json.dumps(key)), media_type="text/javascript")

    def integration(request: Request) -> Response:
        script = (served / "integrations/amplitude.js").read_text("utf-8")
        local = "" if ASKED_OF in request.headers else LOCAL.read_text("utf-8")
        return Response(script + local, media_type="text/javascript")

    def amplitude_js(request: Request) -> Response:
        return FileResponse(served / "libs/amplitude.js", media_type="text/javascript")

    return [
        Route("/v1/{kind}", collect, methods=["POST"]),
        Route("/segment/v1/projects/{key}/settings", source),
        Mount("/segment/next-integrations/actions", StaticFiles(directory=served / "actions")),
        Route("/segment/next-integrations/integrations/amplitude/{version}/amplitude.dynamic.js.gz", integration),
        Route("/segment/analytics.js/v1/{key}/analytics.min.js", snippet),
        Mount("/segment/analytics-next/bundles", StaticFiles(directory=served / "analytics-next")),
        Route("/segment/amplitude-js/amplitude.js", amplitude_js),
    ]


async def _messages(kind: str, request: Request) -> list[dict[str, Any]]:
    """The messages in a request."""
    body = await read(request, MAX_BATCH)
    given = parsed(unpacked(body, request.headers.get("content-encoding"), MAX_BATCH))
    messages = given.get("batch") if kind in BATCHES and isinstance(given, dict) else [given]
    if not isinstance(messages, list) or not all(isinstance(each, dict) for each in messages):
        raise Refused(400, "malformed JSON")
    if len(body) > MAX_EVENT and any(_size(each) > MAX_EVENT for each in messages):
        raise Refused(413, f"Exceeded payload limit: an event may have {MAX_EVENT} bytes")
    return [] if kind == METRICS else messages


def _size(message: dict[str, Any]) -> int:
    return len(json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass"))
