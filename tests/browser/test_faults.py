"""One request of a page goes wrong: the table of ``tests/faults.py``, held against a real page.

The page, our bundle, Segment and Amplitude are on four origins. The page's clock moves only when it is moved here, so
"at most ``data-hold-ms``" means that, however slow the machine is.
"""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import APIResponse, Request, Route

from tests import faults
from tests.faults import FAULTS, MODES, NO_ROLE, ROLES, RUNTIMES, TABLE, Outcome

from .conftest import CSP, NPM, Site

REPLAY_ID = "[Amplitude] Session Replay ID"
HOLD_MS = 500
SLOW_MS = 1000
STEP_MS, LEAP_MS = 50, 500
QUIET_STEPS = 6
"""After so many steps in which nothing happens, time may leap."""
SLACK_MS = 150
"""What Segment itself takes for an event, in turns of the page's clock."""

# Events of before the tag; and when, by the page's clock, Segment was there, and each event was tracked and sent.
PAGE = "window.analytics ||= []; analytics.push(['track', 'one'], ['track', 'two']);"
TAKE_OVER = "for (const [call, name] of early) if (call === 'track') analytics.track(name);"
WATCH = """
window.times = { tracked: {}, sent: {} };
{
  const { fetch } = window;
  window.fetch = (...args) => {
    if (String(args[0]).endsWith("/v1/t")) times.sent[JSON.parse(args[1].body).event] = performance.now();
    return fetch(...args);
  };
}
"""
LOOK = """(() => {
  if ((window.analytics?.instance ?? window.analytics)?.initialized) times.ready ??= performance.now();
  const { status, runtime, recording } = window.pyscriptReplay ?? {};
  return { ready: "ready" in times, sent: Object.keys(times.sent).length, status, runtime, recording,
           errors: heard.error.length };
})()"""


class Visit:
    """A visit to a page of which requests in one ``role`` go wrong."""

    def __init__(self, site: Site, mode: str, runtime: str, role: str = "", fault: str = "") -> None:
        self.site, self.mode, self.runtime, self.role, self.fault = site, mode, runtime, role, fault
        self.asked: list[str] = []
        self._names = ["one", "two"]
        self._now = 0
        self._quiet = 0
        self._hanging: list[Route] = []
        self._late: list[tuple[int, Route]] = []
        self._under_way: set[Request] = set()
        self.seen: dict[str, Any] = {}

    def open(self, ours: bool = True) -> None:
        """Visit the page, with our tag or without; without, and where our loader fails, it has a Segment of its own."""
        site, page, here = self.site, self.site.page, self.site.server.url
        bundle, segment, amplitude = (here.replace("127.0.0.1", f"{name}.localhost") for name in ("b", "s", "a"))
        site.context.grant_permissions(["local-network-access"])  # for the page itself is served by Playwright
        site.context.add_init_script(WATCH)
        page.on("request", self._begun)
        page.on("requestfinished", self._done)
        page.on("requestfailed", self._done)
        if self.role:
            site.context.route(self._goes_wrong, self._answer)
        page.clock.install(time=1_800_000_000)
        page.clock.pause_at(1_800_000_001)

        head = '<script src="page.js"></script>'
        site.file("page.js", PAGE)
        given = {"write_key": self.mode, "segment_cdn": f"{segment}/segment"}
        if not ours or self.role == "our loader":
            own = NPM % {"analytics": site.dist("analytics"), "key": self.mode, "cdn": f"{segment}/segment"}
            site.file("segment.js", f"const early = window.analytics;{own}{TAKE_OVER}")
            head += '<script type="module" src="segment.js"></script>'
            given = {}
        if ours:
            replay = f"{amplitude}/amplitude/session-replay"
            options = {
                **site.replay_options,
                "useWebWorker": self.role in ("", "its worker"),
                "configServerUrl": f"{replay}/config",
                "trackServerUrl": f"{replay}/track",
            }
            tag = site.tag(mode=self.mode, runtime=self.runtime, hold_ms=HOLD_MS, options=options, **given)
            head += tag.replace(f"{here}/dist", f"{bundle}/dist")
        site.show(head, CSP.replace("'self'", f"'self' {bundle} {segment} {amplitude}"))
        page.goto(f"{here}/site/", wait_until="domcontentloaded")

    # What goes wrong.

    def _goes_wrong(self, url: str) -> bool:
        return role_of(url) == self.role

    def _answer(self, route: Route) -> None:
        if self.fault == "hangs":
            self._hanging.append(route)
        elif self.fault == "slow":
            self._late.append((self._now + SLOW_MS, route))
        else:
            ANSWERS[self.fault](route)

    def mend(self) -> None:
        """From here on, nothing goes wrong. What hangs is let go where nobody asks for it anew."""
        self.fault = ""
        self.site.context.unroute(self._goes_wrong)
        if self.seen["status"] == "loading" or self.role == "the uploads":  # of which only so many may be under way
            for route in self._hanging:
                route.continue_()
        if self.seen["status"] == "failed":
            self.site.page.evaluate("void pyscriptReplay.start()")

    # Time, in the page.

    def until(self, met: Callable[[], Any]) -> None:
        """Let time pass until this is so."""
        self.site.wait_for(lambda: self._pass_time() or met(), seconds=90)

    def _pass_time(self) -> None:
        """A little; a leap, where nothing but the fault is waited for."""
        quiet = self._quiet >= QUIET_STEPS
        if quiet:
            self.site.page.clock.fast_forward(LEAP_MS)
        else:
            self.site.page.clock.run_for(STEP_MS)
        self._now += LEAP_MS if quiet else STEP_MS
        for due, route in list(self._late):
            if due <= self._now:
                self._late.remove((due, route))
                route.continue_()
        before, self.seen = self.seen, self.site.page.evaluate(LOOK)
        self._quiet = 0 if self._busy() or self.seen != before else self._quiet + 1

    def _busy(self) -> bool:
        """Whether something is on its way that will come, so that time must not leap."""
        awaited = [each for each in self._under_way if self.fault != "hangs" or role_of(each.url) != self.role]
        if self._late or awaited:
            return True
        if self.seen["ready"] and self.seen["sent"] < len(self._names):
            return True
        boots = self.seen["status"] == "loading" and not self.seen["runtime"]
        return boots and not (self.role and ROLES[self.role].runtime)

    def _begun(self, request: Request) -> None:
        self.asked.append(request.url)
        self._under_way.add(request)

    def _done(self, request: Request) -> None:
        self._under_way.discard(request)

    # What happens in it.

    def track(self, name: str) -> None:
        self._names.append(name)
        self.site.page.evaluate("(it) => { times.tracked[it] = performance.now(); void analytics.track(it) }", name)

    def arrived(self) -> list[str]:
        return [each["event"] for each in self.site.events if each["type"] == "track"]

    def all_arrived(self) -> bool:
        return len(self.arrived()) >= len(self._names)

    def lost_nothing(self) -> bool:
        """Whether all have arrived, once each, and were sent in order. (On their way they may overtake each other.)"""
        return sorted(self.arrived()) == sorted(self._names) and list(self.times()["sent"]) == self._names

    def upload(self) -> None:
        """Something is recorded, and uploaded."""
        self.site.page.fill("#field", f"{self._now}")
        self.answered("pyscriptReplay.flush()")

    def answered(self, call: str) -> Any:
        """What a promise of the page's comes to."""
        self.site.page.evaluate(f"void {call}.then((it) => (window.answer = {{ it }}))")
        self.until(lambda: self.site.page.evaluate("'answer' in window"))
        return self.site.page.evaluate("(({ it }) => (delete window.answer, it))(answer)")

    def times(self) -> dict[str, Any]:
        return self.site.page.evaluate("times")

    def longest_wait(self) -> float:
        """Of an event, since it was tracked and Segment was there."""
        times = self.times()
        return max(sent - max(times["ready"], times["tracked"].get(name, 0)) for name, sent in times["sent"].items())


