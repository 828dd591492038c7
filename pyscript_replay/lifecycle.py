"""The life cycle of a page's recording: in which state it is, and what follows when something happens.

Pure: a literal table. The page's JavaScript is there before Python is (it may have to wait for a consent, or Python may
never come), so the state itself lives in ``web/page/lifecycle.js``, which the build gives this very table. What happens
is told there; the effects that follow are carried out by whoever can: the loader, Segment's half, or ``replay.py``.

A happening that has no row in a state changes nothing.
"""

from collections import namedtuple

NEW = "new"  # the script tag runs, or connect() was called
ASKED = "asked"  # likewise; start() was called even before
PRERENDERED = "prerendered"  # the page is being prepared by the browser; nobody looks at it yet
WAITING = "waiting"  # for the visitor's consent
LOADING = "loading"  # Python, the SDKs and Segment are on their way
BEGINNING = "beginning"  # wired; it is not known yet whether the first recording runs
RUNNING = "running"  # wired, and nothing is known to be wrong
UNRECORDED = "unrecorded"  # wired, but what should be recorded is not, or does not arrive
OFF = "off"  # the visitor may not reach Amplitude (reach.py): nothing is recorded, and nothing is wrong
STOPPED = "stopped"  # the visitor has opted out
FAILED = "failed"  # not wired; start() tries again

SHOWN = {
    NEW: "loading",
    ASKED: "loading",
    PRERENDERED: "loading",
    WAITING: "waiting",
    LOADING: "loading",
    BEGINNING: "loading",
    RUNNING: "running",
    UNRECORDED: "failed",
    OFF: "running",
    STOPPED: "stopped",
    FAILED: "failed",
}
"""State: the ``status`` that a page is shown."""

LIVE = (BEGINNING, RUNNING, UNRECORDED, OFF)
"""The states in which events are looked at."""

# What happens.
GRANTED = "granted"  # the options ask for no consent
CONSENT_AWAITED = "consent-awaited"  # they do
OPTED_OUT = "opted-out"  # the visitor has opted out on an earlier page
PRERENDERING = "prerendering"  # the browser prepares the page
REFUSED = "refused"  # an option is wrong
DISPLAYED = "displayed"  # a prerendered page is shown at last
START = "start"  # start() was called
STOP = "stop"  # stop() was called, here or in another tab
WIRED = "wired"  # Segment and the SDK are there, and connected
WIRING_FAILED = "wiring-failed"
RECORDED = "recorded"  # a full snapshot of the present session was taken, or an upload got through again
NOTHING_DUE = "nothing-due"  # there is nothing to record: no session yet, not sampled
SWITCHED_OFF = "switched-off"  # it was seen that the visitor may not reach Amplitude, or may not for another reason
SWITCHED_ON = "switched-on"  # they may again
NOT_RECORDED = "not-recorded"  # what should be recorded is not: it has not begun, or its uploads are refused
BACK = "back"  # the page was hidden, frozen or in the back/forward cache, and is back

MEANT = ("sampled-out", "opted-out", "targeted", "capture-off")
"""Why nothing is due although there is a session: reasons that the SDK gives, and rightly does not record."""

# What follows.
LOAD = "load"  # fetch and boot what is needed, then wire
RELEASE = "release"  # let Segment's events go
BEGIN = "begin"  # see where the session stands, and record it
LOOK = "look"  # the same, later
END = "end"  # end the recording, and forget what was stored for it; while off, nothing more is uploaded
OPT_OUT = "opt-out"  # remember the choice, over reloads
OPT_IN = "opt-in"

Step = namedtuple("Step", ("state", "effects"))

