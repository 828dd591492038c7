"""Segment, as the page has it: the real analytics-next.

What has to be quick, or there before Python is, is done by ``web/page/segment.js``: it holds the events, gathers the
facts of each, and carries out the patch that a mode answers (see ``modes/base.py``). This half finds the page's Segment
and hands over the mode's callbacks.
"""

from . import bridge
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
    async def find(cls, options: dict, complain: "Callable[[ReplayError], None]") -> "Segment":
        """Wait for the page's Segment; with a write key, bring one where the page has none.

        Args:
            options: ``analytics``, the global's name or the object itself; ``write_key`` and what goes with it.
            complain: told ``segment-missing``, once, when Segment is late.

        Raises:
            ReplayError: ``segment-missing`` when what was given is no Segment; ``segment-load`` when it cannot be had.
        """
        named = options["analytics"]
        if options["write_key"] and isinstance(named, str):
            bridge.bring_segment(named, options["write_key"], options["segment_cdn"], options["segment_options"])
        watch = _watch(named)
        found = []  # empty until Segment is there
        bridge.spawn(_notice_absence(found, named, complain))
        try:
            await bridge.resolved(watch.get("real"))
        except bridge.JsError as error:
            raise ReplayError("segment-load", error.message, error.value.text("fix") or "See the browser's console.")
        finally:
            found.append(watch)
        return cls(watch)

    def destinations(self) -> "tuple[dict, list]":
        """What Segment was told to load (its settings), and the names of the plugins that are registered."""
        told = self._watch.call("destinations").data()
        return told["settings"], told["plugins"]

    def switched_off(self, names: tuple) -> bool:
        """Whether Segment keeps every event from the destination, which may be switched by any of these names."""
        return not self._watch.call("allows", list(names))

    async def meet_amplitude_js(self, patience_ms: int, late: "Callable[[], None]") -> None:
        """Wait for amplitude-js. Raises ``ReplayError`` (``amplitude-missing``); ``late`` if it comes later."""
        met = self._watch.call("meetAmplitude")
        if not await bridge.within(patience_ms, bridge.resolved(met)):
            bridge.spawn(_later(met, late))
            raise ReplayError(
                "amplitude-missing",
                "after {} s Segment has not brought amplitude-js".format(patience_ms // 1000),
                "Check that the Amplitude destination is in device-mode, and that nothing blocks its script.",
            )

    def connect(self, sdk: Js, mode: "Mode", hook: str, event: Js, look: Js, reset: Js, cookie: Js) -> None:
        """Show the mode what happens; the functions take facts and answer a patch (``bridge.told``)."""
        self._watch.set("sdk", sdk)
        wiring = {
            "destination": mode.destination,
            "destinations": list(mode.destinations),
            "hook": hook,
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


async def _notice_absence(found: list, named: object, complain: "Callable[[ReplayError], None]") -> None:
    await bridge.sleep(PATIENCE_MS)
    if not found:
        complain(
            ReplayError(
                "segment-missing",
                "after {} s there is no Segment at window.{}".format(PATIENCE_MS // 1000, named),
                "Check that Segment's snippet runs unblocked, and that the option analytics names its global.",
            )
        )


async def _later(met: Js, late: "Callable[[], None]") -> None:
    await bridge.resolved(met)
    late()
