"""``watch`` without a browser: what it does to a page and its policy, what it refuses, and how it ends."""

import http.client
import json
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

import pytest

from pyscript_replay.tools import cli
from pyscript_replay.tools.devserver import DevServer
from pyscript_replay.tools.watch import proxy, tail
from pyscript_replay.tools.watch.command import Command

from ..documentation import examples

HERE = "http://127.0.0.1:8765"
LINE = f'<script src="{HERE}/watch.js"></script>'
EVENT = {"type": "track", "event": "Bought", "messageId": "1", "writeKey": "k", "properties": {"total": 3}}


def test_the_line_is_the_documented_one() -> None:
    assert [each.text.strip() for each in examples("html") if each.page == "how-to/watch.md"] == [LINE]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<!doctype html><html lang=en><head>", "<title>"),
        ("\ufeff<!-- made --><!DOCTYPE html>\n", "<script>"),
        ("", "a fragment"),
    ],
)
def test_the_line_comes_before_all_scripts_and_after_the_doctype(before: str, after: str) -> None:
    assert proxy.page(f"{before}{after}".encode(), HERE).decode() == f"{before}{LINE}{after}"


def test_scripts_of_segment_and_amplitude_in_the_markup_come_from_here() -> None:
    html = (
        '<p><script async integrity="sha384-x" src="https://cdn.amplitude.com/libs/x.js"></script><script src="/a.js">'
    )
    led = f'<p><script async src="{HERE}/elsewhere/https://cdn.amplitude.com/libs/x.js"></script><script src="/a.js">'
    assert proxy.page(html.encode(), HERE).decode() == LINE + led


@pytest.mark.parametrize(
    ("policy", "allowed"),
    [
        ("default-src 'self'", f"default-src 'self'; script-src 'self' {HERE}; connect-src 'self' {HERE}"),
        ("connect-src 'none'", f"connect-src {HERE}"),
        ("script-src 'self'; img-src *", f"script-src 'self' {HERE}; img-src *"),
        ("img-src *, script-src a.example", f"img-src *,script-src a.example {HERE}"),
    ],
)
def test_a_content_security_policy_allows_the_line(policy: str, allowed: str) -> None:
    assert proxy.allowing(policy, HERE) == allowed


def test_a_nonce_and_a_policy_in_the_markup() -> None:
    meta = '<meta http-equiv="Content-Security-Policy" content="script-src \'self\'">'
    changed = proxy.page(meta.encode(), HERE, ["script-src 'nonce-abc' 'strict-dynamic'"]).decode()
    assert changed == LINE.replace("<script", '<script nonce="abc"') + meta.replace("'self'", f"'self' {HERE}")


def answer(url: str, body: bytes | None = None, headers: Mapping[str, str] = MappingProxyType({})) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, dict(headers))) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_addresses_of_segment_and_amplitude_are_answered_and_no_others(server: DevServer) -> None:
    elsewhere = f"{server.url}/elsewhere/"
    own = "https://events.shop.example/v1/t"
    assert answer(f"{elsewhere}https://cdn.segment.com/v1/projects/actions/settings")[0] == 200
    assert answer(f"{elsewhere}https://api.segment.io/v1/t", json.dumps(EVENT).encode())[0] == 200
    assert answer(f"{elsewhere}{own}", json.dumps(EVENT).encode())[0] == 200
    assert answer(f"{elsewhere}{own}", b'{"mine": true}')[0] == 421
    assert answer(f"{elsewhere}https://shop.example/api/state")[0] == 421
    assert answer(f"{elsewhere}https://cdn.segment.com/analytics-next/../../api/state")[0] == 404
    assert len(server.store.segment_messages()) == 2


def test_the_proxy_says_what_it_waits_for_and_is_reached_by_loopback_names_only(server: DevServer) -> None:
    with proxy.before(lambda: None, server.url) as site:
        assert answer(site)[0] == 503
        assert answer(site, headers={"Host": "shop.example"}) == (
            400,
            "This is reached by 127.0.0.1 or localhost only.",
        )
    with proxy.before(lambda: 9, server.url) as site:
        assert answer(site)[0] == 502


