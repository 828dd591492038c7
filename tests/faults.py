"""What each request of a page can come to, and what the page does then: a table, and the page of the docs with it.

``tests/browser/test_faults.py`` holds the table against a real page, and a test says when the page of the docs is out
of date. ``uv run python -m tests.faults`` writes it.
"""

from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).parents[1] / "docs/reference/faults.md"
MODES = ("actions", "classic-device", "classic-cloud")
RUNTIMES = ("micropython", "pyodide")


class Role(NamedTuple):
    """What a request is for: the whole path of its address, and the only mode or runtime that makes it."""

    path: str
    mode: str | None = None
    runtime: str | None = None
    classic: bool = False
    """A script of the old kind: a browser reads it without asking CORS, and tells the page when it is damaged."""

    def asked_by(self, mode: str, runtime: str) -> bool:
        return self.mode in (None, mode) and self.runtime in (None, runtime)


ROLES = {
    "our loader": Role(r"/dist/replay\.js", classic=True),
    "analytics-next": Role(r"/dist/assets/analytics-\w+\.js"),
    "Session Replay": Role(r".*/session-replay-browser-esm\.js"),
    "its recorder": Role(r".*/rrweb-record-min\.js"),
    "its worker": Role(r".*/worker-min\.js"),
    "the Browser SDK": Role(r"/dist/assets/amplitude-\w+\.js", mode="classic-cloud"),
    "MicroPython": Role(r"/dist/assets/micropython-\w+\.js", runtime="micropython"),
    "MicroPython's program": Role(r".*/micropython\.wasm", runtime="micropython"),
    "the rest of it": Role(r".*/micropython-rest\.wasm", runtime="micropython"),
    "the options' checks": Role(r".*/sdk_options\.mpy", runtime="micropython"),
    "Pyodide": Role(r"/dist/assets/pyodide-\w+\.js", runtime="pyodide"),
    "Pyodide's script": Role(r".*/pyodide\.tag\.mjs", runtime="pyodide"),
    "Pyodide's program": Role(r".*/pyodide\.asm\.wasm", runtime="pyodide"),
    "Pyodide's library": Role(r".*/python_stdlib\.zip", runtime="pyodide"),
    "Pyodide's lock file": Role(r".*/pyodide-lock\.json", runtime="pyodide"),
    "Pyodide's memory": Role(r"/dist/assets/python-memory-\w+\.bin", runtime="pyodide"),
    "Segment's settings": Role(r"/segment/v1/projects/[\w-]+/settings"),
    "Segment's plugin": Role(r"/segment/next-integrations/actions/amplitude-plugins/\w+\.js", "actions", classic=True),
    "the plugin's chunk": Role(r"/segment/next-integrations/actions/688/\w+\.js", "actions", classic=True),
    "Segment's integration": Role(r"/segment/next-integrations/integrations/.*", "classic-device", classic=True),
    "amplitude-js": Role(r"/segment/amplitude-js/amplitude\.js", "classic-device", classic=True),
    "the configuration": Role(r"/amplitude/session-replay/config/\w+"),
    "the uploads": Role(r"/amplitude/session-replay/track"),
}

NO_ROLE = {
    "the page": r"/site/.*",
    "events, to Segment": r"/v1/t",
    "events, from amplitude-js to Amplitude": r"/amplitude/classic",
}
"""Requests whose faults are not ours to mend; that the events arrive is what is looked at."""


class Outcome(NamedTuple):
    """What becomes of the page.

    ``code`` is that of the one error that it is told, and ``finding`` that of the doctor's finding that has the cause;
    ``says`` is a part of that finding's message: left out, the fault's own in ``CAUSES``. ``events`` and ``recorded``
    say what still works.
    """

    text: str
    code: str | None = None
    finding: str | None = None
    says: str | None = None
    events: bool = True
    recorded: bool = False


def _lost(code: str, finding: str = "", says: str | None = None) -> Outcome:
    """Events arrive; nothing is recorded."""
    return Outcome(f"`{code}`", code, finding or code, says)


def _kept(code: str, says: str | None = None) -> Outcome:
    """Segment is not there, and events wait in the page."""
    return Outcome(f"`{code}`, events wait", code, code, says, events=False)


