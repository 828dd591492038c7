"""Which tab recorded what: a session's uploads, taken apart into its tabs.

A session may be open in several tabs at once, and each records a page of its own: played as one, the changes of one
page would be made to the other. But nothing in an upload of Session Replay says which tab it is from: its query names
device and session, its headers the page's address, and its events are rrweb's, whose node ids begin with 1 in every
page. (The SDK has a tab id, but only in its store in IndexedDB, which is not its default, and never sends it.)

So the demo's pages each upload to an address of their own, and with that the answer is certain. For other pages it is
worked out from what does hold. An upload is from one page. It begins with a full snapshot where a page begins to be
recorded, or gets the focus. And uploads of the same page

- may repeat each other's events (the beacon with which the SDK leaves a page does);
- do not cover the same time, else;
- name the same address, as long as the page keeps it;
- speak of nodes that the page is known to have.

Two pages of one address that change in the background at once may still be confused.

Pages follow each other in a tab: a page belongs to the tab whose page before it had just ended, and a page that
begins while all others go on is in a tab of its own.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

SNAPSHOT, META = 2, 4  # rrweb's types of events: a whole page, and the address that stands before it
MUTATION = 0  # rrweb's source of an incremental event that changes nodes


class Chunk(NamedTuple):
    """One upload: the name of its page, its address, both only if known; and its events, each with its time."""

    document: str | None
    url: str | None
    events: list[tuple[int, str]]

    @property
    def span(self) -> tuple[int, int]:
        return _span(self.events)


class _Upload:
    """A chunk, read."""

    def __init__(self, chunk: Chunk) -> None:
        self.url, self.events = chunk.url, chunk.events
        parsed = [json.loads(text) for _, text in chunk.events]
        self.begins = parsed[0].get("type") in (META, SNAPSHOT)
        self.brought = {node for event in parsed for node in _brought(event)}
        self.named = {node for event in parsed for node in _named(event)} - self.brought


class _Page:
    """What was recorded of one page."""

    def __init__(self, name: str | None = None) -> None:
        self.name = name
        self.url: str | None = None
        self.events: dict[str, int] = {}  # JSON: time
        self._nodes: set[int] = set()
        self._covered: list[tuple[int, int]] = []

    @property
    def start(self) -> int:
        return min(self.events.values())

    @property
    def end(self) -> int:
        return max(self.events.values())

    def add(self, events: list[tuple[int, str]], url: str | None) -> None:
        for timestamp, text in events:
            self.events.setdefault(text, timestamp)
        self.url = url or self.url

    def go_on(self, upload: _Upload) -> None:
        new = self._new_in(upload)
        if new:
            self._covered.append(_span(new))
        self._nodes |= upload.brought
        self.add(new, upload.url)

    def repeats(self, upload: _Upload) -> bool:
        return len(self._new_in(upload)) < len(upload.events)

    def fits(self, upload: _Upload) -> tuple[bool, bool, bool, int, int]:
        """How well the upload goes on with this page, to be compared; the reasons are in the order of their weight."""
        new = self._new_in(upload)
        first, last = _span(new) if new else (0, -1)
        apart = not any(first <= end and begin <= last for begin, end in self._covered)
        return self.repeats(upload), apart, self.url == upload.url, -len(upload.named - self._nodes), self.end

    def _new_in(self, upload: _Upload) -> list[tuple[int, str]]:
        return [each for each in upload.events if each[1] not in self.events]


def told_apart(chunks: Iterable[Chunk]) -> tuple[list[Any], list[int]]:
    """The recording, in the order of its time and each event of a page once; and the tab of each event, from 0."""
    tabs = _tabs(_pages(sorted((each for each in chunks if each.events), key=lambda each: each.span[0])))
    pages = [(tab, page) for tab, its in enumerate(tabs) for page in its]
    rows = [(timestamp, tab, text) for tab, page in pages for text, timestamp in page.events.items()]
    rows.sort(key=lambda row: row[0])
    return [json.loads(text) for *_, text in rows], [tab for _, tab, _ in rows]


def _pages(chunks: list[Chunk]) -> list[_Page]:
    named: dict[str, _Page] = {}
    others: list[_Page] = []
    for chunk in chunks:
        if chunk.document is not None:
            named.setdefault(chunk.document, _Page(chunk.document)).add(chunk.events, chunk.url)
        else:
            upload = _Upload(chunk)
            _page_of(upload, others).go_on(upload)
    return [*named.values(), *others]


def _page_of(upload: _Upload, pages: list[_Page]) -> _Page:
    """The page, out of these, of which the upload is; or a new one, which is added to them."""
    best = max(pages, key=lambda page: page.fits(upload), default=None)
    if best is None or (upload.begins and not best.repeats(upload)):
        best = _Page()
        pages.append(best)
    return best


def _tabs(pages: list[_Page]) -> list[list[_Page]]:
    tabs: list[list[_Page]] = []
    for page in sorted(pages, key=lambda each: each.start):
        # of a page without a name, each snapshot that begins an upload has begun a page here
        free = [tab for tab in tabs if all(each.end <= page.start for each in tab)]
        before = max(free, key=lambda tab: (page.name is None and tab[-1].url == page.url, tab[-1].end), default=None)
        if before is None:
            tabs.append([page])
        else:
            before.append(page)
    return tabs


def _span(events: list[tuple[int, str]]) -> tuple[int, int]:
    times = [timestamp for timestamp, _ in events]
    return min(times), max(times)


# What rrweb's events say of nodes. They came from outside: anything may be missing, or be something else.


def _brought(event: Any) -> Iterator[int]:
    """The ids of the nodes that come with an event."""
    data = _object(_object(event).get("data"))
    nodes = [data.get("node")] if event.get("type") == SNAPSHOT else [each.get("node") for each in _list(data, "adds")]
    while nodes:
        node = _object(nodes.pop())
        if isinstance(node.get("id"), int):
            yield node["id"]
        nodes += _list(node, "childNodes")


def _named(event: Any) -> Iterator[int]:
    """The ids of the nodes that an event speaks of."""
    data = _object(_object(event).get("data"))
    if data.get("source") == MUTATION:
        spoken = [each for kind in ("texts", "attributes", "removes") for each in _list(data, kind)]
        ids = [*(each.get("id") for each in spoken), *(each.get("parentId") for each in _list(data, "adds"))]
    else:
        ids = [data.get("id"), *(each.get("id") for each in _list(data, "positions"))]
    yield from (each for each in ids if isinstance(each, int) and each > 0)


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The objects in this list."""
    items = value.get(name)
    return [each for each in items if isinstance(each, dict)] if isinstance(items, list) else []
