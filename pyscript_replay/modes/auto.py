"""auto: tell from the page's Segment in which of the three ways its events reach Amplitude.

Pure: what Segment was told to load, and what has been registered, in; a mode and the reason for it out. Exactly one
of the three must apply; with none or several of them nothing is guessed.
"""

from .. import source
from ..errors import ReplayError
from ..options import MODES

FIX = "Set the mode yourself: {}.".format(" or ".join(MODES))


def choose(settings: dict, plugins: list) -> "tuple[str, str]":
    """The mode of this page.

    Args:
        settings (dict): Segment's settings of the source, as its CDN serves them.
        plugins (list): the names of the plugins that Segment has registered.

    Returns:
        tuple: the mode (``str``), and the reason (``str``) in words.

    Raises:
        ReplayError: ``mode-unknown`` when nothing on the page tells, ``mode-ambiguous`` when several modes apply.
    """
    found = applying(settings, plugins)
    if not found:
        raise ReplayError("mode-unknown", "nothing in Segment's settings leads to Amplitude", FIX)
    if len(found) > 1:
        seen = "; ".join("{} ({})".format(mode, why) for mode, why in found)
        raise ReplayError("mode-ambiguous", "several modes apply: {}".format(seen), FIX)
    return found[0]


def applying(settings: dict, plugins: list) -> "list[tuple[str, str]]":
    """Every mode that this page could have, with the reason."""
    return [(mode, why) for mode, why in (rule(settings, plugins) for rule in RULES) if mode]


def _actions(settings: dict, plugins: list) -> "tuple":
    for plugin in source.plugins(settings):
        return "actions", "Segment loads the remote plugin {}".format(plugin.get("name"))
    if "Actions Amplitude" in plugins:
        return "actions", "the plugin Actions Amplitude is registered"
    return None, None


def _classic_device(settings: dict, plugins: list) -> "tuple":
    if "Amplitude" in plugins:
        return "classic-device", "the classic integration Amplitude is registered"
    if _is_installed(_classic(settings)):
        return "classic-device", "Segment's settings install the classic integration Amplitude in the page"
    return None, None


def _classic_cloud(settings: dict, plugins: list) -> "tuple":
    classic = _classic(settings)
    if isinstance(classic, dict) and "Amplitude" not in plugins and not _is_installed(classic):
        return "classic-cloud", "Segment's settings name the destination Amplitude, but install nothing in the page"
    return None, None


RULES = (_actions, _classic_device, _classic_cloud)


def _classic(settings: dict) -> object:
    return (settings.get("integrations") or {}).get("Amplitude")


def _is_installed(classic: object) -> bool:
    """Whether analytics-next will load it: by the rule that analytics-next itself has."""
    if not isinstance(classic, dict) or classic.get("bundlingStatus") == "unbundled":
        return False
    components = (classic.get("versionSettings") or {}).get("componentTypes") or []
    return classic.get("type") == "browser" or "browser" in components
