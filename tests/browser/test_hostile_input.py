"""Hostile input: whatever is in cookies, in storage and on events, each event arrives, and the page sees no error."""

import itertools
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import Site

MODES = ("actions", "classic-device", "classic-cloud")
OURS = (
    "analytics_session_id",
    "analytics_session_id.last_access",
    "ajs_anonymous_id",
    "ajs_user_id",
    "pyscript-replay.opt-out",
)
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
NUMBERS = st.one_of(st.integers(-(2**60), 2**60), st.floats(allow_nan=False, allow_infinity=False))
PLAIN = st.one_of(st.none(), st.booleans(), NUMBERS, TEXT)
ANY = st.recursive(
    PLAIN, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3))
)
STORED = st.one_of(TEXT, ANY.map(json.dumps), st.sampled_from(["0", "-1", "1e21", "NaN", "null", "{", '"', "9" * 400]))
NAMES = st.sampled_from(["Amplitude", "Actions Amplitude"])
INTEGRATION = st.one_of(
    ANY,
    st.fixed_dictionaries({}, optional={"session_id": ANY, "sessionId": ANY, "device_id": ANY, "deviceId": ANY}),
)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "integrations": st.dictionaries(NAMES, INTEGRATION),
        "context": st.dictionaries(st.sampled_from(["device", "session_id", "consent", "page"]), ANY, max_size=2),
        "timestamp": st.one_of(st.just("2026-01-01T00:00:00.000Z"), TEXT, st.none()),
    },
)
PROPERTIES = st.dictionaries(
    st.one_of(TEXT, st.sampled_from(["[Amplitude] Session Replay ID", "session_id", "toJSON", "__proto__"])),
    ANY,
    max_size=3,
)

WRITE = """([name, text, cookie]) => {
  if (cookie) document.cookie = `${name}=${encodeURIComponent(text)}; path=/`;
  else localStorage.setItem(name, text);
  dispatchEvent(new StorageEvent("storage", { key: name, newValue: text, storageArea: localStorage }));
}"""

some = settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("mode", MODES)
def test_hostile_integrations_context_and_properties_on_an_event(site: Site, mode: str) -> None:
    site.open(mode)
    number = itertools.count()

    @some
    @given(PROPERTIES, OPTIONS)
    def whatever(properties: dict[str, Any], options: dict[str, Any]) -> None:
        site.track(f"hostile {next(number)}", properties, options)

    whatever()
    assert "internal" not in site.errors and not site.uncaught
    site.track("afterwards")
    site.wait_for_status("running")


@pytest.mark.parametrize("mode", MODES)
def test_hostile_cookies_and_storage(site: Site, mode: str) -> None:
    site.open(mode)
    number = itertools.count()

    @some
    @given(st.sampled_from(OURS[:3]), STORED, st.booleans())
    def whatever(name: str, text: str, cookie: bool) -> None:
        site.page.evaluate(WRITE, [name, text, cookie])
        site.track(f"hostile {next(number)}")

    whatever()
    assert "internal" not in site.errors and not site.uncaught


@pytest.mark.parametrize("mode", MODES)
def test_hostile_storage_that_a_page_begins_with(site: Site, mode: str) -> None:
    site.open(mode)
    number = itertools.count()

    @settings(some, max_examples=6)
    @given(st.dictionaries(st.sampled_from(OURS[:4]), STORED, min_size=1))
    def whatever(stored: dict[str, str]) -> None:
        for name, text in stored.items():
            site.page.evaluate(WRITE, [name, text, True])
            site.page.evaluate(WRITE, [name, text, False])
        site.page.reload()
        site.track(f"hostile {next(number)}")
        assert "internal" not in site.errors

    whatever()
    assert not site.uncaught
