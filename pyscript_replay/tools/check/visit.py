"""A visit, driven and watched: gathering only. What it comes to is in ``rules.py``.

The page is not changed. Segment's and Amplitude's hosts are answered by the development server (``routing.py``),
unless it is to be live.
"""

import contextlib
import re
import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ...errors import ReplayError
from .. import bundle, chromium, evidence, hosts, routing
from ..devserver import DevServer, sources, viewer
from ..evidence import Evidence, Seen
from ..expectations import PAUSE, Replay
from ..npm import WEB

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Locator, Page

CANARY = "canary 4929 1357"
"""What is typed into the page's fields, to be looked for in the recording."""
EVENT = "pyscript-replay check"
"""What is tracked on a page where a click tracks nothing."""

OPENING = 30.0  # seconds for a page to open
IDLE = 8.0  # seconds for its requests to end
PATIENCE = 15.0  # seconds for what was done to arrive
QUIET = 0.4  # seconds without anything, when what was done has arrived
HOPELESS = 3.0  # seconds without anything, while the page answers, after which what is missing will not come
FLUSH_EVERY = 1.0  # seconds
CLICKED = 3  # buttons at most

# The button of a consent banner that accepts all: of OneTrust, Cookiebot, Didomi, TrustArc, Usercentrics, CookieYes and
# Klaro, whatever their language; else, by what such buttons say.
ACCEPT = (
    "#onetrust-accept-btn-handler",
    "#CybotCookiebotDialogBodyLevelButtonLevelOptinAllowAll",
    "#didomi-notice-agree-button",
    "#truste-consent-button",
    "[data-testid=uc-accept-all-button]",
    ".cky-btn-accept",
    ".klaro .cm-btn-success",
)
ACCEPTING = re.compile(
    r"^\s*((i )?(accept|agree|allow|consent)( to)?( all)?( cookies)?( (and|&) (close|continue))?"
    r"|(alle )?(cookies )?(akzeptieren|zulassen|annehmen|zustimmen)|(tout )?accepter( tout)?"
    r"|(aceptar|aceitar)( tod[oa]s?)?|accetta( tutt[oi])?)\s*$",
    re.IGNORECASE,
)

LOAD, CLICK, SCRIPT = "the load", "a click", "the script"
RESET, TAB, LATER, RELOAD, LEAVE = "reset()", "a second tab", "31 minutes", "a reload", "leaving"

SCRIPTS = "[...document.querySelectorAll('script:not([src])')].map((each) => each.textContent).join('\\n')"
TAG_MODE = "document.querySelector('script[src*=\"replay.js\"][data-api-key]')?.dataset.mode ?? null"

# How the code of each way of wiring can be known. The most particular first.
WIRINGS = (
    (
        "classic-cloud",
        re.compile(r"\bAmplitude:\s*\{\s*session_id\b|pluginName\s*=\s*[\"'`]@amplitude/plugin-session-replay-browser"),
    ),
    ("classic-device", re.compile(r"\bamplitude\.getInstance\(\)")),
    ("actions", re.compile("Actions Amplitude")),
)
TOLD_BY_NOTHING = ("actions", "nothing on the page tells another")


class Options(NamedTuple):
    """How to look: what the command line was given."""

    mode: str | None = None
    script: "Callable[[Page], object] | None" = None
    screenshot: Path | None = None
    har: Path | None = None
    replay: Path | None = None
    connect: str | None = None
    live: bool = False


class Stage(NamedTuple):
    """A part of the visit, and how much had been seen before and after it."""

    name: str
    before: Seen
    after: Seen


class Visit(NamedTuple):
    """What was seen of a page.

    mode, why: which way Segment has played, and what told it
    evidence: what was seen on the wire
    page: what the page was asked when it was clicked (``web/tools/visitor.js``)
    before_consent: what was seen before a consent was given; ``None`` if none was waited for
    typed: whether there was a field to type into
    stored: what was stored in the end as ``analytics_session_id``
    live: whether it was the real Segment
    """

    mode: str
    why: str
    evidence: Evidence
    stages: Sequence[Stage]
    page: dict[str, Any]
    before_consent: Evidence | None
    typed: bool
    stored: str | None
    live: bool


def gather(url: str, options: Options) -> Visit:
    """Visit the page. Raises ``ReplayError`` where that is not possible."""
    with _browser(options) as browser:
        mode, why = (options.mode, "it was asked for") if options.mode else _told(browser, url)
        with DevServer(bundle.cached(), sources=sources(mode)) as server:
            context = browser.new_context(record_har_path=options.har)
            wire = routing.Wire(server)
            try:
                context.add_init_script(path=WEB / "tools" / "visitor.js")
                routing.route(context, wire, live=options.live)
                visitor = _Visitor(context, wire, url, options)
                visitor.go()
                _keep(visitor, options)
                return visitor.seen(mode, why)
            finally:
                wire.close()
                context.unroute_all(behavior="ignoreErrors")
                context.close()


