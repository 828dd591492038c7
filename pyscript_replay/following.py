"""What is known of the session and of its visitor. Every move of either goes through ``session.decide``.

Pure: a mode tells what it has seen (``see``), and is told what follows. Kept here is what the next look is compared
with: which session of which device is replay's, and what was recorded of visitors who have gone, because events that
they made may still be on their way.
"""

from collections import namedtuple

from . import device, session
from .session import NOT_LOOKED, Decision

Gone = namedtuple("Gone", ("device_id", "session_id", "properties"))
"""What was recorded of a visitor, or in a session, when another took over: what late events of the first one carry."""

MOST_GONE = 20
"""So many visitors who have gone are remembered; a page that changes its visitor all the time must not grow."""

Move = namedtuple("Move", ("previous", "session_id", "device_id", "reason"))
"""Replay is to record ``session_id`` of ``device_id`` from now on; ``None`` for "nothing, but be prepared"."""


class Following:
    """Which session of which device replay follows.

    Attributes:
        owner (str): who moves the session: ``session.THEIRS`` or ``session.OURS``.
        session_id (int | None): replay's, in whole milliseconds since 1970.
        device_id (str | None): replay's.
        gave_up (bool): an event has waited for the present recording for as long as one may; no other waits for it.
    """

    def __init__(self, owner: str):
        self.owner = owner
        self.session_id = None
        self.device_id = None
        self.gave_up = False
        self._stored = NOT_LOOKED  # what was stored at the last look
        self._gone = {}  # by device id
        self._over = None  # what was recorded of the session before

    @property
    def replay_id(self) -> "str | None":
        return device.replay_id(self.device_id, self.session_id)

    def gone(self, device_id: "str | None") -> "Gone | None":
        """What was recorded of this device, where another visitor has taken over since."""
        return None if device_id == self.device_id else self._gone.get(device_id)

    def over(self, session_id: int) -> Gone:
        """What was recorded of a session that is over; of one that this page has not had, nothing is known."""
        return self._over if self._over and self._over.session_id == session_id else Gone(None, session_id, {})

    def see(
        self,
        visitor: "str | None",
        stored: "int | str | None" = NOT_LOOKED,
        expired: bool = False,
        event: "int | str | None" = NOT_LOOKED,
        properties: "dict | None" = None,
    ) -> "tuple[Decision, Move | None]":
        """Compare what was seen with what replay has.

        Args:
            visitor: the device id of now; ``None`` where there is none that Amplitude accepts: nothing is recorded.
            stored, expired, event: see ``session.decide``.
            properties: what events carry by now; those of this visitor who are late will carry the same.

        Returns:
            The ``Decision``, and the ``Move`` that replay makes, if any.
        """
        known, self._stored = self._stored, stored
        if event == stored and known not in (NOT_LOOKED, stored) and event is not None:
            stored, expired = known, True  # the owner has stored it just now, with this event
        changed = visitor is not None and self.device_id not in (None, visitor)
        decision = session.decide(self.owner, stored, event, self.session_id, expired, changed)
        if visitor is None:
            return decision, self._move(None, None, decision.reason, properties)
        if decision.tell is not None:
            return decision, self._move(visitor, decision.tell, decision.reason, properties)
        if visitor != self.device_id:
            return decision, self._move(visitor, None, decision.reason)
        return decision, None

    def begin_anew(
        self,
        visitor: "str | None",
        now: int,
        stored: "int | None",
        properties: "dict | None" = None,
        over: bool = False,
    ) -> "tuple[Decision, Move | None]":
        """Another visitor begins a session of their own, after the one that was going on; all ids in milliseconds.

        Where that one was ``over``, the last words of who has gone belong to yet another, which nobody recorded.
        """
        known = [each for each in (stored, self.session_id) if each is not None]
        if not known:
            return self.see(visitor, None)
        last, device_id = max(known), self.device_id
        if over:
            last = session.opened(now, last)
        answer = self.see(visitor, None, event=session.opened(now, last), properties=properties)
        if over and device_id in self._gone:
            self._gone[device_id] = Gone(device_id, last, {})
        return answer

    def stop(self) -> None:
        """Nothing is recorded any more; what is found later is met as if for the first time."""
        self.session_id = self.device_id = None
        self._stored = NOT_LOOKED
        self._gone, self._over = {}, None

    def _move(
        self, device_id: "str | None", session_id: "int | None", reason: str, properties: "dict | None" = None
    ) -> "Move | None":
        if (device_id, session_id) == (self.device_id, self.session_id):
            return None
        previous = self.session_id
        self._over = Gone(self.device_id, previous, properties or {})
        if previous is not None and device_id != self.device_id:
            while len(self._gone) >= MOST_GONE:
                self._gone.pop(next(iter(self._gone)))
            self._gone[self.device_id] = self._over
        self.device_id, self.session_id = device_id, session_id
        self.gave_up = False
        return Move(previous, session_id, device_id, reason)
