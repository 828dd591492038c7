"""The start and the end of a session as events of Segment's, for who asks for them (the option ``session_events``).

Pure. Nobody sees a session end: it is over once another one has begun, be it on the next visit. So both are tracked
then, by the tab in which it begins, and the end is put into the session that has ended (``Following.over``). Two tabs
that begin the same session at once give the event the same ``messageId``, by which Segment drops the second one.
"""

from . import session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .following import Move

STARTED, ENDED = "session_started", "session_ended"
ID = "session_id"
"""The property that has the session's id."""

_BEGINS = (session.STARTED, session.RENEWED, session.IDENTITY_CHANGED)


def due(move: "Move", last: "tuple | None", left: "int | None") -> "list[tuple[str, dict, dict]]":
    """The events that are due, each its name, its properties and its options, as ``analytics.track`` takes them.

    Args:
        move: what replay was told.
        last: the session and the device that this page has had before; ``None`` on a page that has had none.
        left: the session that an earlier page has left in storage, if any.
    """
    if move.session_id is None or move.reason not in _BEGINS:
        return []
    ended, device_id = last or (left, move.device_id)
    events = [_event(STARTED, move.device_id, move.session_id)]
    if ended not in (None, move.session_id):
        events.insert(0, _event(ENDED, device_id, ended))
    return events


def _event(name: str, device_id: "str | None", session_id: "int | None") -> "tuple[str, dict, dict]":
    return name, {ID: session_id}, {"messageId": "{}-{}/{}".format(name, device_id, session_id)}
