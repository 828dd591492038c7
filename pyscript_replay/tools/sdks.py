"""What the development server serves of others, out of npm's packages, in one directory.

    actions/            Segment's plugin for Amplitude (Actions), with the chunk that it loads
    integrations/       Segment's classic Amplitude integration, built as Segment's CDN has it
    analytics-next/     analytics.js for Segment's snippet, with its chunks
    libs/               Amplitude's SDKs, one script each, as its CDN has them
    player/             rrweb's player, and our viewer around it

All but the integration and the viewer is as it was published. Like the bundle, it is made once: a wheel has it inside.
"""

import re
import shutil
from pathlib import Path

from . import provenance
from .bundle import esbuild
from .cache import digest, inside, once
from .npm import WEB, installed

INTEGRATION = WEB / "sdk" / "classic-amplitude.js"
VIEWER = WEB / "demo" / "viewer.js"
PARTS_OF_ACTIONS = ("amplitude-plugins", "688")
LIBS = {
    "amplitude": "amplitude-js/amplitude.js",
    "analytics-browser": "@amplitude/analytics-browser/lib/scripts/amplitude-min.js",
    "plugin-session-replay-browser": (
        "@amplitude/plugin-session-replay-browser/lib/scripts/plugin-session-replay-browser-min.js"
    ),
    "session-replay-browser": "@amplitude/session-replay-browser/lib/scripts/session-replay-browser-min.js",
}
"""Amplitude's own name of an SDK's script: where it is among npm's packages."""
PLAYER = {"rrweb-player.js": "rrweb-player.umd.min.cjs", "rrweb-player.css": "style.min.css"}


def cached() -> Path:
    """The directory: the wheel's, or in the user's cache. Raises ``ReplayError`` as ``bundle.build`` does."""
    return inside("sdks") or once("sdks", _key(), _make)


def _key() -> str:
    files = (
        WEB / "package-lock.json",
        INTEGRATION,
        *sorted(WEB.glob("demo/*.js")),
        Path(__file__),
        Path(provenance.__file__),
    )
    return digest(file.read_bytes() for file in files)


def _make(directory: Path) -> None:
    packages = installed()
    for part in PARTS_OF_ACTIONS:
        _copy(packages / "@segment/browser-destinations/dist/web" / part, directory / "actions" / part)
    _copy(packages / "@segment/analytics-next/dist/umd", directory / "analytics-next")
    for name in ("integrations", "libs", "player"):
        (directory / name).mkdir()
    integration = esbuild(INTEGRATION, "--format=iife", define={"global": "window"})
    (directory / "integrations" / "amplitude.js").write_bytes(integration)
    for name, source in LIBS.items():
        shutil.copy(packages / source, directory / "libs" / f"{name}.js")
    for name, source in PLAYER.items():
        (directory / "player" / name).write_text(_without_map(packages / "rrweb-player/dist" / source), "utf-8")
    (directory / provenance.NOTICES).write_text(provenance.notices(provenance.packages(development=True)), "utf-8")
    (directory / "player" / "viewer.js").write_bytes(esbuild(VIEWER, "--format=iife"))


def _copy(source: Path, target: Path) -> None:
    """The scripts of a package's directory."""
    target.mkdir(parents=True)
    for file in source.glob("*.js"):
        shutil.copy(file, target)


def _without_map(file: Path) -> str:
    """Without the reference to a source map, which is not served."""
    return re.sub(r"(//|/\*)# sourceMappingURL=\S+( \*/)?\s*\Z", "", file.read_text("utf-8"))
