"""amplitude-js 5.2.2 in memory, with what ``web/page/classic_device.js`` makes of it.

- Ids are kept in a cookie, which is read again before each event; without a type there is no event, only the reading.
- A session begins with ``init`` or with a logged event, when the last event is more than 30 minutes ago, never else.
- The device id is its own, and is not Segment's anonymous id.
"""

from typing import TYPE_CHECKING, Any

from .clock import MINUTE

if TYPE_CHECKING:
    from .browser import Tab

TIMEOUT = 30 * MINUTE
DEVICE = "amplitude-device-R"


class AmplitudeJs:
    def __init__(self, tab: "Tab") -> None:
        self.browser, self.tab = tab.browser, tab
        self.ready = False
        self._observed = False

    @property
    def _cookie(self) -> dict[str, Any]:
        return self.browser.amplitude_cookie

    def init(self) -> None:
        self._cookie.setdefault("device_id", DEVICE)
        self._begin_if_over()
        self.ready = True
        self.tab.watch.met_amplitude()

    def now(self) -> dict[str, Any]:
        """What it is asked for facts."""
        cookie = self._cookie
        return {
            "session_id": cookie.get("session_id"),
            "device_id": cookie.get("device_id"),
            "last_event_time": cookie.get("last_event_time"),
            "session_timeout": TIMEOUT,
        }

    def tell(self, ids: dict[str, Any]) -> None:
        if ids.get("device_id"):
            self._cookie["device_id"] = ids["device_id"]
        if ids.get("session_id"):
            self._cookie.update(session_id=ids["session_id"], last_event_time=self.browser.now())

    def log(self, event: dict[str, Any]) -> None:
        event["session_id"] = event["device_id"] = None
        if not self.ready:
            return
        if event["type"] in ("track", "identify", "group"):
            self._begin_if_over()
        event["session_id"], event["device_id"] = self._cookie["session_id"], self._cookie["device_id"]
        self.tab.do(self.tab.watch.logged)

    def _begin_if_over(self) -> None:
        cookie, now = self._cookie, self.browser.now()
        last = cookie.get("last_event_time")
        if not cookie.get("session_id") or last is None or now - last > TIMEOUT:
            cookie["session_id"] = now
        cookie["last_event_time"] = now
