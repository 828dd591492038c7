"""Session ids, and the one place where the session is decided.

A session id is the time at which the session began, in whole milliseconds since 1970: a number from 1 to
2**53 - 1, so that JavaScript and Python agree on every digit. ``None`` stands for "no session".

Three places can name a session: what is *stored*, what an *event* carries, and what *replay* is recording. They may
disagree for good reasons: another tab has moved on, a visit has expired, the clock was put back. ``decide`` compares
the three and answers what to store, what to tell replay, and why. It does so in two steps:

1. One of the three *leads*. Which one depends on who *owns* the session (``OWNERS``, one line each).
2. How storage and replay compare with the leader says what has to be done (``TRANSITIONS``, one line a case).

Nothing in this file touches the browser, keeps state or reads a clock.
"""

from collections import namedtuple

MAX_ID = 2**53 - 1
"""The largest id that JavaScript's numbers hold exactly."""

LENGTH_MS = 30 * 60 * 1000
"""How long a session survives without an event, in milliseconds: Segment's and amplitude-js's own default."""

NOT_LOOKED = "not looked"
"""In place of an id: nobody has looked. (``None`` says that somebody has, and that there is none.)"""

STARTED = "started"  # a session where there was none
RENEWED = "renewed"  # a newer session after an older one
RESUMED = "resumed"  # the stored session goes on, after a reload or in another tab
RETURNED = "returned"  # the owner went back to an older session, because the clock was put back
IDENTITY_CHANGED = "identity-changed"  # another visitor
UNCHANGED = "unchanged"

Decision = namedtuple("Decision", ("leader", "store", "tell", "reason"))
"""What follows from a look at the three: the id that leads, the id to ``store`` and the id to ``tell`` replay (each an
``int``, or ``None`` for "leave it as it is"), and the ``reason``, one of the six names above."""


def _first(stored: "int | None", event: "int | None", replay: "int | None") -> "int | None":
    return next((each for each in (stored, event, replay) if each is not None), None)


def _newest(stored: "int | None", event: "int | None", replay: "int | None") -> "int | None":
    return max((each for each in (stored, event, replay) if each is not None), default=None)


THEIRS = "theirs"
OURS = "ours"
OWNERS = {
    THEIRS: _first,  # somebody else moves the session (Segment's plugin, amplitude-js): their newest word counts
    OURS: _newest,  # we do (classic-cloud): ids only move forward
}
"""Who leads, of a live stored session, the event's and replay's: the first that names one, or the newest."""

# stored: "?" not looked at   "-" none   "x" has expired   "=" it leads   "o" another one leads
# replay: "-" none   "=" it leads   "<" it is older than the leader   ">" it is newer
#
# stored replay  store  tell   reason
TRANSITIONS = {
    ("?", "-"): (False, True, STARTED),
    ("-", "-"): (True, True, STARTED),
    ("x", "-"): (True, True, RENEWED),
    ("=", "-"): (False, True, RESUMED),
    ("o", "-"): (True, True, RENEWED),
    ("?", "="): (False, False, UNCHANGED),
    ("-", "="): (False, False, UNCHANGED),  # storage was cleared: that is not undone
    ("x", "="): (False, False, UNCHANGED),  # nobody has used it for a while; an event will say what comes next
    ("=", "="): (False, False, UNCHANGED),
    ("o", "="): (True, False, UNCHANGED),  # somebody has stored an older one
    ("?", "<"): (False, True, RENEWED),
    ("-", "<"): (True, True, RENEWED),
    ("x", "<"): (True, True, RENEWED),
    ("=", "<"): (False, True, RENEWED),
    ("o", "<"): (True, True, RENEWED),
    ("?", ">"): (False, True, RETURNED),
    ("-", ">"): (True, True, RETURNED),
    ("x", ">"): (True, True, RETURNED),
    ("=", ">"): (False, True, RETURNED),
}


