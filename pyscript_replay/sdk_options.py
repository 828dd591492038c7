"""The options of the three SDKs: what their own ``init`` takes, handed through as it is.

An option that the SDK does not know is handed through all the same, with a warning that names the nearest: the SDK
ignores it. Of a known one the type is checked, because the SDKs do not check and fail late. What ties a recording to
its events is decided here, not handed through.

Privacy fails closed: where an option would keep something from being recorded, the SDK must know it, in this very
place, with a value that means something; else nothing is recorded (``PRIVATE``).

The tables are those of the SDKs' own type declarations; a test compares them.
"""

from collections import namedtuple

from .errors import ReplayError
from .spelling import near, nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

# What a value may be: one of these names, or one of several (a tuple), a list of what is in a Python list, one of some
# words, or an object with these fields (a dict; the value of a field that must be there is in Required).
TEXT, NUMBER, BOOLEAN, OBJECT, LIST, FUNCTION = "text", "number", "boolean", "object", "list", "function"
DURATION = "milliseconds above 0"
SELECTOR, ATTRIBUTE = "CSS selector", "name of an attribute, in lower case"
URL_PATTERN = "pattern of a whole URL, such as https://example.com/account/* or */account/*"
URL_RULE = "pattern of a whole URL that begins with http:// or https://"
OURS = "ours"

Words = namedtuple("Words", ("accepted",))
Required = namedtuple("Required", ("kind",))

LEVEL = Words(("light", "medium", "conservative"))

PRIVATE = {
    "applyBackgroundColorToBlockedElements": BOOLEAN,
    "captureDocumentTitle": BOOLEAN,
    "crossOriginIframes": {"enabled": BOOLEAN, "coordinateChildren": BOOLEAN},
    "interactionConfig": {
        "enabled": BOOLEAN,
        "batch": BOOLEAN,
        "trackEveryNms": NUMBER,
        "ugcFilterRules": [{"selector": Required(URL_RULE), "replacement": Required(TEXT)}],
    },
    "optOut": BOOLEAN,
    "privacyConfig": {
        "blockSelector": (SELECTOR, [SELECTOR]),
        "defaultMaskLevel": LEVEL,
        "maskAttributes": [ATTRIBUTE],
        "maskSelector": [SELECTOR],
        "unmaskSelector": [SELECTOR],
        "urlMaskLevels": [{"match": Required(URL_PATTERN), "maskLevel": Required(LEVEL)}],
    },
    "trackingOptions": {"ipAddress": BOOLEAN, "language": BOOLEAN, "platform": BOOLEAN},
}
"""What decides on what is recorded or told of a visitor."""

