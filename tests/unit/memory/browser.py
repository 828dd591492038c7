"""What the tabs of one browser share in memory: the clock, storage, the visitor, and the servers they talk to.

A story runs inside ``run(story)``. What was delivered, logged, recorded and uploaded is kept here for it.
"""

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from types import SimpleNamespace as Box
from typing import Any, TypeVar

from pyscript_replay import bridge, connect, tag
from pyscript_replay.device import REPLAY_ID

from ...runtime import cpython
from . import border
from .amplitude_js import AmplitudeJs
from .analytics import Analytics
from .clock import Clock, Loop
from .facade import Facade
from .session_replay import SessionReplay, shell_module
from .watch import ANONYMOUS_ID, Watch

API_KEY = "0123456789abcdef"
SESSION, LAST_ACCESS = "analytics_session_id", "analytics_session_id.last_access"
SESSIONS = {
    "partnerAction": "sessionId",
    "enabled": True,
    "subscribe": 'type = "track" or type = "page" or type = "identify"',
}
ACTIONS = {
    "creationName": "Actions Amplitude",
    "name": "Amplitude (Actions)",
    "settings": {"subscriptions": [SESSIONS]},
}
SETTINGS = {
    "actions": {"integrations": {}, "remotePlugins": [ACTIONS]},
    "classic-device": {"integrations": {"Amplitude": {"type": "browser"}}},
    "classic-cloud": {"integrations": {"Amplitude": {"bundlingStatus": "unbundled"}}},
}
PLUGINS = {
    "actions": ["Segment.io", "Actions Amplitude"],
    "classic-device": ["Segment.io", "Amplitude"],
    "classic-cloud": ["Segment.io"],
}


class Browser:
    """Attributes that a story may change:

    - ``config`` and ``upload`` are the servers' answers, as statuses;
    - ``recorder`` is how rrweb-record comes (``there``, ``missing`` or ``hanging``);
    - ``sampled``: whether Amplitude's sampling takes a session;
    - ``sdk_load``: the error with which the SDK cannot be loaded;
    - ``json_is_patched``: whether the page spoils ``JSON.stringify``;
    - ``brings_amplitude``: whether Segment loads amplitude-js;
    - ``has_plugin``: whether Segment has its plugin for Amplitude (Actions);
    - ``settings`` and ``plugins`` are what Segment loads, ``reach`` is what keeps the visitor from Amplitude.
    """

    def __init__(self, loop: Loop, mode: str) -> None:
        self.loop, self.mode = loop, mode
        self.clock = Clock(loop)
        self.storage: dict[str, Any] = {}
        self.sdk_stores: set[str] = set()
        self.visitor, self.user_id, self.group_id = "visitor-0", "", ""
        self.visitors = ["visitor-0"]
        self.amplitude_cookie: dict[str, Any] = {}
        self.config, self.upload, self.recorder = 200, 200, "there"
        self.sampled = True
        self.sdk_load: dict[str, str] | None = None
        self.json_is_patched = False
        self.brings_amplitude = self.has_plugin = True
        self.settings: dict[str, Any] = SETTINGS[mode]
        self.plugins = PLUGINS[mode]
        self.reach: dict[str, Any] = {}
        self.delivered: list[dict[str, Any]] = []
        self.logged: list[dict[str, Any]] = []
        self.uploads: list[str] = []
        self.kept: list[str] = []  # those that were taken
        self.requests: list[str] = []
        self.tabs: list[Tab] = []

    def now(self) -> int:
        return self.clock.now()

    def write(self, tab: "Tab | None", key: str, value: Any) -> None:
        """Store a value, or delete it; the other tabs hear of a change. A tab also keeps what it has written itself."""
        if tab:
            tab.kept[key] = value
        if self.storage.get(key) == value:
            return
        if value is None:
            self.storage.pop(key, None)
        else:
            self.storage[key] = value
        self.changed(tab, key)

    def changed(self, by: "Tab | None", key: str) -> None:
        """Tell the other tabs; of a new anonymous id the tab itself hears, too, by the Cookie Store."""
        for tab in self.tabs:
            if tab is not by or key == ANONYMOUS_ID:
                border.soon(tab, lambda tab=tab: (tab.facade.stored(key), tab.watch.stored(key)))

    def deliver(self, event: dict[str, Any]) -> None:
        """An event has reached Segment's server, and with it Amplitude."""
        self.delivered.append(event)

    def contact(self, tab: "Tab", what: str) -> None:
        """Amplitude is asked for its configuration, or is sent a recording."""
        self.requests.append(what)

    def new_visitor(self) -> str:
        self.visitors.append(f"visitor-{len(self.visitors)}")
        return self.visitors[-1]

    def blank(self, segment: bool = True) -> "Tab":
        """A page without our tag in a new tab."""
        tab = Tab(self, {})
        self.tabs.append(tab)
        if segment:
            border.soon(tab, tab.bring_segment)
        return tab

    async def open(self, **attributes: Any) -> "Tab":
        """Open a page with our tag in a new tab, and wait until it is ready, or cannot be."""
        tab = self.begin(**attributes)
        await pause(1)
        return tab

    def begin(self, segment: bool = True, place: int | None = None, **attributes: Any) -> "Tab":
        """The same without waiting; ``segment=False``: the page's Segment comes later, by ``tab.bring_segment()``.

        ``place`` is the tab's among the others, at their end where it is a new one.
        """
        tab = Tab(self, attributes)
        self.tabs.insert(len(self.tabs) if place is None else place, tab)
        border.soon(tab, tab.begin)
        if segment:
            border.soon(tab, tab.bring_segment)
        return tab


