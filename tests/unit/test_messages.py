"""Each failure says what was seen in one sentence, and how to mend it in another one, wherever it comes from."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import pyscript_replay
from pyscript_replay import ReplayError, doctor, recorder, sdk_options

ROOT = Path(pyscript_replay.__file__).parent
MORE_THAN_ONE = re.compile(r"[.?!][\"')]?\s+[A-Z]|\.$|\?.")


def literal(node: ast.expr) -> str | None:
    """The text of a literal; what is filled in later stands as ``X``."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join("X" if isinstance(each, ast.FormattedValue) else str(literal(each)) for each in node.values)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        return literal(node.func.value)
    return None


def raised() -> Iterator[tuple[str, str | None, str | None]]:
    for file in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "ReplayError" and len(node.args) == 3:
                _, message, fix = node.args
                yield f"{file.relative_to(ROOT)}:{node.lineno}", literal(message), literal(fix)


def tables() -> Iterator[tuple[str, str | None, str | None]]:
    for reason, (_, message, fix) in recorder.PROBLEMS.items():
        yield f"recorder {reason}", message, fix
    for rule in doctor.RULES:
        yield f"doctor {rule.code}", rule.seen, None if rule.fix in ("", "{mend}") else rule.fix
    for cause, (seen, fix) in doctor.CAUSES.items():
        yield f"doctor {cause}", seen, fix
    for name, fix in sdk_options.ELSEWHERE.items():
        yield f"sdk_options {name}", None, fix


def in_javascript() -> Iterator[tuple[str, str | None, str | None]]:
    for file in sorted((ROOT.parent / "web/page").glob("*.js")):
        source = re.sub(r"\$\{[^}]*\}", "X", file.read_text("utf-8"))
        for kind, text, template in re.findall(r'\b(message|fix): (?:"([^"]+)"|`([^`]+)`)', source):
            text = text or template
            yield f"{file.name}: {text[:40]}", text if kind == "message" else None, text if kind == "fix" else None


@pytest.mark.parametrize(
    ("message", "fix"),
    [pytest.param(message, fix, id=where) for where, message, fix in (*raised(), *tables(), *in_javascript())],
)
def test_message_and_fix_are_one_sentence_each(message: str | None, fix: str | None) -> None:
    assert message is None or not MORE_THAN_ONE.search(message)
    if fix is not None:
        assert fix[0].isupper() or fix[0] == "X"
        assert fix[-1] in ".?"
        assert not MORE_THAN_ONE.search(fix[:-1])


def test_an_error_as_text_reads_as_two_sentences() -> None:
    for message in ("it is gone", "it is gone.", " it is gone. "):
        error = ReplayError("gone", message, "Bring it back.")
        assert str(error) == "gone: it is gone. Bring it back."
        assert error.told() == {"code": "gone", "message": "it is gone", "fix": "Bring it back."}
    assert ReplayError("gone", "nothing is left of X.", "Bring it back.").message == "nothing is left of X"
