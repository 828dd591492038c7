"""Which requests are Segment's and Amplitude's, and where they are answered."""

import json

import pytest

from pyscript_replay.tools import hosts

EVENT = json.dumps({"type": "track", "messageId": "ajs-next-1", "writeKey": "k"})
BATCH = json.dumps({"writeKey": "k", "batch": [json.loads(EVENT)]})
REPLAY = "device_id=d&session_id=5&type=replay"

# request: where it is answered
ANSWERED = {
    (
        "GET",
        "https://cdn.segment.com/analytics.js/v1/k/analytics.min.js",
    ): "/segment/analytics.js/v1/k/analytics.min.js",
    ("GET", "https://cdn.segment.com/v1/projects/k/settings"): "/segment/v1/projects/k/settings",
    (
        "GET",
        "https://cdn.segment.com/analytics-next/bundles/ajs.js",
    ): "/segment/analytics-next/bundles/ajs.js",
    (
        "GET",
        "https://cdn.segment.com/next-integrations/actions/a/b.js",
    ): "/segment/next-integrations/actions/a/b.js",
    ("POST", "https://api.segment.io/v1/t", EVENT): "/v1/t",
    ("POST", "https://api.segment.io/v1/m", '{"series": []}'): "/v1/m",
    ("POST", "https://events.eu1.segmentapis.com/v1/b", BATCH): "/v1/b",
    ("GET", "https://cdn.amplitude.com/libs/amplitude-5.2.2-min.gz.js"): "/amplitude/libs/amplitude-5.2.2-min.gz.js",
    ("POST", "https://api.amplitude.com/", "client=k"): "/amplitude/classic",
    ("POST", "https://api.amplitude.com", "client=k"): "/amplitude/classic",
    ("POST", "https://api2.amplitude.com/2/httpapi", "{}"): "/amplitude/2/httpapi",
    ("POST", "https://api.eu.amplitude.com/batch", "{}"): "/amplitude/2/httpapi",
    (
        "GET",
        "https://sr-client-cfg.amplitude.com/config?api_key=k&config_keys=sessionReplay",
    ): "/amplitude/session-replay/config?api_key=k&config_keys=sessionReplay",
    (
        "GET",
        "https://sr-client-cfg.eu.amplitude.com/config/k?config_group=browser",
    ): "/amplitude/session-replay/config/k?config_group=browser",
    (
        "POST",
        f"https://api-sr.amplitude.com/sessions/v2/track?{REPLAY}",
    ): f"/amplitude/session-replay/track?{REPLAY}",
    (
        "POST",
        f"https://api-sr.eu.amplitude.com/sessions/v2/track?{REPLAY}",
    ): f"/amplitude/session-replay/track?{REPLAY}",
    # of these hosts, but nothing that is known: it goes nowhere, rather than out
    ("POST", "https://diagnostics.prod.us-west-2.amplitude.com/v1/capture", "{}"): hosts.NOWHERE,
    ("GET", "https://cdn.amplitude.com/script/k.js"): hosts.NOWHERE,
    # a site's own domain before them
    ("GET", "https://cdn.shop.example/x/v1/projects/k/settings"): "/segment/v1/projects/k/settings",
    (
        "GET",
        "https://shop.example/analytics.js/v1/k/analytics.min.js",
    ): "/segment/analytics.js/v1/k/analytics.min.js",
    ("POST", "https://shop.example/e/t", EVENT): "/v1/t",
    ("POST", f"https://shop.example/sr?{REPLAY}", "{}"): f"/amplitude/session-replay/track?{REPLAY}",
    (
        "GET",
        "https://shop.example/cfg/k?config_group=browser",
    ): "/amplitude/session-replay/config/k?config_group=browser",
    ("POST", "https://shop.example/amp/2/httpapi", '{"api_key": "k", "events": []}'): "/amplitude/2/httpapi",
}

OTHERS = [
    ("GET", "https://shop.example/"),
    ("GET", "https://shop.example/t"),
    ("POST", "https://shop.example/api/t", '{"messageId": "of a forum"}'),
    ("POST", "https://shop.example/batch", '{"batch": []}'),
    ("GET", "https://shop.example/?session_id=5"),
    ("GET", "https://notsegment.com/v1/projects"),
    ("GET", "https://segment.com.evil.example/"),
]


@pytest.mark.parametrize("asked", ANSWERED, ids=lambda asked: asked[1])
def test_a_request_to_segment_or_amplitude_is_answered_here(asked: tuple[str, ...]) -> None:
    method, url, *body = asked
    assert hosts.PATTERN.search(url)
    assert hosts.local(method, url, body[0].encode() if body else None) == ANSWERED[asked]


@pytest.mark.parametrize("asked", OTHERS, ids=lambda asked: asked[1])
def test_any_other_request_is_left_alone(asked: tuple[str, ...]) -> None:
    method, url, *body = asked
    assert hosts.local(method, url, body[0].encode() if body else None) is None


@pytest.mark.parametrize("body", [b"", b"\x1f\x8b\x00", b"[1]", b"null"])
def test_a_body_that_is_no_event_is_none_of_theirs(body: bytes) -> None:
    assert hosts.local("POST", "https://shop.example/v1/t", body) is None
