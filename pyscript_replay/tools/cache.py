"""Directories that are made once.

What is slow to make (npm's packages, the bundle) is kept in the user's cache, in a directory named after a hash of all
that decides its content. So a directory that is there is complete and stays as it is: it is filled beside its place,
under a lock, and renamed when it is ready. Directories that nobody has asked for in a month are removed.

A wheel has inside what was made of its sources: there nothing is made, and nothing needed for it.
"""

import contextlib
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from filelock import FileLock
from platformdirs import user_cache_path

from ..errors import ReplayError

KEEP_SECONDS = 30 * 24 * 3600
BUILT = Path(__file__).parents[1] / "built"  # only in a wheel: see hatch_build.py


def once(kind: str, key: str, fill: Callable[[Path], object]) -> Path:
    """The directory for ``key``, filled by ``fill(directory)`` unless it is there already.

    Raises ``ReplayError`` (``cache``) where the cache cannot be written, and whatever ``fill`` raises.
    """
    root = _root(kind)
    place = root / key
    try:
        root.mkdir(parents=True, exist_ok=True)
        with FileLock(root / f"{key}.lock"):
            if not place.is_dir():
                with tempfile.TemporaryDirectory(dir=root, prefix="making-") as work:
                    made = Path(work) / key
                    made.mkdir()
                    fill(made)
                    made.rename(place)
                _prune(root)
            os.utime(place)
    except OSError as error:
        raise ReplayError("cache", f"{root} cannot be written: {error}", "Free it, or set XDG_CACHE_HOME.") from error
    return place


def inside(kind: str) -> Path | None:
    """What the wheel has of this kind; ``None`` in a work tree."""
    return BUILT / kind if BUILT.is_dir() else None


def kept(kind: str, key: str) -> bool:
    """Whether the directory for ``key`` is there already."""
    return (_root(kind) / key).is_dir()


def digest(parts: Iterable[bytes]) -> str:
    """A short name for what ``parts`` say, in their order."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(hashlib.sha256(part).digest())
    return whole.hexdigest()[:12]


def _root(kind: str) -> Path:
    return user_cache_path("pyscript-replay", appauthor=False) / kind


def _prune(root: Path) -> None:
    for entry in root.iterdir():
        with contextlib.suppress(FileNotFoundError):  # others fill and prune as well
            if entry.stat().st_mtime < time.time() - KEEP_SECONDS:
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
