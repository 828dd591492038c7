"""A recorded session as one HTML file that plays it anywhere, offline; and back from such a file.

The file carries the player, and the session as JSON in a block that is no script. Its Content-Security-Policy names
the hashes of the two scripts that we wrote into it, so no other runs, whatever a recording contains. On the way back
only the JSON is read; the markup around it is never looked at.
"""

import base64
import hashlib
import json
import re
from typing import Any

from .body import parsed
from .npm import WEB
from .templates import player_file, rendered

POLICY = (
    "default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data:; font-src data:; "
    "media-src data:; form-action 'none'; base-uri 'none'"
)
BLOCK = re.compile(rb'<script type="application/json" id="recording">(.*?)</script>', re.DOTALL)


def written(session: dict[str, Any]) -> str:
    """The file for a session as ``Store.session`` gives it."""
    demo = WEB / "demo"
    player, viewer = player_file("rrweb-player.umd.min.cjs"), (demo / "viewer.js").read_text("utf-8")
    return rendered(
        "export.html",
        csp=POLICY.format(scripts=" ".join(_hash(script) for script in (player, viewer))),
        style=(demo / "style.css").read_text("utf-8") + (demo / "viewer.css").read_text("utf-8"),
        player_css=player_file("style.min.css"),
        player_js=player,
        viewer_js=viewer,
        recording=json.dumps(session).replace("<", "\\u003c"),
    )


def read(file: bytes) -> Any:
    """What such a file carries, whatever that is. Raises ``ValueError`` or ``Refused`` when it carries nothing."""
    found = BLOCK.search(file)
    if not found:
        raise ValueError("there is no recording in it")
    return parsed(found[1])


def _hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
