"""The ``Replay``: what ``await connect(…)`` answers, and what ``window.pyscriptReplay`` asks of Python.

It finds the three that belong together: the page's Segment, the mode, and the SDK that records. Once they are there,
``wiring.py`` connects them. In which state all this is, is a matter of the page (``lifecycle.py``): it is told what
happens, and calls the effects back.
"""

from . import bridge, lifecycle, link, reach, recorder, source
from .errors import REPORT, ReplayError, named
from .segment import PATIENCE_MS, Segment
from .wiring import Wiring

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from .modes.base import Mode


class Replay:
    """What ``await connect(…)`` answers; the same, in camelCase, is ``window.pyscriptReplay``.

    Attributes:
        mode (str): ``actions``, ``classic-device`` or ``classic-cloud``; ``auto`` until it has been told.
        runtime (str): ``micropython`` or ``pyodide``.
    """

    runtime = bridge.RUNTIME

    def __init__(self, options: dict, modes: "dict[str, type[Mode]]", auto: "Any"):
        self.options = options
        self.mode = options["mode"]
        self._why = "it was set"
        self._template = link.template(options)
        self._modes = modes
        self._auto = auto  # what tells the mode
        self._wiring: "Wiring | None" = None  # once the three are there
        self._under_way = False  # they are being looked for
        self._no_way = None  # why Segment was given no way to Amplitude, for want of consent: a name of reach.py
        self._listeners = []
        self._page = bridge.page()
        self._page.call("serve", self._effects())
        self._report(mode=self.mode, runtime=self.runtime)

    @property
    def status(self) -> str:
        """``loading``, ``waiting`` (for consent), ``running``, ``stopped`` or ``failed``."""
        return self._page.member("facade").get("status")

    @property
    def session_id(self) -> "int | None":
        """The id of the session that replay follows, in whole milliseconds since 1970."""
        return self._wiring.mode.following.session_id if self._wiring else None

    @property
    def device_id(self) -> "str | None":
        """Amplitude's device id, or ``None`` before Segment has said it."""
        return self._wiring.mode.following.device_id if self._wiring else None

    @property
    def replay_id(self) -> "str | None":
        """``<deviceId>/<sessionId>``, or ``None`` while there is no session."""
        return self._wiring.mode.following.replay_id if self._wiring else None

    @property
    def replay_url(self) -> "str | None":
        """Where that replay is watched, or ``None`` where no option says."""
        return link.address(self._template, self.replay_id)

    @property
    def recording(self) -> bool:
        """Whether a full snapshot of the present session was taken, and its recording runs."""
        return bool(self._wiring and self._wiring.recorder.recording)

    def on_session(self, listener: "Callable") -> "Callable":
        """Call ``listener(previous, current, device_id, reason)`` at every transition; a decorator for functions.

        ``previous`` and ``current`` are session ids (``int`` or ``None``); ``reason`` is one of the names in
        ``session.py``, but never ``unchanged``. Who comes late hears at once of the transition to the present session.
        """
        self._listeners.append(listener)
        if self._wiring and self._wiring.present:
            self._tell(listener, self._wiring.present)
        return listener

    async def open(self) -> None:
        """Begin, unless consent is to be waited for or the visitor has opted out. Raises ``ReplayError``."""
        await self._asked(self._page.call("open", self.options["consent"]))

    async def start(self) -> "Replay":
        """Begin to record, for the first time or again after ``stop()``. Answers the ``Replay`` itself.

        Raises:
            ReplayError: with a ``code`` and the way to ``fix`` it. Segment's events are not affected.
        """
        await self._ask("start")
        return self

    async def stop(self) -> None:
        """End the recording, upload the rest, and stay stopped, over reloads too, until ``start()``."""
        await self._ask("stop")

    @property
    def ready(self) -> "Awaitable[Replay]":
        """To be awaited: the ``Replay`` itself, once it is ``running``, ``stopped`` or ``failed``."""
        return self._ready()

    async def _ready(self) -> "Replay":
        await bridge.resolved(self._page.member("facade").get("ready"))
        return self

    async def flush(self) -> None:
        """Upload what has been recorded so far."""
        if self._wiring:
            await self._wiring.recorder.flush()

    async def doctor(self) -> "list[dict]":
        """Look at the page and answer findings, a list of ``dict``: see ``doctor.findings``.

        Asked while it is not known yet whether the recording runs, it waits for that; what else is missing, it says.
        """
        if self._wiring and self.status in ("loading", "running"):
            await bridge.within(recorder.PATIENCE_MS, self._wiring.recorder.settle())
        from . import doctor  # here, for a page with the tag has it only by now (web/page/replay.js)

        return doctor.findings(await self.evidence())

    async def track(self, name: str, properties: "dict | None" = None) -> None:
        """Track an event on the page's Segment, at once, and so in order with its own calls.

        Amplitude's documentation has classic-cloud track through the shell; that is not needed here, for every event of
        Segment's is given its session.

        Raises:
            ReplayError: ``event-name``.
        """
        await self._ask("track", name, properties or {})

    async def _ask(self, method: str, *args: object) -> object:
        """Call a method of ``window.pyscriptReplay``."""
        return await self._asked(self._page.member("facade").call(method, *args))

    async def _asked(self, answer: object) -> object:
        """Wait for the page's answer; what it throws is a ``ReplayError``."""
        try:
            return await bridge.resolved(answer)
        except bridge.JsError as error:
            code, fix = error.value.text("code"), error.value.text("fix")
            raise ReplayError(code or "internal", error.message, fix or REPORT)

    # The effects of the life cycle.

    def _effects(self) -> dict:
        return {
            lifecycle.LOAD: lambda *_: bridge.promise(self.wire()),
            lifecycle.END: lambda *_: self._end(),
            "flush": lambda *_: bridge.promise(self.flush()),
            "doctor": lambda *_: bridge.promise(self.doctor()),
        }

    async def wire(self) -> None:
        """Find Segment, load the SDK, and connect the two. Whatever fails is told to the page."""
        if self._under_way:
            return
        self._under_way = True
        try:
            if self._wiring is None:
                self._wiring = await self._load()
            if self._wiring:
                await self._complete(self._wiring)
            self._happened(lifecycle.WIRED if self._wiring else lifecycle.SWITCHED_OFF)
        except Exception as error:
            self._page.call("failed", named(error).told())
        finally:
            self._under_way = False

    def _end(self) -> object:
        """End the recording. While a consent is not known nothing has begun, and what is stored may turn out good."""
        if self._wiring is None or (self._wiring.off == reach.CONSENT_UNKNOWN and self.status != "stopped"):
            return None
        return bridge.promise(self._wiring.end())

    # The three that are found.

    async def _load(self) -> "Wiring | None":
        """What there is to wire: nothing where Segment was given no way to Amplitude, for want of consent."""
        finding = bridge.Begun(Segment.find(self.options, self._segment_late))
        if self.mode == "auto" and not self._chosen(await finding.result()):
            return None
        mode = self._modes[self.mode]
        loaded = await recorder.load(mode.sdk, self.options, self._forward, self._heard)
        segment: Segment = await finding.result()
        wiring = Wiring(self.options, segment, mode, loaded, self._moved)
        self._page.call("serve", {lifecycle.BEGIN: lambda *_: wiring.begin(), lifecycle.LOOK: lambda *_: wiring.look()})
        if wiring.hopeless:
            bridge.spawn(self._late(wiring))
        if self.options["sample_rate"] is None and "sampleRate" not in self.options["options"]:
            bridge.warn(
                "no sample rate is set: nothing is recorded unless Amplitude's remote configuration sets one. "
                "Set data-sample-rate (1 records every session)."
            )
        return wiring

    def _chosen(self, segment: Segment) -> bool:
        """Whether ``auto`` has found the mode."""
        settings, plugins = segment.destinations()
        try:
            self.mode, self._why = self._auto.choose(settings, plugins)
        except ReplayError as error:
            disabled = segment.facts()["reach"]["disabled"]
            if error.code != "mode-unknown" or not (disabled or reach.managed(settings)):
                raise
            self._no_way = reach.SEGMENT_DISABLED if disabled else reach.CONSENT_REFUSED
            return False
        self._report(mode=self.mode)
        return True

    def _segment_late(self, missing: "ReplayError | None") -> None:
        """Segment has not come yet."""
        if missing:
            self.complain(missing)
        else:
            self._no_way = reach.SEGMENT_DEFERRED

    async def _complete(self, wiring: Wiring) -> None:
        """Wait for what the first session needs. amplitude-js is welcome later, too. Raises ``amplitude-missing``."""
        if wiring.mode.amplitude_js and not wiring.hopeless:
            if not await bridge.within(PATIENCE_MS, wiring.segment.amplitude_js()):
                bridge.spawn(self._late(wiring))
                raise ReplayError(
                    "amplitude-missing",
                    "after {} s Segment has not brought amplitude-js".format(PATIENCE_MS // 1000),
                    "Check that the Amplitude destination is in device-mode, and that nothing blocks its script.",
                )
        await wiring.expect_handed()

    async def _late(self, wiring: Wiring) -> None:
        """amplitude-js has come after all."""
        await wiring.segment.amplitude_js()
        if wiring.hopeless:
            self._happened(lifecycle.BACK)
        else:
            await self.wire()

    def _forward(self, method: str, arguments: list) -> None:
        """The SDK has an event for Segment."""
        if self._wiring:
            self._wiring.segment.call(method, arguments)

    def _heard(self, happening: "str | None", problem: "ReplayError | None") -> None:
        """What has become of the recording."""
        if self._wiring:
            self._wiring.heard(happening, problem)

    # How the page is told.

    def complain(self, error: ReplayError) -> None:
        """Tell the page that something is wrong, and go on."""
        self._page.call("error", error.told())

    def _happened(self, happening: str) -> None:
        self._page.call("happened", happening)

    def _report(self, **values: object) -> None:
        self._page.call("report", values)

    def _moved(self, *transition: object) -> None:
        """Replay follows another session: ``transition`` is what a listener of ``on_session`` is called with."""
        self._page.call("session", dict(zip(("previous", "current", "deviceId", "reason"), transition)))
        for listener in self._listeners:
            self._tell(listener, transition)

    def _tell(self, listener: "Callable", transition: tuple) -> None:
        try:
            answer = listener(*transition)
            if hasattr(answer, "send"):  # it was an ``async def``
                bridge.spawn(answer)
        except Exception as error:
            told = "a listener of on_session failed: {!r}".format(error)
            self.complain(ReplayError("listener", told, "Mend it; the recording goes on."))

    async def evidence(self) -> dict:
        """What the doctor is shown of this page: ``doctor.py`` has the table."""
        seen = await bridge.evidence()
        seen.update(
            {
                "status": self.status,
                "awaited": "the recording" if self._wiring else "Segment or the SDK",
                "errors": self._page.call("errors").data(),
                "mode": self.mode,
                "why": self._why,
                "off": self._wiring.off if self._wiring else self._no_way,
                "api_key": self.options["api_key"],
                "zone": self.options["server_zone"],
                "session_id": self.session_id,
                "device_id": self.device_id,
            }
        )
        if self._wiring:
            settings, plugins = self._wiring.segment.destinations()
            applying = [mode for mode, _ in self._auto.applying(settings, plugins)]
            seen.update({"plugins": plugins, "applying": applying})
            seen.update(source.evidence(settings))
            seen.update(self._wiring.evidence())
            given = recorder.sdk_options(self.options)
            if seen.get("sample_rate") is None:  # Amplitude's comes first
                unset = 0 if (seen.get("config") or {}).get("present") else None
                seen["sample_rate"] = given.get("sampleRate", unset)
            seen["masking"] = (given.get("privacyConfig") or {}).get("defaultMaskLevel", "medium")
        return seen
