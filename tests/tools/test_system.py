"""MicroPython in the place of Emscripten's system: what it prints, its memory, its files, and texts from JavaScript."""

from collections.abc import Callable
from pathlib import Path

import pytest

MEMORY = """
import gc
kept = [bytearray(1_000_000) for _ in range(60)]
kept[-1][-1] = 7
print(sum(map(len, kept)), kept[-1][-1])
try:
    bytearray(0x7FFF_FFF0)
except MemoryError:
    print("as much as there is")
kept = None
gc.collect()
print("and goes on")
"""
PRINTED = """
import sys
print("one", end=" ")
print("line")
print("äö€😀\\n\\nthree")
print("elsewhere", file=sys.stderr)
print("not a whole one", end="")
"""
FILES = """
import os
def tried(what, *args):
    try:
        return what(*args)
    except OSError as error:
        return error.errno

doctor = "/lib/pyscript_replay/doctor.mpy"
import pyscript_replay.doctor
with open(doctor, "rb") as file:
    start = file.read(1)
    rest = file.read()
with open(doctor, "rb") as file:
    print(start, file.read() == start + rest, len(rest) > 5000)
print([tried(open, path) for path in ("/nowhere", "/lib")])
print(tried(os.listdir, "/lib"), tried(os.mkdir, "/folder"), tried(os.remove, doctor))
"""
TEXTS = """
import js
same, length = js.eval("(text) => text"), js.eval("(text) => text.length")
for text in ("", "a" * 100, "e" * 15 + "é", "€" * 33, "a😀" * 20, "a\\0b", "\\ufeff one", "\\ufeff" * 10):
    print(same(text) == text, length(text))
half = js.eval("'half \\\\ud800 of one'")
print(len(half), half.endswith(" of one"))
print(same(js.eval("'name'")), getattr(js, "parseInt")("12"))
"""

CONSOLE = """
import asyncio, gc, js, sys
js.eval("console.error = () => { throw new Error('not on this page') }")
async def kept():
    gc.collect()
    await asyncio.sleep(0)
    return gc.mem_alloc()
before = await kept()
for _ in range(5):
    print("said" * 100, file=sys.stderr)
    garbage = [bytearray(1000) for _ in range(500)]
    garbage = None
    after = await kept()
print(after < before + 100_000)
"""


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        pytest.param(MEMORY, ["60000000 7", "as much as there is", "and goes on"], id="its memory grows"),
        pytest.param(PRINTED, ["one line", "äö€😀", "", "three"], id="it prints whole lines"),
        pytest.param(CONSOLE, ["True"], id="a page's console may throw"),
        pytest.param(
            FILES,
            ["b'M' True True", "[44, 44]", "44 52 52"],
            id="its files are those that came, and can only be read",
        ),
        pytest.param(
            TEXTS,
            [*(f"True {length}" for length in (0, 100, 16, 33, 60, 3, 5, 10)), "13 True", "name 12"],
            id="texts are the same on both sides",
        ),
    ],
)
def test_micropython_in_it(program: str, expected: list[str], printed: Callable[..., str]) -> None:
    assert printed(program).splitlines() == expected


@pytest.mark.parametrize("name", ["SYSCALLS", "__syscall_chdir", "fd_seek", "invoke_", "readFileSync", "_textDecoder"])
def test_of_emscriptens_javascript_nothing_is_left(name: str, dist: Path) -> None:
    (program,) = (dist / "assets").glob("micropython-*.js")
    assert name not in program.read_text("utf-8")
