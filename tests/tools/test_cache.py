"""Directories that are made once, whoever asks for them at the same time."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pyscript_replay import ReplayError
from pyscript_replay.tools import cache


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cache, "user_cache_path", lambda *_, **__: tmp_path)
    return tmp_path / "kind"


def write(text: str):
    return lambda directory: (directory / "file").write_text(text)


def test_it_is_filled_once() -> None:
    first = cache.once("kind", "key", write("first"))
    assert cache.once("kind", "key", write("second")) == first
    assert (first / "file").read_text() == "first"


def test_one_that_could_not_be_filled_is_not_there(root: Path) -> None:
    def fail(directory: Path) -> None:
        write("half")(directory)
        raise ReplayError("some", "trouble", "")

    with pytest.raises(ReplayError, match="trouble"):
        cache.once("kind", "key", fail)
    assert [entry.name for entry in root.iterdir()] == ["key.lock"]
    assert (cache.once("kind", "key", write("whole")) / "file").read_text() == "whole"


def test_many_ask_at_once() -> None:
    """Each entry comes and goes while the others look around for what is old."""
    keys = [f"key-{number % 40}" for number in range(400)]
    with ThreadPoolExecutor(16) as threads:
        made = list(threads.map(lambda key: cache.once("kind", key, write(key)), keys))
    assert [(directory / "file").read_text() for directory in made] == keys


def test_what_nobody_wants_any_more_goes(root: Path) -> None:
    old = cache.once("kind", "old", write("old"))
    kept = cache.once("kind", "kept", write("kept"))
    long_ago = time.time() - cache.KEEP_SECONDS - 1
    for entry in (old, root / "old.lock"):
        os.utime(entry, (long_ago, long_ago))
    cache.once("kind", "new", write("new"))
    assert not old.exists()
    assert kept.exists()


def test_a_cache_that_cannot_be_written_has_a_name(root: Path) -> None:
    root.write_text("in the way")
    with pytest.raises(ReplayError, match="XDG_CACHE_HOME") as raised:
        cache.once("kind", "key", write("text"))
    assert raised.value.code == "cache"
