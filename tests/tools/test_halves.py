"""MicroPython in two halves: together they are the whole, and what is in which is decided by the profile."""

import json
import logging
import struct
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from pyscript_replay.tools import bundle, halves, wasm
from pyscript_replay.tools.wasm import Program

IMPORTED = """
import sys
from pyscript_replay import bridge, doctor, make, replay, tag
from pyscript_replay.modes import actions, auto, classic_cloud, classic_device
print([module.__file__ for module in sys.modules.values() if hasattr(module, "__file__")])
"""


@pytest.fixture(scope="module")
def program() -> bytes:
    return bundle.micropython()


def assets(dist: Path) -> Mapping[str, str]:
    return json.loads((dist / "manifest.json").read_text("utf-8"))["assets"]


def python_inside(program: bytes) -> list[str]:
    """The paths of the modules."""
    (section,) = [content for identity, content in wasm.sections(program) if identity == wasm.CUSTOM]
    return [path for path, _ in json.loads(section[section.index(b"[") : section.index(b"\n")])]


def test_the_profile_is_of_the_micropython_that_is_installed(program: bytes) -> None:
    assert halves.Profile.read().fits(program), "run: python -m pyscript_replay.tools.profile"


def test_each_half_has_what_the_other_has_not(program: bytes) -> None:
    whole, profile = Program(program), halves.Profile.read()
    first, rest = (dict(wasm.sections(half)) for half in halves.split(program, profile))
    stays = [each for each, body in whole.bodies.items() if each in profile.functions or body.throws]
    assert wasm.read(rest[wasm.CODE], 0)[0] == len(whole.bodies) - len(stays)
    put = [segment for half in (first, rest) for segment in wasm.segments(half[wasm.DATA])]
    assert wasm.memory(put) == wasm.memory(whole.data)


def test_the_rest_writes_only_what_a_micropython_that_runs_does_not_change(program: bytes) -> None:
    memory = wasm.memory(wasm.Program(bundle.started()).data)
    heap = len(wasm.memory(Program(program).data))
    segments = list(wasm.segments(dict(wasm.sections(bundle._micropython_with_python()[1] or b""))[wasm.DATA]))
    assert sum(len(content) for _, content in segments) > 30_000
    for address, content in segments:
        assert memory[address : address + len(content)] == content
        assert address + len(content) <= heap


def test_nothing_in_the_heap_refers_to_what_comes_with_the_rest(program: bytes) -> None:
    own = Program(program).data
    memory = wasm.memory(Program(bundle.started()).data)
    rest = dict(wasm.sections(bundle._micropython_with_python()[1] or b""))
    coming = [range(at, at + len(content)) for at, content in wasm.segments(rest[wasm.DATA]) if at < own[-1].address]
    words = struct.unpack_from(f"<{len(memory) // 4}I", memory)[len(wasm.memory(own)) // 4 :]
    assert not [word for word in words if any(word in each for each in coming)]


def test_each_module_is_in_the_file_that_comes_when_it_is_needed(dist: Path) -> None:
    """But for those that are in MicroPython's memory from the first: see test_image.py."""
    assert python_inside((dist / assets(dist)["micropython.rest"]).read_bytes()) == ["pyscript_replay/doctor.mpy"]
    assert Path(assets(dist)["micropython.options"]).name == "sdk_options.mpy"


def test_frozen_modules_that_our_python_imports_are_in_the_first_half(printed: Callable[..., str]) -> None:
    files = json.loads(printed(IMPORTED).replace("'", '"'))
    frozen = {file for file in files if not file.startswith("/lib/") and file.endswith(".py")}
    assert "asyncio/core.py" in frozen
    assert frozen <= halves.Profile.read().frozen


def test_another_micropython_is_not_divided_and_runs_all_the_same(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    printed: Callable[..., str],
) -> None:
    monkeypatch.setattr(halves.Profile, "fits", lambda self, program: False)
    with caplog.at_level(logging.WARNING):
        whole, rest, options = bundle._micropython_with_python()
    assert rest is None
    assert "not divided" in caplog.text
    (tmp_path / "micropython.wasm").write_bytes(whole)
    (tmp_path / "sdk_options.mpy").write_bytes(options)
    (tmp_path / "micropython.js").write_bytes(bundle._micropython(False, options))
    names = {
        "micropython": "micropython.js",
        "micropython.wasm": "micropython.wasm",
        "micropython.options": "sdk_options.mpy",
    }
    (tmp_path / "manifest.json").write_text(json.dumps({"assets": names}))
    assert printed("from pyscript_replay import doctor, sdk_options\nprint(doctor.OK)", tmp_path).strip() == "ok"
