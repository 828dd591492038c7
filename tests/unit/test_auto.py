"""``auto``: Segment's settings and plugins in, a mode and the reason for it out."""

import pytest

from pyscript_replay import ReplayError
from pyscript_replay.modes.auto import applying, choose

ACTIONS = {
    "name": "Amplitude (Actions)",
    "creationName": "Actions Amplitude",
    "libraryName": "amplitude-pluginsDestination",
}
OTHER = {"name": "Braze", "creationName": "Braze Web Device Mode (Actions)", "libraryName": "brazeDestination"}


def classic(**settings: object) -> dict:
    return {"integrations": {"Segment.io": {}, "Amplitude": settings}}


def components(*names: str) -> dict:
    return {"componentTypes": list(names)}


# Segment's settings, the names of the plugins that are registered, the mode or the error's code
PAGES = {
    "the remote plugin": ({"remotePlugins": [OTHER, ACTIONS]}, [], "actions"),
    "the remote plugin under another name": ({"remotePlugins": [{**ACTIONS, "name": "Mine"}]}, [], "actions"),
    "the plugin is registered": ({}, ["Segment.io", "Actions Amplitude"], "actions"),
    "the classic integration is bundled": (
        classic(bundlingStatus="bundled", versionSettings=components("browser")),
        [],
        "classic-device",
    ),
    "it is of the type browser": (classic(type="browser"), [], "classic-device"),
    "nothing is said of bundling": (classic(versionSettings=components("browser", "server")), [], "classic-device"),
    "it is registered, whatever the settings": (classic(bundlingStatus="unbundled"), ["Amplitude"], "classic-device"),
    "it is given by the page": ({}, ["Amplitude"], "classic-device"),
    "it is unbundled": (classic(bundlingStatus="unbundled", versionSettings=components("server")), [], "classic-cloud"),
    "it is unbundled, though it could run in a browser": (
        classic(type="browser", bundlingStatus="unbundled", versionSettings=components("browser", "ios", "server")),
        [],
        "classic-cloud",
    ),
    "it has no part for a browser": (
        classic(bundlingStatus="bundled", versionSettings=components("server")),
        [],
        "classic-cloud",
    ),
    "nothing leads to Amplitude": ({"integrations": {"Segment.io": {}}, "remotePlugins": [OTHER]}, [], "mode-unknown"),
    "it is switched off": ({"integrations": {"Amplitude": False}}, [], "mode-unknown"),
    "there are no settings": ({}, [], "mode-unknown"),
    "two at once": ({**classic(bundlingStatus="unbundled"), "remotePlugins": [ACTIONS]}, [], "mode-ambiguous"),
}


@pytest.mark.parametrize("page", PAGES)
def test_the_mode(page: str) -> None:
    settings, plugins, expected = PAGES[page]
    if expected.startswith("mode-"):
        with pytest.raises(ReplayError) as raised:
            choose(settings, plugins)
        assert raised.value.code == expected
        assert "actions or classic-device or classic-cloud" in raised.value.fix
        seen = "; ".join(f"{mode} ({why})" for mode, why in applying(settings, plugins))
        several = f"several modes apply: {seen}"
        assert raised.value.message == (several if seen else "nothing in Segment's settings leads to Amplitude")
        return
    mode, why = choose(settings, plugins)
    assert mode == expected
    assert why


def test_the_reason_names_what_was_seen() -> None:
    assert choose({"remotePlugins": [ACTIONS]}, [])[1] == "Segment loads the remote plugin Amplitude (Actions)"
    assert choose({}, ["Actions Amplitude"])[1] == "the plugin Actions Amplitude is registered"
    assert choose({}, ["Amplitude"])[1] == "the classic integration Amplitude is registered"
    settings = "Segment's settings install the classic integration Amplitude in the page"
    assert choose(classic(type="browser"), [])[1] == settings
    settings = "Segment's settings name the destination Amplitude, but install nothing in the page"
    assert choose(classic(bundlingStatus="unbundled"), [])[1] == settings
