"""The ``Replay``: what ``await connect(…)`` answers, and what connects the pure rules with their neighbours.

Facts come from Segment (``segment.py``), go to the mode (``modes/``), and what it answers is carried out here: the
patch goes back to Segment, replay's move to the recorder (``recorder.py``), the news to the page. In which state all
this is, is a matter of the page (``lifecycle.py``): it is told what happens, and calls the effects back.
"""

from . import bridge, doctor, lifecycle, recorder
from .errors import REPORT, ReplayError, named
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

    def __init__(self, options: dict, modes: "dict[str, type[Mode]]", choose: "Callable[[dict, list], tuple]"):
        self.options = options
        self.mode = options["mode"]
        self._why = "it was set"
        self._modes = modes
        self._choose = choose
        self._mode: "Any" = None  # these three once the page is wired
        self._segment: "Any" = None
        self._recorder: "Any" = None
        self._wiring = False
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
    def recording(self) -> bool:
        """Whether a full snapshot of the present session was taken, and its recording runs."""
        return bool(self._recorder and self._recorder.recording)

    def on_session(self, listener: "Callable") -> "Callable":
        """Call ``listener(previous, current, device_id, reason)`` at every transition; a decorator for functions.

        ``previous`` and ``current`` are session ids (``int`` or ``None``); ``reason`` is one of the names in
        ``session.py``, but never ``unchanged``.
        """
        self._listeners.append(listener)
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
        """Look at the page and answer findings, a list of ``dict``: ``level``, ``code``, ``message`` and ``fix``."""
        if self._recorder and self.status in ("loading", "running"):
            await bridge.within(recorder.PATIENCE_MS, self._recorder.settle())
        return doctor.findings(self.snapshot())

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
            lifecycle.END: lambda *_: bridge.promise(self._end()),
            "flush": lambda *_: bridge.promise(self.flush()),
            "doctor": lambda *_: bridge.promise(self.doctor()),
        }

    async def wire(self) -> None:
        """Find Segment, load the SDK, and connect the two. Whatever fails is told to the page."""
        if self._wiring:
            return
        self._wiring = True
        try:
            if self._recorder is None:
                await self._load()
            self._happened(lifecycle.WIRED)
        except Exception as error:
            self._failed(error)
        finally:
            self._wiring = False

    async def _load(self) -> None:
        finding = bridge.spawn(Segment.find(self.options, self.complain))
        if self.mode == "auto":
            self.mode, self._why = self._choose(*(await finding).destinations())
            self._report(mode=self.mode)
        mode = self._modes[self.mode]
        loaded = await recorder.load(mode.sdk, self.options, self._forward, self._heard)
        self._segment = segment = await finding
        self._mode = mode(self.options, segment.destinations()[0])
        if not segment.switched_off(mode.destinations):
            if mode.amplitude_js:
                await segment.meet_amplitude_js(PATIENCE_MS, self._late)
            told = [bridge.told(each) for each in (self._event, self._seen, self._reset, self._cookie)]
            segment.connect(loaded.sdk, self._mode, self.options["session_hook"], *told)
        self._recorder = loaded
        if self.options["sample_rate"] is None and "sampleRate" not in self.options["options"]:
            bridge.warn(
                "no sample rate is set: nothing is recorded unless Amplitude's remote configuration sets one. "
                "Set data-sample-rate (1 records every session)."
            )

    def _late(self) -> None:
        """amplitude-js has come after all."""
        bridge.spawn(self.wire())

    @property
    def _switched_off(self) -> bool:
        return self._segment is not None and self._segment.switched_off(self._mode.destinations)

    def _begin(self) -> None:
        if self._switched_off:
            self._happened(lifecycle.NOTHING_DUE)
            return
        try:
            answer = self._mode.begin(self._facts())
            self._carry_out(answer)
        except Exception as error:
            self.complain(named(error))
            self._happened(lifecycle.NOT_RECORDED)
        else:
            if self.session_id is None:
                self._happened(lifecycle.NOT_RECORDED if self._mode.refused else lifecycle.NOTHING_DUE)
            elif not answer.move:
                self._recorder.again()

    def _look(self) -> None:
        if not self._switched_off:
            self._carry_out(self._mode.look(self._facts()))

    async def _end(self) -> None:
        if self._recorder is None:
            return
        self._mode.following.stop()
        self._report(sessionId=None, deviceId=None, replayId=None, recording=False)
        await self._recorder.close()
        if self.status == "stopped":  # else it has been started again meanwhile
            self._segment.apply(self._mode.forget())

    # What Segment shows: facts in, a patch out.

    def _event(self, facts: dict) -> dict:
        return self._answered(self._mode.event(self._known(facts)))

    def _seen(self, facts: dict) -> dict:
        return self._answered(self._mode.look(self._known(facts)))

    def _reset(self, facts: dict) -> dict:
        return self._answered(self._mode.reset(self._known(facts)))

    def _cookie(self, facts: dict) -> dict:
        return self._answered(self._mode.cookie(self._known(facts)))

    def _facts(self) -> dict:
        return self._known(self._segment.facts())

    def _known(self, facts: dict) -> dict:
        facts["recording"], facts["settled"] = self._recorder.recording, self._recorder.settled
        return facts

    def _carry_out(self, answer: "Answer") -> None:
        self._segment.apply(self._answered(answer))

    def _answered(self, answer: "Answer") -> dict:
        """The patch; the rest of the answer is carried out here."""
        if answer.problem:
            self.complain(answer.problem)
            self._happened(lifecycle.NOT_RECORDED)
        if answer.move:
            self._move(answer.move)
        return answer.patch

    def _move(self, move: "Move") -> None:
        self._recorder.follow(move.device_id, move.session_id)
        replay_id = self._mode.following.replay_id
        self._report(sessionId=move.session_id, deviceId=move.device_id, replayId=replay_id, recording=False)
        if move.session_id is None:
            return
        told = {"previous": move.previous, "current": move.session_id}
        told.update({"deviceId": move.device_id, "reason": move.reason})
        self._page.call("session", told)
        for listener in self._listeners:
            self._tell(listener, move.previous, move.session_id, move.device_id, move.reason)

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
        if problem:
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

    def snapshot(self) -> dict:
        """What the doctor needs to know of the page, as plain data."""
        return {
            "status": self.status,
            "mode": self.mode,
            "why": self._why,
            "session_id": self.session_id,
            "device_id": self.device_id,
            "switched_off": self._switched_off,
            "sampled": self.options["sample_rate"] is not None or "sampleRate" in self.options["options"],
            "recording": self.recording,
            "reason": self._recorder.reason if self._recorder else None,
        }
