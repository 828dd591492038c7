"""The demo: `uv run serve.py`, then http://127.0.0.1:8765/. The same as `pyscript-replay serve`."""

import sys

from pyscript_replay.tools.cli import main

if __name__ == "__main__":
    main(["serve", *sys.argv[1:]])