def decide(
    owner: str,
    stored: "int | str | None" = NOT_LOOKED,
    event: "int | str | None" = NOT_LOOKED,
    replay: "int | None" = None,
    expired: bool = False,
    visitor_changed: bool = False,
) -> Decision:
    """Compare what is stored, what the event says and what replay has; say what follows.

    Args:
        owner: ``THEIRS`` or ``OURS``.
        stored: the id in storage, ``None`` where there is none, or ``NOT_LOOKED``.
        event: the id that an event carries, ``None`` where it carries none, or ``NOT_LOOKED`` where there is no event.
        replay: the id that replay is recording under.
        expired: the stored session is over (see ``is_expired``). It leads nobody; an event that carries the very same
            id shows that it goes on after all.
        visitor_changed: the device id is another one than replay's, so replay must begin again whatever the ids; with
            none, where the session is over.
    """
    seen = None if event == NOT_LOOKED else event
    over = expired and stored != seen
    live = None if over or stored == NOT_LOOKED else stored
    if over and visitor_changed and seen is None:
        replay = None  # a session that is over goes to nobody else; an event will say what comes next
    leader = OWNERS[owner](live, seen, replay)  # pyright: ignore[reportArgumentType]
    if leader is None:
        return Decision(None, None, None, UNCHANGED)
    store, tell, reason = TRANSITIONS[_place(stored, over, leader), _replay(replay, leader)]
    if visitor_changed and replay is not None:
        tell, reason = True, IDENTITY_CHANGED
    return Decision(leader, leader if store else None, leader if tell else None, reason)


def _place(stored: "int | str | None", over: bool, leader: int) -> str:
    if stored == NOT_LOOKED:
        return "?"
    if stored is None:
        return "-"
    return "x" if over else "=" if stored == leader else "o"


def _replay(replay: "int | None", leader: int) -> str:
    return "-" if replay is None else "<" if replay < leader else ">" if replay > leader else "="


def is_expired(last_access: "int | None", now: int, length: int = LENGTH_MS) -> bool:
    """Whether a stored session is over by the rule of Segment's session plugin, which calls it stale.

    It is when it has been idle for ``length`` or longer, or has never been accessed at all (``last_access`` is
    ``None``). All are milliseconds.
    """
    return last_access is None or now - last_access >= length


def is_outlived(last_access: "int | None", now: int, length: int = LENGTH_MS) -> bool:
    """Whether a session of ours is over: idle for ``length`` or longer, by a clock that may have been wrong.

    A last access that lies as far in the future is as good as none: else a session from a wrong clock would go on
    until the right one has caught up.
    """
    return last_access is None or abs(now - last_access) >= length


def lasts_until(last_access: object, length: int = LENGTH_MS) -> int:
    """When a session is over that was last accessed at this time, in milliseconds; 0 where what is stored is none."""
    last = parse(last_access)
    return 0 if last is None else last + length


def opened(now: int, previous: "int | None") -> int:
    """The id of a session that begins ``now``: always after the ``previous`` one, whatever the clock says."""
    return now if previous is None else max(now, previous + 1)


def parse(raw: object) -> "int | None":
    """The session id in what a cookie, a storage, an event or a query holds, or ``None`` for "no session".

    Takes numbers and text: blanks around it, quotes, URL-encoding of either, and a whole ``.0`` are understood.
    Whatever is not a whole number from 1 to 2**53 - 1 (``""``, ``"0"``, ``"abc"``, ``"null"``, negative, NaN,
    too large to be exact) means none. Never raises, never rounds.
    """
    if isinstance(raw, str):
        return _in_range(_parse_text(raw))
    if isinstance(raw, float):
        return int(raw) if 0 < raw <= MAX_ID and raw == int(raw) else None  # NaN and infinities fail the comparison
    if isinstance(raw, int) and not isinstance(raw, bool):
        return _in_range(raw)
    return None


def _in_range(number: "int | None") -> "int | None":
    return number if number is not None and 0 < number <= MAX_ID else None


_BLANK = " \t\r\n\f\v"
_ENCODED = (("%20", " "), ("%22", '"'), ("%27", "'"), ("%2E", "."), ("%2e", "."))
_MAX_TEXT = 64  # an id has 16 digits; what is longer is no id, however it is wrapped


def _parse_text(text: str) -> "int | None":
    if len(text) > _MAX_TEXT:
        return None
    for code, character in _ENCODED:
        text = text.replace(code, character)
    text = text.strip(_BLANK)
    if text[:1] in ('"', "'") and text[0] == text[-1]:
        text = text[1:-1].strip(_BLANK)
    whole, _, fraction = text.partition(".")
    if fraction.strip("0") or not _is_digits(whole):
        return None
    return int(whole)


def _is_digits(text: str) -> bool:
    return bool(text) and all(character in "0123456789" for character in text)
