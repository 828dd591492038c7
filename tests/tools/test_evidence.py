"""What was seen of a visit, and the verdict: evidence in, a sentence or none out."""

from collections.abc import Callable
from typing import Any

import pytest

from pyscript_replay.tools import evidence
from pyscript_replay.tools.devserver import Upload
from pyscript_replay.tools.evidence import Asked, Evidence, Moment, Seen, Verdict

OLD, NEW = 1795433609897, 1795435469897


def message(name: str = "Bought", session: int | None = OLD, device: str = "d", **more: Any) -> dict[str, Any]:
    """An event as it arrives by way of Amplitude (Actions)."""
    carried = {"Actions Amplitude": {"session_id": session}} if session else {}
    known = {"type": "track", "event": name, "messageId": f"{name}-{session}", "anonymousId": device}
    return {**known, "properties": {"total": 3}, "integrations": carried, **more}


def upload(session: int = OLD, device: str = "d", types: tuple[int, ...] = (4, 2), text: str = "Shop") -> Upload:
    events = [{"type": kind, "timestamp": OLD, "data": {"node": {"textContent": text}}} for kind in types]
    return Upload(OLD, device, session, {"type": "replay"}, {}, events, 100)


def logged(name: str = "Bought", session: int = OLD, device: str = "dR") -> dict[str, Any]:
    """What amplitude-js sends to Amplitude by itself."""
    return {"event_type": name, "session_id": session, "device_id": device}


def recorded(*messages: dict[str, Any], uploads: tuple[Upload, ...] = (upload(),), **more: Any) -> Evidence:
    return Evidence(messages=messages, uploads=uploads, **more)


def verdict(judge: Callable[[Evidence], Verdict], seen: Evidence) -> str:
    return judge(seen).problem


# an event


def test_an_event_is_known_by_its_name_and_some_of_its_properties() -> None:
    seen = recorded(message(properties={"total": 3, "tea": {"kind": "oolong", "grams": 50}}))
    assert not verdict(evidence.event("Bought", None), seen)
    assert not verdict(evidence.event("Bought", {"tea": {"kind": "oolong"}}), seen)
    assert "No event" in verdict(evidence.event("Bought", {"tea": {"kind": "green"}}), seen)
    assert "No event" in verdict(evidence.event("Bought", {"price": None}), seen)


def test_a_page_is_known_by_its_name() -> None:
    page = {"type": "page", "name": "Basket", "properties": {}}
    assert not verdict(evidence.event("Basket", None), recorded(page))


def test_the_nearest_events_are_told() -> None:
    told = verdict(evidence.event("Checkout Begun", None), recorded(message("Checkout Started"), message("Signed In")))
    assert 'track "Checkout Started" {"total": 3}' in told
    assert "Signed In" not in told


# in a replay

IN_REPLAY = {
    "nothing was recorded": recorded(message(), uploads=()),
    f"only d/{NEW} was recorded": recorded(message(), uploads=(upload(NEW),)),
    f"only other/{OLD} was recorded": recorded(message(), uploads=(upload(device="other"),)),
    "no full snapshot": recorded(message(), uploads=(upload(types=(3,)),)),
    "names no session": recorded(message(session=None)),
    f"carries session {OLD}, and": recorded(
        message(properties={"[Amplitude] Session Replay ID": f"d/{NEW}"}), uploads=(upload(NEW),)
    ),
    f"reaches Amplitude as dR/{OLD}, but its replay is d/{OLD}": recorded(
        message(session=None, properties={"[Amplitude] Session Replay ID": f"d/{OLD}"}), logged=[logged()]
    ),
    f"reaches Amplitude as other/{OLD}, but its replay is d/{OLD}": recorded(
        message(properties={"[Amplitude] Session Replay ID": f"d/{OLD}"}, context={"device": {"id": "other"}})
    ),
}


@pytest.mark.parametrize("problem", IN_REPLAY)
def test_an_event_that_is_in_no_replay(problem: str) -> None:
    assert problem in verdict(evidence.in_replay("Bought", None), IN_REPLAY[problem])


@pytest.mark.parametrize(
    "seen",
    [
        recorded(message()),
        recorded(message(session=None, properties={"[Amplitude] Session Replay ID": f"d/{OLD}"})),
        recorded(message(session=None, integrations={"Amplitude": {"session_id": OLD}})),
        recorded(message(session=None), logged=[logged()], uploads=(upload(device="dR"),)),
        recorded(message(), uploads=(upload(types=(3,)), upload())),
    ],
    ids=["actions", "replay id", "cloud", "amplitude-js", "snapshot later"],
)
def test_an_event_in_a_replay(seen: Evidence) -> None:
    assert not verdict(evidence.in_replay("Bought", None), seen)


