"""``pyscript-replay check``: open pages, drive a visit, judge what was seen, and report it. One module each."""

import json
import runpy
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ...doctor import OK
from ...errors import ReplayError
from . import rules
from .reporters import Report
from .visit import Options, gather

AT_ONCE = 2
"""Pages, each with a browser of its own."""


def check(urls: Sequence[str], options: Options) -> list[Report]:
    """A report for each page. Raises ``ReplayError`` where one cannot be looked at, whatever the cause."""

    def look(number: int) -> Report:
        try:
            seen = gather(urls[number], _numbered(options, number) if len(urls) > 1 else options)
            return Report(urls[number], seen.mode, rules.findings(seen))
        except ReplayError:
            raise
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            message = f"{urls[number]} could not be looked at: {error!r} in {where.filename}, line {where.lineno}"
            raise ReplayError("check-failed", " ".join(message.split()), "Please report it.") from error

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return list(threads.map(look, range(len(urls))))


def script(path: Path) -> Callable[[Any], object]:
    """The function ``visit(page)`` of this file."""
    fix = "Name a Python file that defines visit(page)."
    try:
        found = runpy.run_path(str(path)).get("visit")
    except Exception as error:
        raise ReplayError("script", f"{path} cannot be run: {error!r}", fix) from error
    if not callable(found):
        raise ReplayError("script", f"{path} defines no visit", fix)
    return found


def writable(*files: Path | None) -> None:
    """Raises ``ReplayError`` (``file``) where one of these could not be written: before the visit, not after it."""
    for file in filter(None, files):
        if not file.parent.is_dir() or file.is_dir():
            raise _unwritable(file, "there is no such directory, or it is one itself")


def write(file: Path, text: str) -> None:
    """Raises ``ReplayError`` (``file``)."""
    try:
        file.write_text(text, "utf-8")
    except OSError as error:
        raise _unwritable(file, str(error)) from error


def _unwritable(file: Path, why: str) -> ReplayError:
    return ReplayError("file", f"{file} cannot be written: {why}", "Name a file in a directory that is there.")


def without(reports: Sequence[Report], baseline: Path) -> list[Report]:
    """The reports without what is known already: ``baseline`` is what ``--json`` has printed before."""
    try:
        known = {(page["url"], each["code"]) for page in json.loads(baseline.read_text()) for each in page["findings"]}
    except (OSError, ValueError, LookupError, TypeError) as error:
        fix = "Write it: pyscript-replay check --json URL > FILE."
        raise ReplayError("baseline", f"{baseline} is no list of findings: {error!r}", fix) from error
    return [
        each._replace(findings=[one for one in each.findings if one.level == OK or (each.url, one.code) not in known])
        for each in reports
    ]


def _numbered(options: Options, number: int) -> Options:
    """With files of its own for each page: ``shot.png`` is ``shot-1.png`` for the first."""
    files = {name: getattr(options, name) for name in ("screenshot", "har", "replay")}
    own = {name: file and file.with_stem(f"{file.stem}-{number + 1}") for name, file in files.items()}
    return options._replace(**own)


__all__ = ["Options", "Report", "check", "script", "without", "writable", "write"]
