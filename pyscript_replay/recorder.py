"""session-replay-browser, recording one session of one device at a time, and what became of it.

Some of the SDK's calls do not do what their names say (1.50.2), and this file is where that is known
(``tests/browser/test_sdk_quirks.py`` shows each on the SDK alone):

- The uploader keeps the device id of ``init``: after ``setSessionId(id, other_device)`` recordings still go up under
  the old device. So another device means ``shutdown()`` and ``init()``.
- ``setSessionId`` to 0 or to a session that is not sampled goes on recording into the session before. So ``stop()``
  comes first, and ``start()``, which samples anew, after.
- ``setSessionId`` restarts the recording when given a text instead of the same number. Ids leave here as numbers.
- ``flush()`` sends what is queued for sending; what is still being gathered stays. ``stop()`` queues it.
  Where Amplitude has told the SDK to slow down, what is queued waits for a minute, but not for ``flush()``.
- ``start()`` does not ask for the configuration again, nor does the first ``setSessionId``: where that was refused,
  another try is ``shutdown()`` and ``init()``.
- What was recorded just before a ``stop()`` may still wait for an idle moment and for the compressing worker; a
  ``shutdown()`` before that would lose it, or send it under the next session.
- ``init`` is done before anything is recorded, and ``getSessionReplayProperties()`` answers an id although
  ``rrweb-record`` never loaded. So what counts is what was *heard*: a full snapshot that rrweb has taken, the answers
  to the SDK's requests (its options ``handleFetchConfig`` and ``handleSendEvents``), and what it says to its logger
  (``SAYINGS``). ``web/page/recorder.js`` listens.

What to record is decided elsewhere and given to ``follow``; here the SDK is brought there, one step after the other,
however fast the wishes change.
"""

from . import bridge, device, lifecycle, session
from .bridge import Js
from .errors import ReplayError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

DRAIN_MS = 100
"""The longest to wait, in milliseconds, for the SDK to hand over what it has just recorded."""

CLOSE_MS = 2000
"""The longest to wait, in milliseconds, for the end of a recording."""

PATIENCE_MS = 10000
"""After so many milliseconds without a full snapshot a recording has not begun."""

STEP_MS = 8000
"""The longest to wait, in milliseconds, for what the SDK was told; it may be done later all the same. (A file of the
SDK's that does not come is given up before, after six seconds.)"""

FAILURES = 3
"""So many uploads in a row may fail in a way that passes by itself (5xx, no network)."""

SDK_STORES = (
    "AMP_SR_START_{}",
    "AMP_remote_config_{}",
    "AMP_diagnostics_{}",
    "{}_amp_session_replay_",
    "{}_amp_targeting",
)
"""How the names of the SDK's keys and databases begin, with the first ten characters of the API key."""

SAMPLED_OUT, OPTED_OUT, TARGETED, CAPTURE_OFF = lifecycle.MEANT
NO_RECORDER, THREW = "no-recorder", "threw"

SAYINGS = (
    ("out of recording due to sample rate", SAMPLED_OUT),
    ("out of recording due to optOut", OPTED_OUT),
    ("due to not matching targeting", TARGETED),
    ("due to capture being disabled", CAPTURE_OFF),
    ("Failed to load rrweb-record", NO_RECORDER),
    ("Failed to initialize session replay", THREW),
)
"""What the SDK says to its logger when it does not record, and what that means."""

# What else may keep a recording from beginning, or its uploads from arriving.
SILENT, CONFIG_REFUSED, CONFIG_UNREACHABLE, CONFIG_EMPTY = (
    "silent",
    "config-refused",
    "config-unreachable",
    "config-empty",
)
UPLOAD_REFUSED, UPLOAD_FAILED, SKIPPED = "upload-refused", "upload-failed", "skipped"

