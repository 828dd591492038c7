"""Classic cloud-mode: Segment's servers send the events on; nobody in the page keeps a session.

As documented, Amplitude's Browser SDK serves as a shell: first the session-replay plugin, then a destination plugin
named ``segment`` that forwards what is tracked on the shell to Segment, with ``integrations.Amplitude.session_id``.
The shell's own destination is kept out by a plugin that takes its name before ``init`` does: removing it afterwards,
as documented, leaves a gap in which an event is delivered twice.

The documentation has the shell keep the session with ``sessionTimeout: Number.MAX_SAFE_INTEGER``: one session that
never ends, over reloads, for the year that its cookie lasts. A replay that is a year long is of no use to anybody, so
a session ends here, as in the other modes, after 30 minutes without an event, or what ``sessionTimeout`` in
``amplitude_options`` says. The shell cannot do that for several tabs, each of which would begin a session of its own.
So ``session.continued`` decides from ``analytics_session_id``, which all tabs share; the shell is told, and is given
the documented endless timeout.

The page's own calls of ``analytics.track()`` need no rewriting: an enrichment plugin gives each event its session.
"""

from .. import bridge, session
from ..recorder import Recorder, sdk_module, sdk_options
from ..segment import allows, put_session

DESTINATION = "Amplitude"

SHELL = {
    "instanceName": "session-replay",
    "autocapture": False,
    "defaultTracking": False,
    "fetchRemoteConfig": False,
    "enableDiagnostics": False,
    "identityStorage": "none",  # the session is in analytics_session_id, the device id is Segment's
    "offline": None,
    "logLevel": 1,  # errors only: that the built-in destination is skipped is meant
}


class ClassicCloud:
    destinations = (DESTINATION,)

    def __init__(self, replay):
        self._replay = replay
        self._length = replay.options["amplitude_options"].get("sessionTimeout") or session.LENGTH_MS

    async def load(self):
        module = await sdk_module("amplitude")
        options = self._replay.options
        self._shell = Shell(module, self._forward, options, self._replay.complain)
        return self._shell

    async def connect(self):
        """Hook into Segment; from here on every event is seen."""
        segment = self._replay.segment
        segment.enrich(self._enrich)
        segment.on("reset", self._reset)

    def device_id(self):
        return self._replay.segment.device_id()

    def maker(self, event):
        """The device id of the event: the anonymous id of when it was made, which need not be that of now."""
        return event.get("anonymousId", None)

    def begin(self):
        """A session begins with the page, as the Browser SDK has it, or goes on."""
        stored, _ = self._replay.segment.stored_session()
        current = self._touch()
        self._replay.see(stored=stored, event=current, expired=stored != current)

    def look(self):
        """Follow what another tab has begun. An old session ends with the next event, not by being looked at."""
        self._replay.see(stored=self._replay.segment.stored_session()[0])

    def store(self, session_id):
        self._replay.segment.store_session(session_id)

    def forget(self):
        self._replay.segment.forget_session()

    async def track(self, name, properties):
        """Through the shell, as documented; ``_forward`` takes it from there to Segment. Without a shell, by itself."""
        self._replay.see(event=self._touch())
        await bridge.within(self._replay.options["hold_ms"], self._shell.settle())
        if self._shell.is_open:
            await bridge.resolved(self._shell.track(name, properties))
        else:
            await bridge.resolved(self._replay.segment.analytics.call("track", name, properties))

    def _touch(self):
        """The session of now, which every event keeps alive."""
        stored, last_access = self._replay.segment.stored_session()
        current = session.continued(stored, last_access, bridge.now(), self._length)
        self._replay.segment.store_session(current)
        return current

    def _enrich(self, event):
        """Give the event its session and the replay id. What the caller switched off stays off."""
        if not self._replay.running:
            return None
        if not allows(event, DESTINATION):
            self._replay.see()  # it may have brought another visitor all the same
            return None
        session_id = self._touch()
        self._replay.see(event=session_id)
        gone = self._replay.gone(event)
        if gone:
            session_id = gone.session_id
        put_session(event, DESTINATION, session_id)
        return self._replay.mark(event, session_id)

    def _forward(self, event):
        """Hand an event of the shell to Segment, as what Segment calls it."""
        analytics = self._replay.segment.analytics
        options = {"integrations": {DESTINATION: {"session_id": event.get("session_id")}}}
        kind = event.get("event_type")
        if kind == "$identify":
            traits = _traits(event.get("user_properties", None))
            user_id = event.get("user_id", None)
            return analytics.call("identify", *([user_id] if user_id else []), traits, options)
        if kind == "$groupidentify":
            groups = event.get("groups").data()
            traits = _traits(event.get("group_properties", None))
            for group_id in groups.values():
                answer = analytics.call("group", str(group_id), traits, options)
            return answer
        properties = event.get("event_properties", None)
        return analytics.call("track", kind, properties if properties else {}, options)

    def _reset(self, *_):
        """``reset()`` gives the visitor a new anonymous id: another visitor, so another session."""
        if self._replay.running:
            self._replay.begin()


