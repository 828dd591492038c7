"""What must hold on every Python, as literal tables: the unit tests and the suite of the runtimes read them alike.

MicroPython reads this file too.
"""

from pyscript_replay.session import (
    IDENTITY_CHANGED,
    NOT_LOOKED,
    OURS,
    RENEWED,
    RESUMED,
    RETURNED,
    STARTED,
    THEIRS,
    UNCHANGED,
)

MINUTE = 60 * 1000
FIRST = 1795433609897  # beyond 31 bits, as every id is
SECOND = FIRST + 31 * MINUTE
THIRD = SECOND + 31 * MINUTE
MAX = 9007199254740991

# What a cookie, a storage, an event or a query may hold, and the id in it.
PARSED = (
    (FIRST, FIRST),
    (1795433609897.0, FIRST),
    ("1795433609897", FIRST),
    ("1795433609897.0", FIRST),
    ("1795433609897.", FIRST),
    ("1795433609897.000", FIRST),
    (" 1795433609897 ", FIRST),
    ("\t1795433609897\r\n", FIRST),
    ('"1795433609897"', FIRST),
    ("'1795433609897'", FIRST),
    (' " 1795433609897 " ', FIRST),
    ("%221795433609897%22", FIRST),
    ("%271795433609897%27", FIRST),
    ("%201795433609897%20", FIRST),
    ("1795433609897%2E0", FIRST),
    ("1795433609897%2e0", FIRST),
    ("0001795433609897", FIRST),
    (" " * 51 + "1795433609897", FIRST),
    (1, 1),
    ("1", 1),
    (1.0, 1),
    (MAX, MAX),
    ("9007199254740991", MAX),
    (9007199254740991.0, MAX),
    # none
    (" " * 52 + "1795433609897", None),
    ("\u00a01795433609897", None),
    ("'\u00a01795433609897'", None),
    ("X1795433609897X", None),
    ("'1795433609897\"", None),
    ("X1795433609897", None),
    ("1795433609897.X", None),
    (MAX + 1, None),
    ("9007199254740992", None),
    (9007199254740992.0, None),
    ("99999999999999999999999999", None),
    (10**30, None),
    (1e300, None),
    (-1e300, None),
    (0, None),
    (0.0, None),
    (-0.0, None),
    ("0", None),
    ("000", None),
    ("0.0", None),
    (-1, None),
    (-1795433609897, None),
    ("-1795433609897", None),
    ("+1795433609897", None),
    (1795433609897.5, None),
    ("1795433609897.5", None),
    ("1795433609897.0.0", None),
    ("1795433609897.0e1", None),
    ("1.795433609897e12", None),
    ("1_795_433_609_897", None),
    ("1,795,433,609,897", None),
    ("17954 33609897", None),
    ("0x1a2", None),
    ("1795433609897n", None),
    ("\u0661\u0667\u0669", None),  # digits, but not ours
    ("\u00b2", None),
    ("", None),
    (" ", None),
    (".", None),
    (".0", None),
    ('"', None),
    ('""', None),
    ("\"1795433609897'", None),
    ("%22", None),
    ("%", None),
    ("abc", None),
    ("null", None),
    ("undefined", None),
    ("NaN", None),
    ("Infinity", None),
    ("true", None),
    ("1" * 100000, None),
    (float("nan"), None),
    (float("inf"), None),
    (float("-inf"), None),
    (True, None),
    (False, None),
    (None, None),
    (b"1795433609897", None),
    ([], None),
    ([FIRST], None),
    ({}, None),
    (len, None),
)