def test_the_proxy_keeps_what_it_need_not_change(server: DevServer) -> None:
    """Methods, bodies, statuses, addresses and headers: by a request to the development server, as a site."""
    there = urlsplit(server.url)
    with proxy.before(lambda: there.port, server.url) as site:
        assert answer(f"{site}/v1/t", json.dumps(EVENT).encode()) == (200, '{"success":true}')
        assert answer(f"{site}/v1/t", b"nonsense")[0] == 400
        with urllib.request.urlopen(f"{site}/dist/replay.js") as response:
            assert response.headers["content-type"].startswith("text/javascript") and response.read()
        connection = http.client.HTTPConnection(urlsplit(site).netloc)
        connection.request("GET", "/actions")
        assert connection.getresponse().headers["location"] == "/actions/"
        connection.close()
        for way in ("document", "empty"):
            page = answer(f"{site}/sessions", headers={"Sec-Fetch-Dest": way})[1]
            assert (f"{server.url}/watch.js" in page) == (way == "document")


def test_tail_s_lines_for_people_and_for_programs() -> None:
    message = {**EVENT, "properties": {"total": 3, "[Amplitude] Session Replay ID": "d 1/5"}}
    arrivals = [
        ("segment", {"received": 0, "path": "/v1/t", "message": message}),
        ("segment", {"received": 0, "path": "/v1/i", "message": {"type": "identify"}}),
        ("amplitude", {"received": 0, "path": "/", "body": {"events": [{"event_type": "Bought"}]}}),
        ("upload", {"received": 0, "device_id": "d", "session_id": 5, "events": 2, "bytes": 1500}),
        ("session", {"device_id": "d", "session_id": 5}),
    ]
    lines = [line.partition("  ")[2] for each in arrivals for line in tail.text(*each, HERE)]
    assert lines == [
        f'event      track "Bought" {{"total": 3}}  {HERE}/replay/d%201/5',
        "event      identify",
        'amplitude  "Bought"',
        f"upload     2 recorded events, 1.5 kB  {HERE}/replay/d/5",
    ]
    (told,) = tail.as_json(*arrivals[0], HERE)
    assert json.loads(told) == {"kind": "event", "replay": f"{HERE}/replay/d%201/5", **arrivals[0][1]}


def test_what_a_page_sends_is_no_command_to_a_terminal() -> None:
    message = {"type": "\x1b]0;title\x07", "event": "\x9b31m \ud83d Käse"}
    (line,) = tail.text("segment", {"received": 0, "message": message}, HERE)
    assert tail.link(HERE, "\ud83d", 5) == f"{HERE}/replay/%3F/5"
    assert line.endswith('event      \\u001b]0;title\\u0007 "\\u009b31m \\ud83d Käse"')


def ended(*arguments: str) -> object:
    with pytest.raises(SystemExit) as raised:
        cli.main(arguments)
    return raised.value.code


def test_a_command_that_fails_or_is_not_there_is_status_2(capfd: pytest.CaptureFixture) -> None:
    fails = [sys.executable, "-c", "print('no such port'); raise SystemExit(3)"]
    assert ended("watch", "--at", "0", *fails) == 2
    said = capfd.readouterr()
    assert "no such port" in said.out and "ended with status 3" in said.err
    assert ended("watch", "--at", "0", "--", "no-such-program") == 2
    assert "There is no program no-such-program" in capfd.readouterr().err
    assert ended("tail", "--at", "9") == 2
    assert "no-server: " in capfd.readouterr().err


def test_the_site_s_address_is_the_first_that_its_command_prints() -> None:
    lines = ["see https://vite.dev", "Local: http://localhost:\x1b[1m5173\x1b[22m/", "http://127.0.0.1:9000/"]
    command = Command([sys.executable, "-c", f"print(*{lines!r}, sep='\\n')"])
    assert (command.wait(), command.port) == (0, 5173)


def test_what_the_command_has_started_ends_with_it_and_its_input_stays_open_till_then() -> None:
    child = "import sys; print('http://localhost:1/', flush=True); sys.stdin.read()"
    command = Command(
        [sys.executable, "-c", f"import subprocess, sys; subprocess.call([sys.executable, '-c', {child!r}])"]
    )
    while not command.port:
        time.sleep(0.01)
    command.stop()
    assert command.wait() < 0  # by a signal; and it has no output any more, so nobody is left who could write
