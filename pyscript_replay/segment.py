"""Segment, as the page has it: the real analytics-next, and the few of its calls that the modes need."""

from . import bridge, device, session
from .errors import ReplayError

PATIENCE_MS = 10000
"""After so many milliseconds without a Segment the page is told; the wait goes on, for it may need a consent first."""


SESSION = "analytics_session_id"
LAST_ACCESS = "analytics_session_id.last_access"
ANONYMOUS_ID = "ajs_anonymous_id"


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
        try:
            analytics = (await bridge.resolved(watch.get("real"))).get("it")
        except bridge.JsError as error:
            raise ReplayError("segment-load", error.message, error.value.get("fix"))
        finally:
            found.append(watch)
        user = await bridge.resolved(analytics.call("user"))
        # an npm AnalyticsBrowser is a front for the instance that it has made by now
        instance = analytics.get("instance")
        return cls(watch, instance if isinstance(instance, bridge.Js) else analytics, user, complain)

    def device_id(self):
        """Segment's anonymous id, checked for use as Amplitude's device id.

        It is read where ``anonymousId()`` has it. That itself writes what it reads to all places at once, and in a tab
        that has not seen another one's change yet this would undo it.
        """
        store = self._user.get("identityStore", None)
        kept = store.call("get", self._user.get("anonKey")) if store else None
        return device.check(kept or self._user.call("anonymousId"))

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

    def on_session_change(self, listener):
        """Call ``listener(cookie)`` when the session or the visitor may be others, or the page is back.

        Another tab, or the site, may have written them; and Segment writes a new visitor's id at once, before any event
        shows it. ``cookie`` is the session's id in a cookie that has been written, else ``None``.
        """

        def changed(*_):
            self._safely(listener, None)

        def stored(event):
            key = event.get("key")
            if key in (SESSION, None) or (key == ANONYMOUS_ID and event.get("newValue") is not None):  # not between two
                changed()

        def cookies_changed(event):
            for cookie in event.get("changed").data() or []:
                if cookie.get("name") == SESSION:
                    self._safely(listener, session.parse(cookie.get("value")))
                elif cookie.get("name") == ANONYMOUS_ID:
                    changed()

        window = bridge.window()
        window.call("addEventListener", "storage", stored)
        window.call("addEventListener", "pageshow", changed)
        window.get("document").call("addEventListener", "visibilitychange", changed)
        try:
            window.get("cookieStore").call("addEventListener", "change", cookies_changed)
        except (bridge.JsError, AttributeError):
            pass  # not in every browser, only on secure origins, and not where cookies are forbidden

    # The stored session is where Segment's own plugin has it, as it has it: in local storage, then in the cookie, then
    # in memory; the same names, cookie domain and attributes.

    def stored_session(self):
        """The stored session's id and the time of its last event, in milliseconds; each may be ``None``."""
        storage = self.analytics.get("storage")
        return session.parse(storage.call("get", SESSION)), session.parse(storage.call("get", LAST_ACCESS))

    def store_session(self, session_id):
        """Store the id, and that it is alive; what is stored already is not written again.

        Segment's storage reads the first place that has it; the cookie may have been deleted, or written, by itself.
        """
        storage = self.analytics.get("storage")
        cookie = "{}={}".format(SESSION, session_id)
        if session.parse(storage.call("get", SESSION)) != session_id or cookie not in bridge.cookies():
            storage.call("set", SESSION, session_id)
        storage.call("set", LAST_ACCESS, bridge.now())

    def forget_session(self):
        """Delete what ``store_session`` has stored."""
        self.analytics.get("storage").call("clear", SESSION)
        self.analytics.get("storage").call("clear", LAST_ACCESS)

    def session_length(self):
        """How long Segment's session plugin lets a session be idle, in milliseconds, or ``None`` for its default."""
        settings, _ = self.destinations()
        for plugin in settings.get("remotePlugins") or []:
            for subscription in (plugin.get("settings") or {}).get("subscriptions") or []:
                if subscription.get("partnerAction") == "sessionId":
                    return session.parse((subscription.get("mapping") or {}).get("sessionLength"))
        return None

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
    """Set ``integrations[destination].session_id``; what else the caller says there is kept, and the caller's own."""
    integrations = event.get("integrations", None)
    given = integrations.get(destination, None) if isinstance(integrations, bridge.Js) else None
    chosen = bridge.merged(given if isinstance(given, bridge.Js) else None, {"session_id": session_id})
    event.set("integrations", bridge.merged(integrations, {destination: chosen}))


def put_properties(event, properties):
    """Add properties to an event, not to the caller's object, which may serve for other events."""
    if properties:
        event.set("properties", bridge.merged(event.get("properties", None), properties))


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
