"""What was seen of a visit, and what it comes to. Pure: the same evidence gives the same verdict, whoever gathered it.

It is judged by the wire alone, by what reached Segment's collectors and Amplitude's. So it does not matter how a site
is wired: by our tag, by the documented snippets, by another wrapper.
"""

import difflib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from . import hosts
from .devserver.store import DESTINATIONS, REPLAY_ID, Upload, named

Json = dict[str, Any]
Ids = tuple[str, int]  # of a session: device id, session id

FULL_SNAPSHOT = 2  # rrweb's type of event for a whole page
STORED = ("ajs_", "analytics_session_id", "amp_", "amplitude_", "pyscript-replay")
"""How the names begin under which Segment and Amplitude store something in the browser."""
NEAREST = 3
CONFIG = f"{hosts.REPLAY}/config"


class Moment(NamedTuple):
    """Something that happened: ``at`` seconds after the beginning, of this ``kind``, told in a line."""

    at: float
    kind: str
    text: str


class Asked(NamedTuple):
    """A request to Segment or Amplitude, and the status of its answer."""

    method: str
    url: str
    status: int


class Evidence(NamedTuple):
    """What was seen so far.

    messages: Segment's events, as they arrived
    logged: events that went to Amplitude directly, as amplitude-js sends them
    uploads: Session Replay's recordings
    called: the events that Segment's SDK was given by the page
    asked: all requests to Segment and Amplitude
    stored: names of cookies and entries in the pages' storage
    """

    messages: Sequence[Json] = ()
    logged: Sequence[Json] = ()
    uploads: Sequence[Upload] = ()
    called: Sequence[Json] = ()
    asked: Sequence[Asked] = ()
    stored: Sequence[str] = ()


class Seen(NamedTuple):
    """How much of the evidence there was at a moment."""

    events: int = 0
    uploads: int = 0


class Verdict(NamedTuple):
    """What is wrong, in a sentence; empty where nothing is. ``final``: more evidence cannot change it."""

    problem: str = ""
    final: bool = False


HOLDS = Verdict()
Judge = Callable[[Evidence], Verdict]


def name_of(message: Json) -> str | None:
    """The name of an event, or of a page."""
    return message.get("event") or message.get("name")


def matching(seen: Evidence, name: str, properties: Mapping[str, Any] | None) -> Json | None:
    """The last event of this name that has these properties, among others."""
    found = (each for each in reversed(seen.messages) if name_of(each) == name)
    return next((each for each in found if _has(each.get("properties"), properties or {})), None)


def event(name: str, properties: Mapping[str, Any] | None) -> Judge:
    """Such an event has arrived at Segment."""

    def judge(seen: Evidence) -> Verdict:
        if matching(seen, name, properties):
            return HOLDS
        wanted = f'event "{name}"' + (f" with {json.dumps(properties)}" if properties else "")
        return Verdict(f"No {wanted} arrived at Segment.{_nearest(seen, name)}")

    return judge


def in_replay(name: str, properties: Mapping[str, Any] | None) -> Judge:
    """Such an event names a session, and a recording that can be played was uploaded under the very ids."""

    def judge(seen: Evidence) -> Verdict:
        message = matching(seen, name, properties)
        if not message:
            return event(name, properties)(seen)
        ids = session_of(seen, message)
        if not ids:
            return Verdict(f'Event "{name}" names no session: neither {REPLAY_ID!r} nor a session id is on it.')
        if carried(message) not in (None, ids[1]):
            told = f"carries session {carried(message)}, and {REPLAY_ID!r} {replay_id(ids)}"
            return Verdict(f'Event "{name}" {told}.', True)
        sent = sent_in(seen, message)
        if sent not in (None, ids):
            return Verdict(
                f'Event "{name}" reaches Amplitude as {replay_id(sent)}, but its replay is {replay_id(ids)}.'
            )
        return recorded(seen, ids, f'Event "{name}" is of {replay_id(ids)}, ')

    return judge


