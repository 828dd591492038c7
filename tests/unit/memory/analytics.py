"""analytics-next in memory: an event passes the hold, the enrichments and the destinations, in this order.

- Each event has a way of its own, begun at its call; the hold is awaited.
- Segment's session plugin (Actions) is an enrichment, and runs before those of the page. It takes whatever is stored
  for an id, unless it has been idle for 30 minutes, and stores it again; an event that excludes its destination moves
  the session, too, and does not carry its id.
- ``reset()``, and ``identify()`` of another user, forget the anonymous id; the session id survives both. Whoever asks
  for it next, an event or our watch, gets a new one, or that of before in a tab which has asked before. So it is with
  the user id. A ``group()`` of another group forgets the stored anonymous id, too, and not the page's memory of it.
- An event keeps the anonymous id of when it was made.
"""

import asyncio
from typing import TYPE_CHECKING, Any

from .clock import MINUTE
from .watch import ANONYMOUS_ID

if TYPE_CHECKING:
    from .browser import Tab

LENGTH = 30 * MINUTE
SESSION, LAST_ACCESS = "analytics_session_id", "analytics_session_id.last_access"
ACTIONS = "Actions Amplitude"


class Analytics:
    def __init__(self, tab: "Tab") -> None:
        self.tab, self.browser = tab, tab.browser
        self.loaded = False
        self._before: list[tuple] = []  # calls before it had loaded
        self.count = 0
        self._remembered = self._remembered_user = ""

    @property
    def visitor(self) -> str:
        """The anonymous id: of storage, else of the page's memory, else a new one."""
        browser = self.browser
        if not browser.visitor:
            browser.visitor = self._remembered or browser.new_visitor()
            browser.changed(self.tab, ANONYMOUS_ID)
        self._remembered = browser.visitor
        return browser.visitor

    def load(self) -> None:
        self.loaded = True
        self.tab.watch.found()
        if self.browser.mode == "classic-device" and self.browser.brings_amplitude:
            self.tab.do(self.tab.amplitude.init)
        for call, args, more in self._before:
            self._made(call, *args, **more)

    def event(self, kind: str, *args: Any, **more: Any) -> None:
        if self.loaded:
            self._made(kind, *args, **more)
        else:
            self._before.append((kind, args, more))

    def reset(self) -> None:
        self.browser.user_id = self._remembered_user = self.browser.group_id = ""
        self._another()
        self.tab.watch.reset()

    def identify(self, user_id: str) -> None:
        self.event("identify", user_id)

    def _another(self) -> None:
        self.browser.visitor = self._remembered = ""

    def _made(
        self,
        kind: str,
        name: str,
        properties: dict | None = None,
        integrations: dict | None = None,
        names_device: str | None = None,
    ) -> None:
        user = self.browser.user_id or self._remembered_user
        if kind == "identify":
            if user not in ("", name):
                self._another()
            user = name
        self.browser.user_id = self._remembered_user = user
        if kind == "group":
            if self.browser.group_id not in ("", name):
                self.browser.visitor = ""
            self.browser.group_id = name
        self.count += 1
        event = {
            "message_id": f"{id(self.tab)}-{self.count}",
            "number": self.count,
            "tab": self.tab,
            "type": kind,
            "name": name,
            "anonymous_id": self.visitor,
            "properties": dict(properties or {}),
            "integrations": dict(integrations or {}),
            "made": self.browser.now(),
            "excluded": False in (integrations or {}).values(),
            "names_device": names_device,
        }
        self.tab.spawn(self._deliver(event))

    async def _deliver(self, event: dict[str, Any]) -> None:
        came = self.browser.loop.time()
        await self.tab.watch.hold(event)
        if self.browser.mode == "actions":
            self._session_plugin(event)
        await self.tab.watch.view(event)
        event["recorded"], event["live"] = self.tab.sdk.running, self.tab.facade.live
        await asyncio.sleep(0)
        if self.browser.mode == "classic-device" and event["integrations"].get("Amplitude", True):
            self.tab.amplitude.log(event)
        elif self.browser.mode != "classic-device":
            name = ACTIONS if self.browser.mode == "actions" else "Amplitude"
            event["session_id"] = (event["integrations"].get(name) or {}).get("session_id")
            event["device_id"] = event["anonymous_id"]
        event["delayed"] = round((self.browser.loop.time() - came) * 1000)
        self.browser.deliver(event)

    def _session_plugin(self, event: dict[str, Any]) -> None:
        if not self.browser.has_plugin:
            return
        now = self.browser.now()
        stored, access = self.tab.stored(SESSION), self.tab.stored(LAST_ACCESS)
        if stored is None or access is None or now - access >= LENGTH:
            stored = now
        self.browser.write(self.tab, SESSION, stored)
        self.browser.write(self.tab, LAST_ACCESS, now)
        if event["integrations"].get(ACTIONS) is not False:
            event["integrations"][ACTIONS] = {"session_id": stored}
