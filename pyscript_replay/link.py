"""The address at which a replay is watched, for a help desk's ticket or another destination's event.

Pure. A template has ``{replayId}``, or ``{deviceId}`` and ``{sessionId}``, where these go, percent-encoded. Amplitude's
own is the one of its documentation: https://amplitude.com/docs/session-replay/replay-link-reference
"""

PLACES = ("{replayId}", "{deviceId}", "{sessionId}")
AMPLITUDE = (
    "https://app.{}amplitude.com/analytics/{}/session-replay/project/{}/search/replay?sessionReplayId={{replayId}}"
)

_ENCODED = {"/": "%2F", "|": "%7C", "@": "%40", ":": "%3A", "=": "%3D"}
"""Of the characters that a replay id may have (``device.py``), those that mean something in an address."""


def template(options: dict) -> "str | None":
    """The template of these options, or ``None`` where there is none."""
    if options["replay_url"] or not options["amplitude_org"]:
        return options["replay_url"]
    zone = "eu." if options["server_zone"] == "EU" else ""
    return AMPLITUDE.format(zone, options["amplitude_org"], options["amplitude_project"])


def is_template(text: object) -> bool:
    """Whether it is an address that names a replay, and has no other places."""
    if not isinstance(text, str) or text.split("//")[0] not in ("http:", "https:"):
        return False
    rest = text
    for place in PLACES:
        rest = rest.replace(place, "")
    names = PLACES[0] in text or (PLACES[1] in text and PLACES[2] in text)
    return names and not any(each in rest for each in "{} ")


def address(template: "str | None", replay_id: "str | None") -> "str | None":
    """Where the replay of this id is watched; ``None`` without one, or without a template."""
    if not template or not replay_id:
        return None
    device_id, _, session_id = replay_id.rpartition("/")
    for place, value in zip(PLACES, (replay_id, device_id, session_id)):
        template = template.replace(place, "".join(_ENCODED.get(each, each) for each in value))
    return template
