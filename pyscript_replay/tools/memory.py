"""Pyodide's memory as it is when Python has started and has our modules: a page takes it over, and skips the start.

Pyodide makes such a memory (``web/tools/memory.mjs``) and takes it over (``web/page/pyodide.js``), though it promises
neither. So a page does without where that fails, and the tests say whether the pinned version still does both.
"""

import gzip
import json
import os
import subprocess
from collections.abc import Mapping

from ..errors import ReplayError
from .npm import WEB, installed, node

MAKER = WEB / "tools/memory.mjs"


def made(sources: Mapping[str, str]) -> bytes:
    """The memory with these modules in it, by their paths; compressed, for few servers would do that with its suffix.

    Raises ``ReplayError`` (``bundle-pyodide``).
    """
    done = subprocess.run(
        [node(), MAKER],
        input=json.dumps(sources).encode(),
        capture_output=True,
        env={**os.environ, "PYODIDE": str(installed() / "pyodide/pyodide.mjs")},
    )
    if done.returncode:
        said = " ".join(done.stderr.decode(errors="replace").split())
        raise ReplayError(
            "bundle-pyodide", f"Pyodide's memory could not be made: {said[-500:]}", "Report this, please."
        )
    return gzip.compress(done.stdout, mtime=0)
