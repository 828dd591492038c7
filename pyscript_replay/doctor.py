"""What is wrong with a site's replays, why it matters, and how to mend it: evidence in, findings out.

Pure. The evidence is plain data. On a page that has our tag it is gathered by ``Replay.evidence`` and
``web/page/doctor.js``; ``pyscript-replay check`` gathers it from outside, of a page with any wiring. The rules are the
same, and are here alone.

Amplitude's own advice goes by stages, and so does this: a session is *sampled*, *captured*, *masked*, *uploaded*, and
at last *matched* with its events. A rule speaks only of what was seen: evidence that is left out, or ``None``, means
"nobody has looked", and no rule takes that for "there is none".

=================  ===============================================================================================
``status``         ``pyscriptReplay.status``; left out where the page has another wiring
``awaited``        what the wiring still waits for, in words
``errors``         what is known to be wrong: a list of ``code``, ``message`` and ``fix``
``mode``, ``why``  the mode, and what told it
``applying``       the modes that Segment's settings lead to
``off``            why the visitor may not reach Amplitude: a name of ``reach.py``
``hidden``         whether the page was never looked at
``tags``           how many script tags of ours the page has
``recorders``      how many copies of Session Replay are on the page
``segment``        analytics-next's version
``plugins``        names of the plugins that Segment has registered
``subscriptions``  the types of events for which Actions' session subscription is on
``api_key``        the one that records; ``settings_api_key`` the one in Segment's settings
``zone``           the server zone that records (``US``, ``EU``); ``settings_zone`` that of Segment's settings
``sample_rate``    the one in force, of Amplitude's remote configuration or of the page
``reason``         why the SDK does not record: a name of ``recorder.py``
``config``         the answer to the configuration request: ``status``, ``present``, ``cause``, ``host``, ``directive``
``recording``      whether a full snapshot of the present session was taken
``recorded_ms``    for how long
``masking``        the level of masking, ``light``, ``medium`` or ``conservative``
``session_id``     the one that replay follows; ``device_id`` likewise
``sdk``            what the SDK itself has: ``session_id``, ``device_id``
``stored``         what is stored as ``analytics_session_id``; ``expired``: whether it had been idle for too long
``events``         the last ones: ``name``, ``type``, ``session_id``, ``replay_id``, ``device_id``, ``allowed``
                   (whether it may reach Amplitude)
``other_device``   the device that an event has named, last, and that is not recorded
``planned``        names of events that the tracking plan switches off
``uploads``        the answers to uploads: ``status``, ``skipped``, ``device_id``, ``session_id``, and as ``config``
=================  ===============================================================================================
"""

from collections import namedtuple

from . import lifecycle, reach
from .device import CARRIES_PROPERTIES
from .options import MODES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

SAMPLED, CAPTURED, MASKED, UPLOADED, MATCHED = STAGES = ("sampled", "captured", "masked", "uploaded", "matched")
OK, WARNING, PROBLEM = LEVELS = ("ok", "warning", "problem")

DOCS, ERROR_DOCS = "reference/findings/#{}", "reference/errors/#{}"
"""Where a finding, and an error, is explained, below the address of the documentation."""

PATIENCE_MS = 15000
"""A recording of which nothing has been uploaded after so many milliseconds has something wrong with it."""

OLDEST_SEGMENT = (1, 46)
"""The first analytics-next whose snippet has ``register``."""

# Why the visitor may not reach Amplitude (reach.py): what was seen, and the fix.
OFF = {
    reach.SEGMENT_DEFERRED: (
        "the page has not loaded Segment yet",
        "If it does not wait for a consent, see that analytics.load() is called.",
    ),
    reach.SEGMENT_DISABLED: (
        "Segment was loaded as disabled",
        "If that is not meant, see what Segment is loaded with.",
    ),
    reach.INTEGRATIONS: (
        "Segment's integrations switch the destination off",
        "If that is not meant, see the integrations that Segment is loaded with.",
    ),
    reach.OPTED_OUT: (
        "Amplitude's SDK was told to opt out",
        "If that is not meant, see setOptOut and the option optOut.",
    ),
    reach.CONSENT_UNKNOWN: (
        "the destination depends on a consent, and no event has carried one yet",
        "Track an event: the consent wrapper stamps it with the visitor's choice.",
    ),
    reach.CONSENT_REFUSED: (
        "the visitor's consent does not cover the destination",
        "If that is not meant, compare the events' context.consent with the destination's consent categories.",
    ),
    reach.NOT_LOADED: (
        "Segment has not brought amplitude-js",
        "Reload the page, if the visitor has consented just now.",
    ),
}

