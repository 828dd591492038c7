"""What a visit comes to. Pure: what was seen in, findings out.

The doctor's rules (``doctor.py``) judge the page; what is here besides are those that need a whole visit: that no event
was lost, and that each stage of it is in the session that it should be in, which was recorded.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ... import doctor
from ...device import REPLAY_ID
from ...doctor import OK, PROBLEM, WARNING
from .. import evidence, hosts, policy
from ..evidence import Evidence, Ids
from .visit import CANARY, LATER, LEAVE, LOAD, RESET, Stage, Visit

Json = dict[str, Any]

FROM_OUTSIDE = ("mode", "masking", "masking-light", "upload-awaited", "nothing-uploaded")
"""Codes of which the page itself may say nothing: from outside more is seen."""
SETTINGS = ("api-key-differs", "zone-differs", "subscription-off", "tracking-plan")
"""Codes that speak of Segment's settings: of those that are made up here they say nothing."""

NOT_TAKEN = ("upload-unreachable", "upload-refused")
CAUSES = {
    "replay-missing": ("nothing-arrived",),
    "not-recording": ("config-unreachable", "config-refused"),
    "replay-not-uploaded": NOT_TAKEN,
    "session-not-recorded": ("session-differs", "device-differs", *NOT_TAKEN),
    "session-missing": ("no-session",),
}
"""What is not said where the problem behind it is."""


class Finding(NamedTuple):
    """What ``--json`` prints of one."""

    level: str
    code: str
    message: str
    evidence: Mapping[str, Any]
    fix: str


def findings(visit: Visit) -> list[Finding]:
    """What is wrong with the page, and then what is right."""
    if not _has_segment(visit):
        fix = (
            "Add Segment's snippet, or the tag's data-write-key; where a consent is waited for, give it with --script."
        )
        return [Finding(PROBLEM, "segment-missing", "the page has not loaded Segment", {}, fix)]
    page = [] if _replay_asked(visit) or visit.page["doctor"] else [_replay_missing(visit)]
    found = [*_of_consent(visit), *page, *_of_doctor(visit), *_of_policy(visit), *_of_masking(visit)]
    if any(each.code == "recording" for each in found):  # else it is said above why nothing is recorded
        found += _of_stages(visit)
    found += _of_delivery(visit)
    codes = {each.code for each in found if each.level == PROBLEM}
    found = [each for each in found if not codes & set(CAUSES.get(each.code, ()))]
    return sorted(found, key=lambda each: (PROBLEM, WARNING, OK).index(each.level))


def told(visit: Visit) -> Json:
    """The doctor's evidence, as far as it can be seen from outside: ``doctor.py`` has the table."""
    seen, page = visit.evidence, visit.page
    playable = [each for each in seen.uploads if not evidence.recorded(seen, (each.device_id, each.session_id)).problem]
    events = [_event(seen, each) for each in seen.messages]
    last = next((each for each in reversed(events) if each["session_id"]), None)
    first = playable[0] if playable else None
    answer: Json = {
        "mode": visit.mode,
        "why": visit.why,
        "tags": page["tags"],
        "segment": _segment_version(seen),
        "plugins": page["plugins"],
        "applying": None if visit.live else [visit.mode],
        "events": events,
        "uploads": _uploads(seen),
        "session_id": first.session_id if first else last and last["session_id"],
        "device_id": first.device_id if first else last and last["device_id"],
        "stored": visit.stored,
    }
    if _replay_asked(visit):
        answer["recording"] = bool(playable)
        answer["config"] = _config(visit)
    return answer


def _config(visit: Visit) -> Json | None:
    """The last answer to Session Replay's request for its configuration, with which its SDK begins."""
    if asked := evidence.replay_asked(visit.evidence):
        return {"status": asked[-1].status, "present": True}
    for each in visit.page["violations"]:
        if (hosts.local("GET", each["blocked"], None) or "").startswith(evidence.CONFIG):
            host = urlsplit(each["blocked"]).netloc
            return {"status": 0, "present": False, "cause": "policy", "host": host, "directive": each["directive"]}
    return None


