"""Plays the steps of a history (``tests/histories.py``) in a real browser, with the real SDKs.

Time is the page's: Playwright's clock passes it, and is read by nobody else.
"""

import time
from collections.abc import Sequence
from typing import Any

from playwright.sync_api import Page as BrowserPage
from playwright.sync_api import Route

from pyscript_replay.device import REPLAY_ID

from ..histories import EXCLUDED, Event, Names, Page, Seen, Step
from .conftest import Site

MINUTE = 60_000
RECORDER = "**/rrweb-record-min.js"
CONFIG, UPLOAD = "/amplitude/session-replay/config", "/amplitude/session-replay/track"
TURNS = 2  # so many without a request, and none under way: nothing is going on
PARTS = (0.01, 0.05, 0.24, 0.7)  # of the time that passes; between them, what it has begun is awaited
PATIENCE_S = 60
FLUSHES = {"flushIntervalConfig": {"minIntervalMs": 1000, "maxIntervalMs": 2000}}  # one upload of what begins together

# A turn: what a page has begun goes on for so many milliseconds of its own, however busy the machine is. Answers
# whether Python is still on its way, which is no request.
TURN = """() => new Promise((resolve) => setTimeout(() => {
  const { status, runtime } = window.pyscriptReplay ?? {};
  resolve(status === "loading" && !runtime);
}, 12))"""

# Cookies are over by the browser's own clock, which is not moved: one that the page lets expire would stay, empty.
COOKIES = """{
  const { get, set } = Object.getOwnPropertyDescriptor(Document.prototype, "cookie");
  const over = (cookie) => Date.parse(/;\\s*expires=([^;]*)/i.exec(cookie)?.[1]) < Date.now();
  Object.defineProperty(Document.prototype, "cookie", {
    configurable: true,
    get,
    set(cookie) {
      set.call(this, over(cookie) ? `${cookie}; max-age=0` : cookie);
    },
  });
}"""

# As another tab would: the page hears of it.
STORE = """([id, now]) => {
  for (const [name, value] of [["analytics_session_id", id], ["analytics_session_id.last_access", now]]) {
    const cookie = (text) => (document.cookie = `${name}=${text}; path=/`);
    if (id === null) localStorage.removeItem(name), cookie("; max-age=0");
    else localStorage.setItem(name, JSON.stringify(value)), cookie(value);
  }
}"""
LOOK = """() => {
  const { status, recording, deviceId, sessionId } = window.pyscriptReplay;
  return [{ status, recording, deviceId, sessionId }, heard.session, heard.error.map(({ code }) => code)];
}"""


