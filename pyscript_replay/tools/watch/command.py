"""The command that runs a site under development: what it prints goes on to ours, and tells where the site is."""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence

from ...errors import ReplayError

PATIENCE = 5  # seconds for it to end
ADDRESS = re.compile(r"\bhttp://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\]):(\d+)")
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class Command:
    """It runs until ``stop()``, with whatever it has started itself.

    Attributes:
        port: the site's, as the first address that it printed says.

    Raises ``ReplayError`` (``command``) where it cannot be started.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self.port: int | None = None
        name = shutil.which(words[0])
        if not name:
            fix = "Check its name, and that it is on the PATH."
            raise ReplayError("command", f"There is no program {words[0]}", fix)
        # Some end with their input, so that stays open. Python's print would keep back what is no terminal's.
        self._process = subprocess.Popen(
            [name, *words[1:]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait(self) -> int:
        """The status with which it ends by itself."""
        self._reader.join()
        return self._process.wait()

    def stop(self) -> None:
        self._end(signal.SIGTERM)
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill() if os.name == "nt" else self._end(signal.SIGKILL)
            self._process.wait()

    def _end(self, by: int) -> None:
        if os.name == "nt":
            return self._process.terminate()
        try:
            os.killpg(self._process.pid, by)
        except ProcessLookupError:
            pass  # it has ended

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            print(line, end="", file=sys.stdout, flush=True)
            if not self.port and (found := ADDRESS.search(COLOURS.sub("", line))):
                self.port = int(found[1])