# Each line of a story is one look: (owner, stored, event, replay, expired, visitor changed), and what follows: (who
# leads, to store, to tell, reason).
STORIES = {
    "a first visit": (
        ((THEIRS, None, NOT_LOOKED, None, False, False), (None, None, None, UNCHANGED)),
        ((THEIRS, None, FIRST, None, False, False), (FIRST, FIRST, FIRST, STARTED)),
        ((THEIRS, FIRST, FIRST, FIRST, False, False), (FIRST, None, None, UNCHANGED)),
    ),
    "a reload": (
        ((THEIRS, FIRST, NOT_LOOKED, None, False, False), (FIRST, None, FIRST, RESUMED)),
        ((THEIRS, FIRST, FIRST, FIRST, False, False), (FIRST, None, None, UNCHANGED)),
    ),
    "a visit 31 minutes later": (
        ((THEIRS, FIRST, NOT_LOOKED, None, True, False), (None, None, None, UNCHANGED)),
        ((THEIRS, FIRST, SECOND, None, True, False), (SECOND, SECOND, SECOND, RENEWED)),
        ((THEIRS, SECOND, SECOND, SECOND, False, False), (SECOND, None, None, UNCHANGED)),
    ),
    "a stored session that seems over, but goes on": (
        ((THEIRS, FIRST, NOT_LOOKED, None, True, False), (None, None, None, UNCHANGED)),
        ((THEIRS, FIRST, FIRST, None, True, False), (FIRST, None, FIRST, RESUMED)),
    ),
    "a page left open for 31 minutes": (
        ((THEIRS, FIRST, NOT_LOOKED, FIRST, True, False), (FIRST, None, None, UNCHANGED)),
        ((THEIRS, SECOND, SECOND, FIRST, False, False), (SECOND, None, SECOND, RENEWED)),
    ),
    "another tab has moved on": (
        ((THEIRS, SECOND, NOT_LOOKED, FIRST, False, False), (SECOND, None, SECOND, RENEWED)),
        ((THEIRS, SECOND, FIRST, SECOND, False, False), (SECOND, None, None, UNCHANGED)),  # an event of before is late
    ),
    "the clock was put back, and the owner begins a session that is older": (
        ((THEIRS, FIRST, FIRST, SECOND, False, False), (FIRST, None, FIRST, RETURNED)),
        ((THEIRS, None, FIRST, SECOND, False, False), (FIRST, FIRST, FIRST, RETURNED)),
        ((THEIRS, THIRD, FIRST, SECOND, True, False), (FIRST, FIRST, FIRST, RETURNED)),
        ((THEIRS, NOT_LOOKED, FIRST, SECOND, False, False), (FIRST, None, FIRST, RETURNED)),
    ),
    "the clock was put back, and the session is ours": (
        ((OURS, FIRST, NOT_LOOKED, SECOND, False, False), (SECOND, SECOND, None, UNCHANGED)),
        ((OURS, FIRST, FIRST, SECOND, False, False), (SECOND, SECOND, None, UNCHANGED)),
        ((OURS, FIRST, NOT_LOOKED, SECOND, True, False), (SECOND, None, None, UNCHANGED)),
    ),
    "ours is renewed": (
        ((OURS, FIRST, SECOND, FIRST, True, False), (SECOND, SECOND, SECOND, RENEWED)),
        ((OURS, None, SECOND, FIRST, False, False), (SECOND, SECOND, SECOND, RENEWED)),
        ((OURS, FIRST, SECOND, FIRST, False, False), (SECOND, SECOND, SECOND, RENEWED)),
        ((OURS, FIRST, SECOND, None, False, False), (SECOND, SECOND, SECOND, RENEWED)),
    ),
    "storage is cleared": (
        ((THEIRS, None, NOT_LOOKED, FIRST, False, False), (FIRST, None, None, UNCHANGED)),
        ((THEIRS, None, None, FIRST, False, False), (FIRST, None, None, UNCHANGED)),
        ((THEIRS, None, SECOND, FIRST, False, False), (SECOND, SECOND, SECOND, RENEWED)),
    ),
    "storage cannot be read": (
        ((THEIRS, NOT_LOOKED, FIRST, None, False, False), (FIRST, None, FIRST, STARTED)),
        ((THEIRS, NOT_LOOKED, None, FIRST, False, False), (FIRST, None, None, UNCHANGED)),
        ((THEIRS, NOT_LOOKED, SECOND, FIRST, False, False), (SECOND, None, SECOND, RENEWED)),
    ),
    "reset(): another visitor in the same session": (
        ((THEIRS, FIRST, FIRST, FIRST, False, True), (FIRST, None, FIRST, IDENTITY_CHANGED)),
        ((THEIRS, FIRST, FIRST, FIRST, False, False), (FIRST, None, None, UNCHANGED)),
    ),
    "another visitor and a new session at once": (
        ((THEIRS, None, SECOND, FIRST, False, True), (SECOND, SECOND, SECOND, IDENTITY_CHANGED)),
    ),
    "another visitor before there is a session": (
        ((THEIRS, None, NOT_LOOKED, None, False, True), (None, None, None, UNCHANGED)),
        ((THEIRS, FIRST, NOT_LOOKED, None, True, True), (None, None, None, UNCHANGED)),
        ((THEIRS, FIRST, NOT_LOOKED, None, False, True), (FIRST, None, FIRST, RESUMED)),
        ((THEIRS, None, FIRST, None, False, True), (FIRST, FIRST, FIRST, STARTED)),
    ),
    "another visitor when the session is over": (
        ((THEIRS, FIRST, NOT_LOOKED, FIRST, True, True), (None, None, None, UNCHANGED)),
        ((OURS, FIRST, NOT_LOOKED, FIRST, True, True), (None, None, None, UNCHANGED)),
        ((THEIRS, FIRST, SECOND, FIRST, True, True), (SECOND, SECOND, SECOND, IDENTITY_CHANGED)),
    ),
}

