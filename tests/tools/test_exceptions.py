"""MicroPython's exceptions inside of WebAssembly: what is thrown, what is caught, and what Python makes of it."""

import base64
import contextlib
import io
import json
import subprocess
from collections.abc import Callable

import pytest

from pyscript_replay.errors import ReplayError
from pyscript_replay.tools import bundle, exceptions, npm, wasm
from pyscript_replay.tools.wasm import Export, Program

IN_PYTHON = """
def deep(depth):
    return 0 if depth == 0 else 1 + deep(depth - 1)


def tried(call, *arguments):
    try:
        return call(*arguments)
    except Exception as error:
        return isinstance(error, RuntimeError) or type(error).__name__


def generated():
    try:
        yield 1
        yield 2
    finally:
        print("closed")


class Manager:
    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        print("exit", kind.__name__)
        return True


def again():
    try:
        {}["missing"]
    except KeyError as error:
        raise ValueError("another") from error
    finally:
        print("finally")


print(tried(deep, 20), tried(deep, 100_000), tried(deep, 20))
begun = generated()
print(next(begun))
begun.close()
with Manager():
    [][0]
print(tried(again), tried(next, iter(())), tried(int, "x"), tried(getattr, 1, "x"), tried(lambda: 1 // 0))
print(sum(tried(int, "x") == "ValueError" for _ in range(1000)))
"""
IN_A_PAGE = """
import js

def wrong():
    raise ValueError("of Python's")

caught = js.eval("call => { try { return call() } catch (error) { return error.message } }")
print(caught(wrong))
"""
# As Emscripten's programs are: what is called leaves the stack (global 0) lower than it found it
BELOW = b"\x23\0\x41\x10\x6b\x24\0"  # global 0 -= 16
CASES = """
const program = new WebAssembly.Module(Buffer.from(process.argv[1], "base64"));
const env = { js: (value) => { throw new Error(`of JavaScript's: ${value}`); } };
const told = [7, 1, 2].map((value) => {
  const { exports } = new WebAssembly.Instance(program, { env });
  let result;
  try { result = exports.main(value); } catch (error) { result = error.message; }
  return [result, exports.stack(), exports.threw()];
});
console.log(JSON.stringify(told));
"""


def as_emscripten_makes_it() -> bytes:
    """A program whose ``main(value)`` has ``jump(value)`` called by ``invoke_ii``.

    ``jump`` answers 7 for 7, makes a long jump for 1, and calls a function of JavaScript's, which throws, for 2.
    """
    i, none = b"\x7f", b""
    types = [(i + i, i), (none, none), (i, i), (none, i), (i, none), (i + i, none)]
    imports = [("invoke_ii", 0), ("_emscripten_throw_longjmp", 1), ("js", 2)]
    jump = (
        BELOW
        + b"\x20\0\x41\1\x46\x04\x40\x10\1\x0b"  # if the value is 1: call the long jump
        + b"\x20\0\x41\2\x46\x04\x7f\x20\0\x10\2\x05\x20\0\x0b"  # JavaScript's for 2, else the value
    )
    functions = [
        ("emscripten_stack_get_current", 3, b"\x23\0"),
        ("_emscripten_stack_restore", 4, b"\x20\0\x24\0"),
        ("setThrew", 5, b"\x20\0\x20\1\x6a\x24\1"),  # 1 and 0: their sum is kept
        ("jump", 2, jump),
        ("main", 2, b"\x41\1\x20\0\x10\0"),
        ("stack", 3, b"\x23\0"),
        ("threw", 3, b"\x23\1\x41\0\x24\1"),
    ]
    numbered = list(enumerate(functions, len(imports)))
    changing = b"\x7f\1"  # a number that can be set
    sections = {
        wasm.TYPE: wasm.vector(wasm.function_type(*each) for each in types),
        wasm.IMPORT: wasm.vector(
            wasm.imported("env", name, wasm.OF_FUNCTION, wasm.number(kind)) for name, kind in imports
        ),
        wasm.FUNCTION: wasm.vector(wasm.number(kind) for _, kind, _ in functions),
        wasm.TABLE: b"\1\x70\1\2\2",
        wasm.GLOBAL: wasm.vector(changing + wasm.i32(value) + b"\x0b" for value in (1000, 0)),
        wasm.EXPORT: wasm.vector(Export(name, wasm.OF_FUNCTION, at).written() for at, (name, _, _) in numbered),
        wasm.ELEMENT: wasm.elements([(1, [at for at, (name, _, _) in numbered if name == "jump"])]),
        wasm.CODE: wasm.vector(wasm.sized(b"\0" + code + b"\x0b") for _, _, code in functions),
        wasm.DATA: wasm.vector([]),
    }
    return wasm.written(sections)


def published() -> bytes:
    folder, _ = bundle.PUBLISHED["micropython"]
    return (npm.installed() / folder / "micropython.wasm").read_bytes()


def test_a_long_jump_and_an_error_of_javascripts_leave_the_stack_as_it_was() -> None:
    program = exceptions.inside(as_emscripten_makes_it())
    command = [npm.node(), "-e", CASES, base64.b64encode(program).decode()]
    told = json.loads(subprocess.run(command, capture_output=True, timeout=60, check=True).stdout)
    assert told == [[7, 984, 0], [0, 1000, 1], ["of JavaScript's: 2", 1000, 0]]


def test_nothing_of_it_is_left_to_javascript_and_functions_keep_their_numbers() -> None:
    before, after = Program(published()), Program(exceptions.inside(published()))
    names = [name for _, name in map(wasm.names, after.imports)]
    assert len(before.imports) - len(names) == 12
    assert not [name for name in names if name.startswith("invoke_") or "longjmp" in name]
    assert after.exports == before.exports
    assert {after.type_of[each] for each in before.bodies} == {before.type_of[each] for each in before.bodies}
    (program,) = {path for path in (bundle.cached() / "assets").glob("micropython-*.js")}
    assert "invoke_" not in program.read_text("utf-8")


def test_python_raises_and_catches_as_elsewhere(printed: Callable[..., str]) -> None:
    elsewhere = io.StringIO()
    with contextlib.redirect_stdout(elsewhere):
        exec(IN_PYTHON, {})
    assert printed(IN_PYTHON) == elsewhere.getvalue()


def test_javascript_sees_what_python_raises(printed: Callable[..., str]) -> None:
    assert "ValueError: of Python's" in printed(IN_A_PAGE)


def test_a_program_that_is_made_otherwise_is_named() -> None:
    program = as_emscripten_makes_it().replace(b"setThrew", b"setThrow")
    with pytest.raises(ReplayError, match="setThrew") as raised:
        exceptions.inside(program)
    assert raised.value.code == "bundle-runtime"