@contextlib.contextmanager
def _browser(options: Options) -> "Generator[Browser, None, None]":
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError as error:
        fix = "Install it: pip install 'pyscript_replay[check]'"
        raise ReplayError("playwright", "Playwright is not installed", f"{fix}.") from error
    with sync_playwright() as playwright:
        try:
            browser = (
                playwright.chromium.connect(options.connect)
                if options.connect
                else playwright.chromium.launch(**chromium.find())
            )
        except Error as error:
            if options.connect:
                message = f"{options.connect} is no browser to connect to: {_first_line(error)}"
                raise ReplayError("connect", message, "See that a Playwright server of this version runs.") from error
            raise ReplayError("chromium", f"Chromium does not start: {_first_line(error)}", chromium.FIX) from error
        try:
            yield browser
        finally:
            browser.close()


def _told(browser: "Browser", url: str) -> tuple[str, str]:
    """The mode, as the page's own code tells it. It is opened for that, without Segment and Amplitude."""
    context = browser.new_context()
    try:
        context.route(hosts.PATTERN, lambda route: route.abort())
        page = context.new_page()
        answers: list[Any] = []

        def answered(response: Any) -> None:
            answers.append(response)

        page.on("response", answered)
        _open(page, url, settle=False)
        found = _told_by(page, answers)
        if found == TOLD_BY_NOTHING:  # what a tag manager loads comes later
            _settle(page)
            found = _told_by(page, answers)
        return found
    finally:
        context.unroute_all(behavior="ignoreErrors")
        context.close()


def _told_by(page: "Page", answers: Sequence[Any]) -> tuple[str, str]:
    tag = page.evaluate(TAG_MODE)
    if tag and tag != "auto":
        return tag, "the script tag says so"
    code = [page.evaluate(SCRIPTS)]
    for answer in [each for each in answers if each.request.resource_type == "script"]:
        with contextlib.suppress(_error(), UnicodeDecodeError):  # it has none
            code.append(answer.text())
    return mode_of("\n".join(code), bool(tag))


def mode_of(code: str, ours: bool = False) -> tuple[str, str]:
    """The mode that this code is written for. Our own tag's is for all of them."""
    found = None if ours else next((mode for mode, pattern in WIRINGS if pattern.search(code)), None)
    return (found, "the page's code tells it") if found else TOLD_BY_NOTHING


