"""session-replay-browser 1.50.2 in memory, with what ``web/page/recorder.js`` hears of it; and its shell.

It has the quirks that ``recorder.py`` lists:

- the uploader keeps the device id of ``init``;
- ``setSessionId`` before ``init`` is lost, does nothing for the very same number, and where the session is not sampled
  it goes on recording into the one before;
- ``start`` does not ask for the configuration again;
- ``stop`` and ``shutdown`` hand over to the uploader what has been gathered;
- the uploader waits where Amplitude has told it to slow down, and ``flush`` does not;
- ``shutdown`` cannot be undone but by ``init``, and loses what was still to be gathered; ``init`` what was not sent;
- ``init`` is done before anything is recorded, and ``getSessionReplayProperties`` answers an id although rrweb never
  came.
"""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from pyscript_replay import bridge
from pyscript_replay.device import REPLAY_ID

from ...runtime import cpython
from .border import error, promise, soon

if TYPE_CHECKING:
    from .browser import Tab

NETWORK = 0.02
GATHERING = 0.04
INTERVAL = 1.0
TRIES = 2  # where an upload fails in a way that passes by itself


class SessionReplay:
    def __init__(self, tab: "Tab") -> None:
        self.tab, self.browser = tab, tab.browser
        self.running: str | None = None  # the replay id under which rrweb records
        self.snapshots: list[str] = []  # of which a full snapshot was taken
        self._uploads_as: Any = None  # the device id of init
        self._device: Any = None
        self._session: Any = None
        self._captures = False  # what the configuration said
        self._initialised = self._enabled = False
        self._run = 0  # counts what was begun, so that what comes late can tell
        self._raw: list[str] = []  # not yet gathered: that waits for an idle moment
        self._gathered: list[str] = []  # not yet handed over to the uploader
        self._queued: list[str] = []
        self._sent_at = 0  # by the page's clock
        self.throttled_until = 0.0  # Amplitude has told it to slow down; in seconds, by the loop
        self._tell: Any = None
        self.options: dict[str, Any] = {}  # those of init
        self.plugin_options: dict[str, Any] = {}  # what the shell's plugin was made with
        self.it: dict[str, Any] = {
            "init": self._init,
            "setSessionId": self._set_session_id,
            "getSessionReplayProperties": self.properties,
            "start": lambda: self._later(self._restart()),
            "stop": self._stop,
            "shutdown": self._shutdown,
            "flush": lambda again: self._later(self._flush(again)),
        }

    def observed(self, options: dict[str, Any], sayings: list, hear: Any) -> dict[str, Any]:
        """``web/page/recorder.js``: the options with a listener."""
        self._tell = hear
        meanings = {reason: text for text, reason in sayings}
        return {**options, "said": lambda reason: hear(self._saying(reason, meanings))}

    def _saying(self, reason: str, meanings: dict[str, str]) -> dict[str, Any]:
        return {"what": "said", "reason": reason, "detail": meanings[reason], "fix": None}

    def _later(self, doing: Coroutine[Any, Any, Any]) -> dict[str, Any]:
        return {"promise": promise(doing)}

    def properties(self) -> dict[str, str]:
        records = self._enabled and self._captures and self._session and self.browser.sampled
        if records and self.running:
            self._record_call()
        return {REPLAY_ID: f"{self._device}/{self._session}"} if records else {}

    def _record_call(self) -> None:
        """That it was asked for properties is recorded, too; what was gathered before that is sent."""
        if self.browser.now() - self._sent_at < INTERVAL * 1000:
            return
        self._sent_at = self.browser.now()
        self._queued += self._gathered
        self._gathered = [f"{self._uploads_as}/{self._session}"]
        self.tab.spawn(self._send_in_turn())

    def _init(self, api_key: str, options: dict[str, Any]) -> dict[str, Any]:
        assert isinstance(options["deviceId"], str)
        self.options = options
        self._uploads_as = self._device = options["deviceId"]
        self._session = options.get("sessionId")
        self._initialised, self._enabled, self._captures = False, True, False
        self._queued = []
        self.browser.sdk_stores.add(f"AMP_remote_config_{api_key[:10]}")
        return self._later(self._begin())

    async def _begin(self) -> None:
        await self._configure()
        self._initialised = True
        await self._start()

    async def _configure(self) -> None:
        status = self.browser.config
        self.browser.contact(self.tab, "config")
        await asyncio.sleep(NETWORK)
        self._captures = status == 200
        self._tell({"what": "config", "status": status, "present": status == 200, "detail": str(status)})

    async def _restart(self) -> None:
        self._enabled = True
        await self._start()

    async def _start(self) -> None:
        if not self._initialised or not self._enabled or not self._session:
            return
        if not self.browser.sampled:
            self.options["said"]("sampled-out")
            return
        if not self._captures:
            self.options["said"]("capture-off")
            return
        self._run += 1
        run = self._run
        replay_id = f"{self._device}/{self._session}"
        soon(self.tab, lambda: self.tab.spawn(self._record(run, replay_id)))

    async def _record(self, run: int, replay_id: str) -> None:
        await asyncio.sleep(NETWORK)
        if run != self._run:
            return
        recorder = "there" if self.tab.has_recorder else self.browser.recorder
        if recorder == "hanging":
            return
        if recorder == "missing":
            self.options["said"]("no-recorder")
            return
        self.tab.has_recorder = True
        if self.running:
            self.end()
        self.running = replay_id
        self.snapshots.append(replay_id)
        self._raw.append(f"{self._uploads_as}/{self._session}")
        self._tell({"what": "snapshot"})
        await asyncio.sleep(GATHERING)
        self._gathered += self._raw
        self._raw = []
        self._queued += self._gathered
        self._gathered = self._gathered[-1:]  # what it then says of itself
        await asyncio.sleep(INTERVAL)
        await self._send_in_turn()

    def _set_session_id(self, session_id: Any) -> dict[str, Any]:
        assert isinstance(session_id, int) and session_id
        before = self._session
        moves = self._initialised and session_id != before
        if moves:
            self._session = session_id
        return self._later(self._moved(session_id, before) if moves else done())

    async def _moved(self, session_id: int, before: Any) -> None:
        if before:
            await self._configure()
        if self._session == session_id:
            await self._start()

    def _stop(self) -> None:
        self._run += 1
        self._enabled = False
        if self.running:
            self.end()
        if self._gathered:
            self._queued += self._gathered
            self._gathered = []
            self.tab.spawn(self._send_in_turn())

    def end(self) -> None:
        """rrweb stops: it was told to, or Amplitude does not want this session."""
        self.running = None
        self._tell({"what": "ended"})

    def _shutdown(self) -> None:
        self._stop()
        self._raw = []
        self._initialised = False

    async def _flush(self, again: Any) -> None:
        assert again is False  # whether to send once more what has failed
        await self._send()

    async def _send_in_turn(self) -> None:
        await asyncio.sleep(max(0.0, self.throttled_until - self.browser.loop.time()))
        await self._send()

    async def _send(self) -> None:
        sent, self._queued = self._queued, []
        self._sent_at = self.browser.now()
        for replay_id in sent:
            self.browser.uploads.append(replay_id)
            self.browser.contact(self.tab, "upload")
            for _ in range(TRIES):
                status = self.browser.upload
                if status == 200:
                    self.browser.kept.append(replay_id)
                await asyncio.sleep(NETWORK)
                self._tell({"what": "upload", "status": status, "skipped": "", "detail": str(status)})
                if status < 500:
                    break

    def leave(self) -> None:
        """The page is left."""
        self.running = None


