"""MicroPython's exceptions inside of WebAssembly, instead of by way of JavaScript.

Python's exceptions are C's ``longjmp``. Emscripten makes of it what all browsers can do: a function of JavaScript's
throws, and each call that may be jumped out of goes through another one, ``invoke_…``, which catches. Before a page is
recorded, it is called 24 000 times. ``inside`` puts functions of WebAssembly in their place:

    invoke_ii(function, argument):
        stack = emscripten_stack_get_current()
        try: return function(argument)
        catch longjmp: restore the stack; setThrew(1, 0); return 0
        catch all (an error of JavaScript's): restore the stack; throw on

The instructions are those that browsers had first (Chrome 95, Firefox 100, Safari 15.2), and that all still have.
"""

from collections.abc import Mapping

from ..errors import ReplayError
from . import wasm
from .wasm import Program

THROW = "_emscripten_throw_longjmp"
CATCH = "invoke_"
NOTHING = b"\x60\0\0"  # the type of a function without parameters and result
TAG = b"\x01\0"  # one, of which a type follows
OF_TAG = wasm.number(0)


def inside(program: bytes) -> bytes:
    """The program; each function of its own has the number that it had.

    Raises ``ReplayError`` (``bundle-runtime``) where it does not say how to look after the stack.
    """
    taken = Program(program)
    names = [wasm.names(each)[1] for each in taken.imports]
    ours = [at for at, name in enumerate(names) if name == THROW or name.startswith(CATCH)]
    if not ours:
        return program  # it does so already
    theirs = [at for at in range(len(names)) if at not in ours]
    moved = {each: each for each in taken.bodies} | {each: at for at, each in enumerate([*theirs, *ours])}
    made = [_throw() if names[each] == THROW else _catch(taken, each) for each in ours]
    bodies = [body.locals + body.renumbered(moved) for body in taken.bodies.values()]
    return taken.written(
        {
            wasm.IMPORT: wasm.vector(taken.imports[each] for each in theirs),
            wasm.FUNCTION: wasm.vector(wasm.number(taken.type_of[each]) for each in [*ours, *taken.bodies]),
            wasm.ELEMENT: wasm.elements([(1, [moved[each] for each in taken.elements])]),
            wasm.TAG: TAG + wasm.number(taken.types.index(NOTHING)),
            wasm.CODE: wasm.vector(map(wasm.sized, [*made, *bodies])),
        }
    )


def _throw() -> bytes:
    return bytes((0, wasm.THROW)) + OF_TAG + bytes((wasm.END,))


def _catch(program: Program, invoke: int) -> bytes:
    exports = {export.name: export.of for export in program.exports}
    arguments, results = wasm.signature(program.types[program.type_of[invoke]])
    called = program.types.index(wasm.function_type(arguments[1:], results))
    stack = wasm.number(len(arguments))
    restored = bytes((wasm.LOCAL_GET,)) + stack + _call(exports, "_emscripten_stack_restore")
    return b"".join(
        [
            b"\1\1\x7f",  # a local number: where the stack was
            _call(exports, "emscripten_stack_get_current"),
            bytes((wasm.LOCAL_SET,)) + stack,
            bytes((wasm.TRY,)) + (results or b"\x40"),
            *(bytes((wasm.LOCAL_GET,)) + wasm.number(each) for each in [*range(1, len(arguments)), 0]),
            bytes((wasm.CALL_INDIRECT,)) + wasm.number(called) + b"\0",
            bytes((wasm.NOP,)),  # Safari 26.0 does not catch what the last instruction throws (WebKit's bug 299629)
            bytes((wasm.CATCH,)) + OF_TAG + restored + wasm.i32(1) + wasm.i32(0) + _call(exports, "setThrew"),
            wasm.i32(0) if results else b"",
            bytes((wasm.CATCH_ALL,)) + restored + bytes((wasm.RETHROW, 0)),
            bytes((wasm.END, wasm.END)),
        ]
    )


def _call(exports: Mapping[str, int], name: str) -> bytes:
    if name not in exports:
        raise ReplayError("bundle-runtime", f"MicroPython exports no {name!r}", "Find what it has, for exceptions.py.")
    return wasm.call(exports[name])
