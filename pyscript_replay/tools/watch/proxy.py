"""A reverse proxy before a site under development: its pages get one line, and everything else goes through.

h11 speaks HTTP to both sides. A request has a connection to itself; one that becomes a web socket, as those for hot
reloading do, is then a tunnel of bytes. A policy of the site's is made to allow what the line needs.
"""

import contextlib
import re
from collections.abc import AsyncIterator, Callable, Generator, Sequence
from typing import Any
from urllib.parse import urlsplit

import anyio
import h11
from anyio.abc import ByteStream, SocketAttribute, SocketStream
from anyio.from_thread import start_blocking_portal

from ...errors import ReplayError
from .. import hosts, policy
from ..devserver import elsewhere
from ..devserver.server import HOST

MAX_HEAD = 128 * 1024  # bytes
LOOPBACK = re.compile(r"(127\.0\.0\.1|localhost|[\w.-]+\.localhost|\[::1\])(:\d+)?")
PAGES = ("document", "iframe", "frame", None)
"""What browsers say that they ask for (``Sec-Fetch-Dest``) when it is a page; old ones say nothing."""
CONDITIONS = ("if-none-match", "if-modified-since")
BEFORE = re.compile(rb"(?:\s|\xef\xbb\xbf|<!--.*?-->|<!doctype[^>]*>|<html[^>]*>|<head[^>]*>)*", re.DOTALL | re.I)
"""What may stand before the first script of a page."""
FETCHING = re.compile(rb"<(?:script|link)\b[^>]*>", re.I)
ADDRESS = re.compile(rb"(\b(?:src|href)\s*=\s*[\"']?)(https?://[^\"'\s>]+)", re.I)
INTEGRITY = re.compile(rb"\sintegrity\s*=\s*(\"[^\"]*\"|'[^']*')", re.I)
META = re.compile(rb"<meta\b[^>]*content-security-policy[^>]*>", re.I)
CONTENT = re.compile(rb"(\bcontent\s*=\s*)(\"[^\"]*\"|'[^']*')", re.I)
POLICY = b"content-security-policy"
OF_THE_TEXT = (b"content-length", b"transfer-encoding", b"etag", b"last-modified")

Headers = Sequence[tuple[bytes, bytes]]
GONE = (OSError, h11.ProtocolError, anyio.BrokenResourceError, anyio.ClosedResourceError)
"""What happens where one of the two sides leaves, or speaks no HTTP."""


@contextlib.contextmanager
def before(site: Callable[[], int | None], server: str, port: int = 0) -> Generator[str]:
    """Where the proxy is, as long as it runs. ``site`` answers the site's port, once that is known; ``server`` is the
    development server. Raises ``ReplayError`` (``port-taken``)."""
    proxy = _Proxy(site, server)
    with start_blocking_portal() as portal:
        try:
            listener = portal.call(lambda: anyio.create_tcp_listener(local_host=HOST, local_port=port))
        except OSError as error:
            raise ReplayError("port-taken", f"{HOST}:{port} cannot be had: {error}", "Choose another --at.") from error
        serving = portal.start_task_soon(listener.serve, proxy.connected)
        try:
            yield f"http://{HOST}:{listener.extra(SocketAttribute.local_port)}"
        finally:
            serving.cancel()


class _Side:
    """A connection, in h11's events."""

    def __init__(self, role: Any, stream: ByteStream) -> None:
        self.stream, self.http = stream, h11.Connection(role, MAX_HEAD)

    async def next(self) -> Any:
        while (event := self.http.next_event()) is h11.NEED_DATA:
            try:
                self.http.receive_data(await self.stream.receive())
            except anyio.EndOfStream:
                self.http.receive_data(b"")
        return event

    async def body(self) -> AsyncIterator[bytes]:
        while isinstance(event := await self.next(), h11.Data):
            yield bytes(event.data)

    async def send(self, *events: Any) -> None:
        for event in events:
            if data := self.http.send(event):
                await self.stream.send(data)

    async def say(self, status: int, text: str) -> None:
        """An answer of our own."""
        headers = [("content-type", "text/plain; charset=utf-8"), ("connection", "close")]
        await self.send(h11.Response(status_code=status, headers=headers), h11.Data(text.encode()), h11.EndOfMessage())


