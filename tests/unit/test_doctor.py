"""The doctor: a page in, findings out."""

from itertools import product

import pytest

from pyscript_replay import doctor

from ..runtime.stories import FIRST, PAGE

STATUSES = ("loading", "waiting", "running", "stopped", "failed")


def codes(**changes: object) -> list[str]:
    return [finding["code"] for finding in doctor.findings({**PAGE, **changes})]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ["mode", "recording"]),
        ({"sampled": False, "recording": False}, ["mode", "no-sample-rate", "not-recording"]),
        ({"recording": False}, ["mode", "not-recording"]),
        ({"recording": False, "reason": "config-refused"}, ["mode", "not-recording"]),
        ({"recording": False, "reason": "sampled-out"}, ["mode", "sampled-out"]),
        ({"recording": False, "reason": "targeted"}, ["mode", "targeted"]),
        ({"recording": False, "reason": "opted-out"}, ["mode", "opted-out"]),
        ({"recording": False, "reason": "capture-off"}, ["mode", "capture-off"]),
        ({"session_id": None, "recording": False}, ["mode", "no-session"]),
        ({"session_id": None, "recording": False, "off": "integrations"}, ["mode", "switched-off"]),
        ({"status": "waiting", "session_id": None, "recording": False}, ["waiting", "mode"]),
        ({"status": "failed", "session_id": None, "recording": False}, ["not-running", "mode"]),
        (
            {"status": "loading", "session_id": None, "recording": False, "off": "segment-deferred"},
            ["mode", "switched-off"],
        ),
        ({"status": "loading", "mode": "auto", "session_id": None, "recording": False}, ["not-running"]),
    ],
)
def test_findings(changes: dict, expected: list[str]) -> None:
    assert codes(**changes) == expected


def test_what_was_seen_is_said() -> None:
    finding = doctor.findings(PAGE)[-1]
    assert finding == {
        "level": "ok",
        "code": "recording",
        "message": f"recording session {FIRST} of device d",
        "fix": "",
    }


def test_whatever_the_page_is_like() -> None:
    """Never an exception, never the same finding twice; what is not right comes with a way out, and only that."""
    for status, mode, session_id, device_id, sampled, recording in product(
        STATUSES, ("actions", "auto"), (None, FIRST), (None, "d{0}"), (True, False), (True, False)
    ):
        page = {**PAGE, "status": status, "mode": mode, "session_id": session_id, "device_id": device_id}
        findings = doctor.findings({**page, "sampled": sampled, "recording": recording})
        found = [finding["code"] for finding in findings]
        assert len(set(found)) == len(found)
        for finding in findings:
            assert set(finding) == {"level", "code", "message", "fix"}
            assert finding["level"] in ("ok", "warning", "problem")
            assert (finding["level"] == "ok") == (finding["fix"] == "")
            assert finding["message"] and "{status}" not in finding["message"]


def test_a_sound_page_has_no_complaint() -> None:
    assert {finding["level"] for finding in doctor.findings(PAGE)} == {"ok"}


LISTENER = {"code": "listener", "message": "a listener of on_session failed", "fix": "Mend it."}


@pytest.mark.parametrize("status", STATUSES)
def test_errors_that_are_not_mended_are_found_in_every_status(status: str) -> None:
    findings = doctor.findings({**PAGE, "status": status, "errors": [LISTENER]})
    assert findings[0] == {"level": "problem", **LISTENER}
    assert "not-running" not in [finding["code"] for finding in findings]
