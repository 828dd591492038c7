"""``docs/reference/facade.md``: ``window.pyscriptReplay``, out of the class whose members it has.

Its members are those of the type ``Facade`` in ``web/page/``. Python's ``Replay`` (replay.py) has the same in
snake_case, and says what they are; of what only JavaScript has, the type says it. Written, with what else comes from
the code, by ``generate.py``.
"""

import inspect
import re
from pathlib import Path
from typing import Any, NamedTuple

from .. import session
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

| `reason` | what has become of the session |
|---|---|
{reasons}

```js
addEventListener("pyscript-replay:session", ({{ detail }}) => {{
  console.log(detail.reason, pyscriptReplay.replayId);
}});
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

PAGE = Path(__file__).parents[2] / "web" / "page"
MEMBER = re.compile(r"^ +(?:/\*\* (.*) \*/\n +)?(?:readonly )?(\w+)(?:\((.*)\))?: ", re.MULTILINE)
"""A line of a type: what is said of it, its name, its arguments."""

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
            EVENTS.format(reasons="\n".join(f"| `{reason}` | {told} |" for reason, told in reasons())),
        ]
    )


def reasons() -> list[tuple[str, str]]:
    """The reason of each transition, and what it means, as session.py has it."""
    return re.findall(r'^[A-Z_]+ = "([\w-]+)"  # (.+)$', inspect.getsource(session), re.MULTILINE)


class Member(NamedTuple):
    name: str
    arguments: str
    comment: str


def members() -> list[Member]:
    """What JavaScript declares, the values first."""
    declared = "".join(file.read_text("utf-8") for file in sorted(PAGE.glob("*.d.ts")))
    blocks = [
        re.search(rf"interface {name} [^{{]*{{(.*?)\n\s*}}", declared, re.DOTALL) for name in ("Values", "Facade")
    ]
    found = [MEMBER.findall(block[1]) for block in blocks if block]
    return [Member(name, arguments, comment) for block in found for comment, name, arguments in block]


def _values() -> list[tuple[str, str, str]]:
    """Name, type and meaning."""
    told = dict(re.findall(r"^\s+(\w+) \(str\): (.+)$", inspect.getdoc(Replay) or "", re.MULTILINE))
    values = []
    for name, *_ in members():
        member = getattr(Replay, snake(name), None)
        if isinstance(member, property):
            values.append((name, _kind(member.fget), _first(member)))
        elif snake(name) in told:
            values.append((name, "string", _markdown(told[name])))
    return values


def _methods() -> list[tuple[str, str, str]]:
    """Name, arguments and meaning."""
    methods = []
    for name, arguments, comment in members():
        member = getattr(Replay, snake(name), None)
        if inspect.isfunction(member):
            methods.append((name, ", ".join(list(inspect.signature(member).parameters)[1:]), _first(member)))
        elif arguments and comment:
            methods.append((name, ", ".join(re.findall(r"([.\w]+)\??:", arguments)), comment))
    return methods


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
