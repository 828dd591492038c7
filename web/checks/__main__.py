"""Checks the JavaScript in ``web/``: its types, its form, and the loader's parts by their tests.

``uv run python web/checks`` runs tsc over the JSDoc types, Biome's formatter and linter, and ``node --test``; it ends
with status 1 when one of them complains. ``uv run python web/checks --write`` first formats what can be formatted.
"""

import subprocess
import sys
from pathlib import Path

from pyscript_replay.tools.npm import installed, node

CHECKS = Path(__file__).parent
WEB = CHECKS.parent


def main(arguments: list[str]) -> int:
    """The number of checks that complain; each says why by itself, and the last line names them."""
    packages = installed(CHECKS)
    tsc, biome = packages / "typescript/bin/tsc", packages / "@biomejs/biome/bin/biome"
    commands = {
        "tsc": [tsc, "--project", CHECKS / "tsconfig.json"],
        "biome": [biome, "ci", "--error-on-warnings", "--colors=off"],
        "node --test": ["--test", "--test-reporter=dot", "--test-timeout=60000", "test/*.test.js"],
    }
    if "--write" in arguments:
        commands = {"biome format": [biome, "format", "--write", "--colors=off"], **commands}
    complained = [name for name, command in commands.items() if subprocess.run([node(), *command], cwd=WEB).returncode]
    if complained:  # in the last line, since what each one says may stand far above
        print(f"FAILED: {', '.join(complained)}", file=sys.stderr)
    return len(complained)


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1:]) else 0)
