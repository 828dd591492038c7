"""Which requests are Segment's and Amplitude's, and where the development server has the answer to each.

Pure. Requests are known by their host; or, where a site has its own domain in front of Segment or Amplitude, by what
only theirs have: the paths of Segment's CDN, an event of Segment in the body, the query of Session Replay's SDK.
"""

import json
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

KINDS = ("t", "p", "i", "g", "a", "s")
BATCHES = ("b", "batch")
METRICS = "m"
COLLECTED = (*KINDS, *BATCHES, METRICS)
REPLAY = "/amplitude/session-replay"
NOWHERE = "/nowhere"
"""For requests to their hosts of which the development server knows nothing: it answers 404."""

OURS = re.compile(r"(?:.*\.)?(?:segment\.com|segment\.io|segmentapis\.com|amplitude\.com)")
CDN = re.compile(
    r".*?(/(?:analytics\.js/v1/[^/]+/.+|v1/projects/[^/]+/settings|analytics-next/.+|next-integrations/.+))"
)

# of these hosts: a path there, and the one that it has here
HOSTS = (
    (r"cdn\..*amplitude\.com/(libs/.+)", r"/amplitude/\1"),
    (r"sr-client-cfg\..*amplitude\.com/config(/.+)?", rf"{REPLAY}/config\1"),  # older SDKs: its key is in the query
    (r"api-sr\..*amplitude\.com/.+", f"{REPLAY}/track"),
    (r"api\d*\..*amplitude\.com/(?:2/httpapi|batch)", "/amplitude/2/httpapi"),
    (r"api\d*\..*amplitude\.com/", "/amplitude/classic"),
    (rf".*segment(?:apis)?\.(?:io|com)/v1/({'|'.join(COLLECTED)})", r"/v1/\1"),
)

THEIRS = re.compile(
    r"^https?://(?:[^/?#]*\.)?(?:segment\.com|segment\.io|segmentapis\.com|amplitude\.com)(?::\d+)?(?:[/?#]|$)"
)
"""An address whose host is theirs. This and ``PATTERN`` mean the same in JavaScript."""
PATTERN = re.compile(
    rf"{THEIRS.pattern}"
    r"|/analytics\.js/v1/|/v1/projects/[^/]+/settings|/analytics-next/|/next-integrations/"
    rf"|/(?:{'|'.join(COLLECTED)})(?:\?.*)?$"
    r"|[?&](?:config_group|session_id)=|/2/httpapi|/batch"
)
"""What may be theirs, by the address alone: to be asked of ``local``."""


def theirs(url: str) -> bool:
    """Whether its host is Segment's or Amplitude's own."""
    return bool(OURS.fullmatch(urlsplit(url).hostname or ""))


def local(method: str, url: str, body: bytes | None) -> str | None:
    """Where the development server has the answer, with the query; ``None`` for what is none of theirs."""
    parts = urlsplit(url)
    path = _of_their_hosts(parts.hostname or "", parts.path) if theirs(url) else _of_a_proxy(method, url, body)
    return f"{path}?{parts.query}" if path and parts.query else path


def _of_their_hosts(host: str, path: str) -> str:
    if "segment" in host and (found := CDN.fullmatch(path)):
        return f"/segment{found[1]}"
    for there, here in HOSTS:
        if found := re.fullmatch(there, f"{host}{path or '/'}"):
            return found.expand(here)
    return NOWHERE


def _of_a_proxy(method: str, url: str, body: bytes | None) -> str | None:
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    last = parts.path.rpartition("/")[2]
    if method == "GET" and (found := CDN.fullmatch(parts.path)):
        return f"/segment{found[1]}"
    if method == "GET" and query.get("config_group") == ["browser"]:
        return f"{REPLAY}/config/{last}"
    if method == "POST" and {"device_id", "session_id", "type"} <= query.keys():
        return f"{REPLAY}/track"
    if method == "POST" and last in COLLECTED and _is_segments(_parsed(body)):
        return f"/v1/{last}"
    if method == "POST" and last in ("httpapi", "batch") and {"api_key", "events"} <= _parsed(body).keys():
        return "/amplitude/2/httpapi"
    return None


def _is_segments(given: dict[str, Any]) -> bool:
    """Whether it is an event, or several, or the SDK's own metrics, as Segment's SDK writes them."""
    return "series" in given or ("writeKey" in given and bool({"messageId", "batch"} & given.keys()))


def _parsed(body: bytes | None) -> dict[str, Any]:
    try:
        given = json.loads(body or b"")
    except ValueError:
        return {}
    return given if isinstance(given, dict) else {}
