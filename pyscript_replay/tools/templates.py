"""What pages are made of: the templates in ``web/demo``, and the player out of its package.

In a template ``{{name}}`` stands for a value, and ``{{file.html}}`` for another template with the same values.
"""

import html
import re

from .npm import WEB, installed

RAW = ("tag", "csp", "style", "player_css", "player_js", "viewer_js", "recording")
"""Values that are markup, or stand where nothing is escaped. All of them are made here; every other one is escaped."""


def rendered(template: str, **values: str) -> str:
    def filled(found: re.Match[str]) -> str:
        name = found[1]
        if name.endswith(".html"):
            return rendered(name, **values)
        return values[name] if name in RAW else html.escape(values[name])

    return re.sub(r"\{\{([\w.-]+)\}\}", filled, (WEB / "demo" / template).read_text("utf-8"))


def player_file(name: str) -> str:
    """One of rrweb-player's files, without the reference to a source map, which is not served."""
    text = (installed() / "rrweb-player" / "dist" / name).read_text("utf-8")
    return re.sub(r"(//|/\*)# sourceMappingURL=\S+( \*/)?\s*\Z", "", text)
