"""What is wrong with a page, and how to mend it: a snapshot of the page in, findings out.

Pure: the snapshot is plain data (see ``Replay.snapshot``), so the same rules serve the page and the tests.
"""

# What can be said before Python runs; the page's JavaScript says it (web/page/replay.js).
WAITING = {
    "level": "warning",
    "code": "waiting",
    "message": "nothing is recorded: there is no consent",
    "fix": "Call start() when there is.",
}
NOT_STARTED = {
    "level": "problem",
    "code": "not-running",
    "message": "Python has not started yet",
    "fix": "Ask again in a moment.",
}

# Why the SDK itself does not record a session: what it said, and what that means
REASONS = {
    "sampled-out": ("session {session_id} is not in the sample", "Set a higher sample rate, if that is not meant."),
    "opted-out": ("the SDK was told to opt out", "Take away the option optOut, if that is not meant."),
    "targeted": (
        "Amplitude's configuration records sessions under conditions, and none was met yet",
        "See the targeting conditions in Amplitude, if that is not meant.",
    ),
    "capture-off": ("Amplitude's configuration has capture switched off", "Switch it on in Amplitude's settings."),
}


def _says(reason: str) -> tuple:
    def applies(page: dict) -> bool:
        return page["session_id"] is not None and not page["recording"] and page["reason"] == reason

    seen, fix = REASONS[reason]
    return (reason, "warning", applies, seen, fix)


# code, level, when it applies, what was seen, the fix
RULES = (
    (
        WAITING["code"],
        WAITING["level"],
        lambda page: page["status"] == "waiting",
        WAITING["message"],
        WAITING["fix"],
    ),
    (
        "not-running",
        "problem",
        lambda page: page["status"] in ("loading", "stopped", "failed"),
        "the wiring is {status}",
        "Look at the pyscript-replay:error event, or call start().",
    ),
    (
        "mode",
        "ok",
        lambda page: page["mode"] != "auto",
        "the mode is {mode}: {why}",
        "",
    ),
    (
        "switched-off",
        "warning",
        lambda page: page["switched_off"],
        "Segment's integrations switch the destination off, so nothing is recorded",
        "If that is not meant, see the integrations that Segment is loaded with.",
    ),
    (
        "no-sample-rate",
        "warning",
        lambda page: not page["sampled"],
        "no sample rate is set; the SDK's own is 0",
        "Set data-sample-rate, or a sample rate in Amplitude's remote configuration.",
    ),
    (
        "no-session",
        "warning",
        lambda page: page["status"] == "running" and page["session_id"] is None and not page["switched_off"],
        "there is no session yet",
        "Track an event: Segment begins a session with the first one.",
    ),
    (
        "not-recording",
        "problem",
        lambda page: page["session_id"] is not None and not page["recording"] and page["reason"] not in REASONS,
        "session {session_id} of device {device_id} is not being recorded",
        "Check the API key, the sample rate and whether Session Replay is enabled for the project in Amplitude.",
    ),
    _says("capture-off"),
    _says("opted-out"),
    _says("sampled-out"),
    _says("targeted"),
    (
        "recording",
        "ok",
        lambda page: page["recording"],
        "recording session {session_id} of device {device_id}",
        "",
    ),
)


def findings(page: dict) -> "list[dict]":
    """The findings on a snapshot: ``dict``s with ``level``, ``code``, ``message`` and ``fix``.

    The levels are ``ok``, ``warning`` and ``problem``.
    """
    return [
        {"level": level, "code": code, "message": message.format(**page), "fix": fix}
        for code, level, applies, message, fix in RULES
        if applies(page)
    ]
