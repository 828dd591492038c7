"""The script tag: its attributes in, a wired page or a refusal out."""

import pytest

from .memory.browser import Browser, Tab, run
from .test_wiring import assert_recorded, replay_id


@pytest.mark.parametrize(
    ("attributes", "code", "seen"),
    [
        ({"sample_rate": "2"}, "option-value", "data-sample-rate is 2"),
        ({"mode": "cloud"}, "option-value", "data-mode is 'cloud'"),
        ({"options": "{"}, "option-value", "data-options is '{'"),
        ({"options": '{"privacyConfig": {"maskSelector": ["!"]}}'}, "option-value", "maskSelector"),
    ],
)
def test_a_tag_with_a_wrong_attribute_is_refused_and_events_pass(attributes: dict, code: str, seen: str) -> None:
    async def story(browser: Browser) -> None:
        tab = await browser.open(**attributes)
        assert (tab.status, tab.errors) == ("failed", [code])
        assert seen in tab.facade.errors[code]["message"] and tab.facade.errors[code]["fix"]
        event = await tab.track()
        assert replay_id(event) is None and browser.requests == []

    run("actions", story)


def test_a_tag_with_a_misspelled_attribute_is_warned_of_and_goes_on() -> None:
    async def story(browser: Browser) -> None:
        tab = await browser.open(sample_rat="0", options='{"debugmode": true}')
        slip, ignored = tab.warnings
        assert slip == "pyscript-replay: data-sample-rat is no option. Did you mean data-sample-rate?"
        assert "data-options" in ignored and "debugMode" in ignored
        assert_recorded(tab, await tab.track())

    run("actions", story)


def test_a_page_with_our_tag_is_wired_already_for_connect() -> None:
    async def story(browser: Browser) -> None:
        tab: Tab = await browser.open()
        assert tab.claimed and tab.facade.it["mode"] == "actions" and tab.facade.it["runtime"]

    run("actions", story)