def _traits(operations):
    """Amplitude's user properties are operations, Segment's traits are values: what sets a value is taken over."""
    traits = {}
    for operation in ("$setOnce", "$set"):
        traits.update((operations.data() if operations else {}).get(operation, {}))
    return traits


class Shell(Recorder):
    """Replay as a plugin of the Browser SDK. It is the recorder's SDK, begun and moved on through the shell."""

    def __init__(self, module, forward, options, complain):
        self._module = module
        self._plugin = _replay_plugin(module, sdk_options(options))
        self._forward = forward
        self._shell = None
        self._shell_options = {"serverZone": options["server_zone"]}
        self._shell_options.update(SHELL)
        self._shell_options.update(options["amplitude_options"])
        self._shell_options["sessionTimeout"] = session.MAX_ID
        super().__init__(self._plugin.get("sessionReplay"), options["api_key"], {}, complain)

    @property
    def is_open(self):
        """Whether there is a shell that takes events."""
        return self._reached[0] is not None

    async def _begin(self, device_id, session_id):
        if self._shell is None:
            await self._open(device_id, session_id)
            return
        self._shell.call("setDeviceId", device_id)
        self._shell.call("setSessionId", session_id)
        await self._done(self._shell.call("add", self._plugin))

    async def _end(self):
        """The plugin has no hook for a changed device id: it is taken out, and put in again."""
        await self._done(self._shell.call("remove", self._plugin.get("name")))
        await self._upload()

    async def _open(self, device_id, session_id):
        shell = self._shell = self._module.get("amplitude").call("createInstance")
        for plugin in (self._plugin, self._segment_plugin(), _no_destination()):
            shell.call("add", plugin)
        options = dict(self._shell_options)
        options["deviceId"] = device_id
        options["sessionId"] = session_id
        await self._done(shell.call("init", self._api_key, options))

    def _move_on(self, session_id):
        moving = super()._move_on(session_id)
        self._shell.call("setSessionId", session_id)  # in the same breath, or the plugin would set it back
        return moving

    def track(self, name, properties):
        self._shell.call("extendSession")
        return self._shell.call("track", name, properties).get("promise")

    async def _done(self, answer):
        await bridge.resolved(answer.get("promise"))

    def _segment_plugin(self):
        def execute(event):
            return bridge.promise(self._forwarded(event))

        return {"name": "segment", "type": "destination", "setup": _set_up, "execute": execute}

    async def _forwarded(self, event):
        await bridge.resolved(self._forward(event))
        return {"code": 200, "event": event, "message": "OK"}


def _replay_plugin(module, options):
    """The session-replay plugin. By itself it hands on to the SDK only those of the options that it knows."""
    plugin = module.call("sessionReplayPlugin", options)
    sdk = plugin.get("sessionReplay")
    init = sdk.get("init")
    sdk.set("init", bridge.function(lambda api_key, given, *_: init(api_key, bridge.merged(given, options))))
    return plugin


def _no_destination():
    """Takes the built-in destination's name, and delivers nothing."""

    def execute(event):
        return bridge.promise(_delivered(event))

    return {"name": "amplitude", "type": "destination", "setup": _set_up, "execute": execute}


async def _delivered(event):
    return {"code": 200, "event": event, "message": "OK"}


def _set_up(*_):
    return None
