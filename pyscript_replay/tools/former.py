"""Files of earlier builds that stay in the folder.

Assets carry a hash in their names, so a new build has new names. A visitor with a cached ``replay.js`` still asks for
the old ones. So what a build no longer has stays for some days: ``former.json`` says since when each is not in use.
"""

import json
import shutil
from datetime import date
from pathlib import Path

FORMER = "former.json"
KEEP_DAYS = 30
COPIES = ("", ".gz", ".br")  # as it is, and compressed


def carry(old: Path, new: Path, keep_days: int, today: date) -> None:
    """Take over from the bundle ``old`` what ``new`` lacks and is not in use for less than ``keep_days`` days."""
    present = set(built(new))
    since = {name: today for name in built(old)} | former(old)
    kept = {
        name: day.isoformat()
        for name, day in sorted(since.items())
        if name not in present and (today - day).days < keep_days
    }
    for name in kept:
        for copy in (name + suffix for suffix in COPIES):
            if (old / copy).is_file():
                (new / copy).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(old / copy, new / copy)
    if kept:
        (new / FORMER).write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")


def built(bundle: Path) -> dict[str, dict]:
    """The files that the bundle is made of."""
    return json.loads((bundle / "manifest.json").read_text("utf-8"))["files"]


def former(bundle: Path) -> dict[str, date]:
    """Those of earlier ones, with the day since which each is not in use."""
    place = bundle / FORMER
    told = json.loads(place.read_text("utf-8")) if place.is_file() else {}
    return {name: date.fromisoformat(day) for name, day in told.items()}


def names(bundle: Path) -> set[str]:
    """Every file that we have written there. Raises what reading JSON raises where it is no bundle."""
    files = {*built(bundle), *former(bundle)}
    return {"manifest.json", FORMER, *(name + suffix for name in files for suffix in COPIES)}