SESSION_REPLAY = {
    "applyBackgroundColorToBlockedElements": PRIVATE["applyBackgroundColorToBlockedElements"],
    "captureAdoptedStyleSheets": BOOLEAN,
    "captureDocumentTitle": PRIVATE["captureDocumentTitle"],
    "captureFullSnapshotOnFocus": BOOLEAN,
    "configServerUrl": TEXT,
    "crossOriginIframes": PRIVATE["crossOriginIframes"],
    "customSessionId": OURS,
    "debugMode": BOOLEAN,
    "deviceId": OURS,
    "eagerFullSnapshotSend": BOOLEAN,
    "enableRequestBodyCompression": BOOLEAN,
    "enableTransportCompression": BOOLEAN,
    "enableUrlChangePolling": BOOLEAN,
    "experimental": OBJECT,
    "flushIntervalConfig": {"minIntervalMs": NUMBER, "maxIntervalMs": NUMBER},
    "flushIntervalMillis": NUMBER,
    "flushMaxRetries": NUMBER,
    "flushQueueSize": NUMBER,
    "forceSessionTracking": BOOLEAN,
    "fullSnapshotIntervalMs": NUMBER,
    "handleFetchConfig": FUNCTION,
    "handleSendEvents": FUNCTION,
    "identify": OBJECT,
    "ingestionMetadata": OBJECT,
    "inlineImages": BOOLEAN,
    "instanceName": TEXT,
    "interactionConfig": PRIVATE["interactionConfig"],
    "loggerProvider": OBJECT,
    "logLevel": NUMBER,
    "maxPersistedEventsSizeBytes": NUMBER,
    "maxSingleEventSizeBytes": NUMBER,
    "minIdLength": NUMBER,
    "offline": BOOLEAN,
    "optOut": PRIVATE["optOut"],
    "performanceConfig": {
        "enabled": BOOLEAN,
        "timeout": NUMBER,
        "mergeMutations": BOOLEAN,
        "interaction": {"timeoutMs": NUMBER, "maxNumberOfTries": NUMBER, "threshold": NUMBER},
    },
    "plan": OBJECT,
    "privacyConfig": PRIVATE["privacyConfig"],
    "requestMetadata": OBJECT,
    "sampleRate": NUMBER,
    "sendTimeoutMs": NUMBER,
    "serverUrl": TEXT,
    "serverZone": TEXT,
    "sessionId": OURS,
    "sessionReplayId": OURS,
    "shouldInlineStylesheet": BOOLEAN,
    "storageProvider": OBJECT,
    "storeType": TEXT,
    "trackServerUrl": TEXT,
    "transportProvider": OBJECT,
    "urlChangePollingInterval": NUMBER,
    "useBatch": BOOLEAN,
    "userProperties": OBJECT,
    "useWebWorker": BOOLEAN,
    "version": {"version": TEXT, "type": Words(("standalone", "plugin", "segment"))},
}

SEGMENT = {
    "cookie": OBJECT,
    "disable": (BOOLEAN, FUNCTION),
    "disableAutoISOConversion": BOOLEAN,
    "disableClientPersistence": BOOLEAN,
    "globalAnalyticsKey": TEXT,
    "group": OBJECT,
    "highEntropyValuesClientHints": LIST,
    "initialPageview": BOOLEAN,
    "integrations": OBJECT,
    "obfuscate": BOOLEAN,
    "plan": OBJECT,
    "retryQueue": BOOLEAN,
    "storage": OBJECT,
    "updateCDNSettings": FUNCTION,
    "useQueryString": (BOOLEAN, OBJECT),
    "user": OBJECT,
}

BROWSER_SDK = {
    "appVersion": TEXT,
    "autocapture": (BOOLEAN, OBJECT),
    "cookieOptions": OBJECT,
    "customEnrichment": (BOOLEAN, OBJECT),
    "defaultTracking": (BOOLEAN, OBJECT),
    "deviceId": OURS,
    "enableDiagnostics": BOOLEAN,
    "enableRequestBodyCompression": BOOLEAN,
    "fetchRemoteConfig": BOOLEAN,
    "flushIntervalMillis": NUMBER,
    "flushMaxRetries": NUMBER,
    "flushQueueSize": NUMBER,
    "identify": OBJECT,
    "identityStorage": TEXT,
    "ingestionMetadata": OBJECT,
    "instanceName": TEXT,
    "logLevel": NUMBER,
    "loggerProvider": OBJECT,
    "minIdLength": NUMBER,
    "networkTrackingOptions": OBJECT,
    "offline": BOOLEAN,
    "optOut": PRIVATE["optOut"],
    "pageCounter": NUMBER,
    "partnerId": TEXT,
    "plan": OBJECT,
    "remoteConfig": OBJECT,
    "serverUrl": TEXT,
    "serverZone": TEXT,
    "sessionId": OURS,
    "sessionTimeout": DURATION,
    "storageProvider": OBJECT,
    "trackingOptions": PRIVATE["trackingOptions"],
    "transport": (TEXT, OBJECT),
    "useBatch": BOOLEAN,
    "userId": TEXT,
}