TRANSITIONS = {
    (NEW, GRANTED): Step(LOADING, (LOAD,)),
    (NEW, CONSENT_AWAITED): Step(WAITING, ()),
    (NEW, OPTED_OUT): Step(STOPPED, (RELEASE,)),
    (NEW, START): Step(ASKED, (OPT_IN,)),
    (NEW, STOP): Step(STOPPED, (OPT_OUT,)),
    (NEW, PRERENDERING): Step(PRERENDERED, ()),
    (NEW, REFUSED): Step(FAILED, ()),
    (ASKED, GRANTED): Step(LOADING, (LOAD,)),
    (ASKED, STOP): Step(STOPPED, (OPT_OUT,)),
    (ASKED, REFUSED): Step(FAILED, ()),
    (PRERENDERED, DISPLAYED): Step(NEW, ()),
    (PRERENDERED, STOP): Step(STOPPED, (OPT_OUT, RELEASE)),
    (WAITING, START): Step(LOADING, (OPT_IN, LOAD)),
    (WAITING, STOP): Step(STOPPED, (OPT_OUT,)),
    (LOADING, WIRED): Step(BEGINNING, (RELEASE, BEGIN)),
    (LOADING, SWITCHED_OFF): Step(OFF, (RELEASE,)),
    (LOADING, WIRING_FAILED): Step(FAILED, (RELEASE,)),
    (LOADING, STOP): Step(STOPPED, (OPT_OUT, RELEASE, END)),
    (BEGINNING, RECORDED): Step(RUNNING, ()),
    (BEGINNING, NOTHING_DUE): Step(RUNNING, ()),
    (BEGINNING, NOT_RECORDED): Step(UNRECORDED, ()),
    (BEGINNING, SWITCHED_OFF): Step(OFF, (END,)),
    (BEGINNING, STOP): Step(STOPPED, (OPT_OUT, END)),
    (BEGINNING, BACK): Step(BEGINNING, (LOOK,)),
    (RUNNING, NOT_RECORDED): Step(UNRECORDED, ()),
    (RUNNING, SWITCHED_OFF): Step(OFF, (END,)),
    (RUNNING, STOP): Step(STOPPED, (OPT_OUT, END)),
    (RUNNING, BACK): Step(RUNNING, (LOOK,)),
    (UNRECORDED, RECORDED): Step(RUNNING, ()),
    (UNRECORDED, NOTHING_DUE): Step(RUNNING, ()),
    (UNRECORDED, SWITCHED_OFF): Step(OFF, (END,)),
    (UNRECORDED, START): Step(BEGINNING, (BEGIN,)),
    (UNRECORDED, STOP): Step(STOPPED, (OPT_OUT, END)),
    (UNRECORDED, BACK): Step(UNRECORDED, (LOOK,)),
    (STOPPED, OPTED_OUT): Step(STOPPED, (RELEASE,)),  # stop() was called before the page began
    (OFF, SWITCHED_OFF): Step(OFF, (END,)),
    (OFF, SWITCHED_ON): Step(BEGINNING, (BEGIN,)),
    (OFF, STOP): Step(STOPPED, (OPT_OUT, END)),
    (OFF, BACK): Step(OFF, (LOOK,)),
    (STOPPED, START): Step(LOADING, (OPT_IN, LOAD)),
    (STOPPED, STOP): Step(STOPPED, (OPT_OUT,)),
    (FAILED, START): Step(LOADING, (LOAD,)),
    (FAILED, STOP): Step(STOPPED, (OPT_OUT,)),
    (FAILED, WIRED): Step(BEGINNING, (BEGIN,)),  # what was missing has come after all
}


def step(state: str, happening: str) -> Step:
    """The state that follows when this happens, and the effects, in their order."""
    return TRANSITIONS.get((state, happening)) or Step(state, ())


MENDS = {
    WIRED: (
        "runtime-load",
        "sdk-load",
        "segment-missing",
        "segment-load",
        "amplitude-missing",
        "mode-unknown",
        "mode-ambiguous",
    ),
    RECORDED: ("recording-not-begun", "upload-refused", "device-id", "plugin-missing"),
    NOTHING_DUE: ("recording-not-begun", "upload-refused", "device-id", "plugin-missing"),
}
"""What happens: the codes of the errors that are mended by then. Of the others the doctor knows for good."""
