"""The page's Segment, the mode and the SDK that records, connected.

Facts come from Segment (``segment.py``), go to the mode (``modes/``), and what it answers is carried out here: the
patch goes back to Segment, replay's move to the recorder (``recorder.py``), the news to the page. What is heard of the
recording comes back the same way: what that means for the page's state, the page is told.
"""

from . import bridge, handover, lifecycle, link, session, session_events
from .device import REPLAY_ID
from .errors import ReplayError, named
from .reach import Reach

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from .following import Move
    from .modes.base import Answer, Mode
    from .recorder import Recorder
    from .segment import Segment


class Wiring:
    """Connects them; nothing has begun yet.

    Attributes:
        off (str | None): why the visitor may not reach Amplitude, a name of ``reach.py``; ``None`` while they may.
        hopeless (bool): Segment will not bring amplitude-js, which the mode needs.
        present (tuple | None): the transition to the present session, as ``moved`` was called with it.
    """

    def __init__(
        self, options: dict, segment: "Segment", mode: "type[Mode]", recorder: "Recorder", moved: "Callable[..., None]"
    ):
        """``moved(previous, current, device_id, reason)`` is called whenever replay follows another session."""
        settings = segment.destinations()[0]
        self.segment = segment
        self.mode = mode(options, settings)
        self.recorder = recorder
        self.present = None
        self._options = options
        self._moved = moved
        self._template = link.template(options)
        self._page = bridge.page()
        self._reach = Reach(mode, settings, options)
        self._said = None  # what was last said to be wrong with the recording
        self._left = None  # the session that an earlier page has left in storage
        self._handed = handover.read(bridge.address()) if options["url_session"] == "follow" else None
        rules = (self.mode.event, self.mode.look, self.mode.reset, self.mode.cookie)
        told = [bridge.told(self._while_reached(*each)) for each in zip(rules, (True, False, True, False))]
        segment.connect(recorder.sdk, self.mode, options, *told)
        self.off = self._reach.look(segment.facts())
        self.hopeless = mode.amplitude_js and self._reach.hopeless

    async def expect_handed(self) -> None:
        """Wait, a moment, until the page has the device whose session its address hands over, if it does."""
        if self._handed is None:
            return
        for _ in range(handover.WAIT_MS // handover.LOOK_MS):
            if self.off or self._handed_over(self.segment.facts()) is not None or self._handed is None:
                return
            await bridge.sleep(handover.LOOK_MS)

    def _handed_over(self, facts: dict) -> "int | None":
        """The session in the page's address, where it is of this device and still holds."""
        if self._handed is None or facts["now"] >= self._handed.until:
            self._handed = None
            return None
        try:
            return self._handed.session_id if self.mode.visitor(facts) in self._handed.device_ids else None
        except ReplayError:
            return None  # an id that Amplitude does not accept

    # The effects of the life cycle.

    def begin(self) -> None:
        """See where the session stands, and record it."""
        facts = self._facts()
        self.off = self._reach.look(facts)
        if self.off:
            self._happened(lifecycle.SWITCHED_OFF)
            return
        self._said = None
        self._left = session.parse(facts.get("stored"))
        try:
            facts["handed"] = self._handed_over(facts)
            if facts["handed"] is not None:
                self._handed = None  # once: later it may be over
            answer = self.mode.first(facts)
            self._carry_out(answer, here=True)
        except Exception as error:
            self._complain(named(error))
            self._happened(lifecycle.NOT_RECORDED)
        else:
            if self.mode.following.session_id is None:
                self._happened(lifecycle.NOT_RECORDED if self.mode.refused else lifecycle.NOTHING_DUE)
            elif not answer.move:
                self.recorder.again()

    def look(self) -> None:
        """The same, later."""
        facts = self._facts()
        if self._reached(facts):
            self._carry_out(self.mode.look(facts))

    def end(self) -> "Coroutine":
        """End the recording at once. What is answered, to be awaited, uploads the rest and forgets what was stored."""
        self.mode.following.stop()
        self.present = None
        self._report(sessionId=None, deviceId=None, replayId=None, replayUrl=None)
        self.recorder.end()
        return self._close()

    async def _close(self) -> None:
        await self.recorder.close()
        if self.mode.following.session_id is None:  # else it has been started again meanwhile
            self.segment.apply(self.mode.forget())

    # What Segment shows: facts in, a patch out.

    def _while_reached(self, rule: "Callable[[dict], Answer]", here: bool) -> "Callable[[dict], dict]":
        """A mode's rule, as it is called; it is not asked while the visitor may not reach Amplitude."""
        return lambda facts: self._answered(rule(self._known(facts)), here) if self._reached(facts) else {}

    def _reached(self, facts: dict) -> bool:
        """Whether the visitor may reach Amplitude, by these facts. When that changes, so does the page's state."""
        before, self.off = self.off, self._reach.look(facts)
        if self.off != before:
            self._happened(lifecycle.SWITCHED_OFF if self.off else lifecycle.SWITCHED_ON)
        return self.off is None

    def _facts(self) -> dict:
        return self._known(self.segment.facts())

    def _known(self, facts: dict) -> dict:
        facts["recording"], facts["settled"] = self.recorder.recording, self.recorder.settled
        return facts

    def _carry_out(self, answer: "Answer", here: bool = False) -> None:
        self.segment.apply(self._answered(answer, here))

    def _answered(self, answer: "Answer", here: bool) -> dict:
        """The patch; the rest of the answer is carried out here. ``here``: by what has happened in this very tab."""
        if answer.problem:
            self._complain(answer.problem)
            self._happened(lifecycle.NOT_RECORDED)
        if answer.move:
            last = self.present
            self._move(answer.move)
            if here and self._options["session_events"] == "on":
                self._announce(session_events.due(answer.move, last and last[1:3], self._left))
        return self._linked(answer.patch)

    def _announce(self, events: list) -> None:
        try:
            for event in events:
                self.segment.call("track", list(event))
        except bridge.JsError as error:  # a page's own track(), say: what has moved has moved
            self._complain(named(error))

    def _linked(self, patch: dict) -> dict:
        """With the link on an event that is told which replay it is in, where that is asked for."""
        name, given = self._options["replay_url_property"], patch.get("properties") or {}
        url = link.address(self._template, given.get(REPLAY_ID))
        if name and url:
            given[name] = url
        return patch

    def _move(self, move: "Move") -> None:
        self.recorder.follow(move.device_id, move.session_id)
        replay_id = self.mode.following.replay_id
        ids = {"sessionId": move.session_id, "deviceId": move.device_id, "replayId": replay_id}
        self._report(replayUrl=link.address(self._template, replay_id), recording=False, **ids)
        self.present = None
        if move.session_id is not None:
            self.present = (move.previous, move.session_id, move.device_id, move.reason)
            self._moved(*self.present)

    # What is heard of the recording, and how the page is told.

    def heard(self, happening: "str | None", problem: "ReplayError | None") -> None:
        """What has become of the recording: see ``Recorder``."""
        self._report(recording=self.recorder.recording)
        if happening is None:
            return
        self.segment.settled()
        said, self._said = self._said, problem.message if problem else None
        if problem and problem.message != said:  # once, not for each session anew
            self._complain(problem)
        if happening == lifecycle.NOTHING_DUE and self.mode.refused:
            return  # the visitor has no device id that Amplitude accepts: so it was told
        self._happened(happening)

    def evidence(self) -> dict:
        """What the doctor is shown of the three."""
        seen = {"other_device": self.mode.other_device}
        seen.update(self.mode.evidence(self.segment.facts()))
        seen.update(self.recorder.evidence())
        return seen

    def _complain(self, error: ReplayError) -> None:
        self._page.call("error", error.told())

    def _happened(self, happening: str) -> None:
        self._page.call("happened", happening)

    def _report(self, **values: object) -> None:
        self._page.call("report", values)
