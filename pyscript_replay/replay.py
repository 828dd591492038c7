"""The ``Replay``: what ``await connect(…)`` answers, and what connects the pure rules with their neighbours.

Facts come from Segment (``segment.py``), go to the mode (``modes/``), and what it answers is carried out here: the
patch goes back to Segment, replay's move to the recorder (``recorder.py``), the news to the page. In which state all
this is, is a matter of the page (``lifecycle.py``): it is told what happens, and calls the effects back.
"""

from . import bridge, handover, lifecycle, link, reach, recorder, session, session_events, source
from .device import REPLAY_ID
from .errors import REPORT, ReplayError, named
from .reach import Reach
from .segment import PATIENCE_MS, Segment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from .following import Move
    from .modes.base import Answer, Mode


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
        self._mode: "Any" = None  # these four once the page is wired
        self._segment: "Any" = None
        self._recorder: "Any" = None
        self._reach: "Any" = None
        self._off = None  # why the visitor may not reach Amplitude: a name of reach.py, or None when they may
        self._wiring = False
        self._said = None  # what was last said to be wrong with the recording
        self._listeners = []
        self._present = None  # the transition to the present session
        self._left = None  # the session that an earlier page has left in storage
        self._handed = None  # the session that an app has handed over
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
        return self._mode.following.session_id if self._mode else None

    @property
    def device_id(self) -> "str | None":
        """Amplitude's device id, or ``None`` before Segment has said it."""
        return self._mode.following.device_id if self._mode else None

    @property
    def replay_id(self) -> "str | None":
        """``<deviceId>/<sessionId>``, or ``None`` while there is no session."""
        return self._mode.following.replay_id if self._mode else None

    @property
    def replay_url(self) -> "str | None":
        """Where that replay is watched, or ``None`` where no option says."""
        return link.address(self._template, self.replay_id)

    @property
    def recording(self) -> bool:
        """Whether a full snapshot of the present session was taken, and its recording runs."""
        return bool(self._recorder and self._recorder.recording)

    def on_session(self, listener: "Callable") -> "Callable":
        """Call ``listener(previous, current, device_id, reason)`` at every transition; a decorator for functions.

        ``previous`` and ``current`` are session ids (``int`` or ``None``); ``reason`` is one of the names in
        ``session.py``, but never ``unchanged``. Who comes late hears at once of the transition to the present session.
        """
        self._listeners.append(listener)
        if self._present:
            self._tell(listener, *self._present)
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
        if self._recorder:
            await self._recorder.flush()

    async def doctor(self) -> "list[dict]":
        """Look at the page and answer findings, a list of ``dict``: see ``doctor.findings``.

        Asked while it is not known yet whether the recording runs, it waits for that; what else is missing, it says.
        """
        if self._recorder and self.status in ("loading", "running"):
            await bridge.within(recorder.PATIENCE_MS, self._recorder.settle())
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
            lifecycle.BEGIN: lambda *_: self._begin(),
            lifecycle.LOOK: lambda *_: self._look(),
            lifecycle.END: lambda *_: self._end(),
            "flush": lambda *_: bridge.promise(self.flush()),
            "doctor": lambda *_: bridge.promise(self.doctor()),
        }

    async def wire(self) -> None:
        """Find Segment, load the SDK, and connect the two. Whatever fails is told to the page."""
        if self._wiring:
            return
        self._wiring = True
        try:
            wired = self._recorder is not None or await self._load()
            self._happened(lifecycle.WIRED if wired else lifecycle.SWITCHED_OFF)
        except Exception as error:
            self._failed(error)
        finally:
            self._wiring = False

    async def _load(self) -> bool:
        """Whether there is something to wire: not where Segment was given no way to Amplitude, for want of consent."""
        finding = bridge.Begun(Segment.find(self.options, self._segment_late))
        if self.mode == "auto" and not self._chosen(await finding.result()):
            return False
        mode = self._modes[self.mode]
        loaded = await recorder.load(mode.sdk, self.options, self._forward, self._heard)
        self._segment = segment = await finding.result()
        settings = segment.destinations()[0]
        self._mode = mode(self.options, settings)
        self._reach = Reach(mode, settings, self.options)
        rules = (self._mode.event, self._mode.look, self._mode.reset, self._mode.cookie)
        told = [bridge.told(self._while_reached(*each)) for each in zip(rules, (True, False, True, False))]
        segment.connect(loaded.sdk, self._mode, self.options, *told)
        self._off = self._reach.look(segment.facts())
        if mode.amplitude_js:
            await self._meet_amplitude_js()
        if self.options["url_session"] == "follow":
            self._handed = handover.read(bridge.address())
            await self._expect_handed()
        self._recorder = loaded
        if self.options["sample_rate"] is None and "sampleRate" not in self.options["options"]:
            bridge.warn(
                "no sample rate is set: nothing is recorded unless Amplitude's remote configuration sets one. "
                "Set data-sample-rate (1 records every session)."
            )
        return True

    async def _expect_handed(self) -> None:
        """Wait, a moment, until the page has the device whose session its address hands over."""
        for _ in range(handover.WAIT_MS // handover.LOOK_MS):
            if self._off or self._handed_over(self._segment.facts()) is not None or self._handed is None:
                return
            await bridge.sleep(handover.LOOK_MS)

    def _handed_over(self, facts: dict) -> "int | None":
        """The session in the page's address, where it is of this device and still holds."""
        if self._handed is None or facts["now"] >= self._handed.until:
            self._handed = None
            return None
        try:
            return self._handed.session_id if self._mode.visitor(facts) in self._handed.device_ids else None
        except ReplayError:
            return None  # an id that Amplitude does not accept

    def _chosen(self, segment: Segment) -> bool:
        """Whether ``auto`` has found the mode."""
        settings, plugins = segment.destinations()
        try:
            self.mode, self._why = self._auto.choose(settings, plugins)
        except ReplayError as error:
            disabled = segment.facts()["reach"]["disabled"]
            if error.code != "mode-unknown" or not (disabled or reach.managed(settings)):
                raise
            self._off = reach.SEGMENT_DISABLED if disabled else reach.CONSENT_REFUSED
            return False
        self._report(mode=self.mode)
        return True

    async def _meet_amplitude_js(self) -> None:
        """Wait for it, unless Segment will not bring it; it is welcome later, too. Raises ``amplitude-missing``."""
        if self._reach.hopeless:
            bridge.spawn(self._late())
        elif not await bridge.within(PATIENCE_MS, self._segment.amplitude_js()):
            bridge.spawn(self._late())
            raise ReplayError(
                "amplitude-missing",
                "after {} s Segment has not brought amplitude-js".format(PATIENCE_MS // 1000),
                "Check that the Amplitude destination is in device-mode, and that nothing blocks its script.",
            )

    async def _late(self) -> None:
        """amplitude-js has come after all."""
        await self._segment.amplitude_js()
        if self._recorder is None:
            await self.wire()
        else:
            self._happened(lifecycle.BACK)

    def _segment_late(self, missing: "ReplayError | None") -> None:
        """Segment has not come yet."""
        if missing:
            self.complain(missing)
        else:
            self._off = reach.SEGMENT_DEFERRED

    def _reached(self, facts: dict) -> bool:
        """Whether the visitor may reach Amplitude, by these facts. When that changes, so does the page's state."""
        before, self._off = self._off, self._reach.look(facts)
        if self._off != before:
            self._happened(lifecycle.SWITCHED_OFF if self._off else lifecycle.SWITCHED_ON)
        return self._off is None

    def _begin(self) -> None:
        facts = self._facts()
        self._off = self._reach.look(facts)
        if self._off:
            self._happened(lifecycle.SWITCHED_OFF)
            return
        self._said = None
        self._left = session.parse(facts.get("stored"))
        try:
            facts["handed"] = self._handed_over(facts)
            if facts["handed"] is not None:
                self._handed = None  # once: later it may be over
            answer = self._mode.first(facts)
            self._carry_out(answer, here=True)
        except Exception as error:
            self.complain(named(error))
            self._happened(lifecycle.NOT_RECORDED)
        else:
            if self.session_id is None:
                self._happened(lifecycle.NOT_RECORDED if self._mode.refused else lifecycle.NOTHING_DUE)
            elif not answer.move:
                self._recorder.again()

    def _look(self) -> None:
        if self._recorder is None:
            return
        facts = self._facts()
        if self._reached(facts):
            self._carry_out(self._mode.look(facts))

    def _end(self) -> object:
        unknown = self._off == reach.CONSENT_UNKNOWN and self.status != "stopped"
        if self._recorder is None or unknown:
            return None  # nothing was begun; what is stored is good if the consent turns out to be there
        self._mode.following.stop()
        self._present = None
        self._report(sessionId=None, deviceId=None, replayId=None, replayUrl=None, recording=False)
        self._recorder.end()
        return bridge.promise(self._close())

    async def _close(self) -> None:
        await self._recorder.close()
        if self.session_id is None:  # else it has been started again meanwhile
            self._segment.apply(self._mode.forget())

    # What Segment shows: facts in, a patch out.

    def _while_reached(self, rule: "Callable[[dict], Answer]", here: bool) -> "Callable[[dict], dict]":
        """A mode's rule, as it is called; it is not asked while the visitor may not reach Amplitude."""
        return lambda facts: self._answered(rule(self._known(facts)), here) if self._reached(facts) else {}

    def _facts(self) -> dict:
        return self._known(self._segment.facts())

    def _known(self, facts: dict) -> dict:
        facts["recording"], facts["settled"] = self._recorder.recording, self._recorder.settled
        return facts

    def _carry_out(self, answer: "Answer", here: bool = False) -> None:
        self._segment.apply(self._answered(answer, here))

    def _answered(self, answer: "Answer", here: bool) -> dict:
        """The patch; the rest of the answer is carried out here. ``here``: by what has happened in this very tab."""
        if answer.problem:
            self.complain(answer.problem)
            self._happened(lifecycle.NOT_RECORDED)
        if answer.move:
            last = self._present
            self._move(answer.move)
            if here and self.options["session_events"] == "on":
                self._announce(session_events.due(answer.move, last and last[1:3], self._left))
        return self._linked(answer.patch)

    def _announce(self, events: list) -> None:
        try:
            for event in events:
                self._forward("track", list(event))
        except bridge.JsError as error:  # a page's own track(), say: what has moved has moved
            self.complain(named(error))

    def _linked(self, patch: dict) -> dict:
        """With the link on an event that is told which replay it is in, where that is asked for."""
        name, given = self.options["replay_url_property"], patch.get("properties") or {}
        url = link.address(self._template, given.get(REPLAY_ID))
        if name and url:
            patch["properties"] = dict(given)
            patch["properties"][name] = url
        return patch

    def _move(self, move: "Move") -> None:
        self._recorder.follow(move.device_id, move.session_id)
        ids = {"sessionId": move.session_id, "deviceId": move.device_id, "replayId": self.replay_id}
        self._report(replayUrl=self.replay_url, recording=False, **ids)
        self._present = None
        if move.session_id is None:
            return
        self._present = (move.previous, move.session_id, move.device_id, move.reason)
        told = {"previous": move.previous, "current": move.session_id}
        told.update({"deviceId": move.device_id, "reason": move.reason})
        self._page.call("session", told)
        for listener in self._listeners:
            self._tell(listener, *self._present)

    def _tell(self, listener: "Callable", *transition: object) -> None:
        try:
            answer = listener(*transition)
            if hasattr(answer, "send"):  # it was an ``async def``
                bridge.spawn(answer)
        except Exception as error:
            told = "a listener of on_session failed: {!r}".format(error)
            self.complain(ReplayError("listener", told, "Mend it; the recording goes on."))

    def _heard(self, happening: "str | None", problem: "ReplayError | None") -> None:
        """What has become of the recording."""
        self._report(recording=self.recording)
        if happening is None:
            return
        self._segment.settled()
        if happening == lifecycle.NOTHING_DUE and self._mode.refused:
            happening = lifecycle.NOT_RECORDED  # the visitor has no device id that Amplitude accepts
        said, self._said = self._said, problem.message if problem else None
        if problem and problem.message != said:  # once, not for each session anew
            self.complain(problem)
        self._happened(happening)

    def _forward(self, method: str, arguments: list) -> None:
        self._segment.call(method, arguments)

    # How the page is told.

    def complain(self, error: ReplayError) -> None:
        """Tell the page that something is wrong, and go on."""
        self._page.call("error", error.told())

    def _happened(self, happening: str) -> None:
        self._page.call("happened", happening)

    def _report(self, **values: object) -> None:
        self._page.call("report", values)

    def _failed(self, error: Exception) -> None:
        self._page.call("failed", named(error).told())

    async def evidence(self) -> dict:
        """What the doctor is shown of this page: ``doctor.py`` has the table."""
        seen = await bridge.evidence()
        seen.update(
            {
                "status": self.status,
                "awaited": "the recording" if self._segment else "Segment or the SDK",
                "errors": self._page.call("errors").data(),
                "mode": self.mode,
                "why": self._why,
                "off": self._off,
                "api_key": self.options["api_key"],
                "zone": self.options["server_zone"],
                "session_id": self.session_id,
                "device_id": self.device_id,
            }
        )
        if self._segment:
            settings, plugins = self._segment.destinations()
            applying = [mode for mode, _ in self._auto.applying(settings, plugins)]
            seen.update({"plugins": plugins, "applying": applying, "other_device": self._mode.other_device})
            seen.update(source.evidence(settings))
            seen.update(self._mode.evidence(self._segment.facts()))
        if self._recorder:
            seen.update(self._recorder.evidence())
            given = recorder.sdk_options(self.options)
            if seen.get("sample_rate") is None:  # Amplitude's comes first
                unset = 0 if (seen.get("config") or {}).get("present") else None
                seen["sample_rate"] = given.get("sampleRate", unset)
            seen["masking"] = (given.get("privacyConfig") or {}).get("defaultMaskLevel", "medium")
        return seen
