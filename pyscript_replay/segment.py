"""Segment, as the page has it: the real analytics-next, and the few of its calls that the modes need."""

from . import bridge, device, session
from .errors import ReplayError

PATIENCE_MS = 10000
"""After so many milliseconds without a Segment the page is told; the wait goes on, for it may need a consent first."""


SESSION = "analytics_session_id"
LAST_ACCESS = "analytics_session_id.last_access"

CALLS = ("track", "page", "screen", "identify", "group", "alias")


class Segment:
    """The page's analytics-next. Use ``await Segment.find(…)``."""

    def __init__(self, watch, analytics, user, complain):
        self.analytics = analytics
        self._watch = watch
        self._user = user
        self._complain = complain

    @classmethod
    async def find(cls, options, complain):
        """Wait for the page's Segment; with a write key, bring one where the page has none.

        Args:
            options (dict): ``analytics``, the global's name or the object itself; ``write_key`` and what goes with it.
            complain (callable): told a ``ReplayError`` whenever something is wrong, but not so wrong as to give up:
                ``segment-missing``, once, when Segment is late; later, what goes wrong while an event passes.
        """
        named = options["analytics"]
        if options["write_key"] and isinstance(named, str):
            bridge.bring_segment(named, options["write_key"], options["segment_cdn"], options["segment_options"])
        found = []  # empty until Segment is there
        bridge.spawn(_notice_absence(found, named, complain))
        watch = _watch(named)
        analytics = (await bridge.resolved(watch.get("real"))).get("it")
        user = await bridge.resolved(analytics.call("user"))
        found.append(user)
        # an npm AnalyticsBrowser is a front for the instance that it has made by now
        instance = analytics.get("instance")
        return cls(watch, instance if isinstance(instance, bridge.Js) else analytics, user, complain)

    def device_id(self):
        """Segment's anonymous id, checked for use as Amplitude's device id."""
        return device.check(self._user.call("anonymousId"))

    def enrich(self, enrich):
        """Show ``enrich(event)`` each event after Segment's own plugins; it may answer a promise to wait for."""
        self._watch.set("enrich", bridge.function(lambda event: self._safely(enrich, event)))

    async def add_source_middleware(self, see):
        """Show ``see(event)`` each event before Segment's own plugins do. The event goes on, whatever happens."""

        def middleware(passed):
            payload = passed.get("payload")
            self._safely(see, payload.get("obj"))
            passed.call("next", payload)

        await bridge.resolved(self.analytics.call("addSourceMiddleware", bridge.function(middleware)))

    def _safely(self, see, *args):
        """An event is worth more than what we make of it: no error of ours stops it."""
        try:
            return see(*args)
        except ReplayError as error:
            self._complain(error)
        except Exception as error:
            self._complain(ReplayError("internal", repr(error), "Please report this, with the steps that led to it."))

    def on(self, event, listener):
        """Call ``listener`` with the arguments of Segment's emitter when ``event`` is emitted."""
        self.analytics.call("on", event, bridge.function(lambda *args: self._safely(listener, *args)))

    def on_delivered(self, listener):
        """Call ``listener()`` after each event, when the destinations have had it."""
        for call in CALLS:
            self.on(call, lambda *_: listener())

    def on_session_change(self, listener):
        """Call ``listener(cookie)`` when another tab, or the site, may have written the session, or the page is back.

        ``cookie`` is the id in a cookie that has been written, else ``None``.
        """

        def changed(*_):
            self._safely(listener, None)

        def stored(event):
            if event.get("key") in (SESSION, None):
                changed()

        def cookies_changed(event):
            for cookie in event.get("changed").data() or []:
                if cookie.get("name") == SESSION:
                    self._safely(listener, session.parse(cookie.get("value")))

        window = bridge.window()
        window.call("addEventListener", "storage", stored)
        window.call("addEventListener", "pageshow", changed)
        window.get("document").call("addEventListener", "visibilitychange", changed)
        if isinstance(window.get("cookieStore"), bridge.Js):  # not in every browser, and only on secure origins
            window.get("cookieStore").call("addEventListener", "change", cookies_changed)

    # The stored session is where Segment's own plugin has it, as it has it: in local storage, then in the cookie, then
    # in memory; the same names, cookie domain and attributes.

    def stored_session(self):
        """The stored session's id and the time of its last event, in milliseconds; each may be ``None``."""
        storage = self.analytics.get("storage")
        return session.parse(storage.call("get", SESSION)), session.parse(storage.call("get", LAST_ACCESS))

    def store_session(self, session_id):
        """Store the id, and that it is alive; what is stored already is not written again."""
        storage = self.analytics.get("storage")
        if session.parse(storage.call("get", SESSION)) != session_id:
            storage.call("set", SESSION, session_id)
        storage.call("set", LAST_ACCESS, bridge.now())

    def forget_session(self):
        """Delete what ``store_session`` has stored."""
        self.analytics.get("storage").call("clear", SESSION)
        self.analytics.get("storage").call("clear", LAST_ACCESS)

    def destinations(self):
        """What Segment was told to load (its settings, a ``dict``), and the names of what is registered."""
        settings = self.analytics.get("settings").get("cdnSettings", None)
        plugins = self.analytics.get("queue").get("plugins")
        names = [plugins.get(position).get("name") for position in range(plugins.get("length"))]
        return (settings.data() if settings else {}), names


def allows(where, *names):
    """Whether a destination may have an event, or, with Segment's own object, any event: what is off stays off.

    ``names`` are the destination's, under any of which it may be switched.
    """
    integrations = where.get("integrations", None)
    if not isinstance(integrations, bridge.Js):
        return True
    chosen = [value for value in (integrations.get(name, None) for name in names) if value is not None]
    return all(chosen) if chosen else integrations.get("All", None) is not False


def put_session(event, destination, session_id):
    """Set ``integrations[destination].session_id``; what else the caller says there is kept."""
    place = event
    for name in ("integrations", destination):
        if not isinstance(place.get(name, None), bridge.Js):
            place.set(name, {})
        place = place.get(name)
    place.set("session_id", session_id)


def _watch(named):
    try:
        return bridge.segment(named)
    except bridge.JsError as error:
        raise ReplayError(
            "segment-missing",
            "what was given as analytics is no Segment object: {}".format(error.message),
            "Give the name of its global: Python may change an object that can be awaited on its way in.",
        )


async def _notice_absence(found, named, complain):
    await bridge.sleep(PATIENCE_MS)
    if not found:
        complain(
            ReplayError(
                "segment-missing",
                "after {} s there is no Segment at window.{}".format(PATIENCE_MS // 1000, named),
                "Check that Segment's snippet runs unblocked, and that the option analytics names its global.",
            )
        )