KNOWN = {"options": SESSION_REPLAY, "segment_options": SEGMENT, "amplitude_options": BROWSER_SDK}
"""Our option: what the SDK behind it knows."""

ELSEWHERE = dict.fromkeys(
    ("loggingConfig", "minSessionDurationMs"),
    "Set it in Amplitude, for the SDK takes it from the remote configuration only.",
)
"""What keeps something from being recorded, but not as an option: how it is done."""

_STEMS = (
    "anonym", "block", "consent", "exclud", "hidden", "hide", "ignore", "mask", "obfusc", "obscure", "optout",
    "privacy", "private", "redact", "sanitiz", "scrub", "sensitive", "ugc",
)  # fmt: skip
"""Parts of names that ask for privacy, in this SDK or in another one."""


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_attribute(value: object) -> bool:
    """An attribute's name, as HTML has it. The SDK never masks ``style``."""
    name = value if isinstance(value, str) else ""
    return (
        name not in ("", "style")
        and name == name.lower()
        and not any(each in " \t\r\n\"'`=<>/[]{}(),*." for each in name)
    )


def _is_url_pattern(value: object) -> bool:
    """The SDK matches it with the whole address: a path alone never fits."""
    pattern = value if isinstance(value, str) else ""
    literal = pattern.replace("?", "*").split("*")[0]
    scheme = literal.split(":")[0]
    return bool(pattern) and ("https://".startswith(literal) or ":" in literal and scheme.isalpha())


def _is_url_rule(value: object) -> bool:
    """The SDK also takes one that begins with ``/``, which never fits; with any other it does not even begin."""
    pattern = value if isinstance(value, str) else ""
    return pattern.split("//")[0] in ("http:", "https:") and len(pattern.split()) == 1


_TESTS = {
    TEXT: _is_text,
    NUMBER: _is_number,
    BOOLEAN: lambda value: isinstance(value, bool),
    DURATION: lambda value: _is_number(value) and value > 0,
    OBJECT: lambda value: isinstance(value, dict) or not isinstance(value, (str, int, float, list, tuple)),
    LIST: lambda value: isinstance(value, (list, tuple)),
    FUNCTION: callable,
    ATTRIBUTE: _is_attribute,
    URL_PATTERN: _is_url_pattern,
    URL_RULE: _is_url_rule,
    OURS: lambda value: False,
}


Fault = namedtuple("Fault", ("seen", "fix", "ignored"))
"""``ignored``: the SDK will not heed it, and nothing private depends on it."""


def check(option: str, given: dict, shown: str, is_selector: "Callable[[str], bool]") -> None:
    """Check what is handed through by one of our options.

    Args:
        option (str): a key of ``KNOWN``; others are not checked.
        given (dict): the SDK's options.
        shown (str): how the user knows ours.
        is_selector (Callable): whether a text is a CSS selector: the browser knows.

    Raises:
        ReplayError: ``option-value``.
    """
    for fault in _faults(option, given, shown, is_selector):
        if not fault.ignored:
            raise ReplayError("option-value", fault.seen, fault.fix)


def doubts(option: str, given: dict, shown: str) -> "list[str]":
    """What the SDK will ignore of options that have passed their ``check``, each with the nearest name."""
    faults = _faults(option, given, shown, bool)  # no selector is in doubt any more
    return ["{}. {}".format(fault.seen, fault.fix) for fault in faults if fault.ignored]


def _faults(option: str, given: dict, shown: str, is_selector: "Callable[[str], bool]") -> "Iterator[Fault]":
    known = KNOWN.get(option)
    if known is None:
        return
    for name, value in given.items():
        if name not in known:
            path = _private_name(name, value)
            yield _unknown(path or str(name), list(_paths(PRIVATE)) if path else list(known), shown, not path)
        elif value is not None or name in PRIVATE:  # nothing at all is "left out", but no answer to how private
            for path, wrong, kind in _wrong(known[name], value, name, is_selector):
                if kind is None:
                    fields = [name + "." + each for each in _paths(known[name])]
                    yield _unknown(path, fields, shown, name not in PRIVATE)
                else:
                    yield _ill_typed(path, wrong, kind, shown)


