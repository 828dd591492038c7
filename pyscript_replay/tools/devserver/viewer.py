"""The viewer: the list of sessions, the player, and a session as one HTML file that plays it anywhere, offline.

The player is rrweb's own, out of its package. A recording brings inline styles, and the player's policy allows these;
nothing else of a recording may work.

The file carries the player, and the session as JSON in a block that is no script. Its Content-Security-Policy names
the hashes of the two scripts that we wrote into it, so no other runs, whatever a recording contains. On the way back
only the JSON is read; the markup around it is never looked at.
"""

import base64
import hashlib
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .. import sdks
from .body import parsed
from .pages import DEMO, OWN, page, rendered

PLAYER = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src data:; "
    "media-src data:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
FILE = (
    "default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data:; font-src data:; "
    "media-src data:; form-action 'none'; base-uri 'none'"
)
PLAYER_JS, PLAYER_CSS, VIEWER_JS = "rrweb-player.js", "rrweb-player.css", "viewer.js"
BLOCK = '<script type="application/json" id="recording">', "</script>"


def routes() -> list[Route]:
    def player(request: Request) -> Response:
        return page("replay.html", PLAYER)

    return [
        Route("/sessions", lambda request: page("sessions.html", OWN)),
        Route("/replay/{device_id:path}/{session_id:int}", player),
        Route("/viewer/rrweb-player.js", lambda request: Response(_file(PLAYER_JS), media_type="text/javascript")),
        Route("/viewer/rrweb-player.css", lambda request: Response(_file(PLAYER_CSS), media_type="text/css")),
    ]


def exported(session: dict[str, Any]) -> str:
    """The file for a session as ``Store.session`` gives it."""
    player, viewer = _file(PLAYER_JS), _file(VIEWER_JS)
    opening, closing = BLOCK
    return rendered(
        "export.html",
        icon=base64.b64encode((DEMO / "icon.svg").read_bytes()).decode(),
        csp=FILE.format(scripts=" ".join(_hash(script) for script in (player, viewer))),
        style=(DEMO / "style.css").read_text("utf-8") + (DEMO / "viewer.css").read_text("utf-8"),
        player_css=_file(PLAYER_CSS),
        player_js=player,
        viewer_js=viewer,
        recording=opening + json.dumps(session).replace("<", "\\u003c") + closing,
    )


def imported(file: bytes) -> Any:
    """What such a file carries, whatever that is. Raises ``ValueError`` or ``Refused`` when it carries nothing."""
    opening, closing = (each.encode() for each in BLOCK)
    begin = file.find(opening)
    end = file.find(closing, begin)
    if begin < 0 or end < 0:
        raise ValueError("there is no recording in it")
    return parsed(file[begin + len(opening) : end])


def _file(name: str) -> str:
    return (sdks.cached() / "player" / name).read_text("utf-8")


def _hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
