"""The local Segment: its CDN, and the collectors for events.

What the CDN serves is the real thing, out of the npm packages: the Actions Amplitude plugin, the classic Amplitude
integration with amplitude-js 5.2.2, analytics.js for pages with Segment's snippet. Only the settings of a source are
made up here. The write key says in which of the three ways its events reach Amplitude.

    GET  /segment/v1/projects/{write key}/settings
    GET  /segment/next-integrations/actions/…
    GET  /segment/next-integrations/integrations/amplitude/{version}/amplitude.dynamic.js.gz
    GET  /segment/analytics.js/v1/{write key}/analytics.min.js     and its chunks in /segment/analytics-next/bundles/
    GET  /segment/amplitude-js/amplitude.js
    POST /v1/{t,p,i,g,a,s,m,batch}
"""

import functools
import json
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from .bundle import esbuild
from .cache import digest, once
from .npm import WEB, installed
from .store import Store

VERSION = "3.3.3"  # of the classic integration, as in web/package.json
SINGLE = frozenset("tpigasm")
MAX_BYTES = 500_000  # Segment takes 32 KB for an event and 500 KB for a batch
INTEGRATION = WEB / "sdk" / "classic-amplitude.js"


def settings(write_key: str, host: str, api_key: str = "local") -> dict[str, Any]:
    """The settings of a source, as Segment's CDN serves them. ``host`` is this server's ``address:port``."""
    integrations: dict[str, Any] = {"Segment.io": {"apiKey": write_key, "apiHost": f"{host}/v1", "protocol": "http"}}
    plugins: list[dict[str, Any]] = []
    if write_key == "actions":
        plugins = [_actions_plugin(host)]
    elif write_key == "classic-device":
        component = {"version": VERSION, "componentTypes": ["browser"]}
        integrations["Amplitude"] = {"apiKey": api_key, "versionSettings": component, "bundlingStatus": "bundled"}
    elif write_key == "classic-cloud":
        integrations["Amplitude"] = {"versionSettings": {"componentTypes": ["server"]}, "bundlingStatus": "unbundled"}
    else:
        raise KeyError(write_key)
    return {
        "integrations": integrations,
        "metrics": {"sampleRate": 0},
        "plan": {"track": {"__default": {"enabled": True, "integrations": {}}}},
        "remotePlugins": plugins,
    }


def _actions_plugin(host: str) -> dict[str, Any]:
    file = next((_actions() / "amplitude-plugins").glob("*.js"))
    types = ("track", "identify", "group", "page", "alias")
    subscription = {
        "id": "session",
        "name": "Session Plugin",
        "enabled": True,
        "partnerAction": "sessionId",
        "subscribe": " or ".join(f'type = "{each}"' for each in types),
        "mapping": {},
    }
    return {
        "name": "Amplitude (Actions)",
        "creationName": "Actions Amplitude",
        "libraryName": "amplitude-pluginsDestination",
        "url": f"http://{host}/segment/next-integrations/actions/amplitude-plugins/{file.name}",
        "settings": {"versionSettings": {"componentTypes": []}, "subscriptions": [subscription]},
    }


def routes(store: Store) -> list[Route | Mount]:
    """The routes of the CDN and of the collectors, which write to ``store``."""

    async def collect(request: Request) -> Response:
        kind = request.path_params["kind"]
        if kind != "batch" and kind not in SINGLE:
            raise HTTPException(404)
        body = await request.body()
        if len(body) > MAX_BYTES:
            return JSONResponse({"success": False, "message": "Payload Too Large"}, 413)
        messages = _messages(kind, body)
        if messages is None:
            return JSONResponse({"success": False, "message": "malformed JSON"}, 400)
        store.add_segment(request.url.path, messages)
        return JSONResponse({"success": True})

    async def source(request: Request) -> Response:
        try:
            return JSONResponse(settings(request.path_params["key"], request.url.netloc))
        except KeyError:
            return JSONResponse({"error": "no such source"}, 404)

    package = installed() / "@segment"
    return [
        Route("/v1/{kind}", collect, methods=["POST"]),
        Route("/segment/v1/projects/{key}/settings", source),
        Mount("/segment/next-integrations/actions", StaticFiles(directory=_actions())),
        Route("/segment/next-integrations/integrations/amplitude/{version}/amplitude.dynamic.js.gz", _script(_integration)),
        Route("/segment/analytics.js/v1/{key}/analytics.min.js", _script(lambda: package / "analytics-next/dist/umd/standalone.js")),
        Mount("/segment/analytics-next/bundles", StaticFiles(directory=package / "analytics-next/dist/umd")),
        Route("/segment/amplitude-js/amplitude.js", _script(lambda: installed() / "amplitude-js/amplitude.js")),
    ]


def _messages(kind: str, body: bytes) -> list[dict[str, Any]] | None:
    """The messages in a request's body; ``None`` when it has none."""
    try:
        parsed = json.loads(body)
        messages = parsed["batch"] if kind == "batch" else [parsed]
    except (ValueError, TypeError, KeyError):
        return None
    return messages if isinstance(messages, list) and all(isinstance(each, dict) for each in messages) else None


def _actions() -> Path:
    return installed() / "@segment/browser-destinations/dist/web"


@functools.cache
def _integration() -> Path:
    """Segment's real classic integration, in one script, as its CDN has it."""
    key = digest([INTEGRATION.read_bytes(), (WEB / "package-lock.json").read_bytes()])

    def build(directory: Path) -> None:
        script = esbuild(INTEGRATION, "--format=iife", define={"global": "window"})
        (directory / "amplitude.dynamic.js").write_bytes(script)

    return once("classic-amplitude", key, build) / "amplitude.dynamic.js"


def _script(file):
    async def answer(request: Request) -> Response:
        return FileResponse(file(), media_type="text/javascript")

    return answer
