"""The script tag's entry point, called by the loader (``web/page/tag.js``): attributes in, a wired page out."""

from . import bridge, make, options
from .errors import ReplayError


async def main() -> None:
    """Wire the page as its tag says. Whatever fails is told to the page, never raised."""
    bridge.claim()
    page = bridge.page()
    attributes = page.get("tag").data()
    for slip in options.misspelled(attributes):
        bridge.warn(slip)
    try:
        chosen = options.from_attributes(attributes, bridge.is_selector)
    except ReplayError as error:
        page.call("refuse", error.told())
        return
    for doubt in options.unheeded(chosen, on_tag=True):
        bridge.warn(doubt)
    await make(chosen).wire()
