"""What is written from the Python tables, so that each fact is in one place.

``uv run python -m pyscript_replay.tools.generate`` writes the files; a test says when one is out of date:

- in ``docs/reference/``, the options, the findings of the doctor, the codes of errors, ``window.pyscriptReplay`` and
  the command line;
- ``pyscript_replay/__init__.pyi``, which shows ``connect()``'s keywords to editors and type checkers;
- ``web/page/tables.js``, what the page's JavaScript has to know before Python runs.
"""

import json
import textwrap
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from .. import doctor, errors, lifecycle, options
from ..device import CARRIES_PROPERTIES, REPLAY_ID
from ..segment import SEGMENT_CDN
from . import commands, error_codes, facade, findings, package, reference

COMMAND = "uv run python -m pyscript_replay.tools.generate"
REPOSITORY = Path(__file__).parents[2]

TYPES = {
    "text": "str",
    "name": "object",
    "template": "str",
    "part": "str",
    "rate": "float",
    "milliseconds": "int",
    "object": "Mapping[str, object]",
}
"""An option's kind, as Python's type."""


def stub() -> str:
    """``__init__.pyi``: the public names, with ``connect()``'s keywords one by one."""
    keywords = [option for option in options.TABLE if not option.tag_only]
    listener = f"{options.LISTENER}: Callable[[int | None, int, str, str], object] | None = None"
    arguments = "\n".join(f"    {each}," for each in (*map(_argument, keywords), listener))
    told = textwrap.fill(
        f"{options.LISTENER}: called at every transition, from the first one on.", initial_indent=" " * 8
    )
    documented = "\n".join((*map(_documented, keywords), told))
    return f'''# Written from options.py by `{COMMAND}`.

from collections.abc import Callable, Mapping
from typing import Literal

from .errors import ReplayError
from .replay import Replay

__all__ = ["ReplayError", "connect"]

__version__: str

async def connect(
{arguments}
) -> Replay:
    """Record this page's sessions.

    Args:
{documented}

    Returns:
        Replay: running, or with ``consent="wait"`` waiting for its ``start()``.

    Raises:
        ReplayError: with a ``code`` and the way to ``fix`` it.
    """

def make(options: dict) -> Replay: ...
'''


def _argument(option: options.Option) -> str:
    words = option.kind if isinstance(option.kind, tuple) else None
    kind = f"Literal[{', '.join(map(_quoted, words))}]" if words else TYPES[str(option.kind)]
    if option.name == "mode":
        return f"{option.name}: {kind}"
    star = "*,\n    " if option.name == _keyword_only() else ""
    if option.default is options.REQUIRED:
        return f"{star}{option.name}: {kind}"
    default = _quoted(option.default) if isinstance(option.default, str) else "None"
    return f"{star}{option.name}: {kind} | None = {default}"


def _keyword_only() -> str:
    """The first option after the mode, which alone may be given by its place."""
    return next(option.name for option in options.TABLE if option.name != "mode")


def _documented(option: options.Option) -> str:
    indent = " " * 8
    return textwrap.fill(f"{option.name}: {option.help}.", 120, initial_indent=indent, subsequent_indent=indent * 2)


def _quoted(text: str) -> str:
    return json.dumps(text)


def tables() -> str:
    """``tables.js``. The life cycle's names are types, so that tsc finds one that is misspelt."""
    steps = {f"{state} {happening}": step._asdict() for (state, happening), step in lifecycle.TRANSITIONS.items()}
    happenings = {happening for _, happening in lifecycle.TRANSITIONS}
    effects = {effect for step in lifecycle.TRANSITIONS.values() for effect in step.effects}
    rows = {option.name: option for option in options.TABLE}
    shown = "\n".join(_union(name, words) for name, words in package.WORDS.items())
    return f"""// Written from the Python tables by `{COMMAND}`.
// Whoever changes a table runs it; a test says when this file is out of date.

{_union("State", lifecycle.SHOWN)}
{_union("Happening", happenings)}
{_union("Effect", effects)}
{shown}

/** State: the `status` that a page is shown (lifecycle.py). @type {{Record<State, Status>}} */
export const SHOWN = {_rows(lifecycle.SHOWN)};

/** The states in which events are looked at (lifecycle.py). @type {{State[]}} */
export const LIVE = {_value(lifecycle.LIVE)};

/** "state happening": the state that follows, and the effects, in their order (lifecycle.py).
 * @type {{Record<string, {{ state: State, effects: Effect[] }}>}} */
export const TRANSITIONS = {_rows(steps)};

/** What happens: the codes of the errors that are mended by then (lifecycle.py).
 * @type {{Partial<Record<Happening, string[]>>}} */
export const MENDS = {_rows(lifecycle.MENDS)};

/** The longest an event waits for the wiring, in milliseconds, where the tag says nothing (options.py). */
export const HOLD_MS = {_value(rows["hold_ms"].default)};

/** The words that data-consent accepts (options.py). */
export const CONSENT = {_value(rows["consent"].kind)};

/** The attributes that are handed on to the SDKs, whose options sdk_options.py knows (options.py). */
export const HANDED_ON = {_value([options.attribute(option) for option in options.HANDED_ON])};

/** Segment's calls that have properties (device.py). @type {{SegmentCall[]}} */
export const CARRIES_PROPERTIES = {_value(CARRIES_PROPERTIES)};

/** The property by which an event names its replay (device.py). */
export const REPLAY_ID = {_value(REPLAY_ID)};

/** Where Segment's settings come from, where the tag says nothing (segment.py). */
export const SEGMENT_CDN = {_value(SEGMENT_CDN)};

/** What doctor() finds before Python runs (doctor.py). @type {{import("./facade.d.ts").Finding}} */
export const WAITING = {_value(doctor.WAITING)};
/** @type {{import("./facade.d.ts").Finding}} */
export const NOT_STARTED = {_value(doctor.NOT_STARTED)};

/** The fix for what only we can mend (errors.py). */
export const REPORT = {_value(errors.REPORT)};
"""


def _union(name: str, values: Iterable[str]) -> str:
    return f"/** @typedef {{{package.union(values)}}} {name} */"


def _rows(table: Mapping[str, object]) -> str:
    rows = "".join(f"\n  {_quoted(key)}: {_value(value)}," for key, value in table.items())
    return f"{{{rows}\n}}"


def _value(value: object) -> str:
    return json.dumps(value)


FILES: dict[Path, Callable[[], str]] = {
    REPOSITORY / "docs/reference/options.md": reference.text,
    REPOSITORY / "docs/reference/findings.md": findings.text,
    REPOSITORY / "docs/reference/errors.md": error_codes.text,
    REPOSITORY / "docs/reference/facade.md": facade.text,
    REPOSITORY / "docs/reference/cli.md": commands.text,
    REPOSITORY / "pyscript_replay/__init__.pyi": stub,
    REPOSITORY / "web/page/tables.js": tables,
}


if __name__ == "__main__":
    for file, text in FILES.items():
        file.write_text(text(), encoding="utf-8")
