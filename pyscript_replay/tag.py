"""The script tag's entry point, called by the loader (``web/page/tag.js``): attributes in, a wired page out."""

from . import bridge, make, options
from .errors import ReplayError


async def main() -> None:
    """Wire the page as its tag says. Whatever fails is told to the page, never raised."""
    page = bridge.page()
    try:
        bridge.claim()
        replay = make(options.from_attributes(page.member("tag").data()))
    except ReplayError as error:
        page.call("failed", error.told())
    else:
        await replay.wire()