def same_session(before: Seen) -> Judge:
    """What came after ``before`` is in the session that there was until then, and that is recorded."""

    def judge(seen: Evidence) -> Verdict:
        earlier, later = _sessions_around(seen, before)
        more = [_ids(upload) for upload in seen.uploads[before.uploads :]]
        if not later and not more:
            return Verdict("Neither an event that names a session nor a recording has arrived since.")
        first = (earlier or later or more)[-1]
        other = next((each for each in later if each != first), None)
        if other:
            return Verdict(f"The session changed: {replay_id(first)} became {replay_id(other)}.", True)
        return recorded(seen, first, f"The session is {replay_id(first)}, ")

    return judge


def new_session(before: Seen) -> Judge:
    """The last event is in another session than the last one ``before`` (or than the first), and is recorded."""

    def judge(seen: Evidence) -> Verdict:
        earlier, later = _sessions_around(seen, before)
        if not later:
            return Verdict("No event that names a session has arrived since.")
        old, new = (earlier or later[:1])[-1], later[-1]
        if new == old:
            return Verdict(f"The session is still {replay_id(old)}.")
        return recorded(seen, new, f"{replay_id(old)} became {replay_id(new)}, ")

    return judge


def nothing_lost(seen: Evidence) -> Verdict:
    """Each event that Segment's SDK was given has arrived at Segment, once."""
    if not seen.called:
        return Verdict("Segment's SDK (analytics-next) was given no event, so nothing can be said.")
    arrived = [each.get("messageId") for each in seen.messages]
    twice = next((each for each in seen.messages if arrived.count(each.get("messageId")) > 1), None)
    if twice:
        return Verdict(f"{_told(twice)} arrived more than once.", True)
    lost = [each for each in seen.called if each["messageId"] not in arrived]
    return Verdict(f"Lost: {', '.join(map(_told, lost))}.") if lost else HOLDS


def nothing_before_consent(seen: Evidence) -> Verdict:
    """Nothing was asked of Segment or Amplitude, and nothing of theirs is stored."""
    if seen.asked:
        first = seen.asked[0]
        return Verdict(
            f"{len(seen.asked)} requests went out, first {first.method} {first.url.partition('?')[0]}.", True
        )
    stored = sorted({name for name in seen.stored if name.lower().startswith(STORED)})
    return Verdict(f"Something is stored in the browser: {', '.join(stored)}.", True) if stored else HOLDS


def masked(text: str) -> Judge:
    """There is a recording, and this text is nowhere in it."""

    def judge(seen: Evidence) -> Verdict:
        for upload in seen.uploads:
            if place := next((json.dumps(each, ensure_ascii=False) for each in upload.events if _in(each, text)), None):
                at = place.find(json.dumps(text, ensure_ascii=False)[1:-1])
                around = place[max(0, at - 60) : at + len(text) + 60]
                return Verdict(f'"{text}" is in the recording {replay_id(_ids(upload))}: …{around}…', True)
        if not any(_is_playable(upload) for upload in seen.uploads):
            return Verdict("Nothing was recorded, so nothing can be said of masking.")
        return HOLDS

    return judge


def replay_asked(seen: Evidence) -> list[Asked]:
    """The requests for Session Replay's configuration, with which its SDK begins."""
    return [each for each in seen.asked if _goes_to(each, CONFIG)]


def upload_asked(seen: Evidence) -> list[Asked]:
    """The requests that upload a recording."""
    return [each for each in seen.asked if each.method == "POST" and _goes_to(each, f"{hosts.REPLAY}/track")]


def _goes_to(asked: Asked, path: str) -> bool:
    return (hosts.local(asked.method, asked.url, None) or "").startswith(path)


def carried(message: Json) -> Any:
    """The session id that an event carries for Amplitude. In Classic device-mode amplitude-js sends it by itself."""
    integrations = message.get("integrations") or {}
    found = [integrations.get(name) for name in DESTINATIONS]
    return next((each["session_id"] for each in found if isinstance(each, dict) and "session_id" in each), None)


def session_of(seen: Evidence, message: Json) -> Ids | None:
    """The session of an event: as it names it; or, where amplitude-js sends a copy of it, as that one does."""
    device_id, session_id = named(message)
    if device_id is not None and session_id is not None:
        return device_id, session_id
    return _copied(seen, message)