WORKS = Outcome("recorded", recorded=True)
LATE = Outcome("recorded, later", recorded=True)
ABSENT = Outcome("nothing of ours is there")
NO_DOCTOR = Outcome("recorded; no doctor", finding="runtime-load", recorded=True)
NO_PLUGIN = _lost("plugin-missing", "plugin-blocked", "was not loaded")
NO_AMPLITUDE = _lost("amplitude-missing", says="Segment has not brought amplitude-js")
NO_SETTINGS = _kept("segment-load", "still waits for its settings")
NO_DESTINATION = _kept("segment-load", "still waits for a destination")
SEGMENT, SDK, PYTHON = _kept("segment-load"), _lost("sdk-load"), _lost("runtime-load")
RECORDER = _lost("recording-not-begun")
REFUSED_404 = _lost("recording-not-begun", "config-refused", "answered 404")
REFUSED_500 = _lost("recording-not-begun", "config-refused", "answered 500")
EMPTY = _lost("recording-not-begun", "config-empty", "says nothing about Session Replay")
SILENT = _lost("recording-not-begun", "config-unreachable", "did not answer in time")
UNREACHED = _lost("recording-not-begun", "config-unreachable", "could not be reached")
FORBIDDEN = _lost("recording-not-begun", "config-unreachable", "does not allow this page's origin (CORS)")
UPLOAD_404 = _lost("upload-refused", says="answered 404")
UPLOAD_500 = _lost("upload-refused", says="answered 500")
UPLOAD_SILENT = _lost("upload-refused", "upload-unreachable", "did not answer in time")
UPLOAD_UNREACHED = _lost("upload-refused", "upload-unreachable", "could not be reached")
UPLOAD_FORBIDDEN = _lost("upload-refused", "upload-unreachable", "does not allow this page's origin (CORS)")

CAUSES = {
    "404": "is missing: the server answered 404",
    "500": "the server answered 500",
    "hangs": "has not arrived after",
    "slow": "",
    "cut short": "is damaged",
    "wrong bytes": "is damaged",
    "reset": "could not be reached",
    "CORS": "is refused by CORS",
}
"""Fault: what is said of one of the bundle's files then."""
FAULTS = tuple(CAUSES)

# fmt: off
TABLE: dict[str, tuple[Outcome, ...]] = {
    #                         404, 500, hangs, slow, cut short, wrong bytes, reset, CORS
    "our loader":            (ABSENT, ABSENT, ABSENT, LATE, ABSENT, ABSENT, ABSENT, WORKS),
    "analytics-next":        (SEGMENT, SEGMENT, SEGMENT, LATE, SEGMENT, SEGMENT, SEGMENT, SEGMENT),
    "Session Replay":        (SDK, SDK, SDK, LATE, SDK, SDK, SDK, SDK),
    "its recorder":          (RECORDER, RECORDER, RECORDER, LATE, RECORDER, RECORDER, RECORDER, RECORDER),
    "its worker":            (RECORDER, RECORDER, RECORDER, LATE, RECORDER, RECORDER, RECORDER, RECORDER),
    "the Browser SDK":       (SDK, SDK, SDK, LATE, SDK, SDK, SDK, SDK),
    "MicroPython":           (PYTHON, PYTHON, PYTHON, LATE, PYTHON, PYTHON, PYTHON, PYTHON),
    "MicroPython's program": (PYTHON, PYTHON, PYTHON, LATE, PYTHON, PYTHON, PYTHON, PYTHON),
    "the rest of it":        (NO_DOCTOR, NO_DOCTOR, NO_DOCTOR, WORKS, NO_DOCTOR, NO_DOCTOR, NO_DOCTOR, NO_DOCTOR),
    "the options' checks":   (PYTHON, PYTHON, PYTHON, LATE, PYTHON, PYTHON, PYTHON, PYTHON),
    "Pyodide":               (PYTHON, PYTHON, PYTHON, LATE, PYTHON, PYTHON, PYTHON, PYTHON),
    "Pyodide's script":      (PYTHON, PYTHON, PYTHON, LATE, PYTHON, PYTHON, PYTHON, PYTHON),
    "Pyodide's program":     (PYTHON, PYTHON, PYTHON, LATE, PYTHON, PYTHON, PYTHON, PYTHON),
    "Pyodide's library":     (PYTHON, PYTHON, PYTHON, LATE, PYTHON, PYTHON, PYTHON, PYTHON),
    "Pyodide's lock file":   (PYTHON, PYTHON, PYTHON, LATE, PYTHON, PYTHON, PYTHON, PYTHON),
    "Pyodide's memory":      (LATE, LATE, LATE, LATE, LATE, LATE, LATE, LATE),
    "Segment's settings":    (SEGMENT, SEGMENT, NO_SETTINGS, LATE, SEGMENT, SEGMENT, SEGMENT, SEGMENT),
    "Segment's plugin":      (NO_PLUGIN, NO_PLUGIN, NO_DESTINATION, LATE, NO_PLUGIN, NO_PLUGIN, NO_PLUGIN, WORKS),
    "the plugin's chunk":    (NO_PLUGIN, NO_PLUGIN, NO_DESTINATION, LATE, NO_PLUGIN, NO_PLUGIN, NO_PLUGIN, WORKS),
    "Segment's integration": (NO_AMPLITUDE, NO_AMPLITUDE, NO_AMPLITUDE, LATE, NO_AMPLITUDE, NO_AMPLITUDE, NO_AMPLITUDE,
                              WORKS),
    "amplitude-js":          (NO_AMPLITUDE, NO_AMPLITUDE, NO_AMPLITUDE, LATE, NO_AMPLITUDE, NO_AMPLITUDE, NO_AMPLITUDE,
                              WORKS),
    "the configuration":     (REFUSED_404, REFUSED_500, SILENT, LATE, EMPTY, EMPTY, UNREACHED, FORBIDDEN),
    "the uploads":           (UPLOAD_404, UPLOAD_500, UPLOAD_SILENT, WORKS, WORKS, WORKS, UPLOAD_UNREACHED,
                              UPLOAD_FORBIDDEN),
}
# fmt: on
"""Role: what becomes of the page by each fault. It is the same in each mode, and on both runtimes."""