async def done() -> None:
    """There is nothing to do."""


def shell_module(tab: "Tab") -> dict[str, Any]:
    """The bundle's Browser SDK with its replay plugin (classic-cloud)."""

    def instance() -> dict[str, Any]:
        tab.shell = Shell()
        return tab.shell.it

    def plugin(options: dict[str, Any]) -> dict[str, Any]:
        tab.sdk.plugin_options = options
        return {"name": "session-replay", "sessionReplay": tab.sdk.it}

    return {"amplitude": {"createInstance": instance}, "sessionReplayPlugin": plugin}


class Shell:
    """Hands a changed session on to the plugin, but no changed device; a destination of its own it has, unless a
    plugin of that name is there first. That the plugin's SDK could not begin, the plugin tells nobody.
    """

    def __init__(self) -> None:
        self._plugins: list[dict[str, Any]] = []
        self._ids: dict[str, Any] = {}
        self._initialised = False
        self.options: dict[str, Any] = {}
        self.it: dict[str, Any] = {
            "add": self._add,
            "remove": self._remove,
            "init": self._init,
            "setDeviceId": lambda device_id: self._ids.update(deviceId=device_id),
            "setSessionId": self._set_session_id,
        }

    def _add(self, plugin: dict[str, Any]) -> dict[str, Any]:
        self._plugins.append(plugin)
        if plugin.get("type") == "destination":
            plugin["setup"]({}, self.it)
        return {"promise": promise(self._set_up([plugin] if self._initialised else []))}

    def _init(self, api_key: str, options: dict[str, Any]) -> dict[str, Any]:
        if "amplitude" not in [plugin["name"] for plugin in self._plugins]:
            raise error("its own destination delivers what Segment delivers")
        self._api_key, self.options = api_key, options
        self._ids = {"deviceId": options["deviceId"], "sessionId": options["sessionId"]}
        self._initialised = True
        return {"promise": promise(self._set_up(self._plugins))}

    async def _set_up(self, plugins: list[dict[str, Any]]) -> None:
        for plugin in plugins:
            if "sessionReplay" in plugin:
                given = {name: value for name, value in self._ids.items() if value is not None}
                begun = plugin["sessionReplay"]["init"](self._api_key, given)
                with contextlib.suppress(bridge.JsError):
                    await cpython.settle(cpython.box(begun["promise"]))

    def track(self, event: dict[str, Any]) -> dict[str, Any]:
        """An event goes to each destination; what each answers, by its name."""
        destinations = [plugin for plugin in self._plugins if plugin.get("type") == "destination"]
        return {plugin["name"]: plugin["execute"](event) for plugin in destinations}

    def _remove(self, name: str) -> dict[str, Any]:
        async def removed() -> None:
            for plugin in [each for each in self._plugins if each["name"] == name]:
                self._plugins.remove(plugin)
                plugin["sessionReplay"]["shutdown"]()

        return {"promise": promise(removed())}

    def _set_session_id(self, session_id: Any) -> None:
        self._ids["sessionId"] = session_id
        for plugin in self._plugins:
            if "sessionReplay" in plugin and session_id:
                plugin["sessionReplay"]["setSessionId"](session_id)
