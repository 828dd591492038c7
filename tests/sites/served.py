"""Sites that are served for real, for tests of ``check`` and ``watch``; run as a program, it is a site's own server."""

import base64
import contextlib
import hashlib
import json
import sys
import tempfile
import threading
from collections.abc import Generator
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from pyscript_replay.tools import bundle

from . import shop
from .defects import DEFECTS

MODES = ("actions", "classic-device", "classic-cloud")
SERVERS = (("configServerUrl", "config"), ("trackServerUrl", "track"))
LIGHT = {"privacyConfig": {"defaultMaskLevel": "light"}}
POLICY = """<meta http-equiv="Content-Security-Policy"
  content="connect-src 'self' https://*.segment.com https://*.segment.io">"""

BANNER = """<div role=dialog style="position: fixed; inset: 0; background: white">
  <p>Cookies?</p><button>Reject</button><button id=accept>Accept all</button></div>
<script type=module>
  document.querySelector("#accept").onclick = ({ target }) => {
    target.parentElement.remove();
    pyscriptReplay.start();
  };
</script>"""
STATIC = """<script>
  window.analytics = [];
  analytics._cdn = "https://cdn.segment.com";
  analytics.track = (...args) => analytics.push(["track", ...args]);
</script>
<script async integrity="sha256-of-another-version"
  src="https://cdn.segment.com/analytics.js/v1/segment-key/analytics.min.js"></script>"""


def tag(mode: str, **more: str) -> str:
    return shop.TAG.replace('data-mode="actions"', f'data-mode="{mode}"').format(
        "".join(f' data-{name.replace("_", "-")}="{value}"' for name, value in more.items())
    )


PAGES = {
    **{f"tag-{mode}": tag(mode, write_key="segment-key") + shop.BUY for mode in MODES},
    "snippet-and-auto": shop.snippet() + tag("auto"),
    "consent": shop.HEADS["consent"],
    "banner": BANNER + tag("actions", write_key="segment-key", consent="wait") + shop.BUY,
    "banner-too-late": BANNER + tag("actions", write_key="segment-key") + shop.BUY,
    "own-domain": shop.HEADS["proxy"],
    "no-replay": shop.HEADS["no-replay"],
    "snippet": shop.snippet(),
    "tag-and-snippet": shop.HEADS["tag-and-snippet"],
    "static": STATIC + tag("actions") + shop.BUY,
    "plain": "",
    "no-sample-rate": tag("actions", write_key="segment-key").replace(' data-sample-rate="1"', "") + shop.BUY,
    "light": tag("actions", write_key="segment-key", options=escape(json.dumps(LIGHT))) + shop.BUY,
    "policy": POLICY + tag("actions", write_key="segment-key") + shop.BUY,
}


class Shop(BaseHTTPRequestHandler):
    first = ""
    """What each page has before all else."""
    real = ""

    def do_GET(self) -> None:
        name = self.path.partition("?")[0].lstrip("/")
        if name == "echo/socket":
            return self._echo()
        if name.startswith("echo/"):
            return self._answer(b"", "text/plain")
        if name.startswith("dist/"):
            kind = {"wasm": "application/wasm", "js": "text/javascript", "mjs": "text/javascript"}
            return self._answer(
                (bundle.cached() / name.removeprefix("dist/")).read_bytes(),
                kind.get(name.rpartition(".")[2], "application/octet-stream"),
            )
        if name.endswith(".js"):
            return self._answer(_script(name.removesuffix(".js")), "text/javascript")
        if name == "real":
            replay = {each: f"{self.real}/amplitude/session-replay/{where}" for each, where in SERVERS}
            tagged = tag(
                "actions", write_key="actions", segment_cdn=f"{self.real}/segment", options=escape(json.dumps(replay))
            )
            return self._answer(shop.PAGE.format(tagged + shop.BUY).encode(), "text/html; charset=utf-8")
        if page := _page(name):
            return self._answer(f"{self.first}{page}".encode(), "text/html; charset=utf-8")
        self.send_error(404)

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])), "text/plain")

    def _echo(self) -> None:
        """A web socket (RFC 6455) that answers a short text with the same."""
        accepted = hashlib.sha1(f"{self.headers['Sec-WebSocket-Key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode())
        self.send_response(101)
        for name, value in (("Upgrade", "websocket"), ("Connection", "Upgrade")):
            self.send_header(name, value)
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(accepted.digest()).decode())
        self.end_headers()
        length = self.rfile.read(2)[1] & 0x7F
        mask = self.rfile.read(4)
        text = bytes(each ^ mask[index % 4] for index, each in enumerate(self.rfile.read(length)))
        self.wfile.write(bytes([0x81, length]) + text)
        self.rfile.read(1)  # until the browser goes

    def _answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def _page(name: str) -> str | None:
    """The page of this name: of one with a defect in its markup, with that."""
    site, before, after = _seeded(name)
    if site in PAGES:
        return _changed(shop.PAGE.format(PAGES[site]), before, after)
    if (shop.SITES / f"{site}.js").exists():
        return shop.PAGE.format(f'<script type="module" src="/{name}.js"></script>')
    return None


def _script(name: str) -> bytes:
    site, before, after = _seeded(name)
    file = shop.SITES / f"{site}.js"
    if not before:
        return shop.script(file)
    with tempfile.TemporaryDirectory() as directory:
        changed = Path(directory) / file.name
        changed.write_text(_changed(file.read_text("utf-8"), before, after), "utf-8")
        return shop.script(changed)


def _seeded(name: str) -> tuple[str, str, str]:
    """The site, and the change that a defect is: none, as a rule."""
    defect = DEFECTS.get(unquote(name).removeprefix("defect/"))
    return (defect.site, defect.before, defect.after) if defect else (name, "", "")


def _changed(text: str, before: str, after: str) -> str:
    assert not before or text.count(before) == 1, f"{text.count(before)} times: {before}"
    return text.replace(before, after) if before else text


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that leaves a page does not wait for its files."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextlib.contextmanager
def serving(first: str = "", real: str = "") -> Generator[str]:
    """Where the sites are; each page has ``first`` before all else. ``real`` is who is Segment and Amplitude to the
    page ``/real``."""
    handler = type("Shop", (Shop,), {"first": first, "real": real, "protocol_version": "HTTP/1.1"})
    with _Server(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


if __name__ == "__main__":
    with serving() as origin:
        print(f"Local: {origin}/")
        threading.Event().wait()