# (last access, now, expired), with the default length of 30 minutes
EXPIRED = (
    (None, FIRST, True),
    (FIRST, FIRST, False),
    (FIRST, FIRST + 30 * MINUTE - 1, False),
    (FIRST, FIRST + 30 * MINUTE, True),
    (FIRST, SECOND, True),
    (SECOND, FIRST, False),  # the clock was put back
)

# device id: the first character that is not accepted, and its position; None where all are
DEVICES = (
    ("6f1c2f2e-9a1b-4c61-8f3e-0d1a2b3c4d5e", None),
    ("a.b|c@d:e=f_G-9", None),
    ("ab/cd/ef", ("/", 3)),
    ("/", ("/", 1)),
    ("a b", (" ", 2)),
    ("gr\u00fcn", ("\u00fc", 3)),
    ("x\n", ("\n", 2)),
    ("\U0001f600", ("\U0001f600", 1)),
    ("", ("", 0)),
    (None, ("", 0)),
    (42, ("", 0)),
)

# a tag's attributes, and what they mean: some of the options, or the code of the error and a word of it
ATTRIBUTES = (
    ({"api-key": "k"}, {"api_key": "k", "mode": "auto", "sample_rate": None, "hold_ms": 2000}),
    ({"api-key": "k", "mode": "actions"}, {"mode": "actions"}),
    ({"api-key": "k", "sample-rate": "1"}, {"sample_rate": 1.0}),
    ({"api-key": "k", "sample-rate": "0.25"}, {"sample_rate": 0.25}),
    ({"api-key": "k", "hold-ms": "0"}, {"hold_ms": 0}),
    ({"api-key": "k", "options": '{"userProperties": {"since": 1795433609897}}'},
     {"options": {"userProperties": {"since": FIRST}}}),
    ({"api-key": "k", "cfasync": "false", "turbo-track": "reload", "ot-ignore": ""}, {"api_key": "k"}),
    ({}, ("option-missing", "data-api-key is missing")),
    ({"api-key": " "}, ("option-value", "data-api-key")),
    ({"api-key": "k", "smaple-rate": "1", "name": "x", "TYPE": "", "": ""}, {"sample_rate": None}),  # other people's
    ({"api-key": "k", "options": '{"privacyconfig": {"blockSelector": ".secret"}}'}, ("option-value", "privacyConfig")),
    ({"api-key": "k", "options": '{"privacyConfig": {"defaultMaskLevel": "strikt"}}'}, ("option-value", "light")),
    ({"api-key": "k", "options": '{"privacyConfig": {"maskSelector": [""]}}'}, ("option-value", "CSS selector")),
    ({"api-key": "k", "options": '{"smapleRate": 1}'}, {"options": {"smapleRate": 1}}),
    ({"api-key": "k", "mode": "Actions"}, ("option-value", "nearest: actions")),
    ({"api-key": "k", "mode": "device"}, ("option-value", "data-mode")),
    ({"api-key": "k", "server-zone": "eu"}, ("option-value", "nearest: EU")),
    ({"api-key": "k", "sample-rate": ""}, ("option-value", "data-sample-rate")),
    ({"api-key": "k", "sample-rate": "all"}, ("option-value", "data-sample-rate")),
    ({"api-key": "k", "sample-rate": "1.01"}, ("option-value", "data-sample-rate")),
    ({"api-key": "k", "sample-rate": "-0.1"}, ("option-value", "data-sample-rate")),
    ({"api-key": "k", "sample-rate": "nan"}, ("option-value", "data-sample-rate")),
    ({"api-key": "k", "sample-rate": "inf"}, ("option-value", "data-sample-rate")),
    ({"api-key": "k", "hold-ms": "2s"}, ("option-value", "data-hold-ms")),
    ({"api-key": "k", "hold-ms": "-1"}, ("option-value", "data-hold-ms")),
    ({"api-key": "k", "hold-ms": "1.5"}, ("option-value", "data-hold-ms")),
    ({"api-key": "k", "hold-ms": "nan"}, ("option-value", "data-hold-ms")),
    ({"api-key": "k", "hold-ms": "inf"}, ("option-value", "data-hold-ms")),
    ({"api-key": "k", "options": ""}, ("option-value", "data-options")),
    ({"api-key": "k", "options": "{"}, ("option-value", "data-options")),
    ({"api-key": "k", "options": "[]"}, ("option-value", "data-options")),
    ({"api-key": "k", "options": "1"}, ("option-value", "data-options")),
    ({"api-key": "k", "options": "null"}, ("option-value", "data-options")),
    ({"api-key": "k", "options": '{"sessionId": 1}'}, ("option-value", "sessionId")),
    ({"api-key": "k", "segment-options": "{'a': 1}"}, ("option-value", "data-segment-options")),
    ({"api-key": "k", "amplitude-options": "true"}, ("option-value", "data-amplitude-options")),
    ({"api-key": "k", "replay-url": "https://a.example/{deviceId}?s={sessionId}"}, {"amplitude_org": None}),
    ({"api-key": "k", "amplitude-org": "acme", "amplitude-project": "7"}, {"amplitude_project": "7"}),
    ({"api-key": "k", "amplitude-org": "acme"}, ("option-missing", "data-amplitude-project")),
    ({"api-key": "k", "amplitude-project": "7"}, ("option-missing", "data-amplitude-org")),
    ({"api-key": "k", "replay-url-property": "Replay"}, ("option-missing", "data-replay-url or data-amplitude-org")),
    ({"api-key": "k", "amplitude-org": "a/b", "amplitude-project": "7"}, ("option-value", "data-amplitude-org")),
    ({"api-key": "k", "replay-url": "https://a.example/"}, ("option-value", "data-replay-url")),
    ({"api-key": "k", "replay-url": "https://a.example/{replayId}?{user}"}, ("option-value", "data-replay-url")),
    ({"api-key": "k", "replay-url": "https://a.example/{sessionId}"}, ("option-value", "data-replay-url")),
    ({"api-key": "k", "replay-url": "javascript:alert('{replayId}')"}, ("option-value", "data-replay-url")),
)  # fmt: skip

