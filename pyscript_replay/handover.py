"""The session that an app hands to the web view that it opens, in the address (the option ``url_session``).

Pure. The names are those that others read there: Amplitude's Browser SDK takes ``ampDeviceId`` and ``ampSessionId``
until the time in ``ampTimestamp``; Segment's analytics.js takes ``ajs_aid`` as its anonymous id, and amplitude-js
``amp_device_id``. Here only the session is taken over, and only with the device that it belongs to: whoever makes that
the page's device, the address has to name it. An address without a time would bring a session back for ever, so
without one nothing is taken over.
"""

from collections import namedtuple

from . import session

DEVICE_IDS = ("ampDeviceId", "ajs_aid", "amp_device_id")
SESSION_ID, UNTIL = "ampSessionId", "ampTimestamp"
WAIT_MS, LOOK_MS = 1000, 20
"""How long to wait for the page to have that device, and how long from look to look."""

Handed = namedtuple("Handed", ("device_ids", "session_id", "until"))
"""A session, by which ids its device is known, and until when this holds (milliseconds since 1970)."""


def read(address: str) -> "Handed | None":
    """What an address hands over."""
    given = {}
    for pair in address.split("#")[0].partition("?")[2].split("&"):
        name, _, value = pair.partition("=")
        given[name] = _decoded(value)
    device_ids = [given[name] for name in DEVICE_IDS if given.get(name)]
    session_id, until = session.parse(given.get(SESSION_ID)), session.parse(given.get(UNTIL))
    if not device_ids or session_id is None or until is None:
        return None
    return Handed(device_ids, session_id, until)


def _decoded(text: str) -> str:
    """Without percent-encoding, of what an id may have; anything else means nothing."""
    first, *parts = text.split("%")
    try:
        return first + "".join(chr(int(part[:2], 16)) + part[2:] for part in parts)
    except ValueError:
        return ""