class _Proxy:
    def __init__(self, site: Callable[[], int | None], server: str) -> None:
        self._site, self._server = site, server

    async def connected(self, stream: SocketStream) -> None:
        async with stream:
            with contextlib.suppress(*GONE):
                browser = _Side(h11.SERVER, stream)
                if isinstance(request := await browser.next(), h11.Request):
                    await self._answer(browser, request)

    async def _answer(self, browser: _Side, request: h11.Request) -> None:
        if not LOOPBACK.fullmatch(_header(request.headers, "host") or ""):
            return await browser.say(400, "This is reached by 127.0.0.1 or localhost only.")
        port = self._site()
        if not port:
            return await browser.say(503, "The site has not said its address yet. Reload this, or name its --port.")
        try:
            connection = await anyio.connect_tcp("localhost", port)  # some listen to ::1 only
        except OSError:
            return await browser.say(502, f"Nothing listens on port {port} yet. Reload this, once the site runs.")
        async with connection:
            site = _Side(h11.CLIENT, connection)
            await site.send(_onward(request))
            async for data in browser.body():
                await site.send(h11.Data(data))
            await site.send(h11.EndOfMessage())
            await self._back(browser, request, site, port)

    async def _back(self, browser: _Side, request: h11.Request, site: _Side, port: int) -> None:
        while isinstance(answer := await site.next(), h11.InformationalResponse):
            await browser.send(answer)
            if answer.status_code == 101:
                return await _tunnel(browser, site)
        if not isinstance(answer, h11.Response):
            return await browser.say(502, "The site has closed the connection.")
        headers = [*_backward(answer.headers, port), (b"connection", b"close")]
        if not _is_page(request, answer):
            await browser.send(_with(answer, headers))
            async for data in site.body():
                await browser.send(h11.Data(data))
            return await browser.send(h11.EndOfMessage())
        policies = [value.decode("latin-1") for name, value in headers if name.lower() == POLICY]
        html = page(b"".join([data async for data in site.body()]), self._server, policies)
        headers = [(name, self._allowing(value) if name.lower() == POLICY else value) for name, value in headers]
        headers = [each for each in headers if each[0].lower() not in OF_THE_TEXT]
        await browser.send(_with(answer, headers), h11.Data(html), h11.EndOfMessage())

    def _allowing(self, header: bytes) -> bytes:
        return allowing(header.decode("latin-1"), self._server).encode("latin-1")


async def _tunnel(one: _Side, other: _Side) -> None:
    async def onward(source: _Side, target: _Side, group: Any) -> None:
        with contextlib.suppress(*GONE):
            await target.stream.send(source.http.trailing_data[0])
            async for data in source.stream:
                await target.stream.send(data)
        group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        group.start_soon(onward, one, other, group)
        group.start_soon(onward, other, one, group)


def page(html: bytes, server: str, policies: Sequence[str] = ()) -> bytes:
    """A page's text, with the line in it; Segment's and Amplitude's scripts, too, come from the development server."""

    def here(tag: re.Match[bytes]) -> bytes:
        found = ADDRESS.search(tag[0])
        if not found or not hosts.theirs(found[2].decode("latin-1")):
            return tag[0]
        led = ADDRESS.sub(rb"\g<1>" + f"{server}{elsewhere.PREFIX}".encode() + rb"\g<2>", tag[0])
        return INTEGRITY.sub(b"", led)

    def allowed(tag: re.Match[bytes]) -> bytes:
        def value(found: re.Match[bytes]) -> bytes:
            text, quote = found[2][1:-1].decode("latin-1"), found[2][:1]
            return found[1] + quote + allowing(text, server).encode("latin-1") + quote

        return CONTENT.sub(value, tag[0])

    html = META.sub(allowed, FETCHING.sub(here, html))
    nonce = next((found[1] for each in policies if (found := re.search(r"'nonce-([^']+)'", each))), None)
    line = elsewhere.line(server)
    if nonce:
        line = line.replace("<script", f'<script nonce="{nonce}"')
    before = BEFORE.match(html)
    at = before.end() if before else 0
    return html[:at] + line.encode() + html[at:]


def allowing(header: str, server: str) -> str:
    """Policies as they stand in a header, which also allow what the line needs."""
    return policy.allowing(header, {"script-src-elem": [server], "connect-src": [server]})


def _onward(request: h11.Request) -> h11.Request:
    """To the site: without compression, and a page is asked for anew, since here it is another."""
    dropped = ["accept-encoding", *(CONDITIONS if _asks_for_page(request) else ())]
    kept = [each for each in request.headers.raw_items() if each[0].decode().lower() not in dropped]
    if not _header(request.headers, "upgrade"):
        kept = [each for each in kept if each[0].lower() != b"connection"] + [(b"Connection", b"close")]
    return h11.Request(method=request.method, target=request.target, headers=kept)


def _backward(headers: Any, port: int) -> list[tuple[bytes, bytes]]:
    """From the site: what leads to its own address leads here."""
    back: list[tuple[bytes, bytes]] = []
    for name, value in headers.raw_items():
        if name.lower() == b"location":
            parts = urlsplit(value.decode("latin-1"))
            if parts.port == port and LOOPBACK.fullmatch(parts.netloc):
                value = parts._replace(scheme="", netloc="").geturl().encode("latin-1") or b"/"
        if name.lower() not in (b"connection", b"keep-alive"):
            back.append((name, value))
    return back


def _asks_for_page(request: h11.Request) -> bool:
    return _header(request.headers, "sec-fetch-dest") in PAGES


def _is_page(request: h11.Request, answer: h11.Response) -> bool:
    return (
        request.method != b"HEAD"
        and _asks_for_page(request)
        and (_header(answer.headers, "content-type") or "").lower().startswith("text/html")
        and (_header(answer.headers, "content-encoding") or "identity") == "identity"
    )


def _with(answer: h11.Response, headers: Headers) -> h11.Response:
    return h11.Response(status_code=answer.status_code, reason=answer.reason, headers=list(headers))


def _header(headers: Any, name: str) -> str | None:
    return next((value.decode("latin-1") for key, value in headers if key == name.encode()), None)
