"""The ``Replay``: one page's recording, from what Segment says to what is recorded, stored and announced.

A mode (one file each in ``modes/``) knows where its kind of site keeps the device id and the session, and when they
may have moved. It says so by calling ``see``. There the decision is asked of ``session.decide``, and carried out:
stored by the mode, recorded by the recorder, announced to the page. Nothing else moves a session.
"""

from collections import namedtuple

from . import bridge, doctor, session
from .errors import ReplayError
from .segment import Segment, allows, put_properties

CARRIES_PROPERTIES = ("track", "page", "screen")
"""Segment's calls that have properties."""

Gone = namedtuple("Gone", ("session_id", "properties"))
"""What was recorded of a visitor when another took over: what the first one's late events carry."""


class Replay:
    """What ``await connect(…)`` answers; the same, in camelCase, is ``window.pyscriptReplay``.

    Attributes:
        status (str): ``loading``, ``waiting`` (for consent), ``running``, ``stopped`` or ``failed``.
        mode (str): ``actions``, ``classic-device`` or ``classic-cloud``.
        runtime (str): ``micropython`` or ``pyodide``.
    """

    runtime = bridge.RUNTIME

    def __init__(self, options, modes, choose):
        self.options = options
        self.mode = options["mode"]
        self.status = "loading"
        self.segment = None
        self.recorder = None
        self._modes = modes
        self._choose = choose
        self._mode = None
        self._why = "it was set"
        self._wiring = None
        self._switched_off = False
        self._gone = {}  # by device id
        self._waited = False
        self._stored = None
        self._expired = False
        self._listeners = []
        self._page = bridge.page()
        self._page.call("serve", self._commands())
        self._report(mode=self.mode, runtime=self.runtime)

    @property
    def session_id(self):
        """The id of the session that replay records, in whole milliseconds (``int``), or ``None``."""
        return self.recorder.session_id if self.recorder else None

    @property
    def device_id(self):
        """Amplitude's device id (``str``), or ``None`` before Segment has said it."""
        return self.recorder.device_id if self.recorder else None

    @property
    def replay_id(self):
        """``<deviceId>/<sessionId>`` (``str``), or ``None`` while there is no session."""
        return self.recorder.replay_id if self.recorder else None

    def on_session(self, listener):
        """Call ``listener(previous, current, device_id, reason)`` at every transition; a decorator for functions.

        ``previous`` and ``current`` are session ids (``int`` or ``None``); ``reason`` is one of the names in
        ``session.py``, but never ``unchanged`` or ``older-ignored``.
        """
        self._listeners.append(listener)
        return listener

    async def open(self):
        """Start, unless consent is to be waited for or the visitor has opted out."""
        if self._page.get("optedOut"):
            self._set_status("stopped")
        elif self.options["consent"] == "wait":
            self._set_status("waiting")
        else:
            await self.start()

    async def start(self):
        """Begin to record, for the first time or again after ``stop()``. Answers the ``Replay`` itself.

        Raises:
            ReplayError: with a ``code`` and the way to ``fix`` it. Segment's events are not affected.
        """
        self._page.set("optedOut", False)
        if self.status != "running":
            self._set_status("loading")
            if self._wiring is None:
                self._wiring = bridge.spawn(self._wire())
            await self._wiring
            if self.status == "loading":
                self._set_status("running")
                self._begin()
            elif self.status == "stopped":  # meanwhile
                self._mode.forget()
        return self

    def _begin(self):
        try:
            if self.running:
                self._mode.begin()
        except Exception as error:
            raise self._failed(error)

    async def _wire(self):
        try:
            finding = bridge.spawn(Segment.find(self.options, self.complain))
            if self.mode == "auto":
                self.mode, self._why = self._choose(*(await finding).destinations())
                self._report(mode=self.mode)
            self._mode = self._modes[self.mode](self)
            self.recorder = await self._mode.load()
            self.segment = await finding
            self._switched_off = not allows(self.segment.analytics, *self._mode.destinations)
            if not self._switched_off:
                await self._mode.connect()
                self.segment.on_session_change(self._changed)
        except Exception as error:
            self._wiring = None  # start() tries again
            raise self._failed(error)
        if self.options["sample_rate"] is None and "sampleRate" not in self.options["options"]:
            bridge.warn(
                "no sample rate is set: nothing is recorded unless Amplitude's remote configuration sets one. "
                "Set data-sample-rate (1 records every session)."
            )

    async def stop(self):
        """End the recording, upload the rest, and stay stopped, over reloads too, until ``start()``."""
        self._page.set("optedOut", True)
        self._set_status("stopped")
        self._report(sessionId=None, deviceId=None, replayId=None)
        self._stored, self._expired = None, False
        if self.recorder:
            await self.recorder.close()
        if self.segment and self.status == "stopped":  # else it has been started again meanwhile
            self._mode.forget()

    @property
    def ready(self):
        """To be awaited: the ``Replay`` itself, once it is ``running``, ``stopped`` or ``failed``."""
        return self._ready()

    async def _ready(self):
        await bridge.resolved(self._page.get("facade").get("ready"))
        return self

    async def flush(self):
        """Upload what has been recorded so far."""
        if self.recorder:
            await self.recorder.flush()

    async def doctor(self):
        """Look at the page and answer findings, a list of ``dict``: ``level``, ``code``, ``message`` and ``fix``."""
        return doctor.findings(self.snapshot())

    async def track(self, name, properties=None):
        """Track an event: in classic-cloud through the shell, else, and where nothing is recorded, on Segment itself.

        Raises:
            ReplayError: ``event-name``.
        """
        if not isinstance(name, str) or not name:
            raise ReplayError("event-name", "the event's name is {!r}".format(name), "Give it a name, as text.")
        if self.status == "loading" and self._wiring:
            await bridge.within(self.options["hold_ms"], self._wired())
        if self.running and hasattr(self._mode, "track"):
            await self._mode.track(name, properties or {})
        else:
            await bridge.resolved(bridge.track_on_segment(self.options["analytics"], name, properties or {}))

    async def _wired(self):
        await self._wiring

    # What the modes call.

    def complain(self, error):
        """Tell the page that something is wrong, and go on."""
        self._page.call("error", error.told())

    @property
    def running(self):
        """Whether what a mode sees is to be followed."""
        return self.status == "running" and not self._switched_off

    def see(self, stored=None, event=None, expired=False):
        """Compare what is stored (left out: what was, when last looked) and what an event says with what replay has.

        Carries out what follows from it, and answers the ``Decision``.
        """
        if stored is not None:
            self._stored, self._expired = stored, expired
        device_id = self._device_id()
        moved = self.recorder.device_id not in (None, device_id)
        decision = session.decide(self._stored, event, self.session_id, self._expired, moved)
        if decision.store is not None:
            self._mode.store(decision.store)
        if decision.tell is not None:
            self._move(device_id, decision.tell, decision.reason)
        elif self.recorder.device_id != device_id:
            self._move(device_id, None, decision.reason)
        return decision

    def begin(self):
        """Begin a session, because the visitor is another one (``reset()``); but not where there was none."""
        if self.session_id is None:
            self._mode.look()
            return
        session_id = session.opened(bridge.now(), self.session_id)
        self._mode.store(session_id)
        self._move(self._device_id(), session_id, session.IDENTITY_CHANGED)

    def _device_id(self):
        try:
            return self._mode.device_id()
        except ReplayError:
            self.recorder.follow(self.device_id, None)  # rather nothing than a recording that is not this visitor's
            raise

    def _changed(self, cookie):
        """Another tab, or the site, may have written the session, or the page has come back: follow."""
        if not self.running:
            return
        if cookie is not None and cookie > (self.session_id or 0):
            self._mode.store(cookie)  # the cookie is what Segment and the SDKs read last, or never
        if cookie is None or cookie != self.session_id:
            self._mode.look()

    def gone(self, event):
        """What was recorded of the visitor who made the event, where they have gone since: ``Gone``, else ``None``."""
        made_by = self._mode.maker(event)
        return None if made_by == self.device_id else self._gone.get(made_by)

    def mark(self, event, session_id):
        """Put the replay id on an event of this session, if that is recorded; on a late one, what was recorded then.

        It is known only once the SDK is where the last transition sent it: may answer a promise to wait for.
        """
        if event.get("type") not in CARRIES_PROPERTIES:
            return None
        gone = self.gone(event)
        if gone:
            return put_properties(event, gone.properties) if session_id in (None, gone.session_id) else None
        if self._mode.maker(event) != self.device_id or session_id not in (None, self.session_id):
            return None
        if self.recorder.settled:
            self._waited = False
            return put_properties(event, self.recorder.properties())
        return None if self._waited else bridge.promise(self._mark_later(event, session_id))

    async def _mark_later(self, event, session_id):
        """One event may wait for the SDK so long; those behind it have waited as well, and do not wait again."""
        waited = bridge.now() - event.get("timestamp").call("getTime")
        await bridge.within(max(0, self.options["hold_ms"] - waited), self.recorder.settle())
        self._waited = not self.recorder.settled
        if not self._waited:
            self.mark(event, session_id)

    def _move(self, device_id, session_id, reason):
        previous = self.session_id
        if previous is not None and device_id != self.device_id:
            self._gone[self.device_id] = Gone(previous, self.recorder.properties())
        self.recorder.follow(device_id, session_id)
        if session_id is not None:
            self._stored, self._expired = session_id, False
        self._report(sessionId=session_id, deviceId=device_id, replayId=self.replay_id)
        if session_id is None:
            return
        self._page.call(
            "session", {"previous": previous, "current": session_id, "deviceId": device_id, "reason": reason}
        )
        for listener in self._listeners:
            self._tell(listener, previous, session_id, device_id, reason)

    def _tell(self, listener, *transition):
        try:
            answer = listener(*transition)
            if hasattr(answer, "send"):  # it was an ``async def``
                bridge.spawn(answer)
        except Exception as error:
            told = "a listener of on_session failed: {!r}".format(error)
            self.complain(ReplayError("listener", told, "Mend it; the recording goes on."))

    def snapshot(self):
        """What the doctor needs to know of the page, as plain data."""
        return {
            "status": self.status,
            "mode": self.mode,
            "why": self._why,
            "session_id": self.session_id,
            "device_id": self.device_id,
            "switched_off": self._switched_off,
            "sampled": self.options["sample_rate"] is not None or "sampleRate" in self.options["options"],
            "recording": bool(self.recorder and self.recorder.properties()),
        }

    # How the page is told.

    def _set_status(self, status):
        self.status = status
        self._report(status=status)

    def _report(self, **values):
        self._page.call("report", values)

    def _failed(self, error):
        """Tell the page that nothing will run; answers ``error`` as a ``ReplayError``."""
        if not isinstance(error, ReplayError):
            error = ReplayError("internal", str(error), "Please report this, with the browser's console.")
        if self.status != "stopped":  # then nobody waits for it any more
            self.status = "failed"
            self._page.call("fail", error.told())
        return error

    def _commands(self):
        return {
            "start": lambda *_: bridge.promise(self._started()),
            "stop": lambda *_: bridge.promise(self.stop()),
            "flush": lambda *_: bridge.promise(self.flush()),
            "doctor": lambda *_: bridge.promise(self.doctor()),
            "track": lambda name=None, properties=None, *_: bridge.promise(self.track(name, properties)),
        }

    async def _started(self):
        await self.start()
        return self._page.get("facade")
