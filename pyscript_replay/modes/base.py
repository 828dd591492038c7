"""What a mode must have. A mode is one way in which Segment reaches Amplitude; each has a file of its own here.

A mode is pure: it is told *facts*, one look at the page as plain data, and answers a *patch*, what the page's
JavaScript shall do about it, in one go. A fourth mode is one more file like ``actions.py``, and one row in
``pyscript_replay/__init__.py``.

Facts (a ``dict``; ``web/page/segment.js`` gathers them; all times are milliseconds since 1970):

=============  =========================================================================================
``now``        the page's clock
``visitor``    Segment's anonymous id
``before``     the anonymous id before a ``reset()`` at which nobody looked (while booting, or stopped); or ``None``
``stored``     what is stored as ``analytics_session_id``; left out where storage cannot be read
``access``     what is stored as ``analytics_session_id.last_access``
``amplitude``  amplitude-js's ``session_id``, ``device_id``, ``last_event_time``, ``session_timeout``; or ``None``
``plugin``     whether Segment has registered a plugin of the destination's
``event``      the event that is passing, or ``None``: its ``type``, ``name``, ``category``, ``user_id``,
               ``group_id``, ``traits`` (whether it has any), ``anonymous_id``, ``device_id`` (which it names by
               itself, or ``None``), ``allowed`` (whether this destination may have it), ``session_id`` (what it
               carries for the destination, or ``None``), ``ends`` (the session whose end it tells, or ``None``)
``reach``      what decides whether the visitor may reach Amplitude (``reach.py``): ``disabled`` (Segment is),
               ``enabled`` (the destination is, by the ``integrations`` that Segment was loaded with), ``opted_out``
               (an Amplitude SDK was told so), ``passing`` (an event is, or was dropped on its way), ``consent`` (the
               ``categoryPreferences`` that it was stamped with, or ``None``)
``properties`` what the SDK wants this event to carry, or ``None``
``recording``  whether the SDK records the session that it was last told
``settled``    whether that is known by now
``waited``     whether the event has waited for it for as long as it may
``handed``     at the beginning: the session of this device that an app has handed over; or ``None``
=============  =========================================================================================

Patch (a ``dict``; what is left out stays as it is):

=============  =========================================================================================
``session_id`` put this on the event, for the destination
``properties`` add these to the event
``maker``      the event is of the visitor with this anonymous id
``store``      store this as ``analytics_session_id``
``touch``      store ``now`` as the time of its last event
``clear``      delete both
``amplitude``  tell amplitude-js this ``session_id`` (alive now) or this ``device_id``
``wait``       look at the event again once the recording has settled
``holds``      the same is answered to each event that differs in nothing but its times, until this time
=============  =========================================================================================
"""

from .. import device, session
from ..device import CARRIES_PROPERTIES, REPLAY_ID
from ..errors import ReplayError
from ..following import Following, Gone, Move
from ..session import NOT_LOOKED


class Answer:
    """What a mode says to facts: the ``patch``, replay's ``move``, if any, and a ``problem``, if something is wrong."""

    def __init__(self, patch: dict, move: "Move | None" = None, problem: "ReplayError | None" = None):
        self.patch = patch
        self.move = move
        self.problem = problem

    def put(self, **entries: object) -> "Answer":
        """The same with these entries in its patch."""
        self.patch.update(entries)
        return self