SEGMENTS_OWN = tuple(role for role in ROLES if role.startswith(("Segment's", "the plugin's", "amplitude-js")))
"""What Segment loads by itself: with each of these faults as many events arrive on a page without us."""


def cells() -> list[tuple[str, str, str, str]]:
    """Mode, runtime, role and fault of each."""
    return [
        (mode, runtime, role, fault)
        for runtime in RUNTIMES
        for mode in MODES
        for role in ROLES
        if ROLES[role].asked_by(mode, runtime)
        for fault in FAULTS
    ]


def text() -> str:
    """The page of the docs."""
    head = f"| what the page asks for | {' | '.join(FAULTS)} |\n|{'---|' * (len(FAULTS) + 1)}\n"
    rows = [f"| {role} | {' | '.join(each.text for each in row)} |\n" for role, row in TABLE.items()]
    return HEAD.format(cells=len(cells())) + head + "".join(rows) + FOOT


HEAD = """# Faults

Written by `uv run python -m tests.faults`. What becomes of a page of which one request goes wrong: each request that a
page with the tag makes, and each fault, in three modes and on two runtimes: {cells} cases. They are held in a real
browser, with the real SDKs; page, bundle, Segment and Amplitude are on four origins. Some of them are in each
run of the tests, the others in `uv run pytest -m faults`.

A code is that of the one error that the page is told, and the doctor names the cause. In every case

- events arrive, once each and in order, and none is held longer than `data-hold-ms`, unless the table says that they
  wait;
- no event carries the id of a replay that is not recorded;
- the page sees no uncaught error but the browser's own, of a classic script that is damaged;
- after an error, `start()` records once the cause is gone. (For a script that Segment could not load the page has to be
  loaded anew.)

"""
FOOT = """
- **recorded, later**: it takes a second. Events that have waited for `data-hold-ms` by then carry no replay id; later
  ones do.
- **events wait**: Segment itself is not there. What was tracked stays in the page, and arrives when Segment does: by
  itself where it hangs, else after `start()`. Without us it is no better: with such a fault of Segment's settings, or a
  plugin that hangs, Segment alone sends nothing either.
- **nothing of ours is there**: no `pyscriptReplay`, no error, and the page's own Segment goes on as ever. With
  `data-write-key` it is the loader that brings Segment, and there is no Segment either.
- **recorded; no doctor**: `doctor()` says that it could not be loaded, and why.
- **CORS**: scripts that Segment loads, and our loader, are of the kind that browsers read from any origin.
- **the uploads**: what is wrong with the answer's bytes does not matter, only its status.
"""


if __name__ == "__main__":
    PAGE.write_text(text(), "utf-8")