def role_of(url: str) -> str | None:
    path = urlsplit(url).path
    return next((name for name, role in ROLES.items() if re.fullmatch(role.path, path)), None)


def fetched(route: Route) -> APIResponse:
    """The true answer. (Outside of a browser, hosts below localhost have no address.)"""
    there = urlsplit(route.request.url)
    here = there._replace(netloc=f"127.0.0.1:{there.port}").geturl()
    return route.fetch(url=here, headers={**route.request.headers, "host": there.netloc})


def cut(route: Route) -> None:
    response = fetched(route)
    route.fulfill(response=response, body=response.body()[: len(response.body()) // 2])


def garble(route: Route) -> None:
    response = fetched(route)
    route.fulfill(response=response, body=b"<!doctype html>" + response.body()[15:])


def refuse(route: Route) -> None:
    response = fetched(route)
    allowed = {"access-control-allow-origin": "http://somebody-else.test"}
    route.fulfill(response=response, headers={**response.headers, **allowed})


ANSWERS: dict[str, Callable[[Route], None]] = {
    "404": lambda route: route.fulfill(status=404, headers={"access-control-allow-origin": "*"}),
    "500": lambda route: route.fulfill(status=500, headers={"access-control-allow-origin": "*"}),
    "cut short": cut,
    "wrong bytes": garble,
    "reset": lambda route: route.abort("connectionreset"),
    "CORS": refuse,
}


def cells() -> list[Any]:
    """The whole table with ``-m faults``; in every run, one cell of each row."""
    chosen = {
        (
            ROLES[role].mode or MODES[row % len(MODES)],
            ROLES[role].runtime or RUNTIMES[0],
            role,
            FAULTS[row % len(FAULTS)],
        )
        for row, role in enumerate(ROLES)
    }
    return [
        pytest.param(*cell, id=", ".join(cell), marks=() if cell in chosen else pytest.mark.faults)
        for cell in faults.cells()
    ]


@pytest.mark.parametrize(("mode", "runtime", "role", "fault"), cells())
def test_fault_of_a_request_loses_no_event_and_is_named(
    site: Site, mode: str, runtime: str, role: str, fault: str
) -> None:
    outcome = TABLE[role][FAULTS.index(fault)]
    visit = Visit(site, mode, runtime, role, fault)
    visit.open()
    visit.until(lambda: reached(visit, outcome))
    visit.track("three")
    if outcome.events:
        visit.until(visit.all_arrived)
        assert visit.longest_wait() <= HOLD_MS + SLACK_MS
    assert visit.lost_nothing() if outcome.events else visit.arrived() == []
    assert (REPLAY_ID in site.event("three")["properties"] if outcome.events else False) == outcome.recorded
    if not outcome.recorded and role != "the uploads":
        assert not any(REPLAY_ID in each["properties"] for each in site.events)

    if outcome is faults.ABSENT:
        assert site.page.evaluate("window.pyscriptReplay") is None
    else:
        named(visit, outcome)
    assert site.errors == ([outcome.code] if outcome.code else [])
    damaged = ROLES[role].classic and fault in ("cut short", "wrong bytes")
    visit.until(lambda: len(site.uncaught) == damaged)  # events may have arrived before it
    site.uncaught.clear()

    if outcome.code and mendable(outcome) and (runtime == "micropython" or mode == "actions"):
        visit.mend()
        visit.until(lambda: visit.all_arrived() and visit.seen["recording"])
        visit.track("four")
        visit.until(visit.all_arrived)
        visit.upload()
        site.agreed(site.event("four"))
        assert visit.lost_nothing()
        assert site.errors == [outcome.code]


def mendable(outcome: Outcome) -> bool:
    """Without a reload. Segment does not ask again for a destination's script that has failed."""
    return outcome not in (faults.NO_PLUGIN, faults.NO_AMPLITUDE)


def reached(visit: Visit, outcome: Outcome) -> bool:
    """Whether it is known what has become of the page."""
    if outcome.events and not visit.all_arrived():
        return False
    if outcome.recorded:
        return bool(visit.seen["recording"])
    if outcome is faults.ABSENT:
        return True
    if visit.role == "the uploads" and not visit.seen["errors"]:
        visit.upload()
    return bool(visit.seen["errors"])


def named(visit: Visit, outcome: Outcome) -> None:
    """The doctor has the cause, and raises no alarm on a page that records."""
    found = [each for each in visit.answered("pyscriptReplay.doctor()") if each["level"] != "ok"]
    if outcome.finding is None:
        assert found == []
        return
    (cause,) = [each for each in found if each["code"] == outcome.finding]
    assert (faults.CAUSES[visit.fault] if outcome.says is None else outcome.says) in cause["message"]
    assert cause["fix"]


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("mode", MODES)
def test_every_request_of_a_page_load_has_its_row_in_the_table_of_faults(site: Site, mode: str, runtime: str) -> None:
    visit = Visit(site, mode, runtime)
    visit.open()
    visit.until(lambda: visit.all_arrived() and visit.seen["recording"])
    visit.answered("pyscriptReplay.doctor()")  # which asks for the rest of MicroPython, at the latest
    visit.upload()
    expected = {name for name, role in ROLES.items() if role.asked_by(mode, runtime)}
    visit.until(lambda: expected <= {role_of(url) for url in visit.asked})  # some may wait for a moment of leisure
    unknown = [
        url
        for url in visit.asked
        if not role_of(url) and not any(re.fullmatch(path, urlsplit(url).path) for path in NO_ROLE.values())
    ]
    assert unknown == []
    assert {role_of(url) for url in visit.asked} - {None} == expected


WITHOUT_US = [
    pytest.param(role, fault, id=f"{role}, {fault}", marks=() if row == column else pytest.mark.faults)
    for row, role in enumerate(faults.SEGMENTS_OWN)
    for column, fault in enumerate(FAULTS)
]


@pytest.mark.parametrize(("role", "fault"), WITHOUT_US)
def test_fault_of_what_segment_loads_loses_as_much_on_a_page_without_us(site: Site, role: str, fault: str) -> None:
    outcome = TABLE[role][FAULTS.index(fault)]
    visit = Visit(site, ROLES[role].mode or "actions", "", role, fault)
    visit.open(ours=False)
    if outcome.events:
        visit.until(visit.all_arrived)
    else:
        visit.until(lambda: visit._now > 30_000)
    assert visit.lost_nothing() if outcome.events else visit.arrived() == []
    damaged = ROLES[role].classic and fault in ("cut short", "wrong bytes")
    visit.until(lambda: len(site.uncaught) == damaged)  # events may have arrived before it
    site.uncaught.clear()


def test_table_of_faults_has_an_outcome_for_each_role_and_fault() -> None:
    assert list(TABLE) == list(ROLES)
    assert {len(row) for row in TABLE.values()} == {len(FAULTS)}
    assert all(each.text for row in TABLE.values() for each in row)


def test_page_of_the_docs_on_faults_shows_the_table() -> None:
    assert faults.PAGE.read_text("utf-8") == faults.text(), "uv run python -m tests.faults"
