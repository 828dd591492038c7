"""The reference of options, ``docs/reference/options.md``, written from the tables that check them.

Written, with what else comes from the tables, by ``generate.py``.
"""

from ..options import REQUIRED, TABLE, Option
from ..sdk_options import KNOWN, OURS, PRIVATE, described

SDKS = {
    "options": "Session Replay's `init`",
    "segment_options": "`AnalyticsBrowser.load`",
    "amplitude_options": "the Browser SDK's `init` (classic-cloud)",
}


def text() -> str:
    """The whole document, in Markdown."""
    lines = [
        "# Options",
        "",
        "Written from the code by `uv run python -m pyscript_replay.tools.generate`.",
        "",
        "| tag | Python | takes | default | meaning |",
        "|---|---|---|---|---|",
    ]
    for option in TABLE:
        python = "" if option.tag_only else f"`{option.name}`"
        cells = [f"`data-{option.name.replace('_', '-')}`", python, _takes(option), _default(option), option.help]
        lines.append(f"| {' | '.join(cells)} |")
    lines += [
        "",
        "## What is handed through to the SDKs",
        "",
        "Every option of an SDK can be handed through; of these the type is checked. Another one the SDK ignores: the",
        "page warns of it, with the nearest name. **Privacy fails closed**: where an option that is marked so, or one",
        "that sounds like them, is unknown to the SDK in its place, or its value means nothing, that is the error",
        "`option-value`, and nothing is recorded.",
        "",
        "| handed by | to | option | type |",
        "|---|---|---|---|",
    ]
    for option, known in KNOWN.items():
        for name, kinds in known.items():
            kind = "refused: it follows Segment" if kinds == OURS else described(kinds)
            kind += " (**privacy**)" if name in PRIVATE else ""
            lines.append(f"| `data-{option.replace('_', '-')}` | {SDKS[option]} | `{name}` | {kind} |")
    return "\n".join(lines) + "\n"


def _takes(option: Option) -> str:
    return ", ".join(f"`{word}`" for word in option.kind) if isinstance(option.kind, tuple) else option.kind


def _default(option: Option) -> str:
    if option.default is REQUIRED:
        return "required"
    return "" if option.default is None else f"`{option.default}`"