def _wrong(kind: "Any", value: object, path: str, is_selector: "Callable[[str], bool]") -> "Iterator[tuple]":
    """``(path, value, kind)`` of each value that is not of its kind; of a name that is unknown the kind is ``None``."""
    if isinstance(kind, Required):
        kind = kind.kind
    if isinstance(kind, dict) and isinstance(value, dict):
        for name in value:
            if name not in kind:
                yield "{}.{}".format(path, name), value[name], None
        for name, each in kind.items():
            if name in value or isinstance(each, Required):
                yield from _wrong(each, value.get(name), "{}.{}".format(path, name), is_selector)
    elif isinstance(kind, list) and isinstance(value, (list, tuple)):
        for position, each in enumerate(value):
            yield from _wrong(kind[0], each, "{}[{}]".format(path, position), is_selector)
    elif isinstance(kind, Words):
        if value not in kind.accepted:
            yield path, value, kind
    elif isinstance(kind, tuple):
        if all(list(_wrong(each, value, path, is_selector)) for each in kind):
            yield path, value, kind
    elif kind == SELECTOR:
        if not (isinstance(value, str) and is_selector(value)):
            yield path, value, kind
    elif isinstance(kind, (dict, list)) or not _TESTS[kind](value):
        yield path, value, kind


def _unknown(path: str, names: list, shown: str, ignored: bool) -> Fault:
    seen = "{} has {}, which the SDK does not know there".format(shown, path)
    if path in ELSEWHERE:
        return Fault(seen, ELSEWHERE[path], False)
    right, name = {_last(each): each for each in names}, _last(path)
    longer = [each for each in right if name.lower() in each.lower()]
    return Fault(seen, "Did you mean {}?".format(right[nearest(name, longer or list(right))]), ignored)


def _ill_typed(path: str, value: object, kind: object, shown: str) -> Fault:
    seen = "{} has {}: {!r}".format(shown, path, value)
    if kind == OURS:
        return Fault(seen, "Leave it out: it follows Segment, so that recordings and events agree.", False)
    hint = ""
    if isinstance(kind, Words) and isinstance(value, str):
        hint = ", nearest is " + nearest(value, kind.accepted)
    return Fault(seen, "The SDK takes a value of type {}{}.".format(described(kind), hint), False)


def described(kind: object) -> str:
    """A kind, in words."""
    if isinstance(kind, Words):
        return "one of " + ", ".join(kind.accepted)
    if isinstance(kind, tuple):
        return " or ".join(described(each) for each in kind)
    if isinstance(kind, list):
        return "list of {}".format(described(kind[0]))
    return "object with " + ", ".join(sorted(kind)) if isinstance(kind, dict) else str(kind)


def _private_name(name: object, value: object) -> "str | None":
    """The path of what asks for privacy in an option that the SDK does not know: its name, or one within it."""
    letters = "".join(each for each in str(name).lower() if each.isalpha())
    if any(stem in letters for stem in _STEMS) or near(letters, _PRIVATE_NAMES):
        return str(name)
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, (list, tuple)) else ()
    for key, each in entries:
        path = _private_name(key, each)
        if path:
            return "{}.{}".format(name, path)
    return None


def _paths(fields: object) -> "Iterator[str]":
    """The paths of all fields of an object, and of the objects within it."""
    if isinstance(fields, list):
        fields = fields[0]
    if not isinstance(fields, dict):
        return
    for name, kind in fields.items():
        yield name
        for each in _paths(kind):
            yield "{}.{}".format(name, each)


def _last(path: str) -> str:
    return path.split(".")[-1]


_PRIVATE_NAMES = list(PRIVATE) + list(PRIVATE["privacyConfig"]) + list(ELSEWHERE)