# Why a request came to nothing: what was seen, and the fix.
CAUSES = {
    "policy": (
        "the page's policy forbids {host} by {directive}",
        "Add {host} to {directive} of the Content-Security-Policy.",
    ),
    "offline": ("the browser is offline", "Look again when it is online."),
    "cors": (
        "{host} does not allow this page's origin (CORS)",
        "Have {host} answer with Access-Control-Allow-Origin, or take Amplitude's own address.",
    ),
    "timeout": ("{host} did not answer in time", "See in the browser's network tab what holds it up."),
    "blocked": (
        "{host} could not be reached, as when an ad blocker keeps it away",
        "Look without extensions; if that is the cause, send through an address of the site's own.",
    ),
}

Rule = namedtuple("Rule", ("code", "level", "stage", "applies", "seen", "why", "fix"))
"""``applies(evidence)`` answers what was seen, as a ``dict`` for the texts (may be empty), or ``None``."""


def _if(condition: bool, **seen: object) -> "dict | None":
    return seen if condition else None


def _has(it: dict, *rules: "Callable[[dict], dict | None]") -> bool:
    return any(rule(it) is not None for rule in rules)


def _is(key: str, *values: object) -> "Callable[[dict], dict | None]":
    return lambda it: _if(it.get(key) in values, **{key: it.get(key)})


def _says(reason: str) -> "Callable[[dict], dict | None]":
    """The SDK has said why it does not record."""
    return lambda it: _if(it.get("reason") == reason and not it.get("recording"), session_id=it.get("session_id"))


# What the rules ask.


def _differ(one: str, other: str) -> "Callable[[dict], dict | None]":
    def asked(it: dict) -> "dict | None":
        return _if(bool(it.get(one) and it.get(other)) and it[one] != it[other], one=it.get(one), other=it.get(other))

    return asked


def _switched_off(it: dict) -> "dict | None":
    off = it.get("off")
    return {"off": OFF[off][0], "mend": OFF[off][1]} if off in OFF else None


def _old_segment(it: dict) -> "dict | None":
    version = it.get("segment")
    if not version:
        return None
    numbers = [int(part) for part in version.split(".") if part.isdigit()]
    # analytics.js, its predecessor, has versions 2 to 5, which are no newer ones
    return _if(len(numbers) < 2 or numbers[0] != 1 or tuple(numbers) < OLDEST_SEGMENT, version=version)


def _wrong_mode(it: dict) -> "dict | None":
    mode, applying = it.get("mode"), it.get("applying")
    if mode not in MODES or not applying or mode in applying:
        return None
    return {"mode": mode, "applying": " or ".join(sorted(applying))}


def _mixed(it: dict) -> "dict | None":
    applying = it.get("applying") or ()
    return _if(len(applying) > 1, applying=" and ".join(sorted(applying)))


def _no_destination(it: dict) -> "dict | None":
    applying = it.get("applying")
    return _if(applying is not None and not applying and not it.get("off"))


def _plugin_blocked(it: dict) -> "dict | None":
    plugins, applying = it.get("plugins"), it.get("applying") or ()
    return _if(
        it.get("mode") == "actions"
        and "actions" in applying
        and plugins is not None
        and it.get("subscriptions") != []  # then Segment registers none
        and not any("Actions Amplitude" in each or "Amplitude (Actions)" in each for each in plugins)
        and not it.get("off")
    )


def _subscription_off(it: dict) -> "dict | None":
    """None of the events' types is one for which the plugin gives a session."""
    types, events = it.get("subscriptions"), _allowed(it)
    if it.get("mode") != "actions" or types is None or _has(it, _plugin_blocked):
        return None
    missed = sorted({each["type"] for each in events if each["type"] not in types})
    if types and (not missed or any(each["session_id"] for each in events)):
        return None
    return {"missed": ", ".join(missed) or "no event yet", "types": ", ".join(types) or "no event"}


def _allowed(it: dict) -> list:
    return [each for each in it.get("events") or () if each["allowed"]]


