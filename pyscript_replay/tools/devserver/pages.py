"""How a page is put together: a template in ``web/demo``, and a policy that allows what the page does, and no more.

In a template ``{{name}}`` stands for a value, and ``{{file.html}}`` for another template with the same values.
"""

import html
import re

from starlette.responses import HTMLResponse, Response

from ..npm import WEB

DEMO = WEB / "demo"
RAW = ("main", "tag", "csp", "style", "player_css", "player_js", "viewer_js", "recording")
"""Values that are markup, or stand where nothing is escaped. All of them are made here; every other one is escaped."""

SITE = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{scripts}; style-src 'self'{styles}; "
    "img-src 'self' data:; connect-src 'self'{hosts}; worker-src 'self' blob:; font-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
OWN = SITE.format(scripts="", styles="", hosts="")
"""The policy of a page that uses nothing but this server."""


def page(template: str, policy: str, **values: str) -> Response:
    return HTMLResponse(rendered(template, **values), headers={"Content-Security-Policy": policy})


def rendered(template: str, **values: str) -> str:
    def filled(found: re.Match[str]) -> str:
        name = found[1]
        if name.endswith(".html"):
            return rendered(name, **values)
        return values[name] if name in RAW else html.escape(values[name])

    return re.sub(r"\{\{([\w.-]+)\}\}", filled, (DEMO / template).read_text("utf-8"))
