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

An event without an id is normal: a destination may be switched off for it. Where the plugin itself is missing, the page
is told.
"""

from .. import session, source
from ..errors import ReplayError
from .base import NOT_LOOKED, Answer, Mode


class Actions(Mode):
    destination = "Actions Amplitude"
    destinations = ("Actions Amplitude", "Amplitude (Actions)")  # either name switches it
    owner = session.THEIRS
    page_event = {"named": "Viewed {}", "unnamed": "", "category": False}  # as the destination is set up at first

    def __init__(self, options: dict, settings: dict):
        super().__init__(options, settings)
        self._length = session_length(settings) or session.LENGTH_MS
        self._plugin_due = bool(source.session_types(settings))
        self._missed = False  # whether it was said that the plugin is not there

    def begin(self, facts: dict) -> Answer:
        """Begin with what is stored. What is no id goes: it would keep the plugin from beginning a session."""
        self._missed = False
        answer = self.look(facts)
        garbage = facts.get("stored") is not None and self.stored(facts) is None
        return answer.put(clear=True) if garbage else answer

    def look(self, facts: dict) -> Answer:
        """Follow what is stored, and what an event carries where a documented hook shows it early."""
        event = facts["event"]
        carried = session.parse(event["session_id"]) if event else NOT_LOOKED
        return self._see(facts, self.stored(facts), self._expired(facts), carried)[1]

    def event(self, facts: dict) -> Answer:
        """Follow the session that the event carries; then put the replay id on the event."""
        given = facts["event"]["session_id"]
        carried = session.parse(given)
        healed = carried is None and given is not None
        if healed:  # the plugin took garbage out of storage: the session goes on, or begins as if there was nothing
            ours = self.following.session_id
            carried = session.opened(facts["now"], ours) if ours is None or self._expired(facts) else ours
        _, answer = self._see(facts, self.stored(facts), self._expired(facts), carried)
        gone = self.gone(facts["event"])
        if gone and carried is not None:
            carried = gone.session_id
        answer.patch = {} if carried is None else {"session_id": carried}  # a number, even where a text was stored
        if healed:
            answer.put(store=carried, touch=True)
        if carried is None:
            answer.problem = answer.problem or self._missing(facts)
        return self._marked(facts, answer, carried)

    def _missing(self, facts: dict) -> "ReplayError | None":
        """What is wrong where Segment should have loaded its plugin, and has not; said once."""
        due = self._plugin_due and facts["event"]["allowed"]
        if facts["plugin"] or not due or self._missed:
            return None
        self._missed = True
        return ReplayError(
            "plugin-missing",
            "Segment has not loaded its plugin for Amplitude (Actions), which begins the sessions",
            "Allow Segment's address in script-src, and see whether an ad blocker stops next-integrations/actions/.",
        )

    def reset(self, facts: dict) -> Answer:
        """``reset()`` gives the visitor a new anonymous id; the plugin would go on with the old session."""
        over = self._expired(facts)
        stored = None if over and self.following.session_id is None else session.parse(facts.get("stored"))
        return self._begin_anew(facts, stored, over)[1]

    def lasts_until(self, facts: dict) -> int:
        return session.lasts_until(facts.get("access"), self._length)

    def evidence(self, facts: dict) -> dict:
        stored = super().evidence(facts)["stored"]
        return {"stored": stored, "expired": stored is not None and self._expired(facts)}

    def _expired(self, facts: dict) -> bool:
        return session.is_expired(session.parse(facts.get("access")), facts["now"], self._length)


def session_length(settings: dict) -> "int | None":
    """How long the plugin lets a session be idle, in milliseconds, or ``None`` for its default."""
    for plugin in source.plugins(settings):
        for subscription in (plugin.get("settings") or {}).get("subscriptions") or []:
            if subscription.get("partnerAction") == source.SESSION_PLUGIN:
                return session.parse((subscription.get("mapping") or {}).get("sessionLength"))
    return None
