"""What a visit comes to, without one: evidence in, findings out. Whole visits are in ``test_check.py``."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from pyscript_replay import ReplayError
from pyscript_replay.tools import check
from pyscript_replay.tools.check import rules, visit
from pyscript_replay.tools.devserver import Upload
from pyscript_replay.tools.evidence import Asked, Evidence, Seen

SESSION = 1_795_886_000_000
CONFIG = "https://sr-client-cfg.amplitude.com/config/key?config_group=browser"
SETTINGS = Asked("GET", "https://cdn.segment.com/v1/projects/k/settings", 200)
PAGE = {"segment": True, "plugins": None, "tags": 0, "status": None, "violations": [], "doctor": []}


def event(number: int, session: int = SESSION, replay: int = SESSION) -> dict[str, Any]:
    return {
        "type": "track",
        "event": "Bought",
        "messageId": str(number),
        "anonymousId": "d",
        "properties": {"[Amplitude] Session Replay ID": f"d/{replay}"},
        "integrations": {"Actions Amplitude": {"session_id": session}},
    }


EVENTS = (event(1), event(2))
UPLOADS = (Upload(0, "d", SESSION, {"type": "replay"}, {}, [{"type": 4}, {"type": 2}], 1),)


def visited(
    events: Sequence[dict[str, Any]] = EVENTS,
    uploads: Sequence[Upload] = UPLOADS,
    called: Sequence[dict[str, Any]] = EVENTS,
    logged: Sequence[dict[str, Any]] = (),
    asked: Sequence[Asked] = (SETTINGS, Asked("GET", CONFIG, 200)),
    before: Evidence | None = None,
    page: Mapping[str, Any] = PAGE,
) -> set[str]:
    """The codes of what is wrong."""
    seen = Evidence(events, logged, uploads, called, asked)
    stages = [visit.Stage(visit.CLICK, Seen(), Seen(len(events), len(uploads)))]
    told = visit.Visit("actions", "", seen, stages, dict(page), before, False, None, False)
    return {each.code for each in rules.findings(told) if each.level != "ok"}


def test_a_sound_visit_raises_no_alarm() -> None:
    assert visited() == set()


def test_what_follows_from_a_problem_is_not_said_besides() -> None:
    later = SESSION + 1
    assert visited(events=(event(1, later),)) == {"session-differs", "event-lost"}
    assert visited(events=(), uploads=(), asked=(SETTINGS,)) == {"nothing-arrived"}
    assert visited(events=(event(1, later, later), event(2, later, later))) == {
        "replay-not-uploaded",
        "session-not-recorded",
    }


def test_events_that_go_to_amplitude_directly_as_well() -> None:
    assert visited(logged=[{"event_type": "Bought"}]) == {"event-twice"}
    assert visited(logged=[{"event_type": "another site's"}]) == set()


def test_before_a_consent_loading_is_a_warning_and_events_are_a_problem() -> None:
    assert visited(before=Evidence(asked=[])) == set()
    assert visited(before=Evidence(asked=[SETTINGS], messages=[], uploads=[])) == {"loaded-before-consent"}
    assert visited(before=Evidence(asked=[SETTINGS], messages=EVENTS, uploads=[])) == {"before-consent"}


@pytest.mark.parametrize(
    ("blocked", "directive", "uploads", "found"),
    [
        ("https://api.segment.io/v1/t", "connect-src", UPLOADS, True),
        ("https://fonts.example/a.woff", "connect-src", UPLOADS, False),
        ("blob", "worker-src", (), True),
        ("blob", "worker-src", UPLOADS, False),
    ],
)
def test_only_what_the_policy_refuses_of_theirs_counts(
    blocked: str, directive: str, uploads: Sequence[Upload], found: bool
) -> None:
    refused = {"blocked": blocked, "directive": directive, "policy": f"{directive} 'self'"}
    assert ("policy" in visited(uploads=uploads, page={**PAGE, "violations": [refused]})) == found


@pytest.mark.parametrize(
    ("button", "accepts"),
    [
        ("Accept all", True),
        ("I agree", True),
        ("Allow all cookies", True),
        ("Accept and continue", True),
        ("Alle akzeptieren", True),
        ("Tout accepter", True),
        ("Aceptar todo", True),
        ("Accept the invitation", False),
        ("Reject all", False),
        ("Allow notifications", False),
    ],
)
def test_a_consent_banner_s_button_is_known_by_what_it_says(button: str, accepts: bool) -> None:
    assert bool(visit.ACCEPTING.match(button)) == accepts


def test_whatever_else_fails_is_an_error_with_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(url: str, options: check.Options) -> None:
        raise KeyError("what nobody thought of")

    monkeypatch.setattr(check, "gather", fail)
    with pytest.raises(ReplayError) as raised:
        check.check(["https://shop.example/"], check.Options())
    assert raised.value.code == "check-failed"
    assert "what nobody thought of" in raised.value.message and "\n" not in raised.value.message
