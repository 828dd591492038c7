"""The options: one table, from which come the tag's attributes, ``connect()``'s keywords, their checks and their help.

Every option has one row in ``TABLE``. The script tag hands over text (``from_attributes``), Python hands over values
(``from_keywords``); both end in the same checks and the same ``dict``, with every option present by its name. What is
wrong is said at once, before anything is loaded or half-done, with the nearest name or the values that would be right.
"""

import json
from collections import namedtuple

from . import link
from .device import ALLOWED
from .errors import ReplayError
from .spelling import near, nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

MODES = ("actions", "classic-device", "classic-cloud")
"""The ways in which Segment reaches Amplitude, each with a file in ``modes/``."""

REQUIRED = object()

Option = namedtuple("Option", ("name", "kind", "default", "tag_only", "help"))
"""``kind`` is a type name of ``_KINDS``, or a tuple of the words that are accepted. ``tag_only`` options concern what
the loader does before there is any Python."""

TABLE = (
    Option("mode", MODES + ("auto",), "auto", False, "how Segment reaches Amplitude"),
    Option("api_key", "text", REQUIRED, False, "Amplitude API key, the one saved in Segment"),
    Option("analytics", "name", "analytics", False, "global name of the page's Segment object"),
    Option("write_key", "text", None, False,
           "Segment write key: load analytics-next from the bundle when the page has no Segment of its own"),
    Option("segment_cdn", "text", None, False,
           "where analytics-next gets its settings from, with write_key; left out: Segment's"),
    Option("segment_options", "object", {}, False, "handed to AnalyticsBrowser.load as its options"),
    Option("sample_rate", "rate", None, False,
           "0 to 1; left out: the SDK's own, 0 (nothing is recorded) unless Amplitude's remote configuration sets one"),
    Option("server_zone", ("US", "EU"), "US", False, "where Amplitude keeps the data"),
    Option("replay_url", "template", None, False,
           "a link to the replay, for replay_url: an address with {replayId}, or {deviceId} and {sessionId}; "
           "left out: Amplitude's, with amplitude_org and amplitude_project"),
    Option("amplitude_org", "part", None, False, "the organisation in the addresses of Amplitude's site"),
    Option("amplitude_project", "part", None, False, "the project's number there"),
    Option("replay_url_property", "text", None, False,
           "property in which each event that names its replay gets the link, too; left out: none"),
    Option("session_events", ("off", "on"), "off", False,
           "on: session_started and session_ended are tracked, with the session's id"),
    Option("url_session", ("ignore", "follow"), "ignore", False,
           "follow: go on with the session that an app hands to its web view in the address"),
    Option("options", "object", {}, False, "handed on to Session Replay's init"),
    Option("amplitude_options", "object", {}, False,
           "handed on to the shell Browser SDK's init (classic-cloud)"),
    Option("session_hook", ("enrichment", "middleware", "deferred"), "enrichment", False,
           "where the session id is read from events (actions)"),
    Option("runtime", ("micropython", "pyodide"), "micropython", True, "which Python runs the wiring"),
    Option("consent", ("granted", "wait"), "granted", False,
           "wait: nothing is loaded, stored or recorded until start()"),
    Option("hold_ms", "milliseconds", 2000, True,
           "the longest an event waits for the wiring to be ready, in milliseconds"),
)  # fmt: skip

HANDED_ON = [option for option in TABLE if option.kind == "object"]
"""Those that are handed on to the SDKs, whose options ``sdk_options.py`` knows."""

TOGETHER = {
    "amplitude_org": ("amplitude_project",),
    "amplitude_project": ("amplitude_org",),
    "replay_url_property": ("replay_url", "amplitude_org"),
}
"""An option: those of which it needs one."""

LISTENER = "on_session"
"""A keyword of ``connect()`` that is no option: a function."""


def from_attributes(dataset: dict, is_selector: "Callable[[str], bool]" = bool) -> dict:
    """The options on a script tag. Attributes that are none of ours are other people's.

    Args:
        dataset (dict): attribute names without their ``data-`` (``api-key``) and their text.
        is_selector (Callable): whether a text is a CSS selector: the browser knows.

    Raises:
        ReplayError: ``option-missing`` or ``option-value``.
    """
    rows = _rows()
    given = {rows[name].name: _from_text(rows[name], text) for name, text in dataset.items() if name in rows}
    return _completed(given, _on_tag, is_selector)


def from_keywords(keywords: dict, is_selector: "Callable[[str], bool]" = bool) -> dict:
    """The options of a call of ``connect()``.

    Args:
        keywords (dict): option names and values; ``None`` stands for "left out".
        is_selector (Callable): whether a text is a CSS selector: the browser knows.

    Raises:
        ReplayError: ``option-unknown``, ``option-missing`` or ``option-value``.
    """
    rows = {option.name: option for option in TABLE}
    for name in keywords:
        if name not in rows:
            raise _unknown(name, [each for each in rows if not rows[each].tag_only] + [LISTENER])
        if rows[name].tag_only:
            raise ReplayError("option-unknown", "{} is for the script tag only".format(name), "Leave it out.")
    given = {name: value for name, value in keywords.items() if value is not None}
    return _completed(given, _in_python, is_selector)


