"""WebAssembly's binary format, as far as it takes to change a program of Emscripten's.

``halves.py``, ``exceptions.py`` and ``image.py`` do that. A program is taken apart into its sections, a function's body
into its instructions. The functions and globals that instructions name can be numbered anew; all the rest stays as it
is, byte for byte. The format:
https://webassembly.github.io/spec/core/binary/
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

CUSTOM, TYPE, IMPORT, FUNCTION, TABLE, MEMORY, GLOBAL, EXPORT, ELEMENT, CODE, DATA = (*range(8), 9, 10, 11)
TAG = 13
ORDER = (CUSTOM, TYPE, IMPORT, FUNCTION, TABLE, MEMORY, TAG, GLOBAL, EXPORT, ELEMENT, CODE, DATA)  # of sections
OF_FUNCTION, OF_TABLE, OF_MEMORY, OF_GLOBAL = range(4)  # the kinds of imports and exports
NOP, CALL, CALL_INDIRECT, I32_CONST, END = 0x01, 0x10, 0x11, 0x41, 0x0B
LOCAL_GET, LOCAL_SET, GLOBAL_GET, GLOBAL_SET = 0x20, 0x21, 0x23, 0x24
TRY, CATCH, THROW, RETHROW, CATCH_ALL = 0x06, 0x07, 0x08, 0x09, 0x19
BR_TABLE, SELECT_TYPED, PREFIXED = 0x0E, 0x1C, 0xFC
ACCESSES = range(0x28, 0x3F)  # loads and stores
MAGIC = b"\0asm\x01\0\0\0"

# How many numbers follow an instruction. Others have none, or are in `_after`.
BLOCKS, BRANCHES, VARIABLES = (*range(0x02, 0x05), *range(TRY, RETHROW + 1)), (0x0C, 0x0D), range(0x20, 0x27)
ONE = (*BLOCKS, *BRANCHES, CALL, *VARIABLES, *range(0x3F, 0x43), 0xD0, 0xD2)
NUMBERS = {**dict.fromkeys(ONE, 1), **dict.fromkeys((CALL_INDIRECT, *ACCESSES), 2)}
NUMBERS_OF_PREFIXED = {**dict.fromkeys((8, 10, 12, 14), 2), **dict.fromkeys((9, 11, 13, 15, 16, 17), 1)}
BYTES = {0x43: 4, 0x44: 8}  # floats


class Export(NamedTuple):
    name: str
    kind: int
    of: int  # of this number

    def written(self) -> bytes:
        return text(self.name) + bytes((self.kind,)) + number(self.of)


class Segment(NamedTuple):
    """What is in memory at first, from an address on."""

    address: int
    content: bytes

    def written(self) -> bytes:
        return b"\0" + i32(self.address) + bytes((END,)) + sized(self.content)


class Body:
    """A function's body: its locals, its instructions, and what those name."""

    def __init__(self, entry: bytes):
        _, start = read(entry, 0)
        count, at = read(entry, start)
        for _ in range(count):
            at = read(entry, at)[1] + 1
        self.locals, self.code = entry[start:at], entry[at:]
        self.calls: set[int] = set()
        self.globals: set[int] = set()
        self.throws = False  # or catches
        self.constants: set[int] = set()  # what may be an address: i32.const, and the offsets of loads and stores
        for code, at, _ in self.instructions():
            if code == CALL:
                self.calls.add(read(self.code, at + 1)[0])
            elif code in (GLOBAL_GET, GLOBAL_SET):
                self.globals.add(read(self.code, at + 1)[0])
            elif code in (THROW, CATCH):
                self.throws = True
            elif code == I32_CONST:
                self.constants.add(read_signed(self.code, at + 1)[0] & 0xFFFFFFFF)
            elif code in ACCESSES:
                self.constants.add(read(self.code, read(self.code, at + 1)[1])[0])

    def instructions(self) -> Iterator[tuple[int, int, int]]:
        """Each instruction, where it begins, and where it ends."""
        at = 0
        while at < len(self.code):
            yield self.code[at], at, (after := _after(self.code, at))
            at = after

    def renumbered(self, functions: Mapping[int, int | bytes], globals_: Mapping[int, int] | None = None) -> bytes:
        """The instructions with new numbers for what they name; for a call there may be other instructions instead."""
        parts, done = [], 0
        for code, at, after in self.instructions():
            if code == CALL:
                new = functions[read(self.code, at + 1)[0]]
                instead = new if isinstance(new, bytes) else call(new)
            elif code in (GLOBAL_GET, GLOBAL_SET) and globals_ is not None:
                instead = bytes((code,)) + number(globals_[read(self.code, at + 1)[0]])
            else:
                continue
            parts += [self.code[done:at], instead]
            done = after
        return b"".join([*parts, self.code[done:]])


class Program:
    """A program taken apart. Emscripten's imports nothing but functions, and has one table, filled by one segment at 1.

    Functions have one numbering: first the imported ones, then those in ``bodies``.
    """

    def __init__(self, program: bytes):
        self.sections = {identity: content for identity, content in sections(program) if identity != CUSTOM}
        self.types = list(_entries(self.sections[TYPE], _after_type))
        self.imports = list(_entries(self.sections[IMPORT], _after_import))
        self.globals = list(_entries(self.sections[GLOBAL], lambda code, at: _after_number(code, at + 3) + 1))
        self.exports = list(_exports(self.sections[EXPORT]))
        self.table_size = read(self.sections[TABLE], 3)[0]
        self.elements = _numbers(self.sections[ELEMENT].removeprefix(b"\1\0\x41\1\x0b"))
        self.data = list(segments(self.sections[DATA]))
        bodies = map(Body, _entries(self.sections[CODE], _after_sized))
        self.bodies = dict(enumerate(bodies, len(self.imports)))
        imported = [read(each, _after_sized(each, _after_sized(each, 0)) + 1)[0] for each in self.imports]
        self.type_of = dict(enumerate([*imported, *_numbers(self.sections[FUNCTION])]))

    def parameters(self, function: int) -> int:
        return len(signature(self.types[self.type_of[function]])[0])

    def written(self, instead: Mapping[int, bytes]) -> bytes:
        """The program, with these sections in place of its own."""
        return written({**self.sections, **instead})


