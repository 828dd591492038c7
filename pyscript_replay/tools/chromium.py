"""A Chromium for headless work: the one that is named, the system's, or Playwright's own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from ..errors import ReplayError

VARIABLE = "PYSCRIPT_REPLAY_CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")

# quiet: nothing of the browser's own goes out; as root Chromium's sandbox is not to be had
ARGS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
]


def find() -> str:
    """The path of a Chromium. Raises ``ReplayError`` (``chromium``) when there is none and none can be installed."""
    named = os.environ.get(VARIABLE)
    if named:
        if not shutil.which(named):
            raise ReplayError("chromium", f"{VARIABLE} names {named}, which is no program.", "Name a Chromium or unset it.")
        return named
    system = next(filter(None, map(shutil.which, NAMES)), None)
    return system or _playwrights_own()


def _playwrights_own() -> str:
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    if not Path(path).exists():
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], capture_output=True)
    if not Path(path).exists():
        raise ReplayError("chromium", "There is no Chromium.", f"Install one (apt install chromium), or name it in {VARIABLE}.")
    return path
