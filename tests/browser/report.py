"""What random histories have come to on the real SDKs: kept as data, and shown in the documentation."""

import json
from pathlib import Path
from typing import Any, NamedTuple

MODES = ("actions", "classic-device", "classic-cloud")
RUNTIMES = ("micropython", "pyodide")
REPOSITORY = Path(__file__).parents[2]
KEPT = REPOSITORY / "bench" / "results" / "histories.json"
SHOWN = REPOSITORY / "docs" / "explanation" / "histories.md"

HEAD = """# Random histories on the real SDKs

```
uv run python -m tests.browser -n 100 --keep
```

makes histories from seeds: a page, and what may happen on it and in a second tab: events, bursts, `reset()`, another
user, idle minutes, a clock that is set, reloads, `stop()` and `start()`, foreign hands in storage, files and servers
that fail. Each is played in Chromium, with the real SDKs against a local Segment and Amplitude, and again in memory.
After each step the events, the recordings, the ids and what `window.pyscriptReplay` says must be the same, and no error
may go uncaught; in memory each promise is checked besides. `--first` goes on where another run has ended, `--keep`
writes this page.

| mode | Python | histories | seeds | broke a promise | once, and not when played again |
|---|---|---:|---|---:|---:|
"""


class Verdict(NamedTuple):
    """What is wrong with a history, empty where nothing is; and whether it was so again."""

    problem: str
    again: bool = True


class Report:
    """For each mode and runtime the seeds that were played, and the problems of those that had one."""

    def __init__(self, kept: dict[str, dict[str, Any]]) -> None:
        self._kept = kept

    @classmethod
    def read(cls) -> "Report":
        return cls(json.loads(KEPT.read_text()) if KEPT.exists() else {})

    def add(self, mode: str, runtime: str, seed: int, verdict: Verdict) -> None:
        """The newest verdict on a seed counts."""
        kept = self._kept.setdefault(f"{mode}, {runtime}", {"seeds": [], "broken": {}, "once": {}})
        kept["seeds"] = sorted({*kept["seeds"], seed})
        for name in ("broken", "once"):
            kept[name].pop(str(seed), None)
        if verdict.problem:
            kept["broken" if verdict.again else "once"][str(seed)] = verdict.problem
        KEPT.parent.mkdir(exist_ok=True)
        KEPT.write_text(json.dumps(self._kept) + "\n")
        SHOWN.write_text(self.shown())

    def shown(self) -> str:
        """As a page of the documentation."""
        return HEAD + "".join(
            f"| `{mode}` | {runtime} | {len(kept['seeds'])} | {_ranges(kept['seeds'])} | {len(kept['broken'])} |"
            f" {len(kept['once'])} |\n"
            for mode in MODES
            for runtime in RUNTIMES
            if (kept := self._kept.get(f"{mode}, {runtime}"))
        )


def _ranges(seeds: list[int]) -> str:
    """``0 to 9, 12``."""
    firsts = [seed for seed in seeds if seed - 1 not in seeds]
    lasts = [seed for seed in seeds if seed + 1 not in seeds]
    return ", ".join(str(a) if a == b else f"{a} to {b}" for a, b in zip(firsts, lasts, strict=True))