def _uploads(seen: Evidence) -> list[Json]:
    """Those that were taken, and then those that were refused."""
    taken = [{"status": 200, "device_id": each.device_id, "session_id": each.session_id} for each in seen.uploads]
    refused = [each for each in evidence.upload_asked(seen) if each.status >= 300]
    return taken + [{"status": each.status, "device_id": None, "session_id": None} for each in refused]


def _event(seen: Evidence, message: Json) -> Json:
    device_id, session_id = evidence.sent_in(seen, message) or (None, evidence.carried(message))
    return {
        "name": evidence.name_of(message),
        "type": message.get("type"),
        "session_id": session_id,
        "replay_id": (message.get("properties") or {}).get(REPLAY_ID),
        "device_id": device_id,
        "allowed": True,
    }


def _has_segment(visit: Visit) -> bool:
    return bool(visit.page["segment"] or visit.evidence.called or visit.evidence.messages)


def _replay_asked(visit: Visit) -> bool:
    return bool(_config(visit) or visit.evidence.uploads)


def _segment_version(seen: Evidence) -> str | None:
    libraries = ((each.get("context") or {}).get("library") or {} for each in seen.messages)
    return next(
        (str(each["version"]).removeprefix("npm:next-").removeprefix("next-") for each in libraries if each), None
    )


def _replay_missing(visit: Visit) -> Finding:
    message = "Session Replay is not on the page: it never asked Amplitude for its configuration"
    fix = "Add the script tag (pyscript-replay serve shows one), or see what keeps your own wiring from init()."
    return Finding(PROBLEM, "replay-missing", message, {"events": len(visit.evidence.messages)}, fix)


def _of_doctor(visit: Visit) -> list[Finding]:
    """By the doctor's rules; what the page itself knows of our tag comes after what was seen from outside."""
    inside = visit.page["doctor"]
    outside = doctor.findings(told(visit))
    if inside:  # the page knows why nothing is recorded, and whether that is meant
        outside = [each for each in outside if each["code"] != "not-recording"]
    codes = {each["code"] for each in outside} | set(FROM_OUTSIDE) | set(() if visit.live else SETTINGS)
    inside = [each for each in inside if each["code"] not in codes]
    return [Finding(*(each[name] for name in Finding._fields)) for each in [*outside, *inside]]


def _of_consent(visit: Visit) -> Iterator[Finding]:
    if visit.before_consent is None:
        return
    verdict = evidence.nothing_before_consent(visit.before_consent)
    if verdict.problem and visit.before_consent.messages == visit.before_consent.uploads == []:
        message = f"before the consent {_clause(verdict.problem)}; no event and no recording did"
        yield Finding(WARNING, "loaded-before-consent", message, {}, "See whether your consent covers what it loads.")
    elif verdict.problem:
        yield _problem("before-consent", f"before the consent {_clause(verdict.problem)}", "Load nothing before it.")
    else:
        yield Finding(OK, "consent", "before the consent nothing was asked of Segment or Amplitude", {}, "")


def _of_policy(visit: Visit) -> Iterator[Finding]:
    """What the page's policy has refused, of theirs; and the policy that would not have."""
    theirs = [each for each in visit.page["violations"] if _is_theirs(each, visit)]
    if not theirs:
        return
    sources: dict[str, list[str]] = {}
    for each in theirs:
        source = "blob:" if each["blocked"] == "blob" else "/".join(each["blocked"].split("/")[:3])
        if source not in sources.setdefault(each["directive"], []):
            sources[each["directive"]].append(source)
    told = ", ".join(f"{source} ({directive})" for directive, found in sorted(sources.items()) for source in found)
    mended = [policy.allowing(each, sources) for each in dict.fromkeys(each["policy"] for each in theirs)]
    finding = _problem("policy", f"the Content-Security-Policy refuses {told}", f"Make it: {' and '.join(mended)}")
    yield finding._replace(evidence={"refused": sources, "policies": mended})


def _is_theirs(violation: Json, visit: Visit) -> bool:
    """Whether it is of Segment or Amplitude; or else the worker in which Session Replay uploads."""
    blocked = violation["blocked"]
    worker = blocked == "blob" and violation["directive"] == "worker-src"
    return bool(hosts.local("GET", blocked, None)) or (worker and not visit.evidence.uploads)