def _no_session(it: dict) -> "dict | None":
    events = _allowed(it)
    if not events or any(each["session_id"] for each in events) or _known_why(it):
        return None
    return {"count": len(events), "name": events[-1]["name"] or events[-1]["type"]}


def _no_event(it: dict) -> "dict | None":
    waits = it.get("status") == "running" and it.get("session_id") is None
    return _if(waits and it.get("events") == [] and not it.get("errors") and not _known_why(it))


def _known_why(it: dict) -> bool:
    """Whether another finding says why events have no session."""
    return bool(it.get("off")) or _has(it, _wrong_mode, _no_destination, _plugin_blocked, _subscription_off)


def _not_recording(it: dict) -> "dict | None":
    """A session that should be recorded is not; where its configuration is to blame, another finding says so."""
    due = it.get("session_id") is not None and not it.get("off") and it.get("reason") not in lifecycle.MEANT
    waits = it.get("status") in ("loading", "waiting", "stopped") or _not_taken(it)
    missing = due and it.get("recording") is False and not waits
    config = it.get("config")
    known = it.get("errors") or _answered(config) or _lost(config) or _has(it, _config_empty)
    mend = "Mend what is found besides." if known else UNKNOWN_CAUSE
    return _if(missing, session_id=it.get("session_id"), device_id=it.get("device_id"), mend=mend)


UNKNOWN_CAUSE = "Check the API key, the sample rate and whether Session Replay is enabled for the project in Amplitude."


def _not_taken(it: dict) -> bool:
    """Whether Amplitude has not taken the last upload."""
    last = _last_upload(it)
    return bool(_answered(last) or _lost(last)) or _has(it, _skipped)


def _recording(it: dict) -> "dict | None":
    return _if(bool(it.get("recording")), session_id=it.get("session_id"), device_id=it.get("device_id"))


def _answered(answer: "dict | None") -> "dict | None":
    """An answer that is a refusal."""
    return _if(bool(answer) and answer["status"] >= 300, status=answer and answer["status"])


def _lost(answer: "dict | None") -> "dict | None":
    """A request that came to nothing, and why."""
    if not answer or answer["status"]:
        return None
    values = {
        "host": answer.get("host") or "Amplitude's address",
        "directive": answer.get("directive") or "connect-src",
    }
    cause = answer.get("cause")
    seen, fix = CAUSES[cause if cause in CAUSES else "blocked"]
    return {"cause": seen.format(**values), "mend": fix.format(**values)}


def _config_empty(it: dict) -> "dict | None":
    config = it.get("config")
    return _if(bool(config) and 200 <= config["status"] < 300 and not config["present"])


def _last_upload(it: dict) -> "dict | None":
    uploads = it.get("uploads")
    return uploads[-1] if uploads else None


def _accepted(it: dict) -> list:
    return [each for each in it.get("uploads") or () if 200 <= each["status"] < 300 and not each.get("skipped")]


def _skipped(it: dict) -> "dict | None":
    last = _last_upload(it)
    return _if(bool(last) and bool(last.get("skipped")), detail=last and last.get("skipped"))


