"""The ready script tag of a built bundle, with what a page may fetch before ``replay.js`` says so.

``integrity`` has a browser refuse what is not this very build. The preload lines name what ``replay.js`` would ask for
first, so that it is under way while that is still being fetched. They are what the default runtime, MicroPython, needs;
and Segment, before all of it, where the tag brings that. Where the tag waits for a consent, nothing is fetched before.
"""

from collections.abc import Iterator, Mapping
from html import escape
from urllib.parse import quote

from ..options import HANDED_ON, attribute
from ..segment import SEGMENT_CDN

MODULES = ("micropython", "session-replay", "session-replay.record", "session-replay.worker")


def lines(
    manifest: Mapping, url: str, attributes: Mapping[str, str], nonce: str | None = None, integrity: bool = True
) -> Iterator[str]:
    """The lines for a page's head; ``url`` is the folder's, ``attributes`` are the tag's, without ``data-``.

    ``nonce`` is written as it is: it may be the placeholder of a template.
    """
    folder, files, assets = f"{url.rstrip('/')}/", manifest["files"], manifest["assets"]
    once = f' nonce="{nonce}"' if nonce else ""

    def pinned(name: str) -> str:
        return f' integrity="{files[name]["integrity"]}"' if integrity else ""

    def fetched(address: str) -> str:
        return f'<link rel="preload" as="fetch" crossorigin="anonymous" href="{escape(address)}">'

    def module(name: str) -> str:
        return f'<link rel="modulepreload" href="{escape(folder + assets[name])}"{pinned(assets[name])}{once}>'

    if attributes.get("consent") != "wait":
        if key := attributes.get("write-key"):
            yield fetched(f"{attributes.get('segment-cdn') or SEGMENT_CDN}/v1/projects/{quote(key, safe='')}/settings")
            yield module("analytics")
        for name in (*MODULES, *(["amplitude"] if attributes.get("mode") == "classic-cloud" else [])):
            yield module(name)
        checks = ["micropython.options"] if any(attribute(option) in attributes for option in HANDED_ON) else []
        for name in ("micropython.wasm", *checks):
            yield fetched(folder + assets[name])
    data = "".join(f' data-{name}="{escape(value)}"' for name, value in attributes.items())
    address = escape(f"{folder}replay.js")
    yield f'<script async src="{address}"{pinned("replay.js")} crossorigin="anonymous"{once}{data}></script>'
