"""The script tag's entry point, called by the loader (``web/replay.js``): attributes in, a running ``Replay`` out."""

from . import _open, bridge, options
from .errors import ReplayError


async def main():
    """Wire the page as its tag says, then let the held events go. Whatever fails is told to the page, never raised."""
    page = bridge.page()
    try:
        chosen = options.from_attributes(page.get("tag").data())
    except ReplayError as error:
        page.call("fail", error.told())
    else:
        chosen["consent"] = "granted"  # the loader has waited for it
        await _wired(chosen)
    finally:
        bridge.release_events()


async def _wired(chosen):
    try:
        await _open(chosen)
    except ReplayError:
        pass  # the page has been told
