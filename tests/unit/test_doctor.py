"""The doctor: evidence in, findings out."""

import copy
import random
from pathlib import Path

import pytest

from pyscript_replay import doctor, reach, source

from ..runtime.stories import EVENT, PAGE, SECOND, SOUND, UPLOAD

UNRECORDED = {"recording": False, "recorded_ms": 0, "events": [], "uploads": []}
REFUSED = {"status": 403, "present": False}
NO_EVENT = {"session_id": None, **UNRECORDED}
LOST = {"status": 0, "present": False, "host": "cfg.test", "directive": "connect-src"}


def event(**changes: object) -> dict:
    return {**EVENT, **changes}


def upload(**changes: object) -> dict:
    return {**UPLOAD, **changes}


NO_SESSION = {"session_id": None, **UNRECORDED, "events": [event(session_id=None)]}


def found(**changes: object) -> list[dict]:
    """What is found on a sound page with these changes, but for what is well."""
    return [each for each in doctor.findings({**PAGE, **changes}) if each["level"] != "ok"]


def test_a_sound_page() -> None:
    findings = doctor.findings(PAGE)
    assert [each["code"] for each in findings] == SOUND
    assert {each["level"] for each in findings} == {"ok"}
    assert {each["stage"] for each in findings} == {"captured", "masked", "uploaded", "matched"}


