"""Session ids, and the one place where the session is decided.

A session id is the time at which the session began, in whole milliseconds since 1970: a number from 1 to
2**53 - 1, so that JavaScript and Python agree on every digit. 0 stands for "no session".

Three places can name a session: what the site has *stored* (the ``analytics_session_id`` cookie and local
storage), what an *event* carries, and what *replay* is recording. They may disagree for good reasons: another
tab has moved on, a visit has expired, an event was late. ``decide`` compares the three and answers what to
store, what to tell replay, and why. Its whole knowledge is the table ``TRANSITIONS`` below; its one law is that
ids only move forward: an older id never replaces a newer one.

Nothing in this file touches the browser, keeps state or reads a clock.
"""

from collections import namedtuple

MAX_ID = 2**53 - 1
"""The largest id that JavaScript's numbers hold exactly."""

LENGTH_MS = 30 * 60 * 1000
"""How long a session survives without an event, in milliseconds: Segment's and amplitude-js's own default."""

STARTED = "started"
RENEWED = "renewed"
RESUMED = "resumed"
IDENTITY_CHANGED = "identity-changed"
UNCHANGED = "unchanged"
OLDER_IGNORED = "older-ignored"

Decision = namedtuple("Decision", ("store", "tell", "reason"))
"""What follows from a look at the three: the id to ``store`` and the id to ``tell`` replay (each an ``int``, or
``None`` for "leave it as it is"), and the ``reason``, one of the six names above."""

# Each place is compared with the newest id that any of the three names:
#   "-" it names none    "<" it names an older one    "=" it names the newest    "x" it names one that has expired
#
# stored event replay     store  tell   reason
TRANSITIONS = {
    ("-", "-", "-"): (False, False, UNCHANGED),
    ("=", "-", "-"): (False, True, RESUMED),
    ("x", "-", "-"): (False, False, UNCHANGED),  # the next event will open a new session
    ("-", "=", "-"): (True, True, STARTED),
    ("=", "=", "-"): (False, True, RESUMED),
    ("<", "=", "-"): (True, True, RENEWED),
    ("x", "=", "-"): (True, True, RENEWED),
    ("=", "<", "-"): (False, True, RESUMED),
    ("x", "<", "-"): (False, False, OLDER_IGNORED),
    ("-", "-", "="): (False, False, UNCHANGED),
    ("=", "-", "="): (False, False, UNCHANGED),
    ("<", "-", "="): (False, False, UNCHANGED),
    ("=", "-", "<"): (False, True, RENEWED),  # another tab has moved on
    ("-", "=", "="): (True, False, UNCHANGED),
    ("=", "=", "="): (False, False, UNCHANGED),
    ("<", "=", "="): (True, False, UNCHANGED),
    ("-", "=", "<"): (True, True, RENEWED),
    ("=", "=", "<"): (False, True, RENEWED),
    ("<", "=", "<"): (True, True, RENEWED),
    ("-", "<", "="): (False, False, OLDER_IGNORED),
    ("=", "<", "="): (False, False, OLDER_IGNORED),
    ("<", "<", "="): (False, False, OLDER_IGNORED),
    ("=", "<", "<"): (False, True, RENEWED),
}


def decide(stored, event, replay, expired=False, identity_changed=False):
    """Compare what is stored, what the event says and what replay has; say what follows.

    Args:
        stored (int | None): the id in storage.
        event (int | None): the id that an event carries.
        replay (int | None): the id that replay is recording under.
        expired (bool): the stored session is over (see ``is_expired``). It is not resumed; an event that carries
            the very same id shows that it goes on after all.
        identity_changed (bool): the device id is another one than replay's, so replay must restart whatever the ids.

    Returns:
        Decision
    """
    newest = max((each for each in (stored, event, replay) if each is not None), default=None)
    over = expired and replay is None and stored is not None and stored != event
    store, tell, reason = TRANSITIONS[
        ("x" if over else _compared(stored, newest), _compared(event, newest), _compared(replay, newest))
    ]
    if identity_changed and newest is not None and (tell or replay is not None):
        tell, reason = True, IDENTITY_CHANGED
    return Decision(newest if store else None, newest if tell else None, reason)


def _compared(each, newest):
    return "-" if each is None else "=" if each == newest else "<"


def is_expired(last_access, now, length=LENGTH_MS):
    """Whether a stored session is over: idle for ``length`` or longer, or never accessed at all.

    All three are milliseconds; ``last_access`` is ``None`` where storage has none. The rule is the one by which
    Segment's session plugin calls a session stale.
    """
    return last_access is None or now - last_access >= length


def continued(stored, last_access, now, length=LENGTH_MS):
    """The session to which an event of ``now`` belongs, where nobody else keeps one: the stored one, or a new one.

    All are milliseconds.
    """
    return opened(now, stored) if stored is None or is_expired(last_access, now, length) else stored


def opened(now, previous):
    """The id of a session that begins ``now``: always after the ``previous`` one, whatever the clock says."""
    return now if previous is None else max(now, previous + 1)


def parse(raw):
    """The session id in what a cookie, a storage, an event or a query holds, or ``None`` for "no session".

    Takes numbers and text: blanks around it, quotes, URL-encoding of either, and a whole ``.0`` are understood.
    Whatever is not a whole number from 1 to 2**53 - 1 (``""``, ``"0"``, ``"abc"``, ``"null"``, negative, NaN,
    too large to be exact) means none. Never raises, never rounds.
    """
    if isinstance(raw, str):
        return _in_range(_parse_text(raw))
    if isinstance(raw, float):
        exact = -MAX_ID <= raw <= MAX_ID and raw == int(raw)  # NaN and infinities fail the comparison
        return _in_range(int(raw) if exact else None)
    if isinstance(raw, int) and not isinstance(raw, bool):
        return _in_range(raw)
    return None


def _in_range(number):
    return number if number is not None and 0 < number <= MAX_ID else None


_BLANK = " \t\r\n\f\v"
_ENCODED = (("%20", " "), ("%22", '"'), ("%27", "'"), ("%2E", "."), ("%2e", "."))
_MAX_TEXT = 64  # an id has 16 digits; what is longer is no id, however it is wrapped


def _parse_text(text):
    if len(text) > _MAX_TEXT:
        return None
    for code, character in _ENCODED:
        text = text.replace(code, character)
    text = text.strip(_BLANK)
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1].strip(_BLANK)
    whole, _, fraction = text.partition(".")
    if fraction.strip("0") or not _is_digits(whole):
        return None
    return int(whole)


def _is_digits(text):
    return bool(text) and all(character in "0123456789" for character in text)
