"""Actions: Segment's own browser plugin, "Actions Amplitude", keeps the session.

The plugin begins a session when none is stored or the stored one has been idle for 30 minutes, keeps it in
``analytics_session_id`` with the time of the last event in ``analytics_session_id.last_access``, and puts it on the
event as ``integrations["Actions Amplitude"].session_id``. Replay starts with the stored session and follows the events.

Where the id is read. The plugin is an *enrichment* plugin; a source middleware runs before it and sees an id only if
the caller had put one there. Amplitude's documentation reads it in a source middleware all the same, at once (which
throws on every event, and loses it) or after a ``setTimeout`` (which works, because the plugin changes the event in
place, but too late to put anything on the event). An enrichment plugin that is registered by the page runs after those
of Segment's settings, so it always sees the id, and can still add to the event: that is the hook used here. The
documented two remain, made safe, as ``session_hook="middleware"`` and ``"deferred"``.

An event without an id is normal: a destination may be switched off for it, or the plugin may be blocked.
"""

from .. import bridge, recorder, session
from ..bridge import Js
from ..segment import put_session

DESTINATION = "Actions Amplitude"


class Actions:
    destinations = (DESTINATION, "Amplitude (Actions)")  # either name switches it

    def __init__(self, replay):
        self._replay = replay

    async def load(self):
        return await recorder.load(self._replay.options, self._replay.complain)

    async def connect(self):
        """Hook into Segment; from here on every event is seen."""
        segment = self._replay.segment
        self._length = segment.session_length() or session.LENGTH_MS
        segment.enrich(self._enrich)
        hook = self._replay.options["session_hook"]
        if hook != "enrichment":
            await segment.add_source_middleware(self._middleware if hook == "middleware" else self._deferred)
        segment.on("reset", self._reset)

    def device_id(self):
        return self._replay.segment.device_id()

    def maker(self, event):
        """The device id of the event: the anonymous id of when it was made, which need not be that of now."""
        return event.get("anonymousId", None)

    def look(self):
        """Take what is stored: on start, and when another tab or the site may have written it."""
        stored, last_access = self._replay.segment.stored_session()
        self._replay.see(stored=stored, expired=session.is_expired(last_access, bridge.now(), self._length))

    def begin(self):
        """Begin with what is stored. What is no id goes: it would keep the plugin from beginning a session."""
        if self._replay.segment.stored_session()[0] is None:
            self._replay.segment.forget_session()
        self.look()

    def store(self, session_id):
        """As the plugin stores it; where the plugin has already done so, nothing is rewritten."""
        if self._replay.segment.stored_session()[0] != session_id:
            self._replay.segment.store_session(session_id)

    def forget(self):
        """What is stored is Segment's own."""

    def _enrich(self, event):
        """Follow the session that the event carries; then put the replay id on the event."""
        if not self._replay.running:
            return None
        session_id = carried(event)
        if self._replay.options["session_hook"] == "enrichment":
            self._replay.see(event=session_id)
        gone = self._replay.gone(event)
        if session_id is not None:
            session_id = gone.session_id if gone else session_id
            put_session(event, DESTINATION, session_id)  # a number, even where a text was stored
        return self._replay.mark(event, session_id)

    def _middleware(self, event):
        if self._replay.running:
            self._replay.see(event=carried(event))

    def _deferred(self, event):
        async def later():
            await bridge.sleep(0)
            self._middleware(event)

        bridge.spawn(later())

    def _reset(self, *_):
        """``reset()`` gives the visitor a new anonymous id: another visitor, so another session."""
        if self._replay.running:
            self._replay.begin()


def carried(event):
    """The session id on an event, or ``None``."""
    integrations = event.get("integrations", None)
    destination = integrations.get(DESTINATION, None) if isinstance(integrations, Js) else None
    return session.parse(destination.get("session_id", None)) if isinstance(destination, Js) else None