# keywords of connect(), likewise
KEYWORDS = (
    ({"api_key": "k", "mode": "actions"}, {"analytics": "analytics", "consent": "granted", "server_zone": "US"}),
    ({"api_key": "k", "sample_rate": 1}, {"sample_rate": 1}),
    ({"api_key": "k", "sample_rate": None}, {"sample_rate": None}),
    ({}, ("option-missing", "api_key is missing")),
    ({"api_key": None}, ("option-missing", "api_key is missing")),
    ({"api_key": 5}, ("option-value", "api_key")),
    ({"apikey": "k"}, ("option-unknown", "api_key")),
    ({"api_key": "k", "sampleRate": 1}, ("option-unknown", "sample_rate")),
    ({"api_key": "k", "hold_ms": 100}, ("option-unknown", "hold_ms")),  # the loader's
    ({"api_key": "k", "sample_rate": True}, ("option-value", "sample_rate")),
    ({"api_key": "k", "sample_rate": "1"}, ("option-value", "sample_rate")),
    ({"api_key": "k", "sample_rate": 2}, ("option-value", "sample_rate")),
    ({"api_key": "k", "sample_rate": float("nan")}, ("option-value", "sample_rate")),
    ({"api_key": "k", "sample_rate": float("inf")}, ("option-value", "sample_rate")),
    ({"api_key": "k", "on_sesion": len}, ("option-unknown", "on_session")),
    ({"api_key": "k", "options": {"optout": True}}, ("option-value", "optOut")),
    ({"api_key": "k", "amplitude_options": {"privacyConfig": {}}}, ("option-value", "privacyConfig")),
    ({"api_key": "k", "analytics": ""}, ("option-value", "analytics")),
    ({"api_key": "k", "analytics": 5}, ("option-value", "analytics")),
    ({"api_key": "k", "analytics": {}}, ("option-value", "analytics")),
    ({"api_key": "k", "mode": ["actions"]}, ("option-value", "mode")),
    ({"api_key": "k", "mode": {}}, ("option-value", "mode")),
    ({"api_key": "k", "options": []}, ("option-value", "options")),
    ({"api_key": "k", "options": "{}"}, ("option-value", "options")),
    ({"api_key": "k", "options": {"deviceId": "d"}}, ("option-value", "deviceId")),
)  # fmt: skip

