"""A Chromium for headless work: the one that is named, the system's, Playwright's own, or npm's.

The last is for machines that have no browser and may not install one: ``@sparticuz/chromium`` is a headless Chromium
for Linux on x86-64 with the libraries and fonts that it needs. It is unpacked into the user's cache, without root.
"""

import contextlib
import functools
import io
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

from ..errors import ReplayError
from . import npm
from .cache import digest, kept, once

VARIABLE = "PYSCRIPT_REPLAY_CHROMIUM"
NPMS = "npm"  # as the value of VARIABLE: npm's, whatever else there is
WITHOUT_WINDOWS = ("chromium-headless-shell", "chrome-headless-shell")  # which have less to do
WITH_WINDOWS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
NAMES = (*WITHOUT_WINDOWS, *WITH_WINDOWS)
FIX = f"Install one (apt install chromium), or name it in {VARIABLE}."

# quiet: nothing of the browser's own goes out
ARGS = ["--disable-background-networking", "--disable-component-update", "--no-first-run"]

# Playwright's own node needs libatomic, which a bare Debian has not; ours needs nothing. Read when Playwright starts.
with contextlib.suppress(ReplayError):  # it is not installed, and Playwright's own is left
    os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(npm.node()))

NPMS_RUNS_HERE = sys.platform == "linux" and platform.machine() == "x86_64"
DOWNLOAD_SECONDS = 60  # for Playwright's, where npm's can stand in

# Launches what it is told to, or Playwright's own, and prints its path. In another process: here, an event loop of
# Playwright's may be running already.
_LAUNCH = """
import json, sys
from playwright.sync_api import Error, sync_playwright
with sync_playwright() as playwright:
    options = {"executable_path": playwright.chromium.executable_path, **json.load(sys.stdin)}
    try:
        playwright.chromium.launch(**options).close()
    except Error:
        sys.exit(1)
print(options["executable_path"])
"""

# The system's fonts as well, where there are any.
_FONTS = """<?xml version="1.0"?>
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir prefix="relative">fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
"""


class Launch(TypedDict):
    """What Playwright's ``launch`` needs: ``playwright.chromium.launch(**chromium.find())``."""

    executable_path: str
    args: list[str]
    env: dict[str, str | float | bool]


def find(names: Sequence[str] = NAMES) -> Launch:
    """How to launch a Chromium: of the system's, the first of these ``names``.

    Raises ``ReplayError`` (``chromium``) when there is none and none can be had.
    """
    named = os.environ.get(VARIABLE)
    if named == NPMS:
        return _npms()
    path = next(filter(None, map(shutil.which, [named] if named else names)), None)
    if named and not path:
        raise ReplayError("chromium", f"{VARIABLE} names {named}, which is no program", "Name another, or unset it.")
    return _launch(path) if path else _playwrights_or_npms()


@functools.cache
def _playwrights_or_npms() -> Launch:
    """Playwright's own goes first, but what is here already before what has to be downloaded."""
    own = _launched({})
    if not own and not kept("chromium", _npms_key()):
        install = ("-m", "playwright", "install", "--no-shell", "chromium")
        _python(*install, seconds=DOWNLOAD_SECONDS if NPMS_RUNS_HERE else None)
        own = _launched({})
    return _launch(own) if own else _npms()


def _npms() -> Launch:
    if not NPMS_RUNS_HERE:
        raise ReplayError("chromium", "There is no Chromium, and Playwright could not download its own", FIX)
    return _unpacked(once("chromium", _npms_key(), _install))


def _npms_key() -> str:
    return digest([(npm.WEB / "chromium" / "package-lock.json").read_bytes(), Path(__file__).read_bytes()])


def _install(directory: Path) -> None:
    try:
        with tempfile.TemporaryDirectory() as work:
            npm.install(npm.WEB / "chromium", Path(work))
            _unpack(Path(work) / "node_modules" / "@sparticuz" / "chromium" / "bin", directory)
    except ReplayError as error:
        message = f"There is no Chromium, and npm's cannot be had ({error.message})"
        raise ReplayError("chromium", message, FIX) from error
    if not _launched(_unpacked(directory)):
        raise ReplayError("chromium", "There is no Chromium, and npm's @sparticuz/chromium does not start here", FIX)


def _unpack(packed: Path, directory: Path) -> None:
    """``packed`` holds the program, and archives: libraries, fonts, and what Chromium looks for beside itself."""
    for file in packed.glob("*.br"):
        content = npm.build_tool("brotli").decompress(file.read_bytes())
        if file.name.endswith(".tar.br"):
            with tarfile.open(fileobj=io.BytesIO(content)) as archive:
                archive.extraction_filter = getattr(tarfile, "data_filter", None)  # Debian 12's Python has none
                archive.extractall(directory)
        else:
            (directory / file.stem).write_bytes(content)
            (directory / file.stem).chmod(0o755)
    (directory / "fonts.conf").write_text(_FONTS)


def _unpacked(directory: Path) -> Launch:
    libraries = os.pathsep.join(filter(None, [str(directory / "lib"), os.environ.get("LD_LIBRARY_PATH")]))
    return _launch(directory / "chromium", LD_LIBRARY_PATH=libraries, FONTCONFIG_FILE=str(directory / "fonts.conf"))


def _launch(path: Path | str, **environment: str) -> Launch:
    return {"executable_path": str(path), "args": ARGS, "env": {**os.environ, **environment}}


def _launched(launch: Launch | dict[str, str]) -> str:
    """The path of this Chromium, or of Playwright's own; empty when it does not start."""
    return _python("-c", _LAUNCH, given=json.dumps(launch))


def _python(*arguments: str, given: str = "", seconds: float | None = None) -> str:
    """What Python prints, when told this. After ``seconds`` it is ended, and all that it has started."""
    python = subprocess.Popen(
        [sys.executable, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    with python:
        try:
            return python.communicate(given, timeout=seconds)[0].strip()
        except subprocess.TimeoutExpired:
            return ""
        finally:
            _end(python)


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL) if hasattr(os, "killpg") else process.kill()
