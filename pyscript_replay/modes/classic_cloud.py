"""Classic cloud-mode: Segment's servers send the events on; nobody in the page keeps a session.

As documented, Amplitude's Browser SDK serves as a shell: first the session-replay plugin, then a destination plugin
named ``segment`` that forwards what the shell tracks to Segment, with ``integrations.Amplitude.session_id``. (See
``recorder.Shell``.)

The documentation has the shell keep the session with ``sessionTimeout: Number.MAX_SAFE_INTEGER``: one session that
never ends, over reloads, for the year that its cookie lasts. A replay that is a year long is of no use to anybody, so
a session ends here, as in the other modes, after 30 minutes without an event, or what ``sessionTimeout`` in
``amplitude_options`` says. The shell cannot do that for several tabs, each of which would begin a session of its own.
So it is decided here, from ``analytics_session_id``, which all tabs share; the shell is told, and is given the
documented endless timeout.

The page's own calls of ``analytics.track()`` need no rewriting: an enrichment plugin gives each event its session.
"""

from .. import session
from .base import NOT_LOOKED, Answer, Mode


class ClassicCloud(Mode):
    destination = "Amplitude"
    destinations = ("Amplitude",)
    owner = session.OURS
    sdk = "amplitude"

    def __init__(self, options: dict, settings: dict):
        super().__init__(options, settings)
        self._length = options["amplitude_options"].get("sessionTimeout") or session.LENGTH_MS

    def begin(self, facts: dict) -> Answer:
        """A session begins with the page, as the Browser SDK has it, or goes on."""
        return self._touched(facts)[1]

    def look(self, facts: dict) -> Answer:
        """Follow what another tab has begun. An old session ends with the next event, not by being looked at."""
        return self._see(facts, self.stored(facts), self._over(facts))[1]

    def event(self, facts: dict) -> Answer:
        """Give the event its session and the replay id. What the caller switched off stays off."""
        if not facts["event"]["allowed"]:
            return self.look(facts)  # it may have brought another visitor all the same
        session_id, answer = self._touched(facts)
        gone = self.gone(facts["event"])
        if gone:
            session_id = gone.session_id
        return self._marked(facts, answer.put(session_id=session_id))

    def reset(self, facts: dict) -> Answer:
        """``reset()`` gives the visitor a new anonymous id: another visitor, so another session."""
        return self._begin_anew(facts, session.parse(facts.get("stored")), self._over(facts))[1]

    def lasts_until(self, facts: dict) -> int:
        return session.lasts_until(facts.get("access"), self._length)

    def forget(self) -> dict:
        return {"clear": True}

    def _touched(self, facts: dict) -> "tuple[int | None, Answer]":
        """The session of now, which every event keeps alive, and which is stored wherever it is not."""
        stored, over = self.stored(facts), self._over(facts)
        known = [each for each in (session.parse(facts.get("stored")), self.following.session_id) if each is not None]
        fresh = session.opened(facts["now"], max(known, default=None)) if over else NOT_LOOKED
        decision, answer = self._see(facts, stored, event=fresh)
        return decision.leader, answer.put(store=decision.leader, touch=True)

    def _over(self, facts: dict) -> bool:
        """Whether the next event begins a session: it was idle, or nothing is stored. Garbage is no end of it."""
        if "stored" not in facts and self.following.session_id is not None:
            return False  # nobody can say how long it was idle: it lasts as long as the page
        stored = facts.get("stored")
        gone = stored is None or (session.parse(stored) is None and self.following.session_id is None)
        return gone or session.is_outlived(session.parse(facts.get("access")), facts["now"], self._length)