class Tab:
    """One page in a tab."""

    def __init__(self, browser: Browser, attributes: dict[str, Any]) -> None:
        self.browser = browser
        self.attributes = {
            "mode": browser.mode,
            "api-key": API_KEY,
            "sample-rate": "1",
            **{name.replace("_", "-"): text for name, text in attributes.items()},
        }
        self.given = attributes
        self.address = "https://shop.example/"
        self.closed = self.claimed = self.booted = False
        self.has_recorder = False  # rrweb-record has come: its file is not asked for again
        self.parses = False  # the document is not complete yet
        self.watched: Any = None  # the global in which Segment is looked for
        self.errors: list[str] = []
        self.warnings: list[str] = []
        self.tasks: set[asyncio.Task] = set()
        self.kept: dict[str, Any] = {}  # in Segment's third place for it: the page's memory
        self.context = contextvars.copy_context()
        self.context.run(border.here.set, self)
        self.facade = Facade(self)
        self.watch = Watch(self)
        self.sdk = SessionReplay(self)
        self.shell: Any = None
        self.brought: Any = None  # the Segment that our tag has brought along
        self.analytics = Analytics(self)
        self.amplitude = AmplitudeJs(self)

    # What the loader does (web/page/tag.js).

    def begin(self) -> None:
        self.facade.page["serve"]({"load": self._load, "release": self.watch.release})
        self.facade.open(self.attributes.get("consent", "granted"))

    def _load(self) -> None:
        self.watch.hold_events()
        if not self.booted:
            self.booted = True
            self.has_recorder = self.browser.recorder == "there"
            self.spawn(tag.main())

    async def load(self, name: str) -> Box:
        """One of the bundle's SDKs."""
        if self.browser.sdk_load:
            return cpython.failure(border.error(**self.browser.sdk_load))
        return cpython.answer(shell_module(self) if name == "amplitude" else self.sdk.it)

    # What the page has seen (web/page/doctor.js).

    def seen(self) -> dict[str, Any]:
        browser = self.browser
        facts = ("name", "type", "session_id", "device_id")
        return {
            "recorders": 1,
            "segment": "1.84.3",
            "config": {"status": browser.config, "present": browser.config == 200},
            "recorded_ms": 60_000,
            "events": [
                {
                    **{fact: event[fact] for fact in facts},
                    "replay_id": event["properties"].get(REPLAY_ID),
                    "allowed": not event["excluded"],
                }
                for event in browser.delivered
                if event["tab"] is self
            ],
            "uploads": [
                {"status": browser.upload, "skipped": "", "device_id": device_id, "session_id": int(session_id)}
                for device_id, session_id in (sent.split("/") for sent in browser.uploads)
            ],
        }

    # What a story does.

    async def connect(self, **options: Any) -> Any:
        """The page's own Python calls ``connect()``, in place of a tag."""
        self.facade.page["serve"]({"release": self.watch.release})
        self.watch.hold_events()
        options = {"mode": self.browser.mode, "api_key": API_KEY, "sample_rate": 1, **options}
        return await self.run(lambda: connect(**options))

    async def run(self, call: Callable[[], Any]) -> Any:
        """The page's own Python calls something, and awaits it."""

        async def whole() -> Any:
            return await call()

        return await self.browser.loop.create_task(whole(), context=self.context)

    def bring_segment(self) -> None:
        self.analytics.load()

    def stored(self, key: str) -> Any:
        """As Segment's storage answers: from its first place that has something."""
        found = self.browser.storage.get(key)
        return self.kept.get(key) if found is None else found

    @property
    def status(self) -> str:
        return self.facade.it["status"]

    @property
    def recording(self) -> bool:
        return self.facade.it["recording"]

    @property
    def session_id(self) -> Any:
        return self.facade.it["sessionId"]

    @property
    def replay_id(self) -> Any:
        return self.facade.it["replayId"]

    def do(self, call: Callable[..., Any], *args: Any) -> None:
        """Have the page itself call something."""
        border.soon(self, lambda: call(*args))

    def spawn(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        self.browser.loop.create_task(coroutine, context=self.context)

    def close(self) -> None:
        """The tab is closed, or left: nothing runs in it any more."""
        self.closed = True
        self.browser.tabs.remove(self)
        for task in self.tasks:
            task.cancel()
        self.sdk.leave()

    async def reload(self) -> "Tab":
        self.close()
        return await self.browser.open(**self.given)

    async def track(self, name: str = "Clicked", **more: Any) -> dict[str, Any]:
        """Track an event, and wait until it is delivered."""
        self.do(lambda: self.analytics.event("track", name, {}, **more))
        before = len(self.browser.delivered)
        await pause(5)
        assert len(self.browser.delivered) == before + 1
        return self.browser.delivered[-1]


async def pause(seconds: float) -> None:
    """Let so much time pass, in which whatever is due happens."""
    await asyncio.sleep(seconds)


B = TypeVar("B", bound=Browser)


def run(mode: str, story: Callable[[B], Coroutine[Any, Any, None]], kind: type[B] = Browser) -> None:
    """Run a story in a browser of its own. What nobody caught fails it."""
    loop = Loop()

    def task(loop: Any, coroutine: Any, context: contextvars.Context | None = None) -> asyncio.Task:
        made = asyncio.Task(coroutine, loop=loop, context=context)
        tab = (context or contextvars.copy_context()).get(border.here)
        if tab is not None:
            tab.tasks.add(made)
            made.add_done_callback(tab.tasks.discard)
            if tab.closed:
                made.cancel()
        return made

    loop.set_task_factory(task)  # pyright: ignore[reportArgumentType]
    browser = kind(loop, mode)

    async def whole() -> None:
        await story(browser)
        for tab in list(browser.tabs):
            tab.close()
        await pause(1)

    bridge._border, before = border.Border(), bridge._border
    try:
        loop.run_until_complete(whole())
        assert not loop.failures, loop.failures
    finally:
        bridge._border = before
        loop.close()
