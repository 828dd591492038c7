"""The options of the three SDKs, as far as they are known: what their own ``init`` takes, handed through as it is.

Every option can be handed through, known or not, for the SDKs move faster than this table. Of a known one the type is
checked, because the SDKs do not check and fail late. What ties a recording to its events is decided here, not handed
through. Types are those that JSON has, and ``function`` (from Python only).
"""

from .errors import ReplayError

TEXT, NUMBER, BOOLEAN, OBJECT, LIST, FUNCTION = "text", "number", "boolean", "object", "list", "function"
DURATION = "milliseconds above 0"
OURS = "ours"

SESSION_REPLAY = {
    "applyBackgroundColorToBlockedElements": (BOOLEAN,),
    "captureAdoptedStyleSheets": (BOOLEAN,),
    "captureDocumentTitle": (BOOLEAN,),
    "captureFullSnapshotOnFocus": (BOOLEAN,),
    "configServerUrl": (TEXT,),
    "crossOriginIframes": (OBJECT,),
    "customSessionId": (OURS,),
    "debugMode": (BOOLEAN,),
    "deviceId": (OURS,),
    "eagerFullSnapshotSend": (BOOLEAN,),
    "enableTransportCompression": (BOOLEAN,),
    "enableUrlChangePolling": (BOOLEAN,),
    "flushIntervalConfig": (OBJECT,),
    "flushMaxRetries": (NUMBER,),
    "fullSnapshotIntervalMs": (NUMBER,),
    "handleFetchConfig": (FUNCTION,),
    "handleSendEvents": (FUNCTION,),
    "inlineImages": (BOOLEAN,),
    "instanceName": (TEXT,),
    "interactionConfig": (OBJECT,),
    "logLevel": (NUMBER,),
    "loggerProvider": (OBJECT,),
    "maxPersistedEventsSizeBytes": (NUMBER,),
    "maxSingleEventSizeBytes": (NUMBER,),
    "optOut": (BOOLEAN,),
    "performanceConfig": (OBJECT,),
    "privacyConfig": (OBJECT,),
    "sampleRate": (NUMBER,),
    "sendTimeoutMs": (NUMBER,),
    "serverZone": (TEXT,),
    "sessionId": (OURS,),
    "sessionReplayId": (OURS,),
    "shouldInlineStylesheet": (BOOLEAN,),
    "storeType": (TEXT,),
    "trackServerUrl": (TEXT,),
    "urlChangePollingInterval": (NUMBER,),
    "useWebWorker": (BOOLEAN,),
    "userProperties": (OBJECT,),
    "version": (OBJECT,),
}

SEGMENT = {
    "cookie": (OBJECT,),
    "disable": (BOOLEAN, FUNCTION),
    "disableAutoISOConversion": (BOOLEAN,),
    "disableClientPersistence": (BOOLEAN,),
    "globalAnalyticsKey": (TEXT,),
    "group": (OBJECT,),
    "highEntropyValuesClientHints": (LIST,),
    "initialPageview": (BOOLEAN,),
    "integrations": (OBJECT,),
    "obfuscate": (BOOLEAN,),
    "plan": (OBJECT,),
    "retryQueue": (BOOLEAN,),
    "storage": (OBJECT,),
    "updateCDNSettings": (FUNCTION,),
    "useQueryString": (BOOLEAN, OBJECT),
    "user": (OBJECT,),
}

BROWSER_SDK = {
    "appVersion": (TEXT,),
    "autocapture": (BOOLEAN, OBJECT),
    "cookieOptions": (OBJECT,),
    "customEnrichment": (BOOLEAN, OBJECT),
    "defaultTracking": (BOOLEAN, OBJECT),
    "deviceId": (OURS,),
    "enableDiagnostics": (BOOLEAN,),
    "enableRequestBodyCompression": (BOOLEAN,),
    "fetchRemoteConfig": (BOOLEAN,),
    "flushIntervalMillis": (NUMBER,),
    "flushMaxRetries": (NUMBER,),
    "flushQueueSize": (NUMBER,),
    "identityStorage": (TEXT,),
    "ingestionMetadata": (OBJECT,),
    "instanceName": (TEXT,),
    "logLevel": (NUMBER,),
    "loggerProvider": (OBJECT,),
    "minIdLength": (NUMBER,),
    "networkTrackingOptions": (OBJECT,),
    "offline": (BOOLEAN,),
    "optOut": (BOOLEAN,),
    "pageCounter": (NUMBER,),
    "partnerId": (TEXT,),
    "plan": (OBJECT,),
    "remoteConfig": (OBJECT,),
    "serverUrl": (TEXT,),
    "serverZone": (TEXT,),
    "sessionId": (OURS,),
    "sessionTimeout": (DURATION,),
    "storageProvider": (OBJECT,),
    "trackingOptions": (OBJECT,),
    "transport": (TEXT, OBJECT),
    "useBatch": (BOOLEAN,),
    "userId": (TEXT,),
}

KNOWN = {"options": SESSION_REPLAY, "segment_options": SEGMENT, "amplitude_options": BROWSER_SDK}
"""Our option: what the SDK behind it knows."""

_TESTS = {
    TEXT: lambda value: isinstance(value, str),
    NUMBER: lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    BOOLEAN: lambda value: isinstance(value, bool),
    DURATION: lambda value: isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0,
    OBJECT: lambda value: isinstance(value, dict) or not isinstance(value, (str, int, float, list, tuple)),
    LIST: lambda value: isinstance(value, (list, tuple)),
    FUNCTION: callable,
    OURS: lambda value: False,
}


def check(option: str, given: dict, shown: str) -> None:
    """Check what is handed through by one of our options.

    Args:
        option (str): a key of ``KNOWN``; others are not checked.
        given (dict): the SDK's options.
        shown (str): how the user knows ours.

    Raises:
        ReplayError: ``option-value``.
    """
    known = KNOWN.get(option, {})
    for name, value in given.items():
        kinds = known.get(name)
        if kinds is None or value is None or any(_TESTS[kind](value) for kind in kinds):
            continue
        if kinds == (OURS,):
            fix = "Leave it out: it follows Segment, so that recordings and events agree."
        else:
            fix = "The SDK takes a value of type {}.".format(" or ".join(kinds))
        raise ReplayError("option-value", "{} has {}: {!r}".format(shown, name, value), fix)