PROBLEMS = {
    NO_RECORDER: (
        "recording-not-begun",
        "the SDK could not load its recorder, rrweb-record-min.js: {detail}",
        "Check that the bundle is complete and that nothing blocks this file, then call start().",
    ),
    THREW: (
        "recording-not-begun",
        "the SDK's recorder failed: {detail}",
        "Check what was handed to the SDK as options; the browser's console may say more.",
    ),
    SILENT: (
        "recording-not-begun",
        "after {patience} s no full snapshot was taken",
        "See in the browser's network tab which of the bundle's files is still on its way, then call start().",
    ),
    CONFIG_REFUSED: (
        "recording-not-begun",
        "Amplitude's configuration server answered {detail}",
        "Check the API key, and that the server zone (US or EU) is the project's.",
    ),
    CONFIG_UNREACHABLE: (
        "recording-not-begun",
        "Amplitude's configuration server could not be reached: {detail}",
        "Allow it in connect-src of the Content-Security-Policy, and see whether an ad blocker keeps it away.",
    ),
    CONFIG_EMPTY: (
        "recording-not-begun",
        "Amplitude's configuration server answered nothing about Session Replay",
        "Enable Session Replay for the project in Amplitude, and check the API key.",
    ),
    UPLOAD_REFUSED: (
        "upload-refused",
        "Amplitude refused an upload: {detail}",
        "Check the API key, that the server zone (US or EU) is the project's, and trackServerUrl, if it is set.",
    ),
    UPLOAD_FAILED: (
        "upload-refused",
        "several uploads in a row have failed, the last one with: {detail}",
        "Allow Amplitude's address in connect-src; see whether an ad blocker, a proxy or trackServerUrl is the cause.",
    ),
    SKIPPED: (
        "upload-refused",
        "Amplitude does not keep this session's recording (it skipped an upload: {detail})",
        "See in Amplitude whether Session Replay is enabled for the project, and its quota used up.",
    ),
}
"""Reason: the error's code, what was seen, and the fix."""

PASSING = (0, 408, 413, 429, 499)
"""Answers to an upload that are no refusal: the network, a timeout, too much at once."""

THROTTLED = "429"
"""The server skipped an upload because there were too many; the recording goes on."""