class _Visitor:
    """Does what visitors do, a stage after the other."""

    def __init__(self, context: "BrowserContext", wire: routing.Wire, url: str, options: Options) -> None:
        self.context, self.wire, self.url, self.options = context, wire, url, options
        self.page = context.new_page()
        self.replay = Replay(context, wire)
        self.stages: list[Stage] = []
        self.asked: dict[str, Any] = {}
        self.before_consent: Evidence | None = None
        self.typed = False
        self.in_vain = 0  # how often a recording was waited for, and did not come

    def go(self) -> None:
        with self._stage(LOAD):
            _open(self.page, self.url)
            self._consent()
        with self._stage(SCRIPT if self.options.script else CLICK):
            self.typed = self._type()
            self._act()
        self.asked = self.page.evaluate("__pyscript_replay_visitor.evidence()")
        if self.options.screenshot:
            self.page.screenshot(path=self.options.screenshot)
        if not self.wire.asked:
            return  # the page has nothing to do with Segment
        if self.page.evaluate("__pyscript_replay_visitor.reset()"):
            with self._stage(RESET):
                self._act()
        with self._stage(TAB):
            first, self.page = self.page, self.context.new_page()
            _open(self.page, self.url)
            self._act()
        self.page.close()
        self.page = first
        with self._stage(LATER):
            self.replay.minutes(31)
            self._act()
        with self._stage(RELOAD):
            _open(self.page, self.url)
            self._act()
        with self._stage(LEAVE):
            self._click()
            self.page.wait_for_timeout(300)
            _open(self.page, self.url, settle=False)
            self._wait(lambda: not evidence.nothing_lost(self.so_far()).problem)

    def so_far(self) -> Evidence:
        return self.wire.evidence()

    def seen(self, mode: str, why: str) -> Visit:
        return Visit(
            mode,
            why,
            self.so_far(),
            self.stages,
            self.asked,
            self.before_consent,
            self.typed,
            self._stored(),
            self.options.live,
        )

    @contextlib.contextmanager
    def _stage(self, name: str) -> Generator[None, None, None]:
        before = self._count()
        try:
            yield
        except _error() as error:
            message = f"{self.url} could not be visited as far as {name}: {_first_line(error)}"
            raise ReplayError("visit", message, "Open it in a browser; say with --script what to do there.") from error
        self.stages.append(Stage(name, before, self._count()))

    def _count(self) -> Seen:
        seen = self.so_far()
        return Seen(len(seen.messages), len(seen.uploads))

    def _consent(self) -> None:
        """Where a consent is waited for, look at what was there before it, and give it: as a visitor, if there is a
        banner; or to our tag, which waits for it."""
        button = self._banner()
        waiting = self.page.evaluate("window.pyscriptReplay?.status") == "waiting"
        if not button and not waiting:
            return
        self.before_consent = self.wire.evidence(self.replay.stored())
        if button:
            button.click(timeout=3000, no_wait_after=True)
            _settle(self.page)
        if self.page.evaluate("window.pyscriptReplay?.status") == "waiting":
            self.page.evaluate("pyscriptReplay.start().then(() => undefined, () => undefined)")

    def _banner(self) -> "Locator | None":
        """What accepts all, in a banner for consents."""
        for frame in self.page.frames:  # some banners are in one of their own
            for button in (frame.locator(", ".join(ACCEPT)), frame.get_by_role("button", name=ACCEPTING)):
                if button.first.is_visible():
                    return button.first
        return None

    def _type(self) -> bool:
        fields = self.page.locator("input:not([type]), input[type=text], input[type=search], textarea")
        for field in fields.all()[:CLICKED]:
            with contextlib.suppress(_error()):  # it cannot be seen, or not be changed
                field.fill(CANARY, timeout=3000)
                return True
        return False

    def _act(self) -> None:
        """Do something that is tracked, and wait until it has arrived with its recording."""
        before = self._count()
        self._click()
        if not self.wire.asked:
            return

        def sessions() -> set[evidence.Ids]:
            seen = self.so_far()
            return set(filter(None, (evidence.session_of(seen, each) for each in seen.messages[before.events :])))

        def recorded() -> bool:
            seen = self.so_far()
            return not any(evidence.recorded(seen, ids).problem for ids in sessions())

        if self._wait(lambda: bool(sessions())) and evidence.replay_asked(self.so_far()):
            # what was not recorded before will hardly be now
            self.in_vain += not self._wait(recorded, HOPELESS / (1 + self.in_vain))

    def _click(self) -> None:
        """The first button that tracks something; without one, an event of ours."""
        called = len(self.wire.called)
        if self.options.script:
            self._script(self.options.script)
        else:
            for button in self.page.locator("button, [role=button], input[type=button]").all()[:CLICKED]:
                with contextlib.suppress(_error()):  # it cannot be seen, or something is in front of it
                    button.click(timeout=1000, no_wait_after=True)
                self.page.wait_for_timeout(150)
                if len(self.wire.called) > called:
                    return
        if len(self.wire.called) == called:
            self.page.evaluate("(name) => void __pyscript_replay_visitor.track(name)", EVENT)

    def _script(self, script: "Callable[[Page], object]") -> None:
        try:
            script(self.page)
        except Exception as error:
            message = f"visit() has failed on {self.page.url}: {type(error).__name__}: {_first_line(error)}"
            raise ReplayError("script", message, "Mend the function that --script names.") from error

    def _wait(self, holds: Callable[[], bool], hopeless: float = HOPELESS) -> bool:
        """Until it holds and all is quiet; or until nothing more comes, or patience is at its end. Whether it holds."""
        began, flushed = time.monotonic(), 0.0
        arrived, held = -1, False
        while (waited := time.monotonic() - began) < PATIENCE:
            if arrived != (now := len(self.wire.moments)):  # else it is what it was
                arrived, held = now, holds()
            if self.wire.quiet(QUIET if held else hopeless) and (held or waited >= hopeless):
                break
            if waited - flushed >= FLUSH_EVERY or not flushed:
                self.replay._flush()
                flushed = waited or PAUSE
            self.page.wait_for_timeout(PAUSE * 1000)
        return held

    def _stored(self) -> str | None:
        cookies = {each.get("name"): each.get("value") for each in self.context.cookies(self.url)}
        return self.page.evaluate("__pyscript_replay_visitor.stored()") or cookies.get("analytics_session_id")


def _keep(visitor: _Visitor, options: Options) -> None:
    """The recording of the visit, as a page that plays it offline."""
    store = visitor.wire.server.store
    if options.replay and (sessions := store.sessions()):
        first = sessions[-1]
        session = store.session(first["device_id"], first["session_id"])
        options.replay.write_text(viewer.exported(session), "utf-8")


def _open(page: "Page", url: str, settle: bool = True) -> None:
    """Open the page, and wait until it has settled. Raises ``ReplayError``."""
    try:
        response = page.goto(url, timeout=OPENING * 1000)
    except _error() as error:
        fix = "Check the address, and that its server runs."
        raise ReplayError("unreachable", f"{url} cannot be opened: {_first_line(error)}", fix) from error
    if response and response.status >= 400:
        raise ReplayError("unreachable", f"{url} answers {response.status}", "Check the address.")
    if settle:
        _settle(page)


def _settle(page: "Page") -> None:
    with contextlib.suppress(_error()):  # some pages are never idle
        page.wait_for_load_state("networkidle", timeout=IDLE * 1000)
    end = time.monotonic() + PATIENCE
    while page.evaluate("window.pyscriptReplay?.status") == "loading" and time.monotonic() < end:
        page.wait_for_timeout(PAUSE * 1000)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].removeprefix("Page.goto: ")


def _error() -> type[Exception]:
    """What Playwright raises."""
    from playwright.sync_api import Error

    return Error