class Player:
    """Each step is a method of its name."""

    def __init__(self, site: Site, mode: str, runtime: str) -> None:
        self.site, self.mode, self.runtime = site, mode, runtime
        self.tabs: list[BrowserPage] = []
        self._recorder = "there"
        self._count = self._called = self._asked = 0
        self._under_way: set[Any] = set()
        self._intercepted = False
        context = site.context
        context.clock.install()
        context.add_init_script(COOKIES)
        context.on("request", self._begun)
        context.on("requestfinished", self._over)
        context.on("requestfailed", self._over)

    def play(self, step: Step) -> None:
        tab = self.tabs[step.tab % len(self.tabs)] if self.tabs else None
        getattr(self, step.name)(tab, step.what)
        self._pass(step.seconds)

    # The steps.

    def open(self, _: BrowserPage | None, consent: str) -> None:
        site = self.site
        site.file("blank.html", "<!doctype html>")
        site.options = FLUSHES
        site.open(self.mode, (self.runtime, "npm", "tag"), wait=False, consent=consent)
        self.tabs.append(site.page)

    def another_tab(self, tab: BrowserPage, _: None) -> None:
        if len(self.tabs) < 2:
            page = self.site.context.new_page()
            self.site.watch(page)
            page.goto(tab.url)
            self.tabs.append(page)

    def event(self, tab: BrowserPage, kind: str) -> None:
        self._call(tab, [kind, self._name()])

    def excluded(self, tab: BrowserPage, kind: str) -> None:
        self._call(tab, [kind, self._name(), {}, {"integrations": EXCLUDED}])

    def burst(self, tab: BrowserPage, count: int) -> None:
        self._call(tab, *[["track", self._name()] for _ in range(count)])

    def late(self, tab: BrowserPage, count: int) -> None:
        before = [["track", self._name()] for _ in range(count)]
        self._call(tab, *before, ["reset"], ["track", self._name()])

    def through_us(self, tab: BrowserPage, _: None) -> None:
        self._called += 1
        tab.evaluate("(name) => void pyscriptReplay.track(name, {})", self._name())

    def reset(self, tab: BrowserPage, _: None) -> None:
        self._call(tab, ["reset"])

    def identify(self, tab: BrowserPage, user: str) -> None:
        self._call(tab, ["identify", user])

    def idle(self, _: BrowserPage, minutes: int) -> None:
        self.site.context.clock.fast_forward(minutes * MINUTE)

    def clock(self, tab: BrowserPage, minutes: int) -> None:
        self.site.context.clock.set_system_time((self._now(tab) + minutes * MINUTE) / 1000)

    def reload(self, tab: BrowserPage, _: None) -> None:
        self._settle()
        tab.reload()

    def stop(self, tab: BrowserPage, _: None) -> None:
        tab.evaluate("() => void pyscriptReplay.stop()")

    def start(self, tab: BrowserPage, _: None) -> None:
        tab.evaluate("() => void pyscriptReplay.start().catch(() => {})")

    def flush(self, tab: BrowserPage, _: None) -> None:
        tab.evaluate("() => void pyscriptReplay.flush()")

    def storage(self, tab: BrowserPage, what: Any) -> None:
        now = self._now(tab)
        stranger = self.site.context.new_page()
        stranger.goto(self.site.address("blank.html"))
        stranger.evaluate(STORE, [now + what if isinstance(what, int) else what, now])
        stranger.close()

    def recorder(self, _: BrowserPage, how: str) -> None:
        self._recorder = how
        if not self._intercepted:  # only now: from then on, Playwright keeps every file out of the browser's cache
            self.site.context.route(RECORDER, self._record)
            self._intercepted = True

    def config(self, _: BrowserPage, status: int) -> None:
        self._answer(CONFIG, status)

    def upload(self, _: BrowserPage, status: int) -> None:
        self._answer(UPLOAD, status)

    # How they are done.

    def _name(self) -> str:
        self._count += 1
        return f"Event {self._count}"

    def _call(self, tab: BrowserPage, *calls: list[Any]) -> None:
        self._called += sum(call[0] != "reset" for call in calls)
        tab.evaluate("(calls) => { for (const [method, ...args] of calls) void analytics[method](...args); }", calls)

    def _now(self, tab: BrowserPage) -> int:
        return tab.evaluate("Date.now()")

    def _answer(self, path: str, status: int) -> None:
        faults = self.site.server.faults
        faults[:] = [fault for fault in faults if fault.path != path]
        if status != 200:
            self.site.server.fault(path, status, times=1000)

    def _record(self, route: Route) -> None:
        if self._recorder == "there":
            route.continue_()
        else:
            route.fulfill(status=404)

    # Time.

    def _pass(self, seconds: float) -> None:
        """What is under way is over before time goes on: in a story, the network is faster than any timer."""
        self._settle()
        for part in PARTS if seconds else ():
            self.site.context.clock.run_for(round(seconds * 1000 * part))
            self._settle()

    def _settle(self) -> None:
        end, quiet = time.monotonic() + PATIENCE_S, 0
        while quiet < TURNS:
            assert time.monotonic() < end, (
                f"{len(self._under_way)} requests are under way\n{self.site.replay.time_line}"
            )
            asked = self._asked
            going_on = any([tab.evaluate(TURN) for tab in self.tabs]) or self._under_way or self._asked > asked
            quiet = 0 if going_on or len(self.site.events) < self._called else quiet + 1

    def _begun(self, request: Any) -> None:
        self._asked += 1
        self._under_way.add(request)

    def _over(self, request: Any) -> None:
        self._under_way.discard(request)

    # What is seen.

    def seen(self, names: Names, before: int) -> Seen:
        """``before``: how many events had arrived before."""
        arrived = sorted(self.site.events[before:], key=_number)
        events = tuple(self._event(names, each) for each in arrived)
        pages = tuple(self._page(names, tab) for tab in self.tabs)
        uploads = [f"{each.device_id}/{each.session_id}" for each in self.site.replay.uploads]
        return Seen(events, pages, names.recordings(uploads))

    def _event(self, names: Names, message: dict[str, Any]) -> Event:
        name = _name(message)
        carried = message.get("properties", {}).get(REPLAY_ID)
        if self.mode != "classic-device":
            destination = "Actions Amplitude" if self.mode == "actions" else "Amplitude"
            given = (message.get("integrations") or {}).get(destination)
            session = given.get("session_id") if isinstance(given, dict) else None
            return names.event(name, message["anonymousId"], session, carried)
        logged = [each for each in self.site.server.store.amplitude_events() if each["event_type"] == name]
        ids = (logged[0]["device_id"], logged[0]["session_id"]) if logged else (None, None)
        return names.event(name, *ids, carried)

    def _page(self, names: Names, tab: BrowserPage) -> Page:
        return names.page(*tab.evaluate(LOOK))


def _name(message: dict[str, Any]) -> str:
    named = {"track": "event", "page": "name", "identify": "userId", "group": "groupId"}
    return message[named[message["type"]]]


def _number(message: dict[str, Any]) -> int:
    """Of the call; that they arrive in its order is tested elsewhere."""
    digits = _name(message).removeprefix("Event ")
    return int(digits) if digits.isdigit() else 0


def told(site: Site, mode: str, steps: Sequence[Step], runtime: str = "micropython") -> list[Seen]:
    """What becomes of a real page, step by step. The page has Segment itself, and our tag."""
    player, names, tale = Player(site, mode, runtime), Names(), []
    for step in steps:
        before = len(site.events)
        player.play(step)
        tale.append(player.seen(names, before))
    return tale
