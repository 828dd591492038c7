"""Classic device-mode: amplitude-js 5.2.2, which Segment loads, keeps the device id and the session.

amplitude-js keeps both in its own cookie and tells nobody when the session changes. It decides while it *logs* an
event: when the last one is more than 30 minutes ago the session begins anew. So whoever looks before the event is
logged, as Amplitude's documentation does in a source middleware, sees the change one event late.

Here the question is asked just before. An enrichment plugin sees each event on its way to amplitude-js; if it is one
that amplitude-js will log, and if by amplitude-js's own rule it will open a session, then the session is opened at
once (``setSessionId``). The event then carries, and starts, that very session. Whenever amplitude-js has logged
something, or has been given another id, we look again, for whatever this file has not foreseen.

``analytics_session_id`` is kept for other tabs and for the site. amplitude-js's own cookie is what counts.
"""

from .. import bridge, device, recorder, session
from ..errors import ReplayError
from ..segment import PATIENCE_MS, allows

DESTINATION = "Amplitude"


class ClassicDevice:
    destinations = (DESTINATION,)

    def __init__(self, replay):
        self._replay = replay
        self._amplitude = None

    async def load(self):
        return await recorder.load(self._replay.options, self._replay.complain)

    async def connect(self):
        """Wait for amplitude-js; then hook into Segment, and into amplitude-js itself."""
        segment = self._replay.segment
        settings, _ = segment.destinations()
        self._settings = (settings.get("integrations") or {}).get(DESTINATION) or {}
        self._follows_segment = bool(self._settings.get("preferAnonymousIdForDeviceId"))
        await bridge.within(PATIENCE_MS, self._meet())
        if self._amplitude is None:
            raise ReplayError(
                "amplitude-missing",
                "after {} s Segment has not brought amplitude-js".format(PATIENCE_MS // 1000),
                "Check that the Amplitude destination is in device-mode, and that nothing blocks its script.",
            )
        segment.enrich(self._enrich)
        bridge.observe_amplitude(self._amplitude, self._moved)
        segment.on("reset", self._reset)

    async def _meet(self):
        self._amplitude = await bridge.amplitude()
        if self._replay.status == "failed":  # it has come after all
            await self._replay.start()

    def device_id(self):
        if self._follows_segment:
            return self._replay.segment.device_id()
        return device.check(self._amplitude.get("options").get("deviceId", None))

    def maker(self, event):
        """amplitude-js has one device id for whatever it logs, unless it takes it from Segment's event."""
        return event.get("anonymousId", None) if self._follows_segment else self._replay.device_id

    def look(self):
        """Ask amplitude-js, whose cookie another tab may have written, and follow."""
        self._refresh()
        current = session.parse(self._amplitude.call("getSessionId"))
        stored, _ = self._replay.segment.stored_session()
        foreign = stored is not None and current is not None and stored > current
        self._replay.see(stored=None if foreign else stored, event=current)

    begin = look

    def store(self, session_id):
        """Keep a copy; and if the id is not from amplitude-js (the site has written the cookie), hand it over."""
        self._refresh()  # another tab may have begun this very session, and setSessionId saves all that is in memory
        if session.parse(self._amplitude.call("getSessionId")) != session_id:
            self._begin(session_id)
        if self._replay.segment.stored_session()[0] != session_id:
            self._replay.segment.store_session(session_id)

    def forget(self):
        self._replay.segment.forget_session()

    def _enrich(self, event):
        if not self._replay.running:
            return None
        if allows(event, DESTINATION):
            self._anticipate(event)
        self.look()
        session_id = self._replay.session_id
        if session_id is not None:
            self._replay.segment.store_session(session_id)
        return self._replay.mark(event, session_id)

    def _anticipate(self, event):
        """Do now what amplitude-js will do for this event, so that it is seen in time."""
        self._refresh()
        self._take_device_id()
        now = bridge.now()
        last = session.parse(self._amplitude.get("_lastEventTime"))
        timeout = self._amplitude.get("options").get("sessionTimeout")
        if last is not None and now - last > timeout and is_logged(event, self._settings):
            self._begin(now)

    def _begin(self, session_id):
        """Have amplitude-js go on with this session, which is alive: its last event is not older than itself."""
        last = session.parse(self._amplitude.get("_lastEventTime"))
        self._amplitude.set("_lastEventTime", max(last or 0, session_id))
        self._amplitude.call("setSessionId", session_id)  # which saves both

    def _refresh(self):
        """Have amplitude-js re-read its cookie, which it does for each event; one without a type goes no further."""
        if self._amplitude.has("_logEvent"):
            self._amplitude.call("_logEvent", "")

    def _take_device_id(self):
        """Where amplitude-js has Segment's anonymous id, that of now: also after an event that came late."""
        if not self._follows_segment:
            return
        current = self.device_id()
        if self._amplitude.get("options").get("deviceId", None) != current:
            self._amplitude.call("setDeviceId", current)

    def _reset(self, *_):
        """``reset()`` concerns amplitude-js only where its device id is Segment's anonymous id."""
        if self._replay.running and self._follows_segment:
            self._refresh()
            self._take_device_id()
            self._begin(session.opened(bridge.now(), self._replay.session_id))
            self.look()

    def _moved(self):
        """amplitude-js has logged an event, or was given another id: whatever this file has not foreseen."""
        if self._replay.running:
            self._take_device_id()
            self.look()


def is_logged(event, settings):
    """Whether Segment's integration makes amplitude-js log this event. Only a logged event opens a session.

    ``settings`` (``dict``) are those of Segment's Amplitude destination; what is left out has its default.
    """
    kind = event.get("type")
    if kind == "page":
        properties = event.get("properties", None)
        named = event.get("name", None) or properties.get("name", None)
        category = event.get("category", None) or properties.get("category", None)
        return bool(
            settings.get("trackAllPages")
            or (named and settings.get("trackNamedPages", True))
            or (category and settings.get("trackCategorizedPages", True))
        )
    if kind == "identify":
        return bool(event.get("userId", None)) or bool(event.get("traits", None) and event.get("traits").data())
    if kind == "group":
        return bool(event.get("groupId", None))
    return kind == "track"