FAULTS: dict[str, tuple[dict, str]] = {
    "no consent yet": ({"status": "waiting", "session_id": None, **UNRECORDED}, "waiting"),
    "asked too early": ({"status": "loading", "session_id": None, "awaited": "Segment", **UNRECORDED}, "loading"),
    "opted out": ({"status": "stopped", "session_id": None, **UNRECORDED}, "stopped"),
    "failed without a reason": ({"status": "failed", "session_id": None, **UNRECORDED}, "not-running"),
    "consent refused": (
        {"session_id": None, "off": "consent-refused", **UNRECORDED},
        "switched-off",
    ),
    "prerendered": ({"status": "loading", "session_id": None, "hidden": True, **UNRECORDED}, "loading"),
    "the mode of another destination": (
        {"mode": "actions", "applying": ["classic-cloud"], "subscriptions": None, "session_id": None, **UNRECORDED},
        "mode-wrong",
    ),
    "the mode of another destination than these two": (
        {"mode": "classic-device", "applying": ["classic-cloud", "actions"], "session_id": None, **UNRECORDED},
        "mode-wrong",
    ),
    "two destinations": ({"applying": ["actions", "classic-device"]}, "modes-mixed"),
    "no destination": (
        {"applying": [], "subscriptions": None, "session_id": None, **UNRECORDED, "events": [event(session_id=None)]},
        "destination-missing",
    ),
    "the plugin is blocked": (
        {"plugins": ["Segment.io"], "session_id": None, **UNRECORDED, "events": [event(session_id=None)]},
        "plugin-blocked",
    ),
    "the subscription is off": (
        {
            "plugins": ["Segment.io"],
            "subscriptions": [],
            "session_id": None,
            **UNRECORDED,
            "events": [event(session_id=None)],
        },
        "subscription-off",
    ),
    "the subscription leaves out this type": (
        {"subscriptions": ["page"], "session_id": None, **UNRECORDED, "events": [event(session_id=None)]},
        "subscription-off",
    ),
    "the subscription leaves out several types": (
        {
            "subscriptions": ["page", "group"],
            "session_id": None,
            **UNRECORDED,
            "events": [event(session_id=None), event(session_id=None, type="identify")],
        },
        "subscription-off",
    ),
    "the subscription is off, and there was no event": (
        {"subscriptions": [], "session_id": None, **UNRECORDED},
        "subscription-off",
    ),
    "the plugin has failed, and the last event has no name": (
        {
            "session_id": None,
            **UNRECORDED,
            "events": [
                event(session_id=None, name=name, type="track" if name else "page") for name in ("One", "Two", None)
            ],
        },
        "no-session",
    ),
    "the plugin has failed": (
        {"session_id": None, **UNRECORDED, "events": [event(session_id=None, replay_id=None)] * 2},
        "no-session",
    ),
    "no event yet": ({"session_id": None, "stored": None, **UNRECORDED}, "no-event"),
    "two tags": ({"tags": 2}, "tag-twice"),
    "two copies of the SDK": ({"recorders": 2}, "recorder-twice"),
    "an old snippet": ({"segment": "1.40.2"}, "segment-old"),
    "analytics.js": ({"segment": "4.1.8"}, "segment-old"),
    "another project's key": ({"settings_api_key": "another"}, "api-key-differs"),
    "the other continent": ({"settings_zone": "EU"}, "zone-differs"),
    "configuration refused": ({**UNRECORDED, "config": REFUSED}, "config-refused"),
    "configuration forbidden by the policy": (
        {**UNRECORDED, "config": {**LOST, "cause": "policy"}},
        "config-unreachable",
    ),
    "configuration forbidden by another directive": (
        {**UNRECORDED, "config": {**LOST, "cause": "policy", "directive": "default-src"}},
        "config-unreachable",
    ),
    "configuration without Session Replay": (
        {**UNRECORDED, "config": {"status": 200, "present": False}, "reason": "config-empty"},
        "config-empty",
    ),
    "sample rate 0": ({**UNRECORDED, "sample_rate": 0, "reason": "sampled-out"}, "no-sample-rate"),
    "not in the sample": ({**UNRECORDED, "sample_rate": 0.5, "reason": "sampled-out"}, "sampled-out"),
    "capture is off": ({**UNRECORDED, "reason": "capture-off"}, "capture-off"),
    "targeted": ({**UNRECORDED, "reason": "targeted"}, "targeted"),
    "the SDK was told to opt out": ({**UNRECORDED, "reason": "opted-out"}, "opted-out"),
    "not recorded, and nobody knows why": ({**UNRECORDED}, "not-recording"),
    "not recorded, for what was told": (
        {**UNRECORDED, "errors": [{"code": "sdk-load", "message": "seen", "fix": "mend"}]},
        "not-recording",
    ),
    "masking is light": ({"masking": "light"}, "masking-light"),
    "upload refused": ({"uploads": [upload(), upload(status=403)]}, "upload-refused"),
    "upload blocked": ({"uploads": [upload(status=0, host="up.test", cause="blocked")]}, "upload-unreachable"),
    "quota used up": ({"uploads": [upload(skipped="4004")]}, "upload-skipped"),
    "nothing uploaded": ({"uploads": []}, "nothing-uploaded"),
    "the event names another session": ({"events": [event(session_id=SECOND)], "stored": SECOND}, "session-differs"),
    "the event names another device": ({"events": [event(device_id="e")]}, "device-differs"),
    "an event has a device of its own": ({"other_device": "e"}, "other-device"),
    "uploaded under another id": ({"uploads": [upload(device_id="old")]}, "replay-not-uploaded"),
    "no replay id on events": ({"events": [event(replay_id=None)]}, "replay-id-missing"),
    "another id in the cookie": ({"stored": SECOND}, "cookie-differs"),
    "the SDK goes its own way": ({"sdk": {"session_id": SECOND, "device_id": "d"}}, "sdk-differs"),
    "not in the tracking plan": ({"planned": ["Bought"]}, "tracking-plan"),
    "an old session": ({"session_id": None, "expired": True, **UNRECORDED, "events": None}, "expired"),
}


