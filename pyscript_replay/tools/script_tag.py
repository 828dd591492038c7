"""The ready script tag of a built bundle, with what a page may fetch before ``replay.js`` says so.

``integrity`` has a browser refuse what is not this very build. The preload lines name what ``replay.js`` would ask for
first, so that it is under way while that is still being fetched. Where the tag brings Segment, all waits for the tag,
and then for Segment: they come first, in this order. Where the tag waits for a consent, nothing is fetched before.
"""

import json
from collections.abc import Mapping
from html import escape
from urllib.parse import quote

from ..options import HANDED_ON, attribute
from ..segment import SEGMENT_CDN


def lines(
    manifest: Mapping, url: str, attributes: Mapping[str, str], nonce: str | None = None, integrity: bool = True
) -> list[str]:
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

    def tag(urgency: str = "") -> str:
        source = f'src="{escape(folder)}replay.js"{pinned("replay.js")}'
        data = "".join(f' data-{name}="{escape(value)}"' for name, value in attributes.items())
        return f'<script async{urgency} {source} crossorigin="anonymous"{once}{data}></script>'

    if attributes.get("consent") == "wait":
        return [tag()]
    modules, programs = needed(attributes)
    ahead = [*map(module, modules), *(fetched(folder + assets[name]) for name in programs)]
    if not (key := attributes.get("write-key")):
        return [*ahead, tag()]
    settings = f"{attributes.get('segment-cdn') or SEGMENT_CDN}/v1/projects/{quote(key, safe='')}/settings"
    # browsers take an async script for the least urgent
    return [tag(' fetchpriority="high"'), fetched(settings), module("analytics"), *ahead]


def needed(attributes: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """The modules, and the programs, that a page with this tag asks for first, by their names in the manifest."""
    runtime, sdks = attributes.get("runtime", "micropython"), ["session-replay", "session-replay.record"]
    if json.loads(attributes.get("options", "{}")).get("useWebWorker") is not False:
        sdks += ["session-replay.worker"]
    if attributes.get("mode") == "classic-cloud":
        sdks += ["amplitude"]
    if runtime == "pyodide":
        return [runtime, *sdks], []  # its files are many times larger, and not to come before what Segment needs
    checks = ["micropython.options"] if any(attribute(option) in attributes for option in HANDED_ON) else []
    return [runtime, *sdks], ["micropython.wasm", *checks]
