"""MicroPython as it is once it has our modules: what is in its memory, and what is not."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pyscript_replay.errors import ReplayError
from pyscript_replay.tools import bundle, image, wasm
from pyscript_replay.tools.wasm import Program

LOADED = """
import sys
print(sorted(name for name in sys.modules if name.startswith("pyscript_replay.")))
"""
COLLECTED = """
import asyncio, gc, js, sys
from pyscript_replay import bridge
gc.collect()
await asyncio.sleep(0)
print(js.globalThis is js.globalThis, bridge._border is sys.modules["pyscript_replay_border"])
"""
BORDER = "import pyscript_replay_border\n"


@pytest.fixture(scope="module")
def program() -> bytes:
    return bundle.started()


@pytest.fixture(scope="module")
def memory(program: bytes) -> bytearray:
    return wasm.memory(Program(program).data)


@pytest.fixture
def compiled(tmp_path: Path) -> Callable[[str], dict[str, bytes]]:
    """A module with this text."""

    def module(text: str) -> dict[str, bytes]:
        (tmp_path / "module.py").write_text(text)
        return {"module.mpy": bundle.mpy("module.py", tmp_path / "module.py")}

    return module


def test_it_has_each_module_but_the_doctor_and_the_sdks_options_before_any_is_imported(
    printed: Callable[..., str],
) -> None:
    names = {path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for path in bundle.page_modules()}
    names -= {"pyscript_replay", "pyscript_replay.doctor", "pyscript_replay.sdk_options"}
    assert printed(LOADED).strip() == str(sorted(names))


def test_it_is_made_of_the_same_bytes_each_time(program: bytes) -> None:
    assert bundle.started() == program


def test_what_nobody_refers_to_is_zero(memory: bytearray) -> None:
    cleared = bytearray(memory)
    image._clear_free_blocks(cleared)
    assert cleared == memory
    first = Program(bundle.micropython()).data[0].address  # below is the stack
    assert not any(memory[:first])


def test_what_it_has_of_javascripts_is_the_pages(printed: Callable[..., str]) -> None:
    assert printed(COLLECTED).strip() == "True True"


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("pyscript_replay_border.now()", "a module asks for the page's now when it is imported"),
        ("from js import setTimeout", "a module has something of JavaScript's when it is imported"),
        ("kept = bytearray(30_000_000)", "the modules need more memory than there is at first"),
        ("1 / 0", "ZeroDivisionError"),
    ],
)
def test_a_module_that_cannot_be_imported_before_there_is_a_page_is_named(
    text: str, refused: str, compiled: Callable[[str], dict[str, bytes]]
) -> None:
    image.memory(bundle.micropython(), compiled(BORDER + f"def later(): {text.replace('kept = ', '')}"))
    with pytest.raises(ReplayError, match=refused) as raised:
        image.memory(bundle.micropython(), compiled(BORDER + text))
    assert raised.value.code == "bundle-runtime"


@pytest.mark.parametrize("copies", [0, 2])
def test_a_heap_that_is_not_found_is_named(memory: bytearray, copies: int) -> None:
    table, size, _ = image._heap(memory)
    noted = b"".join(each.to_bytes(4, "little") for each in (table, size))
    at = memory.index(noted)
    memory = memory[:at] + memory[at : at + 20] * copies + memory[at + 20 :]
    with pytest.raises(ReplayError, match=f"noted at {copies} places") as raised:
        image._heap(memory)
    assert raised.value.code == "bundle-runtime"
