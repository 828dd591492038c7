"""session-replay-browser, recording one session of one device at a time.

Some of the SDK's calls do not do what their names say (1.50.2), and this file is where that is known:

- The uploader keeps the device id of ``init``: after ``setSessionId(id, other_device)`` recordings still go up under
  the old device. So another device means ``shutdown()`` and ``init()``.
- ``setSessionId`` to 0 or to a session that is not sampled goes on recording into the session before. So ``stop()``
  comes first, and ``start()``, which samples anew, after.
- ``setSessionId`` restarts the recording when given a text instead of the same number. Ids leave here as numbers.
- ``flush()`` sends what is queued for sending; what is still being gathered stays. ``stop()`` queues it.
- What was recorded just before a ``stop()`` may still wait for an idle moment and for the compressing worker; a
  ``shutdown()`` before that would lose it, or send it under the next session.

What to record is decided elsewhere and given to ``follow``; here the SDK is brought there, one step after the other,
however fast the wishes change.
"""

from . import bridge, device
from .errors import ReplayError

DRAIN_MS = 100
"""The longest to wait, in milliseconds, for the SDK to hand over what it has just recorded."""

CLOSE_MS = 2000
"""The longest to wait, in milliseconds, for the end of a recording."""

SDK_STORES = ("AMP_SR_START_{}", "AMP_remote_config_{}", "AMP_diagnostics_{}", "{}_amp_session_replay_")
"""How the names of the SDK's keys and databases begin, with the first ten characters of the API key."""

SDK_FIX = "Check what was handed to the SDK as options; the browser's console may say more."


class Recorder:
    """``device_id`` and ``session_id`` say what replay has; ``session_id`` is ``None`` while it records nothing."""

    def __init__(self, sdk, api_key, options, complain):
        self._sdk = sdk
        self._api_key = api_key
        self._options = options
        self._complain = complain
        self._wanted = (None, None)
        self._reached = (None, None)
        self._paused = False
        self._under_way = None

    @property
    def device_id(self):
        return self._wanted[0]

    @property
    def session_id(self):
        return self._wanted[1]

    @property
    def replay_id(self):
        return device.replay_id(*self._wanted)

    def follow(self, device_id, session_id):
        """Record this session of this device from now on (``session_id=None``: record nothing, but be prepared)."""
        self._wanted = (device_id, session_id)
        if self._under_way is None:
            self._under_way = bridge.spawn(self._go())

    @property
    def settled(self):
        """Whether the SDK is where the last ``follow`` sent it, or cannot be brought there."""
        return self._under_way is None

    async def settle(self):
        """Wait until ``settled``."""
        if self._under_way is not None:
            await self._under_way

    async def _go(self):
        try:
            while self._reached != self._wanted or (self._paused and self.session_id is not None):
                wanted = self._wanted
                await self._step(*wanted)
                self._reached = wanted
                if wanted[0] is None:
                    self._forget()
        except bridge.JsError as error:
            self._complain(ReplayError("sdk", "session-replay-browser failed: {}".format(error), SDK_FIX))
        finally:
            self._under_way = None

    async def _step(self, device_id, session_id):
        reached_device, reached_session = self._reached
        if reached_session is not None:
            self._pause()
            await bridge.idle(DRAIN_MS)
        if device_id != reached_device:
            if reached_device is not None:
                await self._end()
            if device_id is not None:
                await self._begin(device_id, session_id)
            self._paused = False
        elif session_id is not None:
            await bridge.resolved(self._move_on(session_id))
            # else setSessionId has started the recording, and a second start would restart it
            if self._paused and self._wanted == (device_id, session_id):
                await self._wait("start")
                self._paused = False

    def _pause(self):
        self._sdk.call("stop")
        self._paused = True

    def _move_on(self, session_id):
        return self._sdk.call("setSessionId", session_id).get("promise")

    async def _begin(self, device_id, session_id):
        options = dict(self._options)
        options["deviceId"] = device_id
        if session_id is not None:
            options["sessionId"] = session_id
        await self._wait("init", self._api_key, options)

    async def _end(self):
        self._sdk.call("shutdown")
        await self._upload()

    async def _wait(self, method, *args):
        answer = self._sdk.call(method, *args)
        await bridge.resolved(answer.get("promise"))

    def properties(self):
        """What the SDK wants events to carry: ``[Amplitude] Session Replay ID``; nothing while it does not record."""
        if self._reached[1] is None or self._reached != self._wanted:
            return {}
        return self._sdk.call("getSessionReplayProperties").data()

    async def flush(self):
        """Upload what has been recorded."""
        if self.settled and self.session_id is not None:
            await bridge.idle(DRAIN_MS)
            self._sdk.call("stop")
            await self._wait("start")
        await self._upload()

    async def _upload(self):
        await bridge.resolved(self._sdk.call("flush", False))

    async def close(self):
        """End the recording for good, upload the rest, and delete what the SDK has stored.

        Whatever is under way, nothing is recorded from now on; what cannot be brought to its end in time goes on alone.
        """
        if self._under_way is not None or self._reached[0] is not None:
            self._pause()
        self.follow(None, None)
        await bridge.within(CLOSE_MS, self.settle())
        self._forget()

    def _forget(self):
        bridge.forget([store.format(self._api_key[:10]) for store in SDK_STORES])


async def load(options, complain):
    """The recorder for these options. Raises ``ReplayError`` (``sdk-load``) when the SDK cannot be had."""
    sdk = await sdk_module("session-replay")
    return Recorder(sdk, options["api_key"], sdk_options(options), complain)


async def sdk_module(name):
    """One of the bundle's SDKs. Raises ``ReplayError`` (``sdk-load``) when it cannot be had."""
    try:
        return await bridge.sdk(name)
    except bridge.JsError as error:
        raise ReplayError(
            "sdk-load",
            "the SDK {} could not be loaded: {}".format(name, error.message),
            "Check that the bundle is complete and that script-src in the Content-Security-Policy allows it.",
        )


def sdk_options(options):
    """Our options as Session Replay's ``init`` takes them; what ``options`` hands through comes last but for ours."""
    handed = {"serverZone": options["server_zone"]}
    handed.update(options["options"])
    if options["sample_rate"] is not None:
        handed["sampleRate"] = options["sample_rate"]
    return handed
