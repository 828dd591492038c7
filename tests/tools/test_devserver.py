"""The development server, asked over HTTP: what clients, pages and strangers get from it."""

import gzip
import http.client
import json
import logging
import re
import socket
import sqlite3
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from email.message import Message
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import brotli
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyscript_replay import ReplayError
from pyscript_replay.tools.devserver import DevServer, Real, amplitude, api, segment, store

DEVICE, SESSION = "device-1", 1795433609897
KEY = {"Authorization": "Bearer local"}
TRACK = f"/amplitude/session-replay/track?device_id={DEVICE}&session_id={SESSION}&type=replay"
STRANGER = "https://shop.example"


class Answer(NamedTuple):
    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@pytest.fixture(scope="module")
def running(dist: Path) -> Iterator[DevServer]:
    with DevServer(dist) as server:
        yield server


@pytest.fixture
def server(running: DevServer) -> DevServer:
    running.store.clear()
    running.faults.clear()
    return running


def ask(
    server: DevServer,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    method: str | None = None,
) -> Answer:
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=30)
    try:
        connection.request(method or ("GET" if body is None else "POST"), path, body, dict(headers or {}))
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def event(timestamp: int, data: Any = None) -> dict[str, Any]:
    return {"type": 3, "timestamp": timestamp, "data": data}


def replay(*events: Any, version: int = 1) -> bytes:
    """An upload's body, with each event as the SDK sends it: as JSON in JSON."""
    return json.dumps({"version": version, "events": [json.dumps(each) for each in events]}).encode()


def batch(*messages: Any) -> bytes:
    return json.dumps({"batch": messages, "writeKey": "actions"}).encode()


MESSAGE: dict[str, Any] = {"type": "track", "event": "Bought", "anonymousId": DEVICE, "messageId": "m-1"}


# Collectors: what they take, and what they refuse as the real ones do


@pytest.mark.parametrize("path", ["/v1/t", "/v1/p", "/v1/i", "/v1/g", "/v1/a", "/v1/s"])
def test_segment_takes_a_message(server: DevServer, path: str) -> None:
    answer = ask(server, path, json.dumps(MESSAGE).encode(), {"Content-Type": "text/plain"})
    assert (answer.status, answer.json) == (200, {"success": True})
    assert server.store.segment_messages() == [MESSAGE]
    assert [each["path"] for each in server.store.state()["events"]] == [path]


@pytest.mark.parametrize("path", ["/v1/b", "/v1/batch"])
def test_segment_takes_a_batch(server: DevServer, path: str) -> None:
    packed = gzip.compress(batch(MESSAGE, {**MESSAGE, "event": "Paid"}))
    assert ask(server, path, packed, {"Content-Encoding": "gzip"}).status == 200
    assert [each["event"] for each in server.store.segment_messages()] == ["Bought", "Paid"]


def test_segment_s_own_metrics_are_no_messages(server: DevServer) -> None:
    assert ask(server, "/v1/m", b'{"series": []}').json == {"success": True}
    assert server.store.segment_messages() == []