def problem(reason: str, detail: "str | None" = None, fix: "str | None" = None) -> ReplayError:
    """What is wrong, why, and how to mend it: as in the table, unless the cause is known better."""
    code, seen, usual = PROBLEMS[reason]
    return ReplayError(code, seen.format(detail=detail, patience=PATIENCE_MS // 1000), fix or usual)


def _meant(reason: "tuple | None") -> bool:
    return reason is not None and reason[0] in lifecycle.MEANT


class Recorder:
    """``session_id`` is what was asked for last; ``recording`` says whether its recording really runs.

    ``heard(happening, problem)`` is told whenever it is known what has become of it: a happening of ``lifecycle.py``
    (``None``: the recording has ended, and it is not known what comes next), and a ``ReplayError`` or ``None``.
    """

    _snapshot_is_last = True  # of what the SDK does when it begins: nothing can go wrong any more

    def __init__(self, sdk: Js, api_key: str, options: dict, heard: "Callable[[str | None, ReplayError | None], None]"):
        self.sdk = sdk
        self._api_key = api_key
        self._options = options
        self._heard = heard
        self._ear = bridge.told(self._hear)
        self._wanted = (None, None)
        self._told = (None, None)  # what the SDK is being told, or was told last
        self._reached = (None, None)  # what it has carried out
        self._snapshot = None  # what it had been told when rrweb took a full snapshot; None once that recording ended
        self._paused = False
        self._under_way = None
        self._wish = None  # stands for the last time that something was to be done
        self._settled = bridge.Gate()
        self._settled.open()
        self._reason = None  # why nothing is recorded: what problem() takes
        self._config = None  # what is wrong with Amplitude's configuration, likewise
        self._upload = None  # what is wrong with the uploads, likewise
        self._failures = 0

    @property
    def session_id(self) -> "int | None":
        return self._wanted[1]

    @property
    def recording(self) -> bool:
        """Whether a full snapshot of the session was taken, and nothing has ended or refused its recording since."""
        return self.session_id is not None and self._snapshot == self._wanted and self._upload is None

    @property
    def settled(self) -> bool:
        """Whether it is known what has become of the last ``follow``."""
        return self._settled.is_open

    @property
    def reason(self) -> "str | None":
        """Why nothing is recorded, or does not arrive: a name above, or ``None``."""
        reason = self._upload or (None if self.recording else self._reason)
        return reason[0] if reason else None

    def evidence(self) -> dict:
        """What the doctor is shown of it."""
        seen = {"recording": self.recording, "reason": self.reason}
        if self.recording:
            carried = (self.sdk.call("getSessionReplayProperties").data() or {}).get(device.REPLAY_ID) or ""
            device_id, _, session_id = carried.rpartition("/")
            seen["sdk"] = {"device_id": device_id or None, "session_id": session.parse(session_id)}
        return seen

    def follow(self, device_id: "str | None", session_id: "int | None") -> None:
        """Record this session of this device from now on (``session_id=None``: record nothing, but be prepared)."""
        self._wanted = (device_id, session_id)
        self._advance()

    def again(self) -> None:
        """Try once more, where a recording has not begun or its uploads were refused; else say again how it stands."""
        if not self.settled:
            return
        if self.recording:
            self._conclude()
            return
        self._paused = True
        self._upload, self._failures = None, 0
        self._advance()

    def _advance(self) -> None:
        self._settled.close()
        self._wish = object()
        bridge.spawn(self._expect(self._wish))
        if self._under_way is None:
            self._under_way = bridge.spawn(self._go())

    async def settle(self) -> None:
        """Wait until ``settled``."""
        await self._settled.wait()

    async def _go(self) -> None:
        try:
            while self._reached != self._wanted or (self._paused and self.session_id is not None):
                wanted = self._wanted
                self._reason = None
                await self._step(*wanted)
                self._reached = wanted
                if wanted[0] is None:
                    self._forget()
        except Exception as error:
            self._reason = (THREW, str(error))
        finally:
            self._under_way = None
        if self.session_id is None or self.recording or self._reason or not self._promises():
            self._conclude()
        # else rrweb will take a snapshot, or the SDK will say why not

    async def _expect(self, wish: object) -> None:
        """A recording that is not heard of in time has not begun."""
        await bridge.sleep(PATIENCE_MS)
        while bridge.document_is_loading():
            await bridge.sleep(PATIENCE_MS)
        if self._wish is wish and not self.settled:
            self._reason = self._reason or (SILENT,)
            self._conclude()

    def _promises(self) -> bool:
        """Whether the SDK itself says that it records this session; if not, it also says why."""
        try:
            return bool(self.sdk.call("getSessionReplayProperties").data())
        except bridge.JsError:
            return True  # it does not say; a snapshot will, or time

    def _conclude(self) -> None:
        """It is known what has become of the last ``follow``: tell it, and let those who wait go on."""
        self._settled.open()
        reason = self._upload or self._reason
        if self.recording:
            self._heard(lifecycle.RECORDED, None)
        elif self.session_id is None or reason is None or _meant(reason):
            self._heard(lifecycle.NOTHING_DUE, None)
        else:
            self._heard(lifecycle.NOT_RECORDED, problem(*reason))

    # What is heard of the SDK: see web/page/recorder.js.

    def _hear(self, told: dict) -> None:
        """Something was heard: ``what`` it was (a method below), and its details."""
        getattr(self, "_on_" + told["what"])(told)

    def _on_loaded(self, told: dict) -> None:
        """rrweb-record is there; it is welcome even when it comes after its time."""
        if self.settled and self._reason and self._reason[0] == NO_RECORDER:
            self.again()

    def _on_snapshot(self, told: dict) -> None:
        """rrweb has taken a full snapshot. Whose it is, is what the SDK was told last."""
        self._snapshot, self._reason = self._told, None
        if self._snapshot == self._wanted and (self._snapshot_is_last or self._under_way is None):
            self._conclude()

    def _on_ended(self, told: dict) -> None:
        """The recording has ended: by us, or by the SDK itself. What comes next is heard as well."""
        self._snapshot = None
        self._heard(None, None)

    def _on_said(self, told: dict) -> None:
        """The SDK has said to its logger why it does not record."""
        said = (told["reason"], told["detail"], told["fix"])
        self._reason = self._config if told["reason"] == CAPTURE_OFF and self._config else said
        if self._under_way is None and not self.settled:
            self._conclude()

    def _on_config(self, told: dict) -> None:
        """Amplitude's configuration server has answered, or has not."""
        if told["status"] == 0:
            self._config = (CONFIG_UNREACHABLE, told["detail"])
        elif told["status"] >= 300:
            self._config = (CONFIG_REFUSED, told["detail"])
        else:
            self._config = None if told["present"] else (CONFIG_EMPTY,)

    def _on_upload(self, told: dict) -> None:
        """Amplitude has answered an upload, or has not."""
        status, before = told["status"], self._upload
        if 200 <= status < 300:
            self._failures = 0
            self._upload = (SKIPPED, told["skipped"]) if told["skipped"] not in ("", THROTTLED) else None
        elif status in PASSING or status >= 500:
            self._failures += 1
            self._upload = (UPLOAD_FAILED, told["detail"]) if self._failures >= FAILURES else before
        else:
            self._upload = (UPLOAD_REFUSED, told["detail"])
        if bool(self._upload) != bool(before) and self.settled:
            self._conclude()

    # The steps.

    async def _step(self, device_id: "str | None", session_id: "int | None") -> None:
        reached_device, reached_session = self._reached
        if reached_session is not None:
            self._pause()
            await bridge.idle(DRAIN_MS)
        if device_id != reached_device or (self._config and session_id is not None):
            if reached_device is not None:
                await self._end()
            self._told = (device_id, session_id)
            if device_id is not None:
                await self._begin(device_id, session_id)
            self._paused = False
        elif session_id is not None:
            self._told = (device_id, session_id)
            if session_id != reached_session:
                self._upload = None if self._upload and self._upload[0] == SKIPPED else self._upload  # it was that one
                await _done(self._move_on(session_id))
            # else setSessionId has started the recording, and a second start would restart it
            if self._paused and self._wanted == self._told:
                await self._wait("start")
                self._paused = False

    def _pause(self) -> None:
        self.sdk.call("stop")
        self._paused = True

    def _move_on(self, session_id: int) -> Js:
        return self.sdk.call("setSessionId", session_id)

    async def _begin(self, device_id: str, session_id: "int | None") -> None:
        options = dict(self._options)
        options["deviceId"] = device_id
        if session_id is not None:
            options["sessionId"] = session_id
        await self._wait("init", self._api_key, bridge.observed(options, SAYINGS, self._ear))

    async def _end(self) -> None:
        self.sdk.call("shutdown")
        await self._send()

    async def _wait(self, method: str, *args: object) -> None:
        await _done(self.sdk.call(method, *args))

    async def flush(self) -> None:
        """Upload what has been recorded."""
        await bridge.idle(DRAIN_MS)
        if self.settled and self.recording:
            self._pause()
            self._advance()
            await self.settle()
        await self._send()

    async def _send(self) -> None:
        await _in_time(self.sdk.call("flush", False))

    def end(self) -> None:
        """End the recording. Whatever is under way, nothing is recorded from now on; ``close`` does the rest."""
        try:
            self._pause()
        except bridge.JsError:
            pass  # whatever was recorded belongs to nobody from now on
        self.follow(None, None)

    async def close(self) -> None:
        """Upload the rest, and delete what the SDK has stored. What cannot be done in time goes on alone."""
        await bridge.within(CLOSE_MS, self.settle())
        self._forget()

    def _forget(self) -> None:
        bridge.forget([store.format(self._api_key[:10]) for store in SDK_STORES])


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
"""Options of the Browser SDK that keep it from doing anything by itself; ``amplitude_options`` come after these."""

ENDLESS = 2**53 - 1
"""The documented ``sessionTimeout``: the shell never begins a session by itself."""


class Shell(Recorder):
    """Replay as a plugin of Amplitude's Browser SDK (classic-cloud). It is begun and moved on through the shell.

    The shell's own destination is kept out by a plugin that takes its name before ``init`` does: removing it
    afterwards, as documented, leaves a gap in which an event is delivered twice. What the shell tracks by itself (with
    ``autocapture`` in ``amplitude_options``) is forwarded to Segment by the documented plugin ``segment``.
    """

    _snapshot_is_last = False  # the plugin has one taken even where the SDK's ``init`` fails

    def __init__(
        self,
        module: Js,
        options: dict,
        forward: "Callable[[str, list], None]",
        heard: "Callable[[str | None, ReplayError | None], None]",
    ):
        self._module = module
        given = sdk_options(options)
        self._plugin = module.call("sessionReplayPlugin", given)
        self._forward = forward
        self._shell: "Any" = None
        self._initialising: "Any" = None  # what the SDK's init has answered
        self._shell_options = {"serverZone": options["server_zone"]}
        self._shell_options.update(SHELL)
        self._shell_options.update(options["amplitude_options"])
        self._shell_options["sessionTimeout"] = ENDLESS
        super().__init__(self._plugin.member("sessionReplay"), options["api_key"], given, heard)
        self._observe()

    def _observe(self) -> None:
        """The plugin by itself hands on to the SDK only those of the options that it knows, and lets nobody hear."""
        init = self.sdk.member("init")

        def observed(api_key: str, given: Js, *_: object) -> object:
            self._initialising = init(api_key, bridge.observed(bridge.merged(given, self._options), SAYINGS, self._ear))
            return self._initialising

        self.sdk.set("init", bridge.function(observed))

    async def _begin(self, device_id: str, session_id: "int | None") -> None:
        if self._shell is None:
            await self._open(device_id, session_id)
            return
        self._shell.call("setDeviceId", device_id)
        self._shell.call("setSessionId", session_id)
        await self._added(self._shell, self._shell.call("add", self._plugin))

    async def _added(self, shell: Js, answer: Js) -> None:
        """Wait for the SDK's own ``init``. Where that fails, which the plugin tells nobody, the plugin is taken out."""
        try:
            if await _done(answer):
                await _done(self._initialising)
        except bridge.JsError:
            await _done(shell.call("remove", self._plugin.get("name")))
            raise

    async def _end(self) -> None:
        """The plugin has no hook for a changed device id: it is taken out, and put in again."""
        await _done(self._shell.call("remove", self._plugin.get("name")))
        await self._send()

    async def _open(self, device_id: str, session_id: "int | None") -> None:
        shell = self._module.member("amplitude").call("createInstance")
        for plugin in (self._plugin, _destination("segment", self._forwarded), _destination("amplitude", _nothing)):
            shell.call("add", plugin)
        options = dict(self._shell_options)
        options["deviceId"] = device_id
        options["sessionId"] = session_id
        await self._added(shell, shell.call("init", self._api_key, options))
        self._shell = shell  # one that could not begin is left behind

    def _move_on(self, session_id: int) -> Js:
        moving = super()._move_on(session_id)
        self._shell.call("setSessionId", session_id)  # no ``await`` in between: the plugin would undo it
        return moving

    def _forwarded(self, event: Js) -> None:
        self._forward(*forwarded(event.data()))


def _destination(name: str, take: "Callable[[Js], None]") -> dict:
    """A destination plugin of the shell, which gives its events to ``take``."""

    def execute(event: Js) -> Js:
        take(event)
        return bridge.promise(_delivered(event))

    return {"name": name, "type": "destination", "setup": _nothing, "execute": execute}


def _nothing(*_: object) -> None:
    return None


async def _delivered(event: Js) -> dict:
    return {"code": 200, "event": event, "message": "OK"}


async def _done(answer: Js) -> bool:
    """Wait for what the SDK calls done, but not for ever; whether it is. Raises what it was rejected with."""
    return await _in_time(answer.get("promise"))


async def _in_time(promise: object) -> bool:
    rejected = []

    async def settled() -> None:
        try:
            await bridge.resolved(promise)
        except bridge.JsError as error:
            rejected.append(error)

    done = await bridge.within(STEP_MS, settled())
    if rejected:
        raise rejected[0]
    return done


def forwarded(event: dict) -> "tuple[str, list]":
    """An event of the shell as what Segment calls it: the method, and its arguments.

    Amplitude's user properties are operations, Segment's traits are values: what sets a value is taken over.
    """
    kind = event["event_type"]
    options = {"integrations": {"Amplitude": {"session_id": event.get("session_id")}}}
    if kind != "$identify":
        return "track", [kind, event.get("event_properties") or {}, options]
    traits = {}
    for operation in ("$setOnce", "$set"):
        traits.update((event.get("user_properties") or {}).get(operation) or {})
    user_id = event.get("user_id")
    return "identify", ([user_id] if user_id else []) + [traits, options]


async def load(
    mode_sdk: str,
    options: dict,
    forward: "Callable[[str, list], None]",
    heard: "Callable[[str | None, ReplayError | None], None]",
) -> Recorder:
    """The recorder for these options. Raises ``ReplayError`` (``sdk-load``) when the SDK cannot be had.

    ``mode_sdk`` is what the bundle calls the SDK; ``forward(method, arguments)`` hands an event of the shell's own to
    Segment; for ``heard`` see ``Recorder``.
    """
    if not bridge.json_is_sound():
        raise ReplayError(
            "json-patched",
            "the page's own toJSON on Array.prototype or Object.prototype makes JSON.stringify() answer something else",
            "Take it away (prototype.js before 1.7 has one), for what the SDKs send would be unreadable.",
        )
    try:
        module = await bridge.sdk(mode_sdk)
    except bridge.JsError as error:
        raise ReplayError(
            "sdk-load",
            "the SDK {} could not be loaded: {}".format(mode_sdk, error.message),
            error.value.text("fix")  # where the cause is known: assets.js
            or (
                "Check that the bundle is complete and that script-src in the Content-Security-Policy allows it."
                if "import" in error.message.lower()  # in the words of each browser; else it came, and threw
                else "See which script of the page freezes or replaces built-in objects, and let it do so later."
            ),
        )
    if mode_sdk == "amplitude":
        return Shell(module, options, forward, heard)
    return Recorder(module, options["api_key"], sdk_options(options), heard)


def sdk_options(options: dict) -> dict:
    """Our options as Session Replay's ``init`` takes them; what ``options`` hands through comes last but for ours."""
    handed = {"serverZone": options["server_zone"]}
    handed.update(options["options"])
    if options["sample_rate"] is not None:
        handed["sampleRate"] = options["sample_rate"]
    return handed
