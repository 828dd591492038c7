"""What docs/explanation/guarantees.md promises is held by tests that exist, where it says."""

import re
from pathlib import Path

from ..browser.report import SHOWN, Report

PAGE = Path(__file__).parents[2] / "docs/explanation/guarantees.md"
HELD_BY = re.compile(r"\[`(test_\w+)`\]\(([^)]+)\)")


def test_each_guarantee_names_a_test_that_exists() -> None:
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    promises = [row for row in rows if not row.startswith("| guarantee ")]
    assert promises
    for promise in promises:
        tests = HELD_BY.findall(promise)
        assert tests, f"no test holds: {promise}"
        for name, file in tests:
            assert f"def {name}(" in (PAGE.parent / file).read_text("utf-8"), f"{file} has no {name}"


def test_the_page_on_random_histories_shows_what_was_kept() -> None:
    assert SHOWN.read_text("utf-8") == Report.read().shown()