GZIP = {"Content-Encoding": "gzip"}
BIG = json.dumps({**MESSAGE, "properties": {"text": "x" * segment.MAX_EVENT}}).encode()
REFUSED: dict[str, tuple[str, bytes, dict[str, str], int]] = {
    "Segment: no JSON": ("/v1/t", b"{", {}, 400),
    "Segment: no object": ("/v1/t", b"[]", {}, 400),
    "Segment: no batch": ("/v1/b", b"{}", {}, 400),
    "Segment: a batch of nothing": ("/v1/b", batch(1), {}, 400),
    "Segment: a large event": ("/v1/t", BIG, {}, 400),
    "Segment: a large event in a batch": ("/v1/b", batch(json.loads(BIG)), {}, 400),
    "Segment: a large batch": ("/v1/b", b" " * (segment.MAX_BATCH + 1), {}, 400),
    "Segment: what blows up": ("/v1/t", gzip.compress(b" " * 50_000_000), GZIP, 400),
    "Segment: another kind": ("/v1/x", b"{}", {}, 404),
    "replay: no key": (TRACK, replay(event(1)), {}, 401),
    "replay: no JSON": (TRACK, b"{", KEY, 400),
    "replay: no object": (TRACK, b"[]", KEY, 400),
    "replay: no events": (TRACK, replay(), KEY, 400),
    "replay: an event that is no JSON": (TRACK, b'{"events": ["{"]}', KEY, 400),
    "replay: an event that is none": (TRACK, replay(7), KEY, 400),
    "replay: no end of brackets": (TRACK, b"[" * 1_000_000, KEY, 400),
    "replay: no device": ("/amplitude/session-replay/track?session_id=1&type=replay", replay(event(1)), KEY, 400),
    "replay: NaN": (TRACK.replace(str(SESSION), "NaN"), replay(event(1)), KEY, 400),
    "replay: no gzip": (TRACK, replay(event(1)), KEY | GZIP, 400),
    "replay: half a gzip": (TRACK, gzip.compress(replay(event(1)))[:-10], KEY | GZIP, 400),
    "replay: another encoding": (TRACK, replay(event(1)), KEY | {"Content-Encoding": "br"}, 415),
    "replay: too large": (TRACK, b" " * (amplitude.MAX_UPLOAD + 1), KEY, 413),
    "replay: what blows up": (TRACK, gzip.compress(b" " * 50_000_000), KEY | GZIP, 413),
    "HTTP V2: no key": ("/amplitude/2/httpapi", b'{"events": [{}]}', {}, 400),
    "HTTP V2: no events": ("/amplitude/2/httpapi", b'{"api_key": "local"}', {}, 400),
    "HTTP V2: too large": ("/amplitude/2/httpapi", b" " * (amplitude.MAX_EVENTS + 1), {}, 413),
    "classic: no events": ("/amplitude/classic", b"client=local", {}, 400),
    "classic: no JSON": ("/amplitude/classic", b"client=local&e=x", {}, 400),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_is_told_why_and_not_stored(server: DevServer, case: str) -> None:
    path, body, headers, status = REFUSED[case]
    answer = ask(server, path, body, headers | {"Origin": STRANGER})
    assert answer.status == status
    assert answer.headers["Access-Control-Allow-Origin"] == STRANGER, "else a page could not tell it from no answer"
    if status != 404:
        assert answer.json.get("error") or answer.json["message"]
    assert server.store.counts() == {"segment": 0, "uploads": 0, "upload_bytes": 0}
    assert server.store.amplitude_events() == []


def packed(recorded: dict[str, Any]) -> bytes:
    """As rrweb packs an event: each byte is a character."""
    text = zlib.compress(json.dumps(recorded).encode()).decode("latin-1")
    return json.dumps({"version": 1, "events": [json.dumps(text)]}).encode()


UPLOADS: dict[str, tuple[str, bytes, dict[str, str]]] = {
    "plain": (TRACK, replay(event(1)), KEY),
    "gzip": (TRACK, gzip.compress(replay(event(1))), KEY | GZIP),
    "beacon": (f"{TRACK}&api_key=local", replay(event(1), version=2), {}),
    "each event packed, by older SDKs": (TRACK, packed(event(1)), KEY),
    "beacon, by a custom transport": (TRACK, json.dumps({"version": 2, "events": [event(1)]}).encode(), KEY),
}


@pytest.mark.parametrize("case", UPLOADS)
def test_replay_takes_an_upload_with_all_that_came_with_it(server: DevServer, case: str) -> None:
    path, body, headers = UPLOADS[case]
    answer = ask(server, path, body, {**headers, "X-Client-Sample-Rate": "1"})
    assert answer.status == 200
    (upload,) = server.store.uploads()
    assert (upload.device_id, upload.session_id, upload.bytes) == (DEVICE, SESSION, len(body))
    assert upload.events == [event(1)]
    assert upload.query.get("api_key") == ("local" if "api_key" in path else None)
    assert upload.headers["x-client-sample-rate"] == "1"


def test_replay_s_configuration_lets_record(server: DevServer) -> None:
    answer = ask(server, "/amplitude/session-replay/config/local?config_group=browser", headers={"Origin": STRANGER})
    assert answer.json == {"configs": {"sessionReplay": {}}}


def test_amplitude_takes_events(server: DevServer) -> None:
    body = json.dumps({"api_key": "local", "events": [{"event_type": "a"}]}).encode()
    answer = ask(server, "/amplitude/2/httpapi", body).json
    assert (answer["code"], answer["events_ingested"], answer["payload_size_bytes"]) == (200, 1, len(body))
    form = urlencode({"client": "local", "e": json.dumps([{"event_type": "ü & ="}]), "v": 2}).encode()
    answer = ask(server, "/amplitude/classic", form, {"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.body == b"success"
    assert [each["event_type"] for each in server.store.amplitude_events()] == ["a", "ü & ="]


@pytest.mark.parametrize("path", ["/v1/t", TRACK, "/amplitude/classic", "/segment/v1/projects/actions/settings"])
def test_a_preflight_is_answered_for_any_origin(server: DevServer, path: str) -> None:
    asked = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-encoding",
    }
    answer = ask(server, path, headers={"Origin": STRANGER, **asked}, method="OPTIONS")
    assert answer.status == 200
    assert answer.headers["Access-Control-Allow-Origin"] == STRANGER
    assert answer.headers["Access-Control-Allow-Credentials"] == "true", "beacons bring them"
    assert "content-encoding" in answer.headers["Access-Control-Allow-Headers"]


def test_two_hundred_uploaders_at_once_lose_nothing(server: DevServer) -> None:
    clients, turns = 200, 5
    ready = threading.Barrier(clients)
    body = gzip.compress(replay(*(event(1000 + number, "x" * 200) for number in range(20))))

    def upload(number: int) -> list[int]:
        connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=60)
        ready.wait()
        statuses = []
        for turn in range(turns):
            query = urlencode({"device_id": f"device-{number}", "session_id": SESSION + turn, "type": "replay"})
            connection.request("POST", f"/amplitude/session-replay/track?{query}", body, KEY | GZIP)
            answer = connection.getresponse()
            answer.read()
            statuses.append(answer.status)
        connection.close()
        return statuses

    with ThreadPoolExecutor(clients) as threads:
        statuses = list(threads.map(upload, range(clients)))
    assert statuses == [[200] * turns] * clients
    stored = {(each.device_id, each.session_id) for each in server.store.uploads()}
    assert stored == {(f"device-{number}", SESSION + turn) for number in range(clients) for turn in range(turns)}
    assert server.store.counts()["uploads"] == clients * turns
    assert len(server.store.session("device-7", SESSION)["recording"]) == 20


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_number_that_json_has_not_spoils_nothing(server: DevServer, number: str) -> None:
    message = json.dumps(MESSAGE)[:-1] + f', "properties": {{"odd": {number}}}}}'
    assert ask(server, "/v1/t", message.encode()).status == 400
    assert ask(server, "/api/state").json["segment"] == 0


@pytest.mark.parametrize("odd", ["\ud800", "\ud800/5", "d/" + "9" * 5000])
def test_a_message_with_odd_ids_is_kept(server: DevServer, odd: str) -> None:
    message = {**MESSAGE, "anonymousId": odd, "properties": {"[Amplitude] Session Replay ID": odd}}
    assert ask(server, "/v1/t", json.dumps(message).encode()).status == 200
    assert server.store.segment_messages() == [message]


HALF = "great \ud83d"  # what is left of "great 😀" when it is cut in the middle of the emoji
ESCAPED = rb"great \ud83d"


def test_half_an_emoji_is_stored_listed_shown_streamed_and_exported(server: DevServer, dist: Path) -> None:
    stream = Subscriber(server)
    named = {**MESSAGE, "properties": {"[Amplitude] Session Replay ID": f"{DEVICE}/{SESSION}", "q": HALF}}
    page = {"type": 4, "timestamp": 999, "data": {"href": f"https://shop.example/{HALF}", "width": 1, "height": 1}}
    assert ask(server, TRACK, replay(page, event(1000, HALF)), KEY).status == 200
    assert ask(server, "/v1/t", json.dumps(named).encode()).status == 200
    http_v2 = json.dumps({"api_key": "local", "events": [{"event_type": HALF}]}).encode()
    assert ask(server, "/amplitude/2/httpapi", http_v2).status == 200
    told = [json.dumps(stream.next()) for _ in range(4)]
    assert len([each for each in told if ESCAPED.decode() in each]) == 2
    for path in ("/api/state", f"/api/sessions/{DEVICE}/{SESSION}", f"/export/{DEVICE}/{SESSION}.html"):
        answer = ask(server, path)
        assert (path, answer.status) == (path, 200)
        assert ESCAPED in answer.body
    assert ask(server, "/api/sessions").json[0]["pages"] == 1
    with DevServer(dist) as other:
        assert ask(other, "/api/sessions/import", answer.body).status == 200
        assert other.store.session(DEVICE, SESSION)["recording"] == [page, event(1000, HALF)]


@pytest.mark.parametrize("path", ["/v1/t", "/api/faults"])
def test_half_an_emoji_in_what_is_refused_is_told(server: DevServer, path: str) -> None:
    assert ask(server, path, json.dumps({"path": "/", HALF: 1, "x": "y" * segment.MAX_EVENT}).encode()).status in (
        400,
        413,
    )


ANY_TEXT = st.text() | st.sampled_from([HALF, "\ude00", "\0", "</script><!--"])
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | ANY_TEXT,
    lambda each: st.lists(each) | st.dictionaries(ANY_TEXT | st.sampled_from(["type", "data", "event", "path"]), each),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from([*MESSAGE, "properties", "timestamp", "context", "name"]), ANY_JSON), ANY_JSON)
