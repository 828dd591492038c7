"""Classic device-mode: amplitude-js 5.2.2, which Segment loads, keeps the device id and the session.

amplitude-js keeps both in its own cookie and tells nobody when the session changes. It decides while it *logs* an
event: when the last one is more than 30 minutes ago the session begins anew. So whoever looks before the event is
logged, as Amplitude's documentation does in a source middleware, sees the change one event late.

Here the question is asked just before. An enrichment plugin sees each event on its way to amplitude-js; if it is one
that amplitude-js will log, and if by amplitude-js's own rule it will open a session, then the session is opened at
once (``setSessionId``). The event then carries, and starts, that very session. Whenever amplitude-js has logged
something, or has been given another id, we look again, for whatever this file has not foreseen.

``analytics_session_id`` is kept as a copy for the site. amplitude-js's own cookie is what counts, also where it goes
back to an older id, because the clock did. Only when somebody else has written a newer id into the copy is
amplitude-js told.
"""

from .. import device, session
from .base import NOT_LOOKED, Answer, Mode


class ClassicDevice(Mode):
    destinations = ("Amplitude",)
    owner = session.THEIRS
    amplitude_js = True

    def __init__(self, options: dict, settings: dict):
        super().__init__(options, settings)
        self._settings = (settings.get("integrations") or {}).get("Amplitude") or {}
        self._follows_segment = bool(self._settings.get("preferAnonymousIdForDeviceId"))
        self._copy = NOT_LOOKED

    def visitor(self, facts: dict) -> str:
        return device.check(facts["visitor"] if self._follows_segment else facts["amplitude"]["device_id"])

    def maker(self, event: dict) -> "str | None":
        """amplitude-js has one device id for whatever it logs, unless it takes it from Segment's event."""
        return event["anonymous_id"] if self._follows_segment else self.following.device_id

    def look(self, facts: dict) -> Answer:
        """Follow amplitude-js, whose cookie another tab may have written."""
        return self._followed(facts, session.parse(facts["amplitude"]["session_id"]))

    def event(self, facts: dict) -> Answer:
        answer = self._followed(facts, self._anticipated(facts))
        if self.following.session_id is not None:
            answer.put(store=self.following.session_id, touch=True)
        return self._marked(facts, answer)

    def reset(self, facts: dict) -> Answer:
        """``reset()`` concerns amplitude-js only where its device id is Segment's anonymous id."""
        if not self._follows_segment:
            return self.look(facts)
        decision, answer = self._begin_anew(facts, session.parse(facts["amplitude"]["session_id"]), self._over(facts))
        self._copy = decision.leader
        return answer.put(amplitude={"session_id": decision.leader, "device_id": facts["visitor"]})

    def lasts_until(self, facts: dict) -> int:
        amplitude = facts["amplitude"]
        return session.lasts_until(amplitude["last_event_time"], amplitude["session_timeout"])

    def forget(self) -> dict:
        return {"clear": True}

    def _anticipated(self, facts: dict) -> "int | None":
        """The session that amplitude-js will have once it has logged the event, by its own rule."""
        opens = facts["event"]["allowed"] and is_logged(facts["event"], self._settings)
        return facts["now"] if opens and self._over(facts) else session.parse(facts["amplitude"]["session_id"])

    def _over(self, facts: dict) -> bool:
        """Whether amplitude-js, by its own rule, begins anew with the next event that it logs."""
        amplitude = facts["amplitude"]
        last = session.parse(amplitude["last_event_time"])
        if last is None or session.parse(amplitude["session_id"]) is None:
            return True
        return facts["now"] - last > amplitude["session_timeout"]

    def _followed(self, facts: dict, session_id: "int | None") -> Answer:
        """Follow ``session_id``; tell amplitude-js what it does not know yet; keep the copy."""
        present, copy = session.parse(facts["amplitude"]["session_id"]), session.parse(facts.get("stored"))
        written = self._copy != NOT_LOOKED and copy not in (None, self._copy)
        if written and copy and present and copy > present:  # by the site; another tab writes what amplitude-js has
            session_id = copy
        _, answer = self._see(facts, self.stored(facts), copy != session_id, session_id)
        amplitude = {}
        if session_id != present:
            amplitude["session_id"] = session_id
        if self._follows_segment and facts["amplitude"]["device_id"] != facts["visitor"]:
            amplitude["device_id"] = facts["visitor"]
        answer.patch = {"amplitude": amplitude} if amplitude else {}
        if session_id is not None and copy != session_id:
            answer.put(store=session_id)
        self._copy = session_id if session_id is not None else copy
        return answer


def is_logged(event: dict, settings: dict) -> bool:
    """Whether Segment's integration makes amplitude-js log this event. Only a logged event opens a session.

    ``settings`` are those of Segment's Amplitude destination; what is left out has its default.
    """
    kind = event["type"]
    if kind == "page":
        return bool(
            settings.get("trackAllPages")
            or (event["name"] and settings.get("trackNamedPages", True))
            or (event["category"] and settings.get("trackCategorizedPages", True))
        )
    if kind == "identify":
        return bool(event["user_id"] or event["traits"])
    if kind == "group":
        return bool(event["group_id"])
    return kind == "track"
