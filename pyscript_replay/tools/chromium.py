"""A Chromium for headless work: the one that is named, the system's, or Playwright's own, installed on demand."""

import functools
import os
import shutil
import subprocess
import sys

from ..errors import ReplayError

VARIABLE = "PYSCRIPT_REPLAY_CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
FIX = f"Install one (apt install chromium), or name it in {VARIABLE}."

# quiet: nothing of the browser's own goes out; as root Chromium's sandbox is not to be had
ARGS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
]

# Asked for in another process: here, an event loop of Playwright's may be running already.
_WHERE = """
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    print(playwright.chromium.executable_path)
"""


def find() -> str:
    """The path of a Chromium. Raises ``ReplayError`` (``chromium``) when there is none and none can be installed."""
    named = os.environ.get(VARIABLE)
    if not named:
        return next(filter(None, map(shutil.which, NAMES)), None) or _playwrights_own()
    if not shutil.which(named):
        raise ReplayError("chromium", f"{VARIABLE} names {named}, which is no program.", "Name another, or unset it.")
    return named


@functools.cache
def _playwrights_own() -> str:
    path = _python("-c", _WHERE)
    if not shutil.which(path):
        _python("-m", "playwright", "install", "chromium")
    if not shutil.which(path):
        raise ReplayError("chromium", "There is no Chromium, and Playwright could not download its own.", FIX)
    return path


def _python(*arguments: str) -> str:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True).stdout.strip()
