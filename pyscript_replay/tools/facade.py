"""``docs/reference/facade.md``: ``window.pyscriptReplay``, out of the class whose members it has.

Its members are those of the type ``Facade`` in ``web/page/types.d.ts``. Python's ``Replay`` (replay.py) has the same in
snake_case, and says what they are. Written, with what else comes from the code, by ``generate.py``.
"""

import inspect
import re
from pathlib import Path
from typing import Any

from ..lifecycle import SHOWN
from ..replay import Replay

HEAD = """# window.pyscriptReplay

Written from the code by `uv run python -m pyscript_replay.tools.generate`.

It is there from the first line of `replay.js` on, before Python runs. Its methods answer promises; a rejection is an
error with `code`, `message` and `fix` ([all codes](errors.md)). Calls that come before the tag:
[Consent](../how-to/consent.md#calls-before-the-tag).
"""

EVENTS = """## Events on window

| event | `detail` |
|---|---|
| `pyscript-replay:status` | `previous`, `status` |
| `pyscript-replay:session` | `previous`, `current` (session ids), `deviceId`, `reason` |
| `pyscript-replay:error` | `code`, `message`, `fix` |

```js
addEventListener("pyscript-replay:session", ({ detail }) => {
  console.log(detail.reason, pyscriptReplay.replayId);
});
```
"""

STATUS = {
    "loading": "on its way",
    "waiting": "nothing is loaded, stored or recorded before `start()`",
    "running": "wired, and nothing known to be wrong; while the visitor may not reach Amplitude, nothing is recorded",
    "stopped": "by `stop()`, until `start()`, over reloads too",
    "failed": "events go on, nothing is recorded; `start()` tries again",
}
"""Each status: what it means."""

EARLY = "[before the tag](../how-to/consent.md#calls-before-the-tag)"
ONLY_HERE = {"push": ("...calls", f"Calls in the form that they have {EARLY}.")}
"""Methods that Python has no need of: their arguments, and what they do."""

DECLARED = Path(__file__).parents[2] / "web" / "page" / "types.d.ts"
TYPES = {"str": "string", "int": "number", "bool": "boolean", "None": "null"}


def text() -> str:
    """The page."""
    states = "\n".join(f"| `{status}` | {STATUS[status]} |" for status in dict.fromkeys(SHOWN.values()))
    values = "\n".join(f"| `{name}` | {kind} | {told} |" for name, kind, told in _values())
    methods = "\n".join(f"### {name}({args})\n\n{told}\n" for name, args, told in _methods())
    return "\n".join(
        [
            HEAD,
            f"## Values\n\n| name | type | meaning |\n|---|---|---|\n{values}\n",
            f"## Status\n\n| `status` | meaning |\n|---|---|\n{states}\n",
            f"## Methods\n\n{methods}",
            EVENTS,
        ]
    )


def members() -> list[str]:
    """The names, as JavaScript declares them, the values first."""
    declared = DECLARED.read_text("utf-8")
    blocks = [re.search(rf"interface {name} [^{{]*{{(.*?)\n  }}", declared, re.DOTALL) for name in ("Values", "Facade")]
    return [name for block in blocks if block for name in re.findall(r"^    (\w+)[(:]", block[1], re.MULTILINE)]


def _values() -> list[tuple[str, str, str]]:
    """Name, type and meaning."""
    told = dict(re.findall(r"^\s+(\w+) \(str\): (.+)$", inspect.getdoc(Replay) or "", re.MULTILINE))
    values = []
    for name in members():
        member = getattr(Replay, snake(name), None)
        if isinstance(member, property):
            values.append((name, _kind(member.fget), _first(member)))
        elif snake(name) in told:
            values.append((name, "string", _markdown(told[name])))
    return values


def _methods() -> list[tuple[str, str, str]]:
    """Name, arguments and meaning."""
    named = {name: getattr(Replay, snake(name), None) for name in members()}
    return [
        (name, *ONLY_HERE[name])
        if name in ONLY_HERE
        else (name, ", ".join(list(inspect.signature(member).parameters)[1:]), _first(member))
        for name, member in named.items()
        if name in ONLY_HERE or inspect.isfunction(member)
    ]


def documented() -> list[str]:
    """The names on the page: each that is declared, or one has no words yet."""
    return [name for name, *_ in (*_values(), *_methods())]


def snake(name: str) -> str:
    return re.sub(r"([A-Z])", r"_\1", name).lower()


def camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda found: found[1].upper(), name)


def _kind(getter: Any) -> str:
    kind = inspect.formatannotation(getter.__annotations__["return"]).strip("'")
    return "promise" if "Awaitable" in kind else " or ".join(TYPES[each] for each in kind.split(" | "))


def _first(member: Any) -> str:
    """What its docstring says, without what is said of arguments and errors."""
    said = re.split(r"\n\s*\n(?=Raises:)", inspect.getdoc(member) or "")[0]
    return _markdown(re.sub(r"\s+", " ", said))


def _markdown(text: str) -> str:
    """With JavaScript's names."""
    named = re.sub(r"``([^`]+)``", lambda found: f"`{camel(found[1]) if found[1].isidentifier() else found[1]}`", text)
    listed = "a list of `dict`: see `doctor.findings`."
    return named.replace("`None`", "`null`").replace(listed, "each as on [Findings](findings.md).")
