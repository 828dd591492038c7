"""MicroPython's program in two halves: the functions that pages are seen to run, and the rest.

A profile (``web/micropython.json``, which ``profile.py`` writes) names the functions that ran, and which of the Python
modules inside MicroPython, the *frozen* ones, our Python imports. ``split`` makes two WebAssembly modules of it all.

The *first* has what ran. For each other function that something refers to it has a stub: it calls ``split.load``, and
then the function itself, through the table. The *rest* has those functions. When it is instantiated it puts them into
the table, and the read-only data that only they and the other frozen modules need into memory. Both have one memory
and one table, so nobody notices but for the time it takes. ``web/page/halves.js`` fetches the rest when the page has
nothing better to do, and at once when a stub asks for it.

Until then a frozen module whose data is not there has an address outside of the memory, so that looking at it is an
error, not nonsense. What our Python imports is known when the bundle is built: a test compares.

The functions have no names, only numbers. So a profile is good for one program, which it names by its hash.
"""

import hashlib
import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from . import wasm
from .npm import WEB
from .wasm import Export, Program, Segment

PROFILE = WEB / "micropython.json"
NOWHERE = (0xFFFFFFF0).to_bytes(4, "little")  # an address that no memory of ours reaches
LINKERS = ("__start_em_js", "__stop_em_js")  # texts for Emscripten's linker lie between these; nobody reads them
A_LONG_WAY = 4096  # bytes
WORTH_A_SEGMENT = 16  # bytes


class Profile(NamedTuple):
    """What is known of a program; ``frozen_names`` and ``frozen_modules`` are the addresses of two lists in it."""

    sha256: str
    functions: frozenset[int]
    frozen: frozenset[str]
    frozen_names: int
    frozen_modules: int

    @classmethod
    def read(cls, file: Path = PROFILE) -> "Profile":
        told = json.loads(file.read_text("utf-8"))
        functions = (range(first, last + 1) for first, last in told["functions"])
        told["functions"] = frozenset(each for run in functions for each in run)
        return cls(**{**told, "frozen": frozenset(told["frozen"])})

    def fits(self, program: bytes) -> bool:
        return hashlib.sha256(program).hexdigest() == self.sha256


class Halves(NamedTuple):
    first: bytes
    rest: bytes


def split(program: bytes, profile: Profile, memory: list[Segment] | None = None) -> Halves:
    """``memory`` is what the first half puts there, if that is more than the program's own data (``image.py``)."""
    taken = Program(program)
    split = _Split(taken, profile, memory or taken.data)
    return Halves(split.first(), split.rest())


def counted(program: bytes) -> bytes:
    """The program, of which each function says to ``profile.seen`` that it runs."""
    taken = Program(program)
    seen, takes_number = len(taken.imports), taken.types.index(b"\x60\1\x7f\0")
    moved = {each: each + (each >= seen) for each in taken.type_of}
    bodies = (
        body.locals + wasm.i32(each) + wasm.call(seen) + body.renumbered(moved) for each, body in taken.bodies.items()
    )
    told = wasm.imported("profile", "seen", wasm.OF_FUNCTION, wasm.number(takes_number))
    exports = (Export(name, kind, of if kind else moved[of]).written() for name, kind, of in taken.exports)
    return taken.written(
        {
            wasm.IMPORT: wasm.vector([*taken.imports, told]),
            wasm.EXPORT: wasm.vector(exports),
            wasm.ELEMENT: wasm.elements([(1, [moved[each] for each in taken.elements])]),
            wasm.CODE: wasm.vector(map(wasm.sized, bodies)),
        }
    )