def test_whatever_a_page_sends_can_be_looked_at(server: DevServer, message: dict[str, Any], anything: Any) -> None:
    server.store.clear()
    recorded = {"type": anything, "timestamp": 1000, "data": anything}
    paths = {
        "/v1/t": json.dumps(message).encode(),
        TRACK: replay(recorded),
        "/amplitude/2/httpapi": json.dumps({"api_key": "k", "events": [{"event_type": anything}]}).encode(),
        "/amplitude/classic": urlencode({"e": json.dumps([{"event_type": anything}])}).encode(),
    }
    for path, body in paths.items():
        assert (path, ask(server, path, body, KEY).status) == (path, 200)
    paths = {"/api/faults": anything, "/api/sessions/import": anything, "/v1/b": anything, "/v1/i": anything}
    for path, each in paths.items():
        assert (path, ask(server, path, json.dumps(each).encode()).status // 100 < 5) == (path, True)
    server.faults.clear()
    assert ask(server, "/api/state").json["events"][0]["message"] == message
    assert ask(server, f"/api/sessions/{DEVICE}/{SESSION}").json["recording"] == [recorded]
    assert ask(server, f"/export/{DEVICE}/{SESSION}.html").status == 200


def test_what_is_nested_too_deep_to_be_shown_is_refused(server: DevServer) -> None:
    def message(depth: int) -> bytes:
        return f'{{"type": "track", "event": {"[" * depth}{"]" * depth}}}'.encode()

    taken = [depth for depth in range(100, 1100, 7) if ask(server, "/v1/t", message(depth)).status == 200]
    assert max(taken) > 800 and len(taken) < len(range(100, 1100, 7))
    assert len(ask(server, "/api/state").json["events"]) == 50


def test_a_device_id_may_be_odd(server: DevServer) -> None:
    """Amplitude would not find it; whoever looks for the reason should."""
    server.store.add_upload({"device_id": "a/b", "session_id": "5", "type": "replay"}, {}, [event(1)], 10)
    assert ask(server, "/api/sessions/a%2Fb/5").json["device_id"] == "a/b"
    assert ask(server, "/export/a%2Fb/5.html").status == 200
    assert ask(server, "/replay/a%2Fb/5").status == 200


def test_a_session_id_that_is_none_has_no_session(server: DevServer) -> None:
    for odd in ("x", "9" * 30, "9" * 5000, "-1"):
        assert ask(server, f"/api/sessions/d/{odd}").status == 404


# Faults


def test_faults_are_used_up_in_their_order(server: DevServer) -> None:
    server.fault("/v1", 429, headers={"Retry-After": "1"}, times=2)
    server.fault("/v1/t", 500)
    answers = [ask(server, "/v1/t", json.dumps(MESSAGE).encode()) for _ in range(4)]
    assert [each.status for each in answers] == [429, 429, 500, 200]
    assert answers[0].headers["Retry-After"] == "1"
    assert len(server.store.segment_messages()) == 1
    assert server.faults == []


def test_a_slow_answer_is_an_answer(server: DevServer) -> None:
    server.fault("/v1", delay_ms=300)
    began = time.monotonic()
    assert ask(server, "/v1/t", json.dumps(MESSAGE).encode()).status == 200
    assert time.monotonic() - began >= 0.3


def test_faults_by_http(server: DevServer) -> None:
    order = {"path": "/amplitude", "status": 413, "delay_ms": 0, "times": 1, "headers": {"Retry-After": "1"}}
    assert ask(server, "/api/faults", json.dumps(order).encode()).status == 200
    assert ask(server, "/v1/t", json.dumps(MESSAGE).encode()).status == 200
    refused = ask(server, TRACK, replay(event(1)), KEY)
    assert (refused.status, refused.headers["Retry-After"]) == (413, "1")
    assert ask(server, "/api/faults", json.dumps([order, {"path": "/"}]).encode()).status == 200
    assert ask(server, "/api/faults", b"[]").status == 200
    assert ask(server, TRACK, replay(event(1)), KEY).status == 200


@pytest.mark.parametrize(
    "order",
    [
        "{",
        "7",
        '{"status": 500}',
        '{"path": 7}',
        '{"path": "/", "odd": 1}',
        '{"path": "/", "times": "1"}',
        '{"path": "/", "times": 0}',
        '{"path": "/", "status": 99}',
        '{"path": "/", "status": 1000}',
        '{"path": "/", "delay_ms": 1' + "0" * 400 + "}",
        '{"path": "/", "headers": []}',
        '{"path": "/", "headers": {"X-Odd": "a\\nb"}}',
        '{"path": "/", "headers": {"X-Odd": " a"}}',
        '{"path": "/", "headers": {"": "a"}}',
        '{"path": "/", "headers": {"X Odd": "a"}}',
        '{"path": "/", "headers": {"X-Odd:": "a"}}',
        '{"path": "/", "headers": {"Content-Length": "1"}}',
        '{"path": "/", "headers": {"transfer-encoding": "chunked"}}',
    ],
)
def test_an_odd_order_is_refused(server: DevServer, order: str) -> None:
    assert ask(server, "/api/faults", order.encode()).status == 400
    assert server.faults == []


@pytest.mark.parametrize("status", [204, 205, 304])
def test_a_fault_may_be_an_answer_without_a_body(server: DevServer, status: int, complaints: list[str]) -> None:
    server.fault("/v1", status)
    answer = ask(server, "/v1/t", json.dumps(MESSAGE).encode())
    assert (answer.status, answer.body) == (status, b"")
    assert complaints == []


@pytest.mark.parametrize("headers", [{"": "a"}, {"X-Odd": "a\r\nb"}, {"Content-Length": "7"}])
def test_a_fault_that_cannot_be_answered_is_not_taken_from_python_either(
    server: DevServer, headers: dict[str, str]
) -> None:
    with pytest.raises(TypeError):
        server.fault("/v1", 500, headers=headers)


# Uploads that are broken off


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What the server writes to its log."""
    said: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(self.format(record))

    listener = Listener()
    logging.getLogger("uvicorn.error").addHandler(listener)
    yield said
    logging.getLogger("uvicorn.error").removeHandler(listener)


@pytest.mark.parametrize("path", ["/v1/t", TRACK, "/amplitude/2/httpapi", "/amplitude/classic", "/api/sessions/import"])
def test_an_aborted_upload_is_nothing_to_complain_of(server: DevServer, path: str, complaints: list[str]) -> None:
    host, _, port = server.url.removeprefix("http://").partition(":")
    for _ in range(3):
        with socket.create_connection((host, int(port))) as client:
            head = f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer local\r\n"
            client.sendall(f"{head}Content-Length: 1000\r\n\r\nonly the beginn".encode())
            time.sleep(0.1)
    time.sleep(0.3)
    assert ask(server, "/api/state").json["segment"] == 0
    assert complaints == []


# Strangers


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "192.168.1.7", ""]
)
def test_another_name_for_this_host_is_refused(server: DevServer, host: str) -> None:
    for path in ("/", "/api/sessions", "/dist/replay.js", "/segment/v1/projects/actions/settings"):
        assert ask(server, path, headers={"Host": host}).status == 400


@pytest.mark.parametrize("host", ["localhost", "shop.localhost", "127.0.0.1"])
def test_names_of_the_loopback_address_are_fine(server: DevServer, host: str) -> None:
    host = server.url.replace("http://127.0.0.1", host)
    assert ask(server, "/", headers={"Host": host}).status == 200
    settings = ask(server, "/segment/v1/projects/actions/settings", headers={"Host": host}).json
    assert settings["integrations"]["Segment.io"]["apiHost"] == f"{host}/v1"


@pytest.mark.parametrize("origin", [STRANGER, "null", "http://127.0.0.1", "https://127.0.0.1:1"])
def test_what_was_recorded_is_for_the_server_s_own_pages(server: DevServer, origin: str) -> None:
    for path in ("/api/state", "/api/stream", "/api/sessions", "/export/d/1.html"):
        answer = ask(server, path, headers={"Origin": origin})
        assert (answer.status, answer.headers.get("Access-Control-Allow-Origin")) == (403, None)
    for path in ("/api/faults", "/api/sessions/import"):
        assert ask(server, path, b"[]", {"Origin": origin}).status == 403
    server.store.add_upload({"device_id": DEVICE, "session_id": "1", "type": "replay"}, {}, [event(1), event(2)], 10)
    for path in ("/api/sessions", f"/api/sessions/{DEVICE}/1"):
        assert ask(server, path, headers={"Origin": origin}, method="DELETE").status == 403
        assert ask(server, path, headers={"Origin": origin}, method="OPTIONS").status == 403
    assert len(server.store.sessions()) == 1
    assert ask(server, "/api/state", headers={"Origin": server.url}).status == 200


def test_sessions_can_be_searched_sorted_and_deleted_by_http(server: DevServer) -> None:
    for device_id, started in (("a b", 1000), ("c/d", 2000)):
        query = {"device_id": device_id, "session_id": "1", "type": "replay"}
        server.store.add_upload(query, {}, [event(started), event(started + 500)], 10)
    server.store.add_segment("/v1/t", [{"type": "track", "event": "of nobody"}])

    def listed(query: str = "") -> list[str]:
        return [each["device_id"] for each in ask(server, f"/api/sessions{query}").json]

    assert listed() == ["c/d", "a b"]
    assert listed("?order=oldest") == ["a b", "c/d"]
    assert listed("?search=a+b&at_least_ms=500&order=") == ["a b"]
    assert listed("?at_least_ms=501") == []
    for wrong in ("order=best", "at_least_ms=-1", "at_least_ms=long"):
        assert ask(server, f"/api/sessions?{wrong}").status == 400

    assert ask(server, "/api/sessions/c/d/1", method="DELETE").status == 200
    assert ask(server, "/api/sessions/c/d/1", method="DELETE").status == 404
    assert listed() == ["a b"]
    assert ask(server, "/api/sessions", method="DELETE").status == 200
    assert (listed(), server.store.segment_messages()) == ([], [])


# The bundle


@pytest.mark.parametrize(
    ("accepted", "encoding", "unpack"),
    [
        ("gzip, deflate, br", "br", brotli.decompress),
        ("gzip", "gzip", gzip.decompress),
        ("identity", None, bytes),
        ("", None, bytes),
    ],
)
def test_the_bundle_comes_as_small_as_the_browser_takes_it(
    server: DevServer, dist: Path, accepted: str, encoding: str | None, unpack: Callable[[bytes], bytes]
) -> None:
    answer = ask(server, "/dist/replay.js", headers={"Accept-Encoding": accepted})
    assert answer.headers.get("Content-Encoding") == encoding
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert unpack(answer.body) == (dist / "replay.js").read_bytes()


def test_what_has_a_hash_is_for_ever_and_the_rest_is_asked_for_again(server: DevServer, dist: Path) -> None:
    assets = json.loads((dist / "manifest.json").read_text())["assets"]
    hashed = ask(server, f"/dist/{assets['micropython.wasm']}")
    assert (hashed.headers["Cache-Control"], hashed.headers["Content-Type"]) == (
        "max-age=31536000, immutable",
        "application/wasm",
    )
    first = ask(server, "/dist/replay.js")
    assert first.headers["Cache-Control"] == "no-cache"
    assert ask(server, "/dist/replay.js", headers={"If-None-Match": first.headers["ETag"]}).status == 304
    assert first.headers["Access-Control-Allow-Origin"] == "*"


def test_scripts_without_a_hash_are_kept_for_as_long_as_is_said(dist: Path) -> None:
    with DevServer(dist, max_age=300) as server:
        kept = {name: ask(server, f"/dist/{name}").headers["Cache-Control"] for name in ("replay.js", "manifest.json")}
    assert kept == {"replay.js": "max-age=300", "manifest.json": "no-cache"}


OUTSIDE = [
    "..",
    "../pyproject.toml",
    "%2e%2e/%2e%2e/etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "/etc/passwd",
    "assets/../../x",
    "%00",
    "..%5cx",
]


@pytest.mark.parametrize(
    "root", ["/dist/", "/demo/", "/segment/next-integrations/actions/", "/segment/analytics-next/bundles/"]
)
@pytest.mark.parametrize("path", OUTSIDE)
def test_there_is_no_way_out_of_the_roots(server: DevServer, root: str, path: str) -> None:
    assert ask(server, root + path).status == 404


# The demo's pages

PAGES = [
    *("/", "/product", "/actions/", "/classic-device/basket", "/classic-cloud/checkout", "/auto/thanks"),
    *("/auto/journal", "/sessions", "/replay/d/1", "/pyscript/mpy", "/pyscript/py"),
]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_a_policy_and_no_blanks(server: DevServer, path: str) -> None:
    answer = ask(server, path)
    assert answer.status == 200
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ") and "frame-ancestors 'none'" in policy
    assert "{{" not in answer.body.decode()
    assert ("'unsafe-eval'" in policy) is path.startswith("/pyscript")
    assert "script-src 'self' 'unsafe-inline'" not in policy


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/actions/nothing",
        "/pyscript/js",
        "/replay/d/x",
        "/api/sessions/d/1",
        "/segment/v1/projects/x/settings",
    ],
)
def test_there_are_no_other_pages(server: DevServer, path: str) -> None:
    assert ask(server, path).status == 404


def test_the_runtime_that_was_asked_for_stays(server: DevServer) -> None:
    answer = ask(server, "/?runtime=pyodide")
    assert b'data-runtime="pyodide"' in answer.body
    cookie = answer.headers["Set-Cookie"].partition(";")[0]
    assert b'data-runtime="pyodide"' in ask(server, "/basket", headers={"Cookie": cookie}).body
    assert b'data-runtime="micropython"' in ask(server, '/?runtime="><script>').body


def test_the_shop_can_use_the_real_ones(dist: Path) -> None:
    with DevServer(dist, real=Real(write_key='w"<', api_key="k")) as server:
        answer = ask(server, "/classic-device/")
        assert b'data-write-key="w&quot;&lt;"' in answer.body
        assert b"data-segment-cdn" not in answer.body and b"data-options" not in answer.body
        assert "https://*.amplitude.com" in answer.headers["Content-Security-Policy"]


# Sessions


@pytest.fixture
def recorded(server: DevServer) -> str:
    """The path of a session."""
    hostile = {"type": 2, "timestamp": 1000, "data": {"text": "</script><script>alert(1)</script><!--"}}
    ask(server, TRACK, replay(hostile, event(2000)), KEY)
    named = {**MESSAGE, "integrations": {"Actions Amplitude": {"session_id": SESSION}}}
    ask(server, "/v1/t", json.dumps(named).encode())
    return f"{DEVICE}/{SESSION}"


def test_sessions_over_http(server: DevServer, recorded: str) -> None:
    (summary,) = ask(server, "/api/sessions").json
    assert (summary["replay_id"], summary["session_id"], summary["length_ms"]) == (recorded, SESSION, 1000)
    session = ask(server, f"/api/sessions/{recorded}").json
    assert [each["timestamp"] for each in session["recording"]] == [1000, 2000]
    assert [each["message"]["event"] for each in session["events"]] == ["Bought"]


def test_an_exported_session_contains_no_script_but_ours_and_comes_back(
    server: DevServer, dist: Path, recorded: str
) -> None:
    answer = ask(server, f"/export/{recorded}.html")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="replay-{SESSION}.html"'
    page = answer.body.decode()
    assert len(re.findall("<script", page)) == len(re.findall("</script>", page)) == 3
    assert "unsafe-inline" not in re.findall(r"script-src [^;]*", page)[0]
    with DevServer(dist) as other:
        assert ask(other, "/api/sessions/import", answer.body).json == {"device_id": DEVICE, "session_id": SESSION}
        sessions = [ask(each, f"/api/sessions/{recorded}").json for each in (server, other)]
        assert sessions[0]["recording"] == sessions[1]["recording"]
        assert sessions[0]["events"] == sessions[1]["events"]


BLOCK = '<script type="application/json" id="recording">%s</script>'


@pytest.mark.parametrize(
    ("file", "status"),
    [
        (b"", 400),
        (b"<!doctype html><script>alert(1)</script>", 400),
        ((BLOCK % "{").encode(), 400),
        ((BLOCK % "[]").encode(), 400),
        ((BLOCK % ("[" * 100_000)).encode(), 400),
        ((BLOCK % '{"device_id": "d", "session_id": 1, "recording": [{}], "events": []}').encode(), 400),
        (b"\xff\xfe" + (BLOCK % "\xff").encode("latin-1"), 400),
        (b" " * (2_000_001), 413),
    ],
)
def test_what_is_no_exported_session_is_refused_in_a_sentence(
    server: DevServer, monkeypatch: pytest.MonkeyPatch, file: bytes, status: int
) -> None:
    monkeypatch.setattr(api, "MAX_IMPORT", 2_000_000)
    answer = ask(server, "/api/sessions/import", file)
    assert answer.status == status
    assert answer.json["error"].startswith("This is no exported session: ")
    assert server.store.sessions() == []


def test_a_file_with_a_thousand_beginnings_and_no_end_is_refused_at_once(server: DevServer) -> None:
    """Searched from each beginning to the end of the file, this took minutes: longer than ``ask`` waits."""
    opening = (BLOCK % "").partition("</")[0].encode()
    answer = ask(server, "/api/sessions/import", opening * (2_000_000 // len(opening)))
    assert answer.status == 400


# The stream


class Subscriber:
    """Reads server-sent events, when it is asked to."""

    def __init__(self, server: DevServer) -> None:
        self.connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=10)
        self.connection.request("GET", "/api/stream")
        self.answer = self.connection.getresponse()

    def next(self) -> tuple[str, Any]:
        name = self._line("event")
        return name, json.loads(self._line("data"))

    def _line(self, field: str) -> str:
        while line := self.answer.readline().decode():
            if line.startswith(f"{field}: "):
                return line.removeprefix(f"{field}: ").strip()
        raise EOFError


def test_every_subscriber_is_told_everything(server: DevServer) -> None:
    subscribers = [Subscriber(server) for _ in range(3)]
    ask(server, TRACK, replay(event(1000)), KEY)
    named = {**MESSAGE, "integrations": {"Actions Amplitude": {"session_id": SESSION}}}
    ask(server, "/v1/t", json.dumps(named).encode())
    ask(server, "/amplitude/classic", urlencode({"e": '[{"event_type": "x", "session_id": 1}]'}).encode())
    for each in subscribers:
        told = dict(each.next() for _ in range(4))
        assert told["upload"]["session_id"] == SESSION and told["upload"]["events"] == 1
        assert told["segment"]["message"] == named and told["segment"]["path"] == "/v1/t"
        assert told["amplitude"]["body"] == {"events": [{"event_type": "x", "session_id": 1}]}
        assert told["session"] == server.store.summary(DEVICE, SESSION)


def test_a_subscriber_that_does_not_listen_holds_nobody_up(server: DevServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "BEHIND", 10)
    deaf, awake = Subscriber(server), Subscriber(server)
    large = {**MESSAGE, "properties": {"text": "x" * 30_000}}
    received = 0
    for _ in range(300):
        assert ask(server, "/v1/t", json.dumps(large).encode()).status == 200
        received += awake.next()[0] == "segment"
    assert received == 300
    heard = 0
    with pytest.raises((EOFError, http.client.IncompleteRead)):
        while deaf.next():
            heard += 1
    assert heard < 300


def test_the_end_of_the_server_is_the_end_of_the_stream(dist: Path) -> None:
    server = DevServer(dist)
    server.start()
    subscribers = [Subscriber(server) for _ in range(3)]
    began = time.monotonic()
    server.stop()
    assert time.monotonic() - began < 0.8, "nobody was waited for"
    for each in subscribers:
        with pytest.raises(EOFError):
            each.next()


# The server itself


def test_a_port_that_is_taken_is_named(server: DevServer, dist: Path) -> None:
    port = int(server.url.rpartition(":")[2])
    with pytest.raises(ReplayError, match=str(port)) as raised:
        DevServer(dist, port=port)
    assert raised.value.code == "port-taken" and "--port" in raised.value.fix


def test_it_can_be_had_on_this_machine_only(server: DevServer) -> None:
    port = int(server.url.rpartition(":")[2])
    with socket.socket() as other, pytest.raises(OSError):
        other.settimeout(1)
        other.connect(("127.0.0.2", port))


def test_what_was_recorded_is_there_after_a_restart(dist: Path, tmp_path: Path) -> None:
    for expected in (1, 2):
        with DevServer(dist, db=tmp_path / "demo.db") as server:
            ask(server, TRACK, replay(event(1000)), KEY)
            (summary,) = ask(server, "/api/sessions").json
            assert summary["uploads"] == expected


def test_a_database_that_another_program_has_locked_stops_nothing_else(
    dist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "BUSY", 60)
    names = [f"event {number}" for number in range(50)]  # more than there are threads for files
    with DevServer(dist, db=tmp_path / "demo.db") as server, ThreadPoolExecutor(50) as threads:
        other = sqlite3.connect(tmp_path / "demo.db", check_same_thread=False)
        other.execute("begin immediate")
        waiting = []
        for name in names:
            waiting.append(threads.submit(ask, server, "/v1/t", json.dumps({**MESSAGE, "event": name}).encode()))
        for path in ("/", "/dist/replay.js", "/demo/style.css", "/segment/v1/projects/actions/settings"):
            assert ask(server, path).status == 200
        assert not any(each.done() for each in waiting)
        other.rollback()
        assert [each.result().status for each in waiting] == [200] * len(names)
        assert sorted(each["event"] for each in server.store.segment_messages()) == sorted(names)
        other.close()


def test_a_database_that_stays_locked_is_said_to_be_so(
    dist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, complaints: list[str]
) -> None:
    monkeypatch.setattr(store, "BUSY", 0.1)
    with DevServer(dist, db=tmp_path / "demo.db") as server:
        other = sqlite3.connect(tmp_path / "demo.db")
        other.execute("begin immediate")
        for path, body in (("/v1/t", json.dumps(MESSAGE).encode()), (TRACK, replay(event(1)))):
            answer = ask(server, path, body, KEY)
            assert answer.status == 503 and "locked" in answer.json["error"]
        assert ask(server, "/api/state").json["segment"] == 0
        other.close()
        assert ask(server, "/v1/t", json.dumps(MESSAGE).encode()).status == 200
    assert complaints == []
