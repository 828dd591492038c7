"""The link to a replay: Amplitude's own form, or a template."""

from urllib.parse import parse_qs, urlsplit

import pytest

from pyscript_replay import link, options

from ..runtime.stories import FIRST

REPLAY_ID = f"a-b|c@d:e=f/{FIRST}"


def template(**given: str) -> str | None:
    return link.template(options.from_keywords({"api_key": "k", **given}))


@pytest.mark.parametrize(("zone", "host"), [("US", "app.amplitude.com"), ("EU", "app.eu.amplitude.com")])
def test_amplitude_s_own_form_when_org_and_project_are_given(zone: str, host: str) -> None:
    url = link.address(template(amplitude_org="Xacme", amplitude_project="123456", server_zone=zone), REPLAY_ID)
    parts = urlsplit(url or "")
    assert (parts.scheme, parts.netloc) == ("https", host)
    assert parts.path == "/analytics/Xacme/session-replay/project/123456/search/replay"
    assert parse_qs(parts.query) == {"sessionReplayId": [REPLAY_ID]}


def test_a_template_of_one_s_own_comes_first() -> None:
    given = template(
        replay_url="https://help.example/{deviceId}?s={sessionId}&r={replayId}",
        amplitude_org="acme",
        amplitude_project="1",
    )
    parts = urlsplit(link.address(given, REPLAY_ID) or "")
    assert parts.path == "/a-b%7Cc%40d%3Ae%3Df"
    assert parse_qs(parts.query) == {"s": [str(FIRST)], "r": [REPLAY_ID]}


@pytest.mark.parametrize("replay_id", [None, REPLAY_ID])
def test_without_a_template_or_a_replay_there_is_no_link(replay_id: str | None) -> None:
    assert template() is None
    assert link.address(template(), replay_id) is None
    assert link.address(template(amplitude_org="acme", amplitude_project="1"), None) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://help.example/X/{replayId}", True),
        ("http://127.0.0.1:8765/?r={replayId}&d={deviceId}&s={sessionId}", True),
        ("https://help.example/{deviceId}/{sessionId}", True),
        ("https://help.example/", False),
        ("https://help.example/{deviceId}", False),
        ("https://help.example/{sessionId}", False),
        ("https://help.example/{replayId}/{user}", False),
        ("https://help.example/{replayId}}", False),
        ("https://help.example/ {replayId}", False),
        ("ftp://help.example/{replayId}", False),
        ("//help.example/{replayId}", False),
        ("javascript:{replayId}", False),
        ("{replayId}", False),
        ("", False),
        (5, False),
    ],
)
def test_what_a_template_is(text: object, expected: bool) -> None:
    assert link.is_template(text) is expected
