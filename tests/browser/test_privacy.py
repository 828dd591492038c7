"""What is masked or blocked leaves the browser in no upload: generated pages with canaries in hidden places.

Texts in public places must arrive: so it is known that somebody looked. ``-m privacy`` generates a thousand pages.
"""

import itertools
import json
import random
from typing import Any

import pytest

from .conftest import Site

PRIVACY = {"blockSelector": [".private"], "maskSelector": [".veiled"]}
TAGS = ("div", "section", "article", "ul", "span", "label")  # each may stand in each, as the parser sees it
BLOCKED, MASKED = ("amp-block", "private"), ("amp-mask", "veiled")
FRAGMENTS = 20  # on a page: half of them in its HTML, the others come later
SECRET, PUBLIC = "canary-", "public-"

# What comes later: another fragment, another text where there was one, and what a visitor types.
LATER = """([html, texts]) => {
  document.querySelector("main").insertAdjacentHTML("beforeend", html);
  for (const [id, text] of texts) document.getElementById(id).firstChild.data = text;
  for (const field of document.querySelectorAll("[data-typed]")) {
    field.value = field.dataset.typed;
    field.removeAttribute("data-typed");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}"""


class Generator:
    """Fragments of a page, from a seed; the texts in them say whether they may be seen."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self._count = itertools.count()
        self.changes: list[tuple[str, str]] = []  # the ids of elements, and the texts that they will have

    def fragment(self, depth: int = 3, hidden: str = "") -> str:
        """``hidden``: how its place is hidden, if it is."""
        how = hidden or self.dice.choice(("", "", "", *BLOCKED, *MASKED))
        name = f"e{next(self._count)}"
        inner = self._text(how)
        if self.dice.random() < 0.5:
            self.changes.append((name, self._text(how)))
        inside = how if how in BLOCKED or how in MASKED else ""
        inner += self._field(how in BLOCKED)
        for _ in range(self.dice.randrange(3) if depth else 0):
            inner += self.fragment(depth - 1, inside)
        tag = self.dice.choice(TAGS)
        title = f' title="{self._text(how)}"' if how in BLOCKED and hidden else ""
        shown = f' class="{how}"' if how and not hidden else ""
        return f'<{tag} id="{name}"{shown}{title}>{inner}</{tag}>'

    def _text(self, how: str) -> str:
        return f"{SECRET if how else PUBLIC}{next(self._count)}."

    def _field(self, blocked: bool) -> str:
        """What is written in fields is hidden everywhere, at the level ``medium``, which is the SDK's own."""
        kind = self.dice.choice(("text", "password", "email", "tel", "search", "none"))
        if kind == "none":
            return ""
        # a field's own attributes are no text: only in a blocked place they are hidden
        hint = f' placeholder="{self._text("blocked")}"' if blocked else ""
        typed = self.dice.choice(("", f' data-typed="{self._text("typed")}"')) if blocked else ""
        return f'<input type="{kind}" value="{self._text("field")}"{hint}{typed}>'


def visited(site: Site, mode: str, seed: int) -> tuple[str, str]:
    """The page's HTML, and all that was uploaded of it."""
    made = Generator(seed)
    first = "".join(made.fragment() for _ in range(FRAGMENTS // 2))
    changes, made.changes = made.changes, []
    site.body = f"<main>{first}</main><p id=done>-</p>"
    site.options["privacyConfig"] = PRIVACY
    site.open(mode)
    site.track("seen")
    site.wait_for("pyscriptReplay.recording")
    later = "".join(made.fragment() for _ in range(FRAGMENTS // 2))
    site.page.evaluate(LATER, [later, changes])
    site.page.evaluate("document.getElementById('done').firstChild.data = 'all-is-told'")
    site.page.evaluate("pyscriptReplay.flush()")
    site.wait_for(lambda: "all-is-told" in uploaded(site))
    return " ".join([first, later, *(text for _, text in changes)]), uploaded(site)


def uploaded(site: Site) -> str:
    events: list[Any] = [event for upload in site.replay.uploads for event in upload.events]
    return json.dumps(events)


@pytest.mark.parametrize("mode", ["actions", "classic-device", "classic-cloud"])
def test_masked_and_blocked_canaries_are_in_no_upload(site: Site, mode: str) -> None:
    assert_hidden(*visited(site, mode, 0))


@pytest.mark.privacy
@pytest.mark.parametrize("seed", range(1, 1000 // FRAGMENTS + 1))
def test_masked_and_blocked_canaries_of_a_thousand_generated_fragments_are_in_no_upload(site: Site, seed: int) -> None:
    assert_hidden(*visited(site, "actions", seed))


def assert_hidden(html: str, sent: str) -> None:
    secrets, publics = ({word for word in _words(html) if word.startswith(kind)} for kind in (SECRET, PUBLIC))
    assert len(secrets) > 20 and len(publics) > 5
    assert {word for word in secrets if word in sent} == set()
    assert {word for word in publics if word not in sent} == set()


def _words(html: str) -> list[str]:
    parts = html.replace('"', " ").replace("<", " ").replace(">", " ").split()
    return [part for part in parts if part.endswith(".")]