def written(contents: Mapping[int, bytes]) -> bytes:
    """A program of these sections."""
    return MAGIC + b"".join(section(identity, contents[identity]) for identity in sorted(contents, key=ORDER.index))


def sections(program: bytes) -> Iterator[tuple[int, bytes]]:
    at = len(MAGIC)
    while at < len(program):
        size, start = read(program, at + 1)
        yield program[at], program[start : start + size]
        at = start + size


def section(identity: int, content: bytes) -> bytes:
    return bytes((identity,)) + sized(content)


def custom(name: str, content: bytes) -> bytes:
    """A section that runs nowhere, and that JavaScript can read. To be appended to a program."""
    return section(CUSTOM, text(name) + content)


def imported(module: str, name: str, kind: int, description: bytes) -> bytes:
    return text(module) + text(name) + bytes((kind,)) + description


def names(entry: bytes) -> tuple[str, str]:
    """Of an import: the module, and what of it."""
    end = _after_sized(entry, 0)
    parts = (entry[read(entry, at)[1] : _after_sized(entry, at)].decode() for at in (0, end))
    return next(parts), next(parts)


def function_type(parameters: bytes, results: bytes) -> bytes:
    return b"\x60" + sized(parameters) + sized(results)


def signature(entry: bytes) -> tuple[bytes, bytes]:
    """Of a function's type: its parameters and its results, a byte for each."""
    end = _after_sized(entry, 1)
    return entry[read(entry, 1)[1] : end], entry[read(entry, end)[1] :]


def elements(segments: Iterable[tuple[int, list[int]]]) -> bytes:
    """Functions, as they are put into the table from a place on."""
    return vector(b"\0" + i32(at) + bytes((END,)) + vector(map(number, functions)) for at, functions in segments)


def vector(entries: Iterable[bytes]) -> bytes:
    listed = list(entries)
    return number(len(listed)) + b"".join(listed)


def sized(content: bytes) -> bytes:
    return number(len(content)) + content


def text(text: str) -> bytes:
    return sized(text.encode())


def number(value: int) -> bytes:
    """LEB128, unsigned."""
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])


def call(function: int) -> bytes:
    """The instruction that calls it."""
    return bytes((CALL,)) + number(function)


def i32(value: int) -> bytes:
    """The instruction for a constant."""
    encoded = bytearray((I32_CONST,))
    while not -0x40 <= value < 0x40:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value & 0x7F])


def read(code: bytes, at: int) -> tuple[int, int]:
    """An unsigned number, and where it ends."""
    value = shift = 0
    while True:
        byte = code[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def read_signed(code: bytes, at: int) -> tuple[int, int]:
    value, after = read(code, at)
    return value - (1 << 7 * (after - at)) if code[after - 1] & 0x40 else value, after


def _after(code: bytes, at: int) -> int:
    """Where the instruction ends that begins here."""
    instruction, at = code[at], at + 1
    numbers = NUMBERS.get(instruction, 0)
    if instruction == PREFIXED:
        kind, at = read(code, at)
        numbers = NUMBERS_OF_PREFIXED.get(kind, 0)
    elif instruction == BR_TABLE:
        count, at = read(code, at)
        numbers = count + 1
    elif instruction == SELECT_TYPED:
        numbers, at = read(code, at)
    for _ in range(numbers):
        at = _after_number(code, at)
    return at + BYTES.get(instruction, 0)


def _after_number(code: bytes, at: int) -> int:
    while code[at] & 0x80:
        at += 1
    return at + 1


def _after_sized(code: bytes, at: int) -> int:
    size, start = read(code, at)
    return start + size


def _after_type(code: bytes, at: int) -> int:
    return _after_sized(code, _after_sized(code, at + 1))


def _after_import(code: bytes, at: int) -> int:
    return _after_number(code, _after_sized(code, _after_sized(code, at)) + 1)


def _entries(content: bytes, after: Callable[[bytes, int], int]) -> Iterator[bytes]:
    """A section's entries, each as it is written."""
    count, at = read(content, 0)
    for _ in range(count):
        end = after(content, at)
        yield content[at:end]
        at = end


def _numbers(content: bytes) -> list[int]:
    return [read(each, 0)[0] for each in _entries(content, _after_number)]


def _exports(content: bytes) -> Iterator[Export]:
    for each in _entries(content, lambda code, at: _after_number(code, _after_sized(code, at) + 1)):
        size, start = read(each, 0)
        kind = start + size
        yield Export(each[start:kind].decode(), each[kind], read(each, kind + 1)[0])


def memory(segments: Iterable[Segment]) -> bytearray:
    """All that they put into memory, from address 0 on."""
    listed = list(segments)
    filled = bytearray(max(segment.address + len(segment.content) for segment in listed))
    for address, content in listed:
        filled[address : address + len(content)] = content
    return filled


def segments(content: bytes) -> Iterator[Segment]:
    count, at = read(content, 0)
    for _ in range(count):
        address, at = read_signed(content, at + 2)
        size, start = read(content, at + 1)
        at = start + size
        yield Segment(address, content[start:at])