class _Split:
    def __init__(self, program: Program, profile: Profile, memory: list[Segment]):
        self.program = program
        stays = profile.functions | {each for each, body in program.bodies.items() if body.throws}  # there is the tag
        self.kept = [each for each in program.bodies if each in stays]
        self.deferred = [each for each in program.bodies if each not in stays]
        exported = {export.of for export in program.exports if export.kind == wasm.OF_FUNCTION}
        named = self._called_by(self.kept) | exported | {*program.elements}
        # the table goes on with what each half calls of the other
        self.stubs = sorted(named.intersection(self.deferred))
        self.shared = sorted(self._called_by(self.deferred).intersection(self.kept))
        self.places = {each: place for place, each in enumerate([*self.stubs, *self.shared], program.table_size)}
        self.globals = sorted({each for function in self.deferred for each in program.bodies[function].globals})
        self.data = _Data(program, profile, memory)

    def first(self) -> bytes:
        program, load = self.program, len(self.program.imports)
        functions = [*self.kept, *self.stubs]
        moved = {each: each for each in range(load)} | {each: at for at, each in enumerate(functions, load + 1)}
        nothing = program.types.index(b"\x60\0\0")
        bodies = [program.bodies[each].locals + program.bodies[each].renumbered(moved) for each in self.kept]
        exports = [
            Export(name, kind, moved[of] if kind == wasm.OF_FUNCTION else of)
            for name, kind, of in program.exports
            if kind != wasm.OF_GLOBAL  # the linker's
        ]
        exports += [Export(f"g{each}", wasm.OF_GLOBAL, each) for each in self.globals]
        filled = [
            (1, [moved[each] for each in program.elements]),
            (program.table_size + len(self.stubs), [moved[each] for each in self.shared]),
        ]
        ask = wasm.imported("split", "load", wasm.OF_FUNCTION, wasm.number(nothing))
        return program.written(
            {
                wasm.IMPORT: wasm.vector([*program.imports, ask]),
                wasm.FUNCTION: wasm.vector(wasm.number(program.type_of[each]) for each in functions),
                wasm.TABLE: b"\x01\x70\x01" + wasm.number(self._table_size()) * 2,
                wasm.EXPORT: wasm.vector(export.written() for export in exports),
                wasm.ELEMENT: wasm.elements(filled),
                wasm.CODE: wasm.vector(map(wasm.sized, [*bodies, *(self._stub(each, load) for each in self.stubs)])),
                wasm.DATA: wasm.vector(segment.written() for segment in self.data.here),
            }
        )

    def rest(self) -> bytes:
        program = self.program
        imports = [each for each in range(len(program.imports)) if each in self._called_by(self.deferred)]
        moved: dict[int, int | bytes] = {each: at for at, each in enumerate([*imports, *self.deferred])}
        moved |= {each: self._through_table(each) for each in self.shared}
        globals_ = {each: at for at, each in enumerate(self.globals)}
        shared = [
            ("memory", wasm.OF_MEMORY, program.sections[wasm.MEMORY][1:]),
            ("__indirect_function_table", wasm.OF_TABLE, b"\x70\0" + wasm.number(self._table_size())),
            *((f"g{each}", wasm.OF_GLOBAL, program.globals[each][:2]) for each in self.globals),
        ]
        named = [*(program.imports[each] for each in imports), *(wasm.imported("first", *each) for each in shared)]
        bodies = (program.bodies[each] for each in self.deferred)
        renumbered = (body.locals + body.renumbered(moved, globals_) for body in bodies)
        filled = [len(imports) + self.deferred.index(each) for each in self.stubs]
        return wasm.written(
            {
                wasm.TYPE: program.sections[wasm.TYPE],
                wasm.IMPORT: wasm.vector(named),
                wasm.FUNCTION: wasm.vector(wasm.number(program.type_of[each]) for each in self.deferred),
                wasm.ELEMENT: wasm.elements([(program.table_size, filled)]),
                wasm.CODE: wasm.vector(map(wasm.sized, renumbered)),
                wasm.DATA: wasm.vector(segment.written() for segment in self.data.there),
            }
        )

    def _called_by(self, functions: list[int]) -> set[int]:
        return {called for each in functions for called in self.program.bodies[each].calls}

    def _table_size(self) -> int:
        return self.program.table_size + len(self.places)

    def _stub(self, function: int, load: int) -> bytes:
        arguments = (bytes((wasm.LOCAL_GET, at)) for at in range(self.program.parameters(function)))
        return b"".join([b"\0", wasm.call(load), *arguments, self._through_table(function), bytes((wasm.END,))])

    def _through_table(self, function: int) -> bytes:
        """Instructions that do what ``call`` does."""
        type_ = wasm.number(self.program.type_of[function])
        return wasm.i32(self.places[function]) + bytes((wasm.CALL_INDIRECT,)) + type_ + b"\0"


