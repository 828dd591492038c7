"""The pages of the documentation, as tests read them."""

import re
from pathlib import Path
from typing import NamedTuple

DOCS = Path(__file__).parents[1] / "docs"
FENCE = re.compile(r'^( *)```(\w+)(?: title="([^"]+)")?\n(.*?)^\1```$', re.MULTILINE | re.DOTALL)


class Example(NamedTuple):
    page: str
    language: str
    title: str
    text: str


def examples(language: str) -> list[Example]:
    """The blocks of code in this language, on all pages."""
    return [
        Example(str(page.relative_to(DOCS)), kind, title, re.sub(rf"^{indent}", "", text, flags=re.MULTILINE))
        for page in sorted(DOCS.rglob("*.md"))
        for indent, kind, title, text in FENCE.findall(page.read_text("utf-8"))
        if kind == language
    ]


def titled(page: str, language: str, title: str) -> str:
    """The text of the one block with this title."""
    (found,) = [each for each in examples(language) if (each.page, each.title) == (page, title)]
    return found.text