class Mode:
    """One way in which Segment reaches Amplitude. Subclasses set the attributes, and write ``event``.

    Attributes:
        destination (str | None): the key of an event's ``integrations`` that carries the session id for Amplitude.
        destinations (tuple): the names by which Segment's ``integrations`` may switch the destination off.
        owner (str): who moves the session, ``session.THEIRS`` or ``session.OURS``.
        sdk (str): what the bundle calls the SDK that records.
        amplitude_js (bool): whether amplitude-js must be there first.
        page_event (dict): how the destination names the event of a page or screen.
    """

    destination = None
    destinations = ()
    owner = session.THEIRS
    sdk = "session-replay"
    amplitude_js = False
    # as facade, Segment's library, names them: with the category, where there is one; "Screen" in place of "Page"
    page_event = {"named": "Viewed {} Page", "unnamed": "Loaded a Page", "category": True}

    def __init__(self, options: dict, settings: dict):
        """``options`` are those of ``options.py``, ``settings`` the source's, as Segment's CDN serves them."""
        self.following = Following(self.owner)
        self.refused = None  # what is wrong with the visitor's device id, if Amplitude does not accept it
        self.other_device = None  # what an event has named, last, that was not recorded

    # To be written by each mode.

    def lasts_until(self, facts: dict) -> int:
        """When the session is over, if no event comes before (milliseconds); 0 where nobody can say."""
        raise NotImplementedError

    def event(self, facts: dict) -> Answer:
        """An event is passing: follow the session that it belongs to, and say what it shall carry."""
        raise NotImplementedError

    def look(self, facts: dict) -> Answer:
        """Something may have moved the session without an event: another tab, the site, a page that is back."""
        raise NotImplementedError

    def begin(self, facts: dict) -> Answer:
        """The page is wired: begin with the session that there is."""
        return self.look(facts)

    def reset(self, facts: dict) -> Answer:
        """``analytics.reset()`` was called: another visitor, so another session."""
        raise NotImplementedError

    def first(self, facts: dict) -> Answer:
        """The page is wired: begin; where ``reset()`` was called before that, with a session of another visitor."""
        if facts.get("handed") is not None:
            return self._handed(facts, facts["handed"])
        before = facts.get("before")
        if before is None or before == facts["visitor"]:
            return self.begin(facts)
        begun = self.begin(changed(facts, visitor=before))
        if "store" in begun.patch:
            facts = changed(facts, stored=begun.patch["store"], access=facts["now"])
        answer = self.reset(facts)
        begun.patch.update(answer.patch)
        return Answer(begun.patch, answer.move or begun.move, answer.problem)

    def _handed(self, facts: dict, session_id: int) -> Answer:
        """Begin with this session, whatever is stored: an app has handed it over."""
        facts = changed(facts, stored=session_id, access=facts["now"])
        if facts["amplitude"]:
            facts = changed(facts, amplitude=changed(facts["amplitude"], session_id=session_id))
        answer = self.begin(facts).put(store=session_id, touch=True)
        return answer.put(amplitude={"session_id": session_id}) if facts["amplitude"] else answer

    def cookie(self, facts: dict) -> Answer:
        """Somebody has written ``facts["cookie"]`` into the cookie ``analytics_session_id``."""
        written = session.parse(facts["cookie"])
        newer = written is not None and written > (self.following.session_id or 0)
        if not newer:
            return self.look(facts)
        # Segment reads the cookie last, or never: what is newer has to be where Segment looks first
        return self.look(changed(facts, stored=written, access=facts["now"])).put(store=written, touch=True)

    def forget(self) -> dict:
        """The patch that deletes what this mode alone has stored."""
        return {}

    # What they have in common.

    def evidence(self, facts: dict) -> dict:
        """What the doctor is shown of what is stored."""
        return {"stored": session.parse(facts.get("stored"))}

    def visitor(self, facts: dict) -> str:
        """The device id of now. Raises ``ReplayError`` (``device-id``) when Amplitude does not accept it."""
        return device.check(facts["visitor"])

    def maker(self, event: dict) -> "str | None":
        """The device id of an event: its own, or the anonymous id of when it was made, which need not be of now."""
        named = event.get("device_id")
        return event["anonymous_id"] if named is None else named

    def gone(self, event: dict) -> "Gone | None":
        """What was recorded of the visitor who made an event and has gone, or of the session whose end it tells."""
        ended = session.parse(event.get("ends"))
        return self.following.gone(self.maker(event)) if ended is None else self.following.over(ended)

    def stored(self, facts: dict) -> "int | str | None":
        return session.parse(facts["stored"]) if "stored" in facts else NOT_LOOKED

    def _see(
        self, facts: dict, stored: "int | str | None", expired: bool = False, event: "int | str | None" = NOT_LOOKED
    ) -> "tuple[session.Decision, Answer]":
        """Follow what was seen. The answer's patch has what the decision wants stored, and what an event carries."""
        visitor, problem = self._accepted(facts)
        decision, move = self.following.see(visitor, stored, expired, event, self._properties(facts))
        return decision, Answer({} if decision.store is None else {"store": decision.store}, move, problem)

    def _begin_anew(self, facts: dict, stored: "int | None", over: bool) -> "tuple[session.Decision, Answer]":
        visitor, problem = self._accepted(facts)
        decision, move = self.following.begin_anew(visitor, facts["now"], stored, self._properties(facts), over)
        patch = {} if decision.store is None else {"store": decision.store, "touch": True}
        return decision, Answer(patch, move, problem)

    def _accepted(self, facts: dict) -> "tuple[str | None, ReplayError | None]":
        """The visitor's device id, if Amplitude accepts it; else what is wrong, said once for each."""
        try:
            accepted = self.visitor(facts)
        except ReplayError as error:
            known = self.refused == error.message
            self.refused = error.message
            return None, None if known else error
        self.refused = None
        return accepted, None

    def _properties(self, facts: dict) -> dict:
        """What the events of the present recording carry."""
        if not facts["recording"] or self.following.replay_id is None:
            return {}
        return {REPLAY_ID: self.following.replay_id}

    def _marked(self, facts: dict, answer: Answer, session_id: "int | None" = None) -> Answer:
        """The answer, with the replay id on an event of ``session_id`` (``None``: of whichever session is recorded).

        A late event of a visitor who has gone carries what was recorded then. An id is put on nothing but an event of
        the very session and device that are being recorded.
        """
        event = facts["event"]
        if event["type"] not in CARRIES_PROPERTIES or not event["allowed"]:
            return answer
        maker = self.maker(event)
        gone = self.gone(event)
        if gone and gone.device_id not in (None, maker):
            answer.put(maker=gone.device_id)  # the end of a session is told when the next visitor is there
        if gone:
            return answer.put(properties=gone.properties)
        following = self.following
        if maker != following.device_id:
            self.other_device = event.get("device_id")
        if following.session_id is None or maker != following.device_id:
            return answer
        if session_id not in (None, following.session_id):
            return answer
        if answer.move or not facts["settled"]:
            return self._waiting(facts, answer)
        following.gave_up = False
        carried = facts["properties"] or {}
        if facts["recording"] and carried.get(REPLAY_ID) == following.replay_id:
            return answer.put(properties=carried, holds=self.lasts_until(facts))
        return answer

    def _waiting(self, facts: dict, answer: Answer) -> Answer:
        """An event waits for a recording that has not begun yet. Once one has waited in vain, the next ones do not."""
        if facts["waited"]:
            self.following.gave_up = True
        if self.following.gave_up:
            return answer
        return answer.put(wait=True)


def changed(facts: dict, **other: object) -> dict:
    """Facts, but for these."""
    copy = dict(facts)
    copy.update(other)
    return copy
