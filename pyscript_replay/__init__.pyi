# Written from options.py by `uv run python -m pyscript_replay.tools.generate`.

from collections.abc import Callable, Mapping
from typing import Literal

from .errors import ReplayError
from .replay import Replay

__all__ = ["ReplayError", "connect"]

__version__: str

async def connect(
    mode: Literal["actions", "classic-device", "classic-cloud", "auto"],
    *,
    api_key: str,
    analytics: object | None = "analytics",
    write_key: str | None = None,
    segment_cdn: str | None = None,
    segment_options: Mapping[str, object] | None = None,
    sample_rate: float | None = None,
    server_zone: Literal["US", "EU"] | None = "US",
    replay_url: str | None = None,
    amplitude_org: str | None = None,
    amplitude_project: str | None = None,
    replay_url_property: str | None = None,
    session_events: Literal["off", "on"] | None = "off",
    url_session: Literal["ignore", "follow"] | None = "ignore",
    options: Mapping[str, object] | None = None,
    amplitude_options: Mapping[str, object] | None = None,
    session_hook: Literal["enrichment", "middleware", "deferred"] | None = "enrichment",
    consent: Literal["granted", "wait"] | None = "granted",
    on_session: Callable[[int | None, int, str, str], object] | None = None,
) -> Replay:
    """Record this page's sessions.

    Args:
        mode: how Segment reaches Amplitude.
        api_key: Amplitude API key, the one saved in Segment.
        analytics: global name of the page's Segment object.
        write_key: Segment write key: load analytics-next from the bundle when the page has no Segment of its own.
        segment_cdn: where analytics-next gets its settings from, with write_key; left out: Segment's.
        segment_options: handed to AnalyticsBrowser.load as its options.
        sample_rate: 0 to 1; left out: the SDK's own, 0 (nothing is recorded) unless Amplitude's remote configuration
                sets one.
        server_zone: where Amplitude keeps the data.
        replay_url: a link to the replay, for replay_url: an address with {replayId}, or {deviceId} and {sessionId};
                left out: Amplitude's, with amplitude_org and amplitude_project.
        amplitude_org: the organisation in the addresses of Amplitude's site.
        amplitude_project: the project's number there.
        replay_url_property: property in which each event that names its replay gets the link, too; left out: none.
        session_events: on: session_started and session_ended are tracked, with the session's id.
        url_session: follow: go on with the session that an app hands to its web view in the address.
        options: handed on to Session Replay's init.
        amplitude_options: handed on to the shell Browser SDK's init (classic-cloud).
        session_hook: where the session id is read from events (actions).
        consent: wait: nothing is loaded, stored or recorded until start().
        on_session: called at every transition, from the first one on.

    Returns:
        Replay: running, or with ``consent="wait"`` waiting for its ``start()``.

    Raises:
        ReplayError: with a ``code`` and the way to ``fix`` it.
    """

def make(options: dict) -> Replay: ...