def _none_uploaded(it: dict) -> "dict | None":
    lasted = it.get("recorded_ms")
    if not lasted or lasted < PATIENCE_MS or it.get("uploads") != [] or not it.get("recording"):
        return None
    return {"seconds": lasted // 1000}


def _upload_awaited(it: dict) -> "dict | None":
    return _if(it.get("uploads") == [] and bool(it.get("recording")) and not _none_uploaded(it))


def _uploaded(it: dict) -> "dict | None":
    accepted = _accepted(it)
    return _if(bool(accepted) and not _answered(_last_upload(it)) and not _has(it, _skipped), count=len(accepted))


def _marked(it: dict) -> list:
    """Events that carry both, a session and a replay id."""
    return [each for each in _allowed(it) if each["session_id"] and each["replay_id"]]


def _replay_id(device_id: object, session_id: object) -> str:
    return "{}/{}".format(device_id, session_id)


def _names_another(own: str, part: int) -> "Callable[[dict], dict | None]":
    """An event's replay id is not of its ``own`` session or device; ``part`` is where a replay id has that."""

    def asked(it: dict) -> "dict | None":
        for each in _marked(it):
            if each[own] and each["replay_id"].rpartition("/")[part] != str(each[own]):
                return {"name": each["name"] or each["type"], "one": each[own], "other": each["replay_id"]}
        return None

    return asked


_other_session = _names_another("session_id", 2)
_other_device = _names_another("device_id", 0)


def _never_uploaded(it: dict) -> "dict | None":
    """Events name a replay of which nothing has arrived."""
    accepted = {_replay_id(each["device_id"], each["session_id"]) for each in _accepted(it)}
    if not accepted or _answered(_last_upload(it)) or _lost(_last_upload(it)):
        return None
    missing = [each for each in _marked(it) if each["replay_id"] not in accepted]
    waits = (it.get("recorded_ms") or PATIENCE_MS) < PATIENCE_MS
    return _if(bool(missing) and not waits, replay_id=missing and missing[-1]["replay_id"], uploaded=sorted(accepted))


def _unmarked(it: dict) -> "dict | None":
    """Events of a session that is uploaded carry no replay id, not one of them."""
    sessions = {str(each["session_id"]) for each in _accepted(it)}
    bare = [each for each in _allowed(it) if str(each["session_id"]) in sessions and each["type"] in CARRIES_PROPERTIES]
    if not bare or _marked(it) or it.get("other_device"):
        return None
    return {"count": len(bare), "name": bare[-1]["name"] or bare[-1]["type"]}


def _cookie(it: dict) -> "dict | None":
    """The session of the last event is not what is stored, and nobody has moved on since."""
    events = [each for each in _allowed(it) if each["session_id"]]
    if not events or not it.get("stored"):
        return None
    carried, stored = str(events[-1]["session_id"]), str(it["stored"])
    moved_on = it.get("session_id") is not None and str(it["session_id"]) != carried
    return _if(carried != stored and not moved_on, one=carried, other=stored)


def _sdk(it: dict) -> "dict | None":
    """The SDK has other ids than those that were given to it."""
    sdk = it.get("sdk")
    if not sdk or not it.get("recording") or not it.get("session_id") or not it.get("device_id"):
        return None
    one, other = _replay_id(it.get("device_id"), it.get("session_id")), _replay_id(sdk["device_id"], sdk["session_id"])
    return _if(one != other, one=one, other=other)


def _planned(it: dict) -> "dict | None":
    off = [each["name"] for each in it.get("events") or () if each["name"] in (it.get("planned") or ())]
    return _if(bool(off), name=off and off[-1])


def _matched(it: dict) -> "dict | None":
    if _has(it, _other_session, _other_device, _never_uploaded):
        return None
    accepted = {_replay_id(each["device_id"], each["session_id"]) for each in _accepted(it)}
    both = [each for each in _marked(it) if each["replay_id"] in accepted]
    return _if(bool(both), replay_id=both and both[-1]["replay_id"])


NO_REPLAY = "Nothing can be played back."
NO_MATCH = "Amplitude finds a replay by the id on the event: these events have none."

RULES = (
    Rule(
        "waiting",
        WARNING,
        CAPTURED,
        _is("status", "waiting"),
        "nothing is recorded: there is no consent",
        NO_REPLAY,
        "Call start() when there is.",
    ),
    Rule(
        "loading",
        WARNING,
        CAPTURED,
        lambda it: _if(it.get("status") == "loading" and not it.get("off"), awaited=it.get("awaited") or "the wiring"),
        "the page is not ready yet: {awaited} is still on its way",
        "It is too early to judge.",
        "Ask again in a moment.",
    ),
    Rule(
        "stopped",
        WARNING,
        CAPTURED,
        _is("status", "stopped"),
        "the visitor has opted out, with stop()",
        NO_REPLAY,
        "Call start() when they opt in again.",
    ),
    Rule(
        "not-running",
        PROBLEM,
        CAPTURED,
        lambda it: _if(it.get("status") == "failed" and not it.get("errors")),
        "the wiring has failed",
        NO_REPLAY,
        "See the browser's console, and call start() to try again.",
    ),
    Rule(
        "switched-off",
        WARNING,
        CAPTURED,
        _switched_off,
        "nothing is recorded: {off}",
        "The visitor's events do not reach Amplitude either.",
        "{mend}",
    ),
    Rule(
        "hidden",
        WARNING,
        CAPTURED,
        lambda it: _if(bool(it.get("hidden")) and not it.get("recording")),
        "the page has not been looked at yet",
        "A page that the browser only prepares is not recorded.",
        "Look again when it is shown.",
    ),
    Rule(
        "mode",
        OK,
        CAPTURED,
        lambda it: _if(
            it.get("mode") in MODES and not _wrong_mode(it), mode=it.get("mode"), why=it.get("why") or "it was set"
        ),
        "the mode is {mode}: {why}",
        "",
        "",
    ),
    Rule(
        "mode-wrong",
        PROBLEM,
        CAPTURED,
        _wrong_mode,
        "the mode is {mode}, but Segment's settings lead to Amplitude by {applying}",
        "Replay waits for a session that nobody begins.",
        "Set the mode to {applying}, or leave it out.",
    ),
    Rule(
        "modes-mixed",
        WARNING,
        MATCHED,
        _mixed,
        "Segment's settings lead to Amplitude in several ways: {applying}",
        "Each keeps a session of its own, and a replay matches the events of one of them only.",
        "Keep one destination, or set the mode to the one whose events count.",
    ),
    Rule(
        "destination-missing",
        PROBLEM,
        CAPTURED,
        _no_destination,
        "nothing in Segment's settings leads to Amplitude",
        "No event reaches Amplitude, and no session begins.",
        "Add Amplitude to the source in Segment, and enable it; settings may take some minutes to arrive.",
    ),
    Rule(
        "plugin-blocked",
        PROBLEM,
        CAPTURED,
        _plugin_blocked,
        "Segment's plugin for Amplitude (Actions) was not loaded",
        "It is the plugin that begins sessions; without it events have none.",
        "Allow Segment's address in script-src, and see whether an ad blocker stops next-integrations/actions/.",
    ),
    Rule(
        "subscription-off",
        PROBLEM,
        CAPTURED,
        _subscription_off,
        "Segment's plugin gives a session to {types} (seen: {missed})",
        "Events without a session match no replay.",
        'Enable the mapping "Session Plugin" of Amplitude (Actions) for these types in Segment.',
    ),
    Rule(
        "no-session",
        PROBLEM,
        CAPTURED,
        _no_session,
        'none of {count} events carries a session, "{name}" for one',
        "Events without a session match no replay.",
        "See in the browser's console whether Segment's plugin for Amplitude has failed.",
    ),
    Rule(
        "no-event",
        WARNING,
        CAPTURED,
        _no_event,
        "there is no session yet, for no event has been tracked",
        "A session begins with the first event.",
        "Track an event.",
    ),
    Rule(
        "tag-twice",
        PROBLEM,
        CAPTURED,
        lambda it: _if((it.get("tags") or 0) > 1, count=it.get("tags")),
        "the page has {count} of our script tags",
        "The first one goes on alone, with its own options.",
        "Remove the others.",
    ),
    Rule(
        "recorder-twice",
        PROBLEM,
        CAPTURED,
        lambda it: _if((it.get("recorders") or 0) > 1, count=it.get("recorders")),
        "the page has {count} copies of Session Replay",
        "Each records the page, under ids of its own.",
        "Remove the one that is not ours: the SDK's script, Amplitude's plugin, or Segment's.",
    ),
    Rule(
        "segment-old",
        PROBLEM,
        CAPTURED,
        _old_segment,
        "Segment's script has version {version}",
        "Its events cannot be enriched before they are sent.",
        "Use analytics-next 1.46 or later: paste Segment's present snippet.",
    ),
    Rule(
        "api-key-differs",
        PROBLEM,
        MATCHED,
        _differ("api_key", "settings_api_key"),
        "replay has the API key {one}, Segment sends to {other}",
        "Replays and events arrive in different projects.",
        "Set data-api-key to the one that is saved in Segment.",
    ),
    Rule(
        "zone-differs",
        PROBLEM,
        MATCHED,
        _differ("zone", "settings_zone"),
        "replay's server zone is {one}, that of Segment's destination {other}",
        "Replays and events arrive on different continents.",
        "Set data-server-zone to {other}.",
    ),
    Rule(
        "config-refused",
        PROBLEM,
        SAMPLED,
        lambda it: _answered(it.get("config")),
        "Amplitude's configuration server answered {status}",
        "Without a configuration the SDK captures nothing.",
        "Check the API key, and that the server zone (US or EU) is the project's.",
    ),
    Rule(
        "config-unreachable",
        PROBLEM,
        SAMPLED,
        lambda it: _lost(it.get("config")),
        "Amplitude's configuration did not arrive: {cause}",
        "Without a configuration the SDK captures nothing.",
        "{mend}",
    ),
    Rule(
        "config-empty",
        PROBLEM,
        SAMPLED,
        _config_empty,
        "Amplitude's configuration says nothing about Session Replay",
        "Without a configuration the SDK captures nothing.",
        "Enable Session Replay for the project in Amplitude, and check the API key.",
    ),
    Rule(
        "no-sample-rate",
        WARNING,
        SAMPLED,
        lambda it: _if(it.get("sample_rate") == 0 and not it.get("recording")),
        "the sample rate is 0",
        "No session is in the sample, so none is recorded.",
        "Set data-sample-rate, or a sample rate in Amplitude's remote configuration.",
    ),
    Rule(
        "capture-off",
        WARNING,
        SAMPLED,
        _says("capture-off"),
        "Amplitude's configuration has capture switched off",
        NO_REPLAY,
        "Switch it on in Amplitude's settings.",
    ),
    Rule(
        "opted-out",
        WARNING,
        SAMPLED,
        _says("opted-out"),
        "the SDK was told to opt out",
        NO_REPLAY,
        "Take away the option optOut, if that is not meant.",
    ),
    Rule(
        "sampled-out",
        WARNING,
        SAMPLED,
        _says("sampled-out"),
        "session {session_id} is not in the sample",
        "It is not recorded; another one may be.",
        "Set a higher sample rate, if that is not meant.",
    ),
    Rule(
        "targeted",
        WARNING,
        SAMPLED,
        _says("targeted"),
        "Amplitude's configuration records sessions under conditions, and none was met yet",
        "Recording begins when one is.",
        "See the targeting conditions in Amplitude, if that is not meant.",
    ),
    Rule(
        "not-recording",
        PROBLEM,
        CAPTURED,
        _not_recording,
        "session {session_id} of device {device_id} is not being recorded",
        NO_REPLAY,
        "{mend}",
    ),
    Rule(
        "recording",
        OK,
        CAPTURED,
        _recording,
        "recording session {session_id} of device {device_id}",
        "",
        "",
    ),
    Rule(
        "masking-light",
        WARNING,
        MASKED,
        _is("masking", "light"),
        "masking is light: what visitors type is recorded, but for passwords and the like",
        "Recordings may hold personal data.",
        "Set privacyConfig.defaultMaskLevel to medium or conservative, if that is not meant.",
    ),
    Rule(
        "masking",
        OK,
        MASKED,
        _is("masking", "medium", "conservative"),
        "masking is {masking}: what visitors type is not recorded",
        "",
        "",
    ),
    Rule(
        "upload-refused",
        PROBLEM,
        UPLOADED,
        lambda it: _answered(_last_upload(it)),
        "Amplitude answered {status} to an upload",
        NO_REPLAY,
        "Check the API key, that the server zone (US or EU) is the project's, and trackServerUrl, if it is set.",
    ),
    Rule(
        "upload-unreachable",
        PROBLEM,
        UPLOADED,
        lambda it: _lost(_last_upload(it)),
        "an upload did not arrive: {cause}",
        NO_REPLAY,
        "{mend}",
    ),
    Rule(
        "upload-skipped",
        PROBLEM,
        UPLOADED,
        _skipped,
        "Amplitude does not keep this session's recording (it skipped an upload: {detail})",
        NO_REPLAY,
        "See in Amplitude whether Session Replay is enabled for the project, and its quota used up.",
    ),
    Rule(
        "nothing-uploaded",
        PROBLEM,
        UPLOADED,
        _none_uploaded,
        "after {seconds} s of recording nothing was uploaded",
        "Without an upload Amplitude makes no [Amplitude] Replay Captured event.",
        "See in the browser's network tab whether uploads are made, and what becomes of them.",
    ),
    Rule(
        "upload-awaited",
        OK,
        UPLOADED,
        _upload_awaited,
        "nothing was uploaded yet; the SDK uploads from time to time",
        "",
        "",
    ),
    Rule(
        "uploaded",
        OK,
        UPLOADED,
        _uploaded,
        "Amplitude has taken {count} uploads",
        "",
        "",
    ),
    Rule(
        "session-differs",
        PROBLEM,
        MATCHED,
        _other_session,
        'event "{name}" is of session {one}, and carries the replay id {other}',
        "Amplitude shows the wrong replay for it, or none.",
        "Put the replay id on events of its own session only.",
    ),
    Rule(
        "device-differs",
        PROBLEM,
        MATCHED,
        _other_device,
        'event "{name}" is of device {one}, and carries the replay id {other}',
        "Amplitude shows the wrong replay for it, or none.",
        "Begin the recording anew when the visitor changes.",
    ),
    Rule(
        "other-device",
        WARNING,
        MATCHED,
        lambda it: _if(it.get("other_device") is not None, other=it.get("other_device"), own=it.get("device_id")),
        "an event names a device of its own, {other}, which is not the recorded one, {own}",
        NO_MATCH,
        "Take the device id away from the event, if that is not meant.",
    ),
    Rule(
        "replay-not-uploaded",
        PROBLEM,
        MATCHED,
        _never_uploaded,
        "events carry the replay id {replay_id}, of which nothing was uploaded; uploaded was {uploaded}",
        "Amplitude shows no replay for them.",
        "Give the SDK the session and the device that the events have.",
    ),
    Rule(
        "replay-id-missing",
        PROBLEM,
        MATCHED,
        _unmarked,
        '{count} events of a recorded session carry no replay id, "{name}" for one',
        NO_MATCH,
        "Add what getSessionReplayProperties() answers to each event's properties.",
    ),
    Rule(
        "cookie-differs",
        PROBLEM,
        MATCHED,
        _cookie,
        "events are of session {one}, but analytics_session_id is {other}",
        "Another tab, or the next page, goes on with another session.",
        "Let one writer keep analytics_session_id.",
    ),
    Rule(
        "sdk-differs",
        PROBLEM,
        MATCHED,
        _sdk,
        "{one} should be recorded, but the SDK records {other}",
        "The recording matches no event.",
        "Leave setSessionId and init to the wiring.",
    ),
    Rule(
        "tracking-plan",
        WARNING,
        MATCHED,
        _planned,
        'the tracking plan in Segment switches the event "{name}" off',
        "It does not reach Amplitude, with or without a replay.",
        "Allow it in the tracking plan, if that is not meant.",
    ),
    Rule(
        "expired",
        WARNING,
        CAPTURED,
        lambda it: _if(
            bool(it.get("expired")) and it.get("session_id") is None and not it.get("off"), stored=it.get("stored")
        ),
        "the stored session {stored} is over",
        "A new one begins with the next event.",
        "Track an event.",
    ),
    Rule(
        "matched",
        OK,
        MATCHED,
        _matched,
        "events and uploads agree on the replay id {replay_id}",
        "",
        "",
    ),
)
"""In the order in which findings are told."""


EXPLAINED = {
    "plugin-missing": ("plugin-blocked",),
    "recording-not-begun": ("config-refused", "config-unreachable", "config-empty"),
    "upload-refused": ("upload-refused", "upload-unreachable", "upload-skipped"),
}
"""Errors of which a rule knows more: the error's code, and the rules'."""


def findings(evidence: dict) -> "list[dict]":
    """What the evidence shows: ``dict``s of ``level``, ``code``, ``stage``, ``message``, ``evidence``, ``why``, ``fix``
    and ``docs``.

    The levels are ``ok``, ``warning`` and ``problem``. What the page was told to be wrong comes first.
    """
    seen = [(rule, rule.applies(evidence)) for rule in RULES]
    found = [_found(rule, each) for rule, each in seen if each is not None]
    codes = [each["code"] for each in found]
    errors = evidence.get("errors") or ()
    told = [_told(each) for each in errors if not any(code in codes for code in EXPLAINED.get(each["code"], ()))]
    return told + found


def _told(error: dict) -> dict:
    found = {"level": PROBLEM, "stage": CAPTURED, "evidence": {}, "why": NO_REPLAY}
    found.update(error)
    found["docs"] = ERROR_DOCS.format(error["code"])
    return found


def _found(rule: Rule, seen: dict) -> dict:
    return {
        "level": rule.level,
        "code": rule.code,
        "stage": rule.stage,
        "message": rule.seen.format(**seen),
        "evidence": seen,
        "why": rule.why.format(**seen),
        "fix": rule.fix.format(**seen),
        "docs": DOCS.format(rule.code),
    }


# What can be said before Python runs; the page's JavaScript says it (web/page/replay.js).
(WAITING,) = findings({"status": "waiting"})
(NOT_STARTED,) = findings({"status": "loading", "awaited": "Python"})