def test_amplitude_js_logs_an_event_of_the_same_name_again() -> None:
    events = [message(session=None), message(session=None)]
    seen = recorded(*events, logged=[logged(), logged("Other"), logged(session=NEW)])
    assert [evidence.session_of(seen, each) for each in events] == [("dR", OLD), ("dR", NEW)]


def test_a_replay_id_does_not_say_in_which_session_an_event_reaches_amplitude() -> None:
    other = {"[Amplitude] Session Replay ID": f"other/{NEW}"}
    in_actions, in_device_mode = message(properties=other), message(session=None, properties=other)
    assert evidence.sent_in(recorded(in_actions), in_actions) == ("d", OLD)
    assert evidence.sent_in(recorded(in_device_mode, logged=[logged()]), in_device_mode) == ("dR", OLD)
    assert evidence.sent_in(recorded(in_device_mode), in_device_mode) is None


# sessions


def test_the_same_session() -> None:
    judge = evidence.same_session(Seen(1, 1))
    assert "has arrived since" in verdict(judge, recorded(message()))
    assert not verdict(judge, recorded(message(), message("Left")))
    assert not verdict(judge, recorded(message(), uploads=(upload(), upload())))
    changed = recorded(message(), message("Left", NEW), uploads=(upload(), upload(NEW)))
    assert judge(changed) == Verdict(f"The session changed: d/{OLD} became d/{NEW}.", final=True)


def test_a_new_session() -> None:
    judge = evidence.new_session(Seen(1, 1))
    assert "has arrived since" in verdict(judge, recorded(message()))
    assert f"still d/{OLD}" in verdict(judge, recorded(message(), message("Left")))
    assert f"only d/{OLD} was recorded" in verdict(judge, recorded(message(), message("Left", NEW)))
    assert not verdict(judge, recorded(message(), message("Left", NEW), uploads=(upload(), upload(NEW))))


def test_a_new_session_without_a_moment_before_which_it_was_another() -> None:
    both = (upload(), upload(NEW))
    assert "still" in verdict(evidence.new_session(Seen()), recorded(message()))
    assert not verdict(evidence.new_session(Seen()), recorded(message(), message("Left", NEW), uploads=both))


def test_transitions_are_in_order() -> None:
    seen = recorded(message(), message("a"), message("b", None), message("c", NEW), message("d", OLD))
    assert evidence.transitions(seen) == [
        (None, ("d", OLD)),
        (("d", OLD), ("d", NEW)),
        (("d", NEW), ("d", OLD)),
    ]


# nothing lost, nothing before consent, masked


def test_nothing_lost() -> None:
    given = [{"messageId": f"{name}-{OLD}", "type": "track", "event": name} for name in ("one", "two")]
    one, two = message("one"), message("two")
    assert not evidence.nothing_lost(recorded(one, two, called=given)).problem
    assert evidence.nothing_lost(recorded(one, called=given)) == Verdict('Lost: track "two".')
    assert evidence.nothing_lost(recorded(one, one, two, called=given)).final
    assert "nothing can be said" in evidence.nothing_lost(recorded(one)).problem


def test_nothing_before_consent() -> None:
    settings = Asked("GET", "https://cdn.segment.com/v1/projects/k/settings?x=1", 200)
    assert not evidence.nothing_before_consent(Evidence(stored=["theme", "basket"])).problem
    assert "cdn.segment.com" in evidence.nothing_before_consent(Evidence(asked=[settings])).problem
    for name in ("ajs_anonymous_id", "analytics_session_id", "AMP_1234", "amplitude_id_k", "AMP_unsent_k"):
        assert name in evidence.nothing_before_consent(Evidence(stored=["theme", name])).problem


@pytest.mark.parametrize("text", ["4111 1111", 'say "hi"', "Grüße", "\n"])
def test_masked(text: str) -> None:
    assert "Nothing was recorded" in verdict(evidence.masked(text), Evidence())
    assert not verdict(evidence.masked(text), recorded(uploads=(upload(text="****"),)))
    leaked = recorded(uploads=(upload(text=f"before {text} after"),))
    assert evidence.masked(text)(leaked).final


def test_the_time_line_is_a_line_each() -> None:
    moments = [Moment(0.5, "page", "https://shop.example/"), Moment(61.25, "segment", "track\n" + "x" * 500)]
    first, second = evidence.time_line(moments).splitlines()
    assert first.split() == ["0.50", "page", "https://shop.example/"]
    assert second.endswith("…") and len(second) < 250
    assert evidence.time_line([]).strip() == "nothing"
