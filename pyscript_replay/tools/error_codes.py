"""``docs/reference/errors.md``: each code of an error, with all that is said under it, out of the places that say it.

The sources are read, not run: a code that is new there has no meaning here yet, which a test notices. Written, with
what else comes from the code, by ``generate.py``.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from .. import recorder
from ..errors import REPORT

PACKAGE = Path(__file__).parents[1]
TOOLS = PACKAGE / "tools"
PAGE = PACKAGE.parent / "web" / "page"

HEAD = """# Error codes

Written from the code by `uv run python -m pyscript_replay.tools.generate`.

An error has a `code`, a `message` and a `fix`. In the page it is the event `pyscript-replay:error`, a line on the
console, and a `ReplayError` where Python or a promise asked for something. On the command line it is two lines, and
exit code 2. Each code has its own place on this page. Where it says …, the error has what was seen.
"""

MEANINGS = {
    "amplitude-missing": "In device-mode amplitude-js never came: blocked, or the destination is in cloud-mode.",
    "connect-twice": "A second `connect()` on a page, or one beside the tag.",
    "device-id": "The anonymous id has a character that Amplitude refuses. It takes `a-z A-Z 0-9 _ - . | @ : =`.",
    "event-name": "`track()` without a name.",
    "global-taken": "`window.pyscriptReplay` is the page's own, and frozen: recorded, but out of the page's reach.",
    "internal": "A fault of ours.",
    "json-patched": "The page changes what `JSON.stringify()` answers, as prototype.js before 1.7 does.",
    "listener": "A function given to `on_session` failed.",
    "mode-ambiguous": "`auto` found several ways to Amplitude in Segment's settings.",
    "mode-unknown": "`auto` found no way to Amplitude in Segment's settings.",
    "not-awaited": "A call of `connect()` without `await`: nothing has begun.",
    "option-missing": "An option that must be given was left out.",
    "option-unknown": "A keyword of `connect()` that there is not. (A tag's unknown attributes are other people's.)",
    "option-value": "A value that the option does not take; the fix names the nearest one that it does.",
    "plugin-missing": "In actions Segment's plugin never came, and events have no session.",
    "recording-not-begun": "The SDK does not record: its recorder did not load, or Amplitude's configuration refused.",
    "runtime-load": "Python could not start: an incomplete bundle, or a policy without `'wasm-unsafe-eval'`.",
    "sdk-load": "Session Replay or the Browser SDK could not be loaded.",
    "segment-load": "Segment, which the tag was to bring, could not be loaded.",
    "segment-missing": "There is no Segment at the global that `data-analytics` names, nor was one given to `use()`.",
    "segment-taken": "`use()` was given a Segment on a page that has another one already, which is recorded.",
    "upload-refused": "Recordings do not arrive: Amplitude refused an upload, or several in a row have failed.",
    "worker": "A PyScript script with the attribute `worker`: Python runs beside the page, not in it.",
}
"""What a page may be told: the code, and what it means in a sentence."""


UNKNOWN = "…"
"""What only a run can know."""


class Said(NamedTuple):
    code: str
    message: str
    fix: str


def text() -> str:
    """The page."""
    return "\n".join(
        [
            HEAD,
            "## In the page\n",
            *_sections(in_page()),
            "## On the command line\n",
            *_sections(on_command_line()),
        ]
    )


def in_page() -> list[Said]:
    """What Python and JavaScript say in the page."""
    sources = [file for file in PACKAGE.rglob("*.py") if TOOLS not in file.parents]
    reasons = [Said(code, _open(message), _open(fix)) for code, message, fix in recorder.PROBLEMS.values()]
    return [*_in_python(sources), *_in_javascript(PAGE.glob("*.js")), *reasons]


def on_command_line() -> list[Said]:
    return list(_in_python(TOOLS.rglob("*.py")))


def _sections(said: list[Said]) -> Iterator[str]:
    for code in sorted({each.code for each in said}):
        cases = dict.fromkeys((each.message, each.fix) for each in said if each.code == code)
        yield f"### {code}\n"
        if code in MEANINGS:
            yield f"{MEANINGS[code]}\n"
        for message, fix in sorted(cases):
            if fix != UNKNOWN or len(cases) == 1:
                yield f"- **Seen:** {_plain(message)}.\n  **Fix:** {_plain(fix)}"
        yield ""


def _plain(text: str) -> str:
    """As Markdown. A value at the end of a sentence needs no full stop of its own."""
    return re.sub(r"…\.$", "…", text).replace("<", "&lt;").replace("*", "&#42;")


# What Python says.


def _in_python(files: Iterator[Path] | list[Path]) -> Iterator[Said]:
    for file in sorted(files):
        tree = ast.parse(file.read_text("utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "ReplayError":
                code, message, fix = node.args
                for each in (code.body, code.orelse) if isinstance(code, ast.IfExp) else (code,):
                    if (name := _words(tree, each)) != UNKNOWN:  # else it repeats another error
                        yield Said(name, _words(tree, message).rstrip("."), _words(tree, fix))


def _words(tree: ast.AST, node: ast.expr) -> str:
    """The text that an expression stands for, with … for what only a run can know."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_words(tree, each) for each in parts)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _words(tree, left) + _words(tree, right)
        case ast.Call(func=ast.Attribute(value=template, attr="format")):
            return _open(_words(tree, template))
        case ast.Name(id="REPORT"):
            return REPORT
        case ast.FormattedValue(value=value):
            return _words(tree, value)
        case ast.Name(id=name):
            before = [each for each in _assigned(tree, name) if each.lineno < node.lineno]
            return _words(tree, before[-1]) if before else UNKNOWN
        case _:
            return UNKNOWN


def _assigned(tree: ast.AST, name: str) -> list[ast.expr]:
    """What a name was given, in the order of the lines."""
    every = [each for each in ast.walk(tree) if isinstance(each, ast.Assign)]
    named = [each.value for each in every if [getattr(one, "id", "") for one in each.targets] == [name]]
    return sorted(named, key=lambda value: value.lineno)


def _open(template: str) -> str:
    return re.sub(r"\{[^{}]*\}", UNKNOWN, template)


# What JavaScript says.

PROBLEM = re.compile(r'code: "([\w-]+)",\s*message: (.+?),\s*fix(?:: (.+?),?\s*\}\)?;|\s*\})', re.DOTALL)
TOLD = re.compile(r'complain\("([\w-]+)", (.+?), (.+?)\)')


def _in_javascript(files: Iterator[Path]) -> Iterator[Said]:
    for file in sorted(files):
        program = file.read_text("utf-8")
        for pattern in (PROBLEM, TOLD):
            for code, message, fix in pattern.findall(program):
                yield Said(code, _literal(message).rstrip("."), _literal(fix))


def _literal(expression: str) -> str:
    """The text of a literal; of ``a ?? "text"`` too."""
    if expression == "REPORT":
        return REPORT
    found = re.search(r'`(.*)`|"((?:[^"\\]|\\.)*)"', expression, re.DOTALL)
    text = next((each for each in found.groups() if each is not None), UNKNOWN) if found else UNKNOWN
    return re.sub(r"\$\{[^{}]*\}", UNKNOWN, text)