def _of_masking(visit: Visit) -> Iterator[Finding]:
    if not visit.typed:
        return
    verdict = evidence.masked(CANARY)(visit.evidence)
    if not verdict.problem:
        yield Finding(OK, "masked", "what was typed is not in the recording", {"typed": CANARY}, "")
    elif verdict.final:
        message = "what was typed into a field can be read in the recording"
        fix = "Set privacyConfig.defaultMaskLevel to medium or conservative, if that is not meant."
        yield Finding(WARNING, "typed-text-recorded", message, {"typed": CANARY, "seen": verdict.problem}, fix)


def _of_delivery(visit: Visit) -> Iterator[Finding]:
    verdict = evidence.nothing_lost(visit.evidence)
    count = len(visit.evidence.called)
    if not verdict.problem:
        yield Finding(OK, "delivered", f"all {count} events have arrived at Segment, once each", {"events": count}, "")
    elif not visit.evidence.called:
        fix = "Track one, or say with --script what does."
        yield Finding(WARNING, "no-event", "no event was tracked during the visit", {}, fix)
    elif verdict.final:
        yield _problem("event-twice", verdict.problem, "See what sends it besides Segment's SDK.")
    else:
        fix = "See that no middleware throws, or leaves its event without calling next()."
        yield _problem("event-lost" if visit.evidence.messages else "nothing-arrived", verdict.problem, fix)
    yield from _of_copies(visit)


def _of_copies(visit: Visit) -> Iterator[Finding]:
    """Only in device-mode is it meant that the page sends events to Amplitude as well."""
    names = {evidence.name_of(each) for each in visit.evidence.messages}
    copies = [each for each in visit.evidence.logged if each.get("event_type") in names]
    if copies and visit.mode != "classic-device":
        message = f'{len(copies)} events went to Amplitude directly as well, "{copies[0]["event_type"]}" for one'
        fix = 'Keep the Browser SDK from sending them: before init, add a destination of your own named "amplitude".'
        yield _problem("event-twice", message, fix)


def _of_stages(visit: Visit) -> Iterator[Finding]:
    """Whether each stage is in the session that it should be in, and that was recorded."""
    previous: Ids | None = None
    for stage in visit.stages:
        present = _last_session(visit.evidence, stage)
        if stage.name not in (LOAD, LEAVE):
            yield from _of_stage(visit.evidence, stage, previous, present)
        previous = present or previous


def _of_stage(seen: Evidence, stage: Stage, previous: Ids | None, present: Ids | None) -> Iterator[Finding]:
    if not present:
        new = seen.messages[stage.before.events : stage.after.events]
        if new:
            name = evidence.name_of(new[-1]) or new[-1].get("type")
            message = f'after {stage.name} event "{name}" names no session'
            yield _problem("session-missing", message, "See in the browser's console what has failed.", stage)
        return
    known = seen._replace(uploads=seen.uploads[: stage.after.uploads])
    if problem := evidence.recorded(known, present).problem:
        message = f"after {stage.name} events are of {evidence.replay_id(present)}, {problem}"
        fix = "Give Session Replay each new session and device before their first event: setSessionId, or init again."
        yield _problem("session-not-recorded", message, fix, stage)
    if previous is None or stage.name == RESET:
        return
    moved = present[1] != previous[1]
    if stage.name == LATER and not moved:
        message = f"after {stage.name} without an event the session is still {present[1]}"
        yield _problem("session-endless", message, "Let sessions end after 30 minutes, as Amplitude's do.", stage)
    elif stage.name != LATER and moved:
        message = f"after {stage.name} session {previous[1]} became {present[1]}"
        yield _problem("session-changed", message, "Let one writer keep analytics_session_id.", stage)


def _last_session(seen: Evidence, stage: Stage) -> Ids | None:
    """Of the stage's last event that names one."""
    sessions = [evidence.sent_in(seen, each) for each in seen.messages]
    return next(filter(None, reversed(sessions[stage.before.events : stage.after.events])), None)


def _problem(code: str, message: str, fix: str, stage: Stage | None = None) -> Finding:
    return Finding(PROBLEM, code, _clause(message), {"stage": stage.name} if stage else {}, fix)


def _clause(sentence: str) -> str:
    """As part of another: findings are written without a full stop."""
    return sentence.rstrip(".")
