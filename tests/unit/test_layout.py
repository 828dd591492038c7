"""The house's rules: imports run one way, one module knows the runtimes, and the page's Python is MicroPython's."""

import ast
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import pyscript_replay
from pyscript_replay.options import MODES

PACKAGE = Path(pyscript_replay.__file__).parent
PAGE = {
    ".".join(file.relative_to(PACKAGE).with_suffix("").parts): ast.parse(file.read_text("utf-8"))
    for file in sorted([*PACKAGE.glob("*.py"), *PACKAGE.glob("modes/*.py")])
    if file.name != "__main__.py"  # the command line's
}
PURE = (
    *("errors", "spelling", "session", "following", "lifecycle", "device", "link", "session_events", "handover"),
    *("sdk_options", "options"),
    *("source", "reach", "doctor"),
    *(module for module in PAGE if module.startswith("modes.")),
)
PLATFORM = {"js", "jsffi", "pyodide", "pyscript", "pyscript_replay_border"}
STANDARD = {"asyncio", "collections", "gc", "json"}  # what both runtimes have, in the way we use it
LACKING = ("removeprefix", "removesuffix", "wait_for", "TaskGroup", "Queue", "timeout", "isdecimal", "casefold")


def run(tree: ast.AST) -> Iterator[ast.AST]:
    """What is run of a module: all but what is there for type checkers."""
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"):
            yield node
            yield from run(node)


def imports(module: str) -> Iterator[str]:
    """The modules that a module imports, our own by their name inside the package (with a dot before it)."""
    folder = module.rpartition(".")[0]
    for node in run(PAGE[module]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module or ""
        elif isinstance(node, ast.ImportFrom):
            inside = f"{folder}." if folder and folder != "__init__" and node.level == 1 else ""
            names = [node.module] if node.module else [alias.name for alias in node.names]
            yield from (f".{inside}{name}" for name in names)


def ours(module: str) -> set[str]:
    return {name[1:] for name in imports(module) if name.startswith(".")}


def foreign(module: str) -> set[str]:
    return {name.split(".")[0] for name in imports(module) if not name.startswith(".")}


@pytest.mark.parametrize("module", PAGE)
def test_only_the_bridge_knows_the_runtimes(module: str) -> None:
    assert foreign(module) <= (STANDARD | PLATFORM if module == "bridge" else STANDARD - {"asyncio"})


@pytest.mark.parametrize("module", PAGE)
def test_nothing_in_the_page_imports_what_runs_on_the_developers_machine(module: str) -> None:
    assert not any(name.split(".")[0] == "tools" for name in ours(module))


@pytest.mark.parametrize("module", PAGE)
def test_every_function_of_the_page_says_its_types(module: str) -> None:
    """What is public, and what is not; lambdas and ``self`` aside. (pyright checks what they say.)"""
    for node in ast.walk(PAGE[module]):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            where = f"{module}.py:{node.lineno} {node.name}"
            arguments = [*node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
            for argument in arguments:
                assert argument is None or argument.arg == "self" or argument.arg == "cls" or argument.annotation, where
            assert node.returns or node.name == "__init__", where


@pytest.mark.parametrize("module", PURE)
def test_what_is_pure_imports_only_what_is_pure(module: str) -> None:
    assert ours(module) <= set(PURE)
    assert foreign(module) <= {"collections", "json"}


@pytest.mark.parametrize("module", [module for module in PAGE if module.split(".")[0] != "modes"])
def test_modes_are_chosen_in_one_place(module: str) -> None:
    assert module == "__init__" or not any(name.startswith("modes") for name in ours(module))


def test_every_mode_has_a_file_and_every_file_is_a_mode() -> None:
    files = {module.removeprefix("modes.") for module in PAGE if module.startswith("modes.")}
    assert {mode.replace("-", "_") for mode in MODES} == files - {"__init__", "base", "auto"}


def test_imports_run_one_way() -> None:
    """No module is imported by what it imports, functions' own imports aside: those are made late on purpose."""
    done: set[str] = set()

    def visit(module: str, above: tuple[str, ...]) -> None:
        assert module not in above, " -> ".join((*above, module))
        if module in PAGE and module not in done:
            for name in ours(module):
                visit(name, (*above, module))
            done.add(module)

    for module in PAGE:
        if module not in ("__init__", "tag"):
            visit(module, ())


@pytest.mark.parametrize("module", PAGE)
def test_the_pages_python_is_micropythons(module: str) -> None:
    """mpy-cross accepts some of what MicroPython then has not, or would do otherwise."""
    for node in ast.walk(PAGE[module]):
        where = f"{module}.py:{getattr(node, 'lineno', 0)}"
        assert not isinstance(node, (ast.Match, ast.AsyncFor, ast.TryStar)), where
        assert not isinstance(node, ast.Attribute) or node.attr not in LACKING, where
        assert not isinstance(node, ast.arguments) or not node.posonlyargs, where
        assert not isinstance(node, ast.comprehension) or not node.is_async, where


@pytest.mark.parametrize("module", PAGE)
def test_everything_imports_under_cpython(module: str) -> None:
    name = "pyscript_replay" if module == "__init__" else f"pyscript_replay.{module.removesuffix('.__init__')}"
    assert importlib.import_module(name)
    assert not PLATFORM & set(sys.modules)


@pytest.mark.parametrize("module", PAGE)
def test_every_file_says_what_it_is(module: str) -> None:
    assert module == "modes.__init__" or ast.get_docstring(PAGE[module])