def misspelled(dataset: dict) -> "list[str]":
    """Attributes that may be meant for us: what to warn of, with the nearest name. Most others are other people's."""
    rows = _rows()
    slips = [(name, near(name, list(rows))) for name in dataset if name not in rows]
    return ["data-{} is no option. Did you mean data-{}?".format(name, right) for name, right in slips if right]


def unheeded(options: dict, on_tag: bool) -> "list[str]":
    """What the SDKs will ignore of what is handed through to them: what to warn of, with the nearest name."""
    shown = _on_tag if on_tag else _in_python
    if not any(options[option.name] for option in HANDED_ON):
        return []
    from . import sdk_options  # here, for a page has it only where its tag hands options on (web/page/tag.js)

    return [
        doubt for option in HANDED_ON for doubt in sdk_options.doubts(option.name, options[option.name], shown(option))
    ]


def attribute(option: Option) -> str:
    """Its name on the tag, without ``data-``."""
    return option.name.replace("_", "-")


def _on_tag(option: Option) -> str:
    return "data-" + attribute(option)


def _in_python(option: Option) -> str:
    return option.name


def _rows() -> dict:
    """The options by their attribute."""
    return {attribute(option): option for option in TABLE}


def _completed(given: dict, shown: "Callable[[Option], str]", is_selector: "Callable[[str], bool]") -> dict:
    options = {}
    for option in TABLE:
        if option.name in given:
            _check(option, given[option.name], shown(option))
            if option.kind == "object":
                from . import sdk_options  # here, as above

                sdk_options.check(option.name, given[option.name], shown(option), is_selector)
            options[option.name] = given[option.name]
        elif option.default is REQUIRED:
            raise ReplayError("option-missing", "{} is missing".format(shown(option)), "Set it: " + option.help + ".")
        else:
            options[option.name] = dict(option.default) if option.kind == "object" else option.default
    for name, others in TOGETHER.items():
        missing = [each for each in others if options[each] is None]
        if options[name] is not None and len(missing) == len(others):
            shown_as = {each.name: shown(each) for each in TABLE}
            raise ReplayError(
                "option-missing",
                "{} is set, but not {}".format(shown_as[name], " or ".join(shown_as[each] for each in others)),
                "Set both, or neither.",
            )
    return options


def _unknown(name: str, names: list) -> ReplayError:
    return ReplayError(
        "option-unknown",
        "there is no option {}".format(name),
        "Did you mean {}?".format(nearest(name, names)),
    )


def _from_text(option: Option, text: str) -> object:
    """What an attribute's text means; text that means nothing stays text, and fails its check."""
    if option.kind == "object":
        try:
            return json.loads(text)
        except ValueError:
            return text
    if option.kind in ("rate", "milliseconds") and "_" not in text:  # which Python's numbers may have
        try:
            return int(text) if option.kind == "milliseconds" else float(text)
        except ValueError:
            return text
    return text


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_part(text: str) -> bool:
    """Whether it can stand in an address as it is."""
    return bool(text) and all(each in ALLOWED and each not in ".|@:=" for each in text)


def _is_global(value: object) -> bool:
    return bool(value.strip()) if isinstance(value, str) else not isinstance(value, (int, float, dict, list, tuple))


# kind: (what is accepted, in words; the test)
_KINDS = {
    "text": ("a text that is not empty", lambda value: isinstance(value, str) and bool(value.strip())),
    "name": ("the name of a global, or the object itself", _is_global),
    "template": ("an address with http or https, and {replayId}, or {deviceId} and {sessionId}, in it",
                 link.is_template),
    "part": ("letters, digits, - and _", lambda value: isinstance(value, str) and _is_part(value)),
    "rate": ("a number from 0 to 1", lambda value: _is_number(value) and 0 <= value <= 1),
    "milliseconds": ("a whole number of milliseconds, 0 or more", lambda value: isinstance(value, int) and value >= 0),
    "object": ("an object, in JSON on the tag", lambda value: isinstance(value, dict)),
}  # fmt: skip


def _check(option: Option, value: object, shown: str) -> None:
    if isinstance(option.kind, tuple):
        accepted = "one of " + ", ".join(option.kind)
        if value in option.kind:
            return
        if isinstance(value, str):
            accepted = "{} (nearest: {})".format(accepted, nearest(value, option.kind))
    else:
        accepted, test = _KINDS[option.kind]
        if test(value):
            return
    raise ReplayError(
        "option-value",
        "{} is {!r}".format(shown, value),
        "It takes {}: {}.".format(accepted, option.help),
    )
