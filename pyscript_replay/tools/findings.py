"""``docs/reference/findings.md``: each finding of the doctor, out of its rules.

Written, with what else comes from the tables, by ``generate.py``.
"""

import re

from .. import doctor

HEAD = """# What the doctor finds

Written from the code by `uv run python -m pyscript_replay.tools.generate`.

`pyscriptReplay.doctor()` and `pyscript-replay check` judge by these rules. A session is *sampled*, *captured*,
*masked*, *uploaded*, and at last *matched* with its events; each finding belongs to one of these stages. Where it
says …, the finding has what was seen on the page.
"""
BY_CAUSE = "It depends on the cause: see [Why a request came to nothing](#why-a-request-came-to-nothing)."
MENDS = {
    "switched-off": "It depends on the cause: see [Why nothing may reach Amplitude](#why-nothing-may-reach-amplitude).",
    "not-recording": f"{doctor.UNKNOWN_CAUSE} Where another finding says why, mend that.",
    "config-unreachable": BY_CAUSE,
    "upload-unreachable": BY_CAUSE,
}


def text() -> str:
    """The page."""
    causes = {
        "Why nothing may reach Amplitude": doctor.OFF,
        "Why a request came to nothing": doctor.CAUSES,
    }
    parts = [HEAD, *map(_finding, doctor.RULES), *(_causes(title, table) for title, table in causes.items())]
    return "\n".join(parts)


def _finding(rule: doctor.Rule) -> str:
    lines = [f"## {rule.code}", f"*{rule.level}*, {rule.stage}", f"**Seen:** {_open(rule.seen)}."]
    if rule.why:
        lines += [f"**Why it matters:** {rule.why}", f"**Fix:** {MENDS.get(rule.code) or _open(rule.fix)}"]
    return "\n\n".join(lines) + "\n"


def _causes(title: str, table: dict[str, tuple[str, str]]) -> str:
    rows = "\n".join(f"| {_open(seen)} | {_open(fix)} |" for seen, fix in table.values())
    return f"## {title}\n\n| seen | fix |\n|---|---|\n{rows}\n"


def _open(template: str) -> str:
    """A template's text, without the values that only a page can have."""
    return re.sub(r"\{\w+\}", "…", template)