@pytest.mark.parametrize(("changes", "code"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_named_by_its_cause(changes: dict, code: str) -> None:
    findings = found(**changes)
    assert code in [each["code"] for each in findings], findings
    others = {each["code"] for each in findings} - {code}
    assert others <= AND_ALSO.get(code, set()), findings


SAID = Path(__file__).with_name("findings.txt")


def said() -> str:
    """Word for word, to be read; written anew by ``python -m tests.unit.test_doctor``."""
    lines = ["# What the doctor says of each fault of tests/unit/test_doctor.py"]
    for name, (changes, _) in FAULTS.items():
        lines += ["", f"## {name}", ""]
        for each in doctor.findings({**PAGE, **changes}):
            lines.append(f"{each['level']} {each['code']}: {each['message']} {each['evidence']}")
            lines += [f"    {each['why']} {each['fix']}"] if each["level"] != "ok" else []
    return "\n".join(lines) + "\n"


def test_what_is_said_of_each_fault() -> None:
    assert said() == SAID.read_text("utf-8")


# what is true besides, and said
AND_ALSO = {
    "mode-wrong": {"modes-mixed"},
    "not-recording": {"sdk-load"},
    "loading": {"hidden"},
    "no-sample-rate": {"sampled-out"},
    "config-refused": {"not-recording"},
    "config-unreachable": {"not-recording"},
    "config-empty": {"not-recording"},
}


def test_every_rule_has_its_fault() -> None:
    well = {rule.code for rule in doctor.RULES if rule.level == "ok"}
    assert {code for _, code in FAULTS.values()} | {"hidden"} == {rule.code for rule in doctor.RULES} - well


def test_codes_are_named_once_and_levels_and_stages_are_known() -> None:
    codes = [rule.code for rule in doctor.RULES]
    assert len(set(codes)) == len(codes)
    assert {rule.level for rule in doctor.RULES} == set(doctor.LEVELS)
    assert {rule.stage for rule in doctor.RULES} == set(doctor.STAGES)
    for rule in doctor.RULES:
        assert bool(rule.why and rule.fix) == (rule.level != "ok"), rule.code


def test_a_sample_rate_that_is_not_known_is_not_0() -> None:
    assert "no-sample-rate" not in [each["code"] for each in found(**UNRECORDED, sample_rate=None)]


@pytest.mark.parametrize(
    ("cause", "message", "fix"),
    [
        ("policy", "the page's policy forbids cfg.test by connect-src", "Add cfg.test to connect-src"),
        ("offline", "the browser is offline", "when it is online"),
        ("cors", "cfg.test does not allow this page's origin (CORS)", "Access-Control-Allow-Origin"),
        ("timeout", "cfg.test did not answer in time", "network tab"),
        ("blocked", "as when an ad blocker keeps it away", "without extensions"),
        ("unheard of", "as when an ad blocker keeps it away", "without extensions"),
        (None, "as when an ad blocker keeps it away", "without extensions"),
    ],
)
def test_why_a_request_came_to_nothing(cause: str | None, message: str, fix: str) -> None:
    finding, _ = found(**UNRECORDED, config={**LOST, "cause": cause})
    assert message in finding["message"]
    assert fix in finding["fix"]


def test_a_request_whose_address_nobody_knows() -> None:
    finding, _ = found(**UNRECORDED, config={"status": 0, "present": False, "cause": "policy"})
    assert "the page's policy forbids Amplitude's address by connect-src" in finding["message"]


def test_what_the_page_was_told_comes_first() -> None:
    error = {"code": "segment-load", "message": "Segment could not be loaded", "fix": "See what blocks it."}
    findings = doctor.findings({**PAGE, "errors": [error]})
    assert [each["code"] for each in findings] == ["segment-load", *SOUND]
    assert findings[0] == {
        **error,
        "level": "problem",
        "stage": "captured",
        "evidence": {},
        "why": "Nothing can be played back.",
        "docs": "reference/errors/#segment-load",
    }


@pytest.mark.parametrize(
    ("error", "changes", "code"),
    [
        ("upload-refused", {"uploads": [upload(status=403)]}, "upload-refused"),
        ("upload-refused", {"uploads": [upload(status=0, cause="offline")]}, "upload-unreachable"),
        ("recording-not-begun", {**UNRECORDED, "config": REFUSED}, "config-refused"),
        ("recording-not-begun", UNRECORDED, "recording-not-begun"),
    ],
)
def test_an_error_of_which_a_rule_knows_more_is_said_once(error: str, changes: dict, code: str) -> None:
    told = {"code": error, "message": "seen", "fix": "mend"}
    codes = [each["code"] for each in found(errors=[told], status="failed", **changes)]
    assert [each for each in codes if each != "not-recording"] == [code]


def test_a_finding_says_what_was_seen_why_it_matters_and_where_to_read_on() -> None:
    (finding,) = found(settings_api_key="another")
    assert finding == {
        "level": "problem",
        "code": "api-key-differs",
        "stage": "matched",
        "message": "replay has the API key local, Segment sends to another",
        "evidence": {"one": "local", "other": "another"},
        "why": "Replays and events arrive in different projects.",
        "fix": "Set data-api-key to the one that is saved in Segment.",
        "docs": "reference/findings/#api-key-differs",
    }


REASONS = (
    *(reach.SEGMENT_DEFERRED, reach.SEGMENT_DISABLED, reach.INTEGRATIONS, reach.OPTED_OUT),
    *(reach.CONSENT_UNKNOWN, reach.CONSENT_REFUSED, reach.NOT_LOADED),
)


@pytest.mark.parametrize("reason", REASONS)
def test_being_off_has_a_reason_and_a_fix(reason: str) -> None:
    (finding,) = found(session_id=None, off=reason, **UNRECORDED)
    assert finding["code"] == "switched-off"
    assert finding["message"].startswith("nothing is recorded: ")
    assert finding["fix"].endswith(".")


def test_events_of_before_the_recording_raise_no_alarm_when_later_ones_are_marked() -> None:
    assert found(events=[event(name="early", replay_id=None), EVENT]) == []


def test_another_tab_that_has_moved_on_raises_no_alarm() -> None:
    """The stored session is newer than the last event here; replay has followed it."""
    upload_of_both = [UPLOAD, upload(session_id=SECOND)]
    sdk = {"session_id": SECOND, "device_id": "d"}
    assert found(stored=SECOND, session_id=SECOND, sdk=sdk, uploads=upload_of_both) == []


def test_a_refused_upload_that_is_followed_by_one_that_was_taken_is_past() -> None:
    assert found(uploads=[upload(status=503), UPLOAD]) == []


def test_what_nobody_has_looked_at_raises_no_alarm() -> None:
    """Whatever is left out of a sound page's evidence, nothing is wrong with it; and no rule stumbles."""
    dice = random.Random(5)
    for _ in range(2000):
        evidence = {key: copy.copy(value) for key, value in PAGE.items() if dice.random() < 0.5}
        assert [each for each in doctor.findings(evidence) if each["level"] == "problem"] == [], evidence


def test_whatever_the_evidence_is() -> None:
    """Two faults at a time: never an exception, never the same finding twice, always the same keys."""
    for one, _ in FAULTS.values():
        for other, _ in FAULTS.values():
            findings = doctor.findings({**PAGE, **one, **other})
            codes = [each["code"] for each in findings]
            assert len(set(codes)) == len(codes)
            for each in findings:
                assert set(each) == {"level", "code", "stage", "message", "evidence", "why", "fix", "docs"}
                assert "{" not in each["message"] + each["fix"]


SETTINGS = {
    "integrations": {"Amplitude (Actions)": {"apiKey": "key", "endpoint": "europe"}},
    "plan": {"track": {"__default": {"enabled": True}, "Spam": {"enabled": False}}},
    "remotePlugins": [
        {
            "name": "Amplitude (Actions)",
            "settings": {
                "subscriptions": [
                    {"partnerAction": "sessionId", "enabled": True, "subscribe": 'type = "track" or type = "page"'},
                    {"partnerAction": "sessionId", "enabled": False, "subscribe": 'type = "identify"'},
                    {"partnerAction": "other", "enabled": True, "subscribe": 'type = "group"'},
                ]
            },
        }
    ],
}


def test_what_segments_settings_say() -> None:
    assert source.evidence(SETTINGS) == {
        "planned": ["Spam"],
        "settings_api_key": "key",
        "settings_zone": "EU",
        "subscriptions": ["track", "page"],
    }


@pytest.mark.parametrize("settings", [{}, {"integrations": None}, {"remotePlugins": [], "plan": {"track": None}}])
def test_settings_that_say_nothing(settings: dict) -> None:
    assert source.evidence(settings) == {"planned": []}


def test_keys_that_differ_between_destinations_say_nothing() -> None:
    both = {"integrations": {"Amplitude": {"apiKey": "a"}, "Actions Amplitude": {"apiKey": "b"}}}
    assert source.api_key(both) is None


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"uploads": [], "recorded_ms": 14_999}, ["mode", "recording", "masking", "upload-awaited"]),
        ({"uploads": [], "recorded_ms": None}, ["mode", "recording", "masking", "upload-awaited"]),
        ({"events": [event(allowed=False, session_id=SECOND)]}, ["mode", "recording", "masking", "uploaded"]),
        ({"events": [event(name=None, replay_id=None, type="page")]}, ["replay-id-missing"]),
        ({"events": [event(name=None, session_id=SECOND)]}, ["session-differs"]),
        ({"events": [event(type="identify", replay_id=None)]}, ["mode", "recording", "masking", "uploaded"]),
        ({"plugins": ["Amplitude (Actions) sessionId"]}, SOUND),
        ({"segment": "1.46.0"}, SOUND),
        ({"segment": "1.45.9"}, ["segment-old"]),
        ({"segment": "next"}, ["segment-old"]),
        ({"segment": "1.84.3-rc.1"}, SOUND),
        ({"mode": "auto", "applying": ["actions"]}, SOUND[1:]),
        ({"uploads": [upload(device_id="old")], "recorded_ms": 14_999}, SOUND[:-1]),
        ({"uploads": [UPLOAD, upload(status=0, cause="offline")]}, ["upload-unreachable"]),
        ({"uploads": [], "recorded_ms": 15_000}, ["nothing-uploaded"]),
        ({"off": "opted-out", **UNRECORDED}, ["switched-off"]),
        ({**UNRECORDED, "config": {"status": 300, "present": True}}, ["config-refused", "not-recording"]),
        ({**UNRECORDED, "config": {"status": 300, "present": False}}, ["config-refused", "not-recording"]),
        ({**UNRECORDED, "config": {"status": 299, "present": False}}, ["config-empty", "not-recording"]),
        ({"session_id": None, "off": "opted-out", **UNRECORDED}, ["switched-off"]),
        ({"segment": "1.46-rc.1"}, ["segment-old"]),
        ({"segment": "1.46.0-rc"}, SOUND),
        ({"reason": "targeted"}, SOUND),
        ({"off": "unheard of"}, SOUND),
        # what is known already is not said again
        ({"applying": [], "off": "integrations"}, ["switched-off"]),
        ({"plugins": ["Segment.io"], "off": "integrations"}, ["switched-off"]),
        ({"plugins": ["Segment.io"], "subscriptions": ["page"], **NO_SESSION}, ["plugin-blocked"]),
        ({"off": "integrations", **NO_SESSION}, ["switched-off"]),
        ({"applying": ["classic-cloud"], "subscriptions": None, **NO_SESSION}, ["mode-wrong"]),
        ({"applying": [], **NO_EVENT}, ["destination-missing"]),
        ({"plugins": ["Segment.io"], **NO_EVENT}, ["plugin-blocked"]),
        ({"off": "integrations", **NO_EVENT}, ["switched-off"]),
        ({"errors": [{"code": "internal", "message": "", "fix": ""}], **NO_EVENT}, ["internal"]),
        *(({**UNRECORDED, "status": status}, [status]) for status in ("loading", "waiting", "stopped")),
        ({**UNRECORDED, "uploads": [upload(status=403)]}, ["upload-refused"]),
        ({**UNRECORDED, "uploads": [upload(status=0)]}, ["upload-unreachable"]),
        ({**UNRECORDED, "uploads": [upload(skipped="4004")]}, ["upload-skipped"]),
        ({"events": [event(replay_id=None)], "other_device": "e"}, ["other-device"]),
        # of several uploads and events
        ({"uploads": [upload(device_id="old"), upload(status=403)]}, ["upload-refused"]),
        ({"uploads": [upload(device_id="old"), upload(status=0)]}, ["upload-unreachable"]),
        ({"uploads": [upload(device_id="old")], "recorded_ms": 15_000}, ["replay-not-uploaded"]),
    ],
)
def test_where_a_rule_ends(changes: dict, codes: list[str]) -> None:
    findings = doctor.findings({**PAGE, **changes})
    if set(codes) <= set(SOUND) | {"upload-awaited"}:  # all is well, and just so much is said
        assert [each["code"] for each in findings] == codes
    else:
        assert [each["code"] for each in findings if each["level"] != "ok"] == codes


def test_two_replays_of_which_one_was_not_uploaded_do_not_match() -> None:
    both = [event(session_id=SECOND, replay_id=f"d/{SECOND}"), EVENT]
    codes = [each["code"] for each in doctor.findings({**PAGE, "events": both})]
    assert codes == ["mode", "recording", "masking", "uploaded", "replay-not-uploaded"]


def test_only_uploads_that_were_taken_are_counted() -> None:
    uploads = [upload(status=300), upload(status=299), UPLOAD]
    (uploaded,) = [each for each in doctor.findings({**PAGE, "uploads": uploads}) if each["code"] == "uploaded"]
    assert uploaded["message"] == "Amplitude has taken 2 uploads"


def test_an_upload_that_was_skipped_is_the_last_word() -> None:
    codes = [each["code"] for each in doctor.findings({**PAGE, "uploads": [UPLOAD, upload(skipped="4004")]})]
    assert "upload-skipped" in codes and "uploaded" not in codes


if __name__ == "__main__":
    SAID.write_text(said(), "utf-8")
