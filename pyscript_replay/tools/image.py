"""MicroPython's program as it is once it has started and has our modules: a page skips both.

It is run in Node (``web/tools/micropython.mjs``), and what is in its memory then is in the memory of the program that a
page loads, from the first. So such a program is not started any more (``bundle.py`` takes that out of its JavaScript).

Its stack and the free blocks of its heap are made zero. MicroPython leaves what was in them, and a page would have to
fetch that. Which blocks are free says a table, with two bits for each; where it is, stands in the memory:
https://github.com/micropython/micropython/blob/master/py/gc.c
"""

import base64
import json
import os
import re
import struct
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from ..errors import ReplayError
from . import wasm
from .npm import WEB, installed, node
from .wasm import Program, Segment

MAKER = WEB / "tools/micropython.mjs"
RUNTIME = "@micropython/micropython-webassembly-pyscript/micropython.mjs"
BLOCK = 16  # bytes
BLOCKS_OF_BYTE = 4
GAP = 300  # so many zeros in a row are left out; with brotli, 40 or 2 000 make no difference


def memory(program: bytes, modules: Mapping[str, bytes]) -> list[Segment]:
    """What is in the program's memory once it has these modules, by their paths.

    Raises ``ReplayError`` (``bundle-runtime``).
    """
    filled, stack = _run(program, modules)
    filled[stack.start : stack.stop] = bytes(len(stack))
    _clear_free_blocks(filled)
    return _segments(bytes(filled))


def inside(program: bytes, memory: Iterable[Segment]) -> bytes:
    """The program with that in its memory from the first."""
    return Program(program).written({wasm.DATA: wasm.vector(each.written() for each in memory)})


def _run(program: bytes, modules: Mapping[str, bytes]) -> tuple[bytearray, range]:
    """The memory, and where in it the stack is, which is empty."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "micropython.wasm"
        file.write_bytes(program)
        done = subprocess.run(
            [node(), MAKER, file],
            input=json.dumps({path: base64.b64encode(each).decode() for path, each in modules.items()}).encode(),
            capture_output=True,
            env={**os.environ, "MICROPYTHON": str(installed() / RUNTIME)},
        )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise _refused(f"MicroPython's memory could not be made: {said}")
    stack, _, filled = done.stdout.partition(b"\n")
    return bytearray(filled), range(*json.loads(stack))


def _clear_free_blocks(memory: bytearray) -> None:
    table, size, first = _heap(memory)
    for number in range(size * BLOCKS_OF_BYTE):
        at = first + BLOCK * number
        used = memory[table + number // BLOCKS_OF_BYTE] >> 2 * (number % BLOCKS_OF_BYTE) & 3
        if not used and at < len(memory):
            memory[at : at + BLOCK] = bytes(len(memory[at : at + BLOCK]))


def _heap(memory: bytearray) -> tuple[int, int, int]:
    """Where the table of blocks begins, how many bytes it has, and where the first block is.

    MicroPython has noted that in a row: where the table is, and how long it is in bytes; where the table of finalisers
    is, where the blocks begin, and where they end.
    """
    words = struct.unpack_from(f"<{len(memory) // 4}I", memory)
    found = [
        (table, size, first)
        for table, size, finalisers, first, end in zip(*(words[at:] for at in range(5)), strict=False)
        if size and end - first == size * BLOCKS_OF_BYTE * BLOCK and table + size <= finalisers <= first < end
    ]
    if len(found) != 1:
        raise _refused(f"MicroPython's heap is noted at {len(found)} places, not at one")
    return found[0]


def _segments(memory: bytes) -> list[Segment]:
    """All that is not zero."""
    runs = re.finditer(rb"[^\0](?:\0{0,%d}[^\0])*" % (GAP - 1), memory)
    return [Segment(each.start(), each[0]) for each in runs]


def _refused(what: str) -> ReplayError:
    return ReplayError("bundle-runtime", what, "See what is new in MicroPython, for image.py.")