# (last access, now, over), for a session of ours
OUTLIVED = (
    (None, FIRST, True),
    (FIRST, FIRST + 30 * MINUTE - 1, False),
    (FIRST, FIRST + 30 * MINUTE, True),
    (FIRST, FIRST - 29 * MINUTE, False),  # the clock was put back a little
    (SECOND, FIRST, True),  # and by more than a session's length
)

# what the doctor is shown of a sound page
EVENT = {
    "name": "Bought",
    "type": "track",
    "session_id": FIRST,
    "replay_id": f"d/{FIRST}",
    "device_id": "d",
    "allowed": True,
}
UPLOAD = {"status": 200, "skipped": "", "device_id": "d", "session_id": FIRST}
PAGE = {
    "status": "running",
    "errors": [],
    "mode": "actions",
    "why": "it was set",
    "applying": ["actions"],
    "off": None,
    "tags": 1,
    "recorders": 1,
    "segment": "1.84.3",
    "plugins": ["Segment.io", "Actions Amplitude"],
    "subscriptions": ["track", "page", "identify"],
    "api_key": "local",
    "zone": "US",
    "sample_rate": 1,
    "reason": None,
    "config": {"status": 200, "present": True},
    "recording": True,
    "recorded_ms": 60000,
    "masking": "medium",
    "session_id": FIRST,
    "device_id": "d",
    "sdk": {"session_id": FIRST, "device_id": "d"},
    "stored": FIRST,
    "expired": False,
    "events": [EVENT],
    "planned": [],
    "uploads": [UPLOAD],
}
SOUND = ["mode", "recording", "masking", "uploaded", "matched"]