def sent_in(seen: Evidence, message: Json) -> Ids | None:
    """The session in which an event reaches Amplitude, whatever replay id is on it."""
    properties = {name: value for name, value in (message.get("properties") or {}).items() if name != REPLAY_ID}
    device_id, session_id = named({**message, "properties": properties})
    if device_id is not None and session_id is not None:
        return device_id, session_id
    # amplitude-js does not send all of Segment's kinds of events; of these only the replay id speaks
    return _copied(seen, message) or (session_of(seen, message) if seen.logged else None)


def _copied(seen: Evidence, message: Json) -> Ids | None:
    """The session of the copy that amplitude-js sends."""
    name = name_of(message)
    copies = [each for each in seen.logged if each.get("event_type") == name]
    before = [each for each in seen.messages if name_of(each) == name]
    index = next((index for index, each in enumerate(before) if each is message), len(copies))
    if name and index < len(copies) and isinstance(copies[index].get("session_id"), int):
        return str(copies[index].get("device_id")), copies[index]["session_id"]
    return None


def _sessions_around(seen: Evidence, before: Seen) -> tuple[list[Ids], list[Ids]]:
    """The sessions of the events until then, and of those since; of those that name one."""
    known = [session_of(seen, each) for each in seen.messages]
    return [each for each in known[: before.events] if each], [each for each in known[before.events :] if each]


def transitions(seen: Evidence) -> list[tuple[Ids | None, Ids]]:
    """The sessions that the events went through, in their order: (previous, current)."""
    moves: list[tuple[Ids | None, Ids]] = []
    for current in filter(None, (session_of(seen, each) for each in seen.messages)):
        previous = moves[-1][1] if moves else None
        if current != previous:
            moves.append((previous, current))
    return moves


def time_line(moments: Sequence[Moment]) -> str:
    """What happened, a line each."""
    if not moments:
        return "  nothing"
    return "\n".join(f"  {each.at:7.2f}  {each.kind:9}  {_short(each.text)}" for each in moments)


def recorded(seen: Evidence, ids: Ids, told: str = "") -> Verdict:
    """Whether there is a recording of this session that can be played."""
    its = [upload for upload in seen.uploads if _ids(upload) == ids]
    if any(_is_playable(upload) for upload in its):
        return HOLDS
    if its:
        return Verdict(f"{told}whose recording has no full snapshot, so it cannot be played.")
    others = ", ".join(sorted({replay_id(_ids(upload)) for upload in seen.uploads}))
    return Verdict(f"{told}and {f'only {others} was recorded' if others else 'nothing was recorded'}.")


def _is_playable(upload: Upload) -> bool:
    return any(each.get("type") == FULL_SNAPSHOT for each in upload.events)


def _ids(upload: Upload) -> Ids:
    return upload.device_id, upload.session_id


def replay_id(ids: Ids) -> str:
    return f"{ids[0]}/{ids[1]}"


def _has(value: Any, wanted: Any) -> bool:
    """Whether it is the same; objects may have more."""
    if isinstance(wanted, Mapping):
        return isinstance(value, Mapping) and all(name in value and _has(value[name], wanted[name]) for name in wanted)
    return value == wanted


def _in(value: Any, text: str) -> bool:
    if isinstance(value, str):
        return text in value
    if isinstance(value, Mapping):
        return any(_in(each, text) for each in value.values())
    return isinstance(value, list) and any(_in(each, text) for each in value)


def _nearest(seen: Evidence, name: str) -> str:
    names = {name_of(each) or "": each for each in seen.messages}
    close = difflib.get_close_matches(name, names, NEAREST, 0.4) or list(names)[-NEAREST:]
    return "".join(f"\n  arrived: {_told(names[each])} {json.dumps(names[each].get('properties'))}" for each in close)


def _told(message: Json) -> str:
    return " ".join(filter(None, [message.get("type"), json.dumps(name_of(message)) if name_of(message) else ""]))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 200 else f"{line[:199]}…"
