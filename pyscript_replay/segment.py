"""Segment, as the page has it: the real analytics-next.

What has to be quick, or there before Python is, is done by ``web/page/segment.js``: it holds the events, gathers the
facts of each, and carries out the patch that a mode answers (see ``modes/base.py``). This half finds the page's Segment
and hands over the mode's callbacks.
"""

from . import bridge, session_events
from .bridge import Js
from .errors import ReplayError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .modes.base import Mode

SEGMENT_CDN = "https://cdn.segment.com"
"""Where analytics-next gets its settings from, where nothing else is said."""

PATIENCE_MS = 10000
"""After so many milliseconds without a Segment the page is told; the wait goes on, for it may need a consent first."""


class Segment:
    """The page's analytics-next. Use ``await Segment.find(…)``."""

    def __init__(self, watch: Js):
        self._watch = watch

    @classmethod
    async def find(cls, options: dict, late: "Callable[[ReplayError | None], None]") -> "Segment":
        """Wait for the page's Segment; with a write key, bring one where the page has none.

        Args:
            options: ``analytics``, the global's name or the object itself; ``write_key`` and what goes with it.
            late: told, once, when Segment is late: ``segment-missing``; ``segment-load`` where it is being brought; or
                ``None`` where the page has it, but has not loaded it yet.

        Raises:
            ReplayError: ``segment-missing`` when what was given is no Segment; ``segment-load`` when it cannot be had.
        """
        named = options["analytics"]
        if options["write_key"] and isinstance(named, str):
            bridge.bring_segment(named, options["write_key"], options["segment_cdn"], options["segment_options"])
        watch = _watch(named)
        found = bridge.Gate()
        bridge.spawn(_notice_absence(found, watch, named, late))
        try:
            await bridge.resolved(watch.get("real"))
        except bridge.JsError as error:
            raise ReplayError("segment-load", error.message, error.value.text("fix") or "See the browser's console.")
        finally:
            found.open()
        return cls(watch)

    def destinations(self) -> "tuple[dict, list]":
        """What Segment was told to load (its settings), and the names of the plugins that are registered."""
        told = self._watch.call("destinations").data()
        return told["settings"], told["plugins"]

    async def amplitude_js(self) -> None:
        """Wait for amplitude-js, however long it takes."""
        await bridge.resolved(self._watch.call("meetAmplitude"))

    def connect(self, sdk: Js, mode: "Mode", options: dict, event: Js, look: Js, reset: Js, cookie: Js) -> None:
        """Show the mode what happens; the functions take facts and answer a patch (``bridge.told``)."""
        self._watch.set("sdk", sdk)
        wiring = {
            "destination": mode.destination,
            "destinations": list(mode.destinations),
            "hook": options["session_hook"],
            "ended": session_events.ENDED if options["session_events"] == "on" else None,
            "page_event": mode.page_event,
        }
        self._watch.call("connect", wiring, {"event": event, "look": look, "reset": reset, "cookie": cookie})

    def facts(self) -> dict:
        """What there is to see now, without an event."""
        return self._watch.call("look").data()

    def apply(self, patch: dict) -> None:
        """Carry out a patch that concerns no event."""
        if patch:
            self._watch.call("apply", None, patch)

    def settled(self) -> None:
        """The recording has settled: let go the events that wait for it."""
        self._watch.call("settled")

    def call(self, method: str, arguments: list) -> None:
        """Call a method of Segment itself."""
        self._watch.call("call", method, arguments)


def _watch(named: object) -> Js:
    try:
        return bridge.segment(named)
    except bridge.JsError as error:
        raise ReplayError(
            "segment-missing",
            "what was given as analytics is no Segment object: {}".format(error.message),
            "Give the name of its global: Python may change an object that can be awaited on its way in.",
        )


async def _notice_absence(
    found: bridge.Gate, watch: Js, named: object, late: "Callable[[ReplayError | None], None]"
) -> None:
    await bridge.sleep(PATIENCE_MS)
    if found.is_open:
        return
    awaited = watch.call("awaited")
    if awaited:
        late(
            ReplayError(
                "segment-load",
                "after {} s Segment still waits for {}".format(PATIENCE_MS // 1000, awaited),
                "See in the browser's network tab what holds it up; Segment keeps the events until it is there.",
            )
        )
        return
    if watch.call("deferred"):
        late(None)
        return
    seen = "there is no Segment at window.{}".format(named)
    if isinstance(named, str) and watch.call("unreadable"):
        seen = "window.{} cannot be read: {}".format(named, watch.call("unreadable"))
    late(
        ReplayError(
            "segment-missing",
            "after {} s {}".format(PATIENCE_MS // 1000, seen),
            "Check that Segment's snippet runs unblocked, and that the option analytics names its global; "
            "hand over one that is no global: pyscriptReplay.use(analytics).",
        )
    )
