"""``docs/explanation/conformance.md``: what ``check`` says of each wiring that the tests have. It visits them all:

uv run python -m tests.sites.conformance
"""

from pathlib import Path

from pyscript_replay.doctor import OK
from pyscript_replay.tools import check

from . import served

PAGE = Path(__file__).parents[2] / "docs/explanation/conformance.md"
HEAD = """# Wirings compared

Written by `uv run python -m tests.sites.conformance`, which has `pyscript-replay check` visit each: it types, clicks,
calls `reset()`, opens a second tab, comes back after 31 minutes, reloads and leaves. Where a promise does not hold,
the code of the finding stands in its place.

- *tag*: ours. *by hand*: the documented way, with what is wrong in it mended (`tests/sites/by-hand-….js`).
- *documented*: Amplitude's snippets as they stand, but for what keeps them from running at all, with a sample rate
  (`tests/sites/documented-….js`).
- *wrapper*: `@amplitude/segment-session-replay-wrapper` 0.4.0, as its README has it.
"""
SITES = {
    **{f"tag, {mode}": f"tag-{mode}" for mode in served.MODES},
    **{f"by hand, {mode}": f"by-hand-{mode}" for mode in served.MODES},
    **{f"documented, {mode}": f"documented-{mode}" for mode in served.MODES},
    "wrapper, actions": "wrapper",
}
PROMISES = {
    "each event arrives, once": {"nothing-arrived", "event-lost", "event-twice"},
    "events carry the replay id": {"replay-id-missing"},
    "ids of events and uploads agree": {"device-differs", "session-differs", "replay-not-uploaded"},
    "each session is recorded": {"replay-missing", "not-recording", "session-not-recorded", "no-session"},
    "a session ends after half an hour": {"session-endless"},
    "tabs and reloads keep the session": {"session-changed"},
    "what is typed is masked": {"typed-text-recorded"},
}


def text() -> str:
    """The page, by visiting all sites."""
    with served.serving() as origin:
        reports = check.check([f"{origin}/{name}" for name in SITES.values()], check.Options())
    rows = [f"| wiring | {' | '.join(PROMISES)} |", f"|---|{'---|' * len(PROMISES)}"]
    for name, report in zip(SITES, reports, strict=True):
        wrong = {each.code for each in report.findings if each.level != OK}
        unknown = wrong - set().union(*PROMISES.values())
        assert not unknown, f"{unknown} breaks no promise of the table"
        cells = [", ".join(f"`{code}`" for code in sorted(wrong & codes)) or "yes" for codes in PROMISES.values()]
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join([HEAD, *rows, ""])


if __name__ == "__main__":
    PAGE.write_text(text(), "utf-8")