class _Data:
    """The memory's first content, divided: what stays ``here``, and what is put ``there`` with the rest.

    Only the program's own data are divided. All else may change before the rest comes.

    Nothing says where an object ends, or what is an address. So whatever looks like an address of something counts as
    one, and an object goes on to the next address that anything names. Rather too much stays than too little.
    """

    def __init__(self, program: Program, profile: Profile, memory: list[Segment]):
        self.memory = wasm.memory(program.data)
        self.known = range(program.data[0].address, len(self.memory))
        words = range(self.known.start, self.known.stop - 3, 4)
        self.pointers = {at: self._word(at) for at in words if self._word(at) in self.known}
        self.named = self._constants(program, program.bodies)
        self.bounds = sorted({*self.named, *self.pointers.values(), self.known.stop})
        going = _joined([*self._modules(profile), *self._tables(program, profile), *_texts_for_linker(program)])
        going = [each for each in going if len(each) >= WORTH_A_SEGMENT]
        entries = [range(at, at + 4) for at, name in self._listed(profile).items() if name not in profile.frozen]
        self.there = [Segment(each.start, bytes(self.memory[each.start : each.stop])) for each in [*entries, *going]]
        filled = wasm.memory(memory)
        for each in entries:
            filled[each.start : each.stop] = NOWHERE
        self.here = [part for segment in memory for part in _without(filled, segment, going)]

    def _modules(self, profile: Profile) -> Iterator[range]:
        """What belongs to frozen modules, and is needed neither by ours nor by anything else."""
        listed = self._listed(profile)
        listing = range(profile.frozen_names, max(listed) + 4)
        # a module is three addresses: of its names, its constants and its code
        parts = {at: {self.pointers.get(self._word(at) + 4 * part, 0) for part in range(3)} - {0} for at in listed}
        frozen = self._reached({each for found in parts.values() for each in found})
        region = range(listing.start, max(self._end(each) for each in frozen))
        elsewhere = self.named | {to for at, to in self.pointers.items() if at not in region}
        ours = {each for at, name in listed.items() if name in profile.frozen for each in parts[at]}
        stays = self._reached({each for each in elsewhere if each not in listing} | ours)
        return (range(each, self._end(each)) for each in frozen - stays if each in region)

    def _listed(self, profile: Profile) -> dict[int, str]:
        """Where each frozen module is listed, and its name."""
        names = bytes(self.memory[profile.frozen_names :]).partition(b"\0\0")[0].decode().split("\0")
        return {profile.frozen_modules + 4 * position: name for position, name in enumerate(names)}

    def _tables(self, program: Program, profile: Profile) -> Iterator[range]:
        """Where only functions of the rest name anything for a long way: there are tables of sines and logarithms."""
        kept = self._constants(program, profile.functions & program.bodies.keys())
        for start, end in pairwise(sorted({*kept, *self.pointers.values(), self.known.stop})):
            inside = self.bounds[bisect_right(self.bounds, start)]
            if end - inside >= A_LONG_WAY:
                yield range(inside, end)

    def _constants(self, program: Program, functions: Iterable[int]) -> set[int]:
        return {each for function in functions for each in program.bodies[function].constants if each in self.known}

    def _reached(self, roots: set[int]) -> set[int]:
        reached: set[int] = set()
        due = [*roots]
        while due:
            if (address := due.pop()) not in reached:
                reached.add(address)
                words = range(-(-address // 4) * 4, self._end(address) - 3, 4)
                due += [self.pointers[each] for each in words if each in self.pointers]
        return reached

    def _end(self, address: int) -> int:
        return self.bounds[bisect_right(self.bounds, address)]

    def _word(self, at: int) -> int:
        return int.from_bytes(self.memory[at : at + 4], "little")


def _without(memory: bytearray, segment: Segment, going: list[range]) -> Iterator[Segment]:
    at, end = segment.address, segment.address + len(segment.content)
    for each in going:
        if each.start < end and each.stop > at:
            if at < each.start:
                yield Segment(at, bytes(memory[at : each.start]))
            at = each.stop
    if at < end:
        yield Segment(at, bytes(memory[at:end]))


def _texts_for_linker(program: Program) -> list[range]:
    exports = {export.name: export.of for export in program.exports if export.kind == wasm.OF_GLOBAL}
    start, stop = (wasm.read_signed(program.globals[exports[each]], 3)[0] for each in LINKERS)
    return [range(start, stop)]


def _joined(ranges: Iterable[range]) -> list[range]:
    joined: list[range] = []
    for each in sorted(ranges, key=lambda each: each.start):
        if joined and joined[-1].stop >= each.start:
            joined[-1] = range(joined[-1].start, max(each.stop, joined[-1].stop))
        else:
            joined.append(each)
    return joined
