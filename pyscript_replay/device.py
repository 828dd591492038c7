"""Device ids, and the replay id, ``<deviceId>/<sessionId>``, of which they are the first half.

Amplitude splits a replay id at its ``/`` and accepts ``a-z A-Z 0-9 _ - . | @ : =`` in a device id. The SDK does
not check; a recording under any other id is uploaded and never found. So it is checked here, before anything starts.
"""

from .errors import ReplayError

REPLAY_ID = "[Amplitude] Session Replay ID"
"""The property by which an event names its replay."""

CARRIES_PROPERTIES = ("track", "page", "screen")
"""Segment's calls that have properties."""

ALLOWED = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.|@:="


def check(device_id: object) -> str:
    """The device id itself, when Amplitude accepts it.

    Args:
        device_id (str): normally Segment's anonymous id, a UUID.

    Raises:
        ReplayError: ``device-id``, naming the first character that is not accepted.
    """
    if not isinstance(device_id, str) or not device_id:
        raise ReplayError(
            "device-id",
            "the device id is empty or no text: {!r}".format(device_id),
            "Let Segment make its anonymous id, or set one with analytics.setAnonymousId().",
        )
    for position, character in enumerate(device_id):
        if character not in ALLOWED:
            raise ReplayError(
                "device-id",
                "the device id {!r} has {!r} at position {}".format(device_id, character, position + 1),
                "Use only a-z A-Z 0-9 _ - . | @ : = in a device id: Amplitude splits <deviceId>/<sessionId> at '/'.",
            )
    return device_id


def replay_id(device_id: "str | None", session_id: "int | None") -> "str | None":
    """``<deviceId>/<sessionId>``, the id that ties a recording to its events; ``None`` until both are known."""
    return None if not device_id or not session_id else "{}/{}".format(device_id, session_id)
