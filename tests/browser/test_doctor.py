"""The doctor in real pages: each fault is named by its true cause, and of a sound page nothing bad is said."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Route

from pyscript_replay.tools.devserver.segment import SOURCES

from .conftest import CSP, NPM, Site
from .test_loader import SEGMENT_SNIPPET
from .test_targeting import EVENT as CONDITION

CONFIG, TRACK = "**/session-replay/config/**", "**/session-replay/track?**"
RECORDER, SEGMENT, SDK = "**/rrweb-record-min.js", "**/assets/analytics-*.js", "**/session-replay-browser-esm.js*"
ELSEWHERE = {"Access-Control-Allow-Origin": "https://elsewhere.example"}
NOBODY_ELSE = {"integrations": {"All": False, "Segment.io": True}}

Arrange = Callable[[Site], object]


def opened(mode: str = "actions", way: str = "tag-micropython", **given: Any) -> Arrange:
    """A page whose fault is in its tag."""
    return lambda site: site.open(mode, way, wait=False, **given)


def answered(pattern: str, mode: str = "actions", **answer: Any) -> Arrange:
    """One address is answered like this; with nothing to answer, it is blocked."""

    def arrange(site: Site) -> None:
        site.context.route(pattern, lambda route: route.fulfill(**answer) if answer else route.abort())
        site.open(mode, wait=False)

    return arrange


def with_source(change: Callable[[dict[str, Any]], object], mode: str = "actions") -> Arrange:
    """Segment's settings of the source are not as they should be."""

    def arrange(site: Site) -> None:
        source = copy.deepcopy(SOURCES[mode])
        change(source)
        site.server.sources["faulty"] = source
        site.open(mode, key="faulty", wait=False)

    return arrange


def with_options(mode: str = "actions", **options: Any) -> Arrange:
    def arrange(site: Site) -> None:
        site.options.update(options)
        site.open(mode, wait=False)

    return arrange


def with_configuration(**configuration: Any) -> Arrange:
    def arrange(site: Site) -> None:
        site.server.configuration.update(configuration)
        site.open(wait=False)

    return arrange


def at_another_origin(option: str, path: str, *, cors: bool) -> Arrange:
    """Amplitude is somewhere else; what forbids it is either the server (CORS) or the page's own policy."""

    def arrange(site: Site) -> None:
        address = f"{site.server.url}/amplitude/session-replay/{path}".replace("127.0.0.1", "localhost")
        site.options[option] = address
        if cors:
            site.context.route(f"{address}**", lambda route: route.fulfill(body="{}", headers=ELSEWHERE))
        head = site.tag(mode="actions", write_key="actions", segment_cdn=site.cdn)
        site.show(head, f"{CSP}; connect-src *" if cors else CSP)
        site.page.goto(f"{site.server.url}/site/")

    return arrange


def with_more_in_the_page(more: Callable[[Site], str]) -> Arrange:
    def arrange(site: Site) -> None:
        first = site.tag(mode="actions", write_key="actions", segment_cdn=site.cdn).replace(" async", "")
        site.show(first + more(site))
        site.page.goto(f"{site.server.url}/site/")

    return arrange


def after(script: str, **tag: Any) -> Arrange:
    """Something is done on a page that was sound."""

    def arrange(site: Site) -> None:
        site.open(**tag)
        site.agreed(site.track("sound"))
        site.page.evaluate(script)

    return arrange


def old_segment(site: Site) -> None:
    def older(route: Route) -> None:
        route.fulfill(body=route.fetch().text().replace("1.84.3", "1.40.2"), content_type="text/javascript")

    site.context.route(SEGMENT, older)
    site.open(wait=False)


def session_plugin(source: dict[str, Any]) -> dict[str, Any]:
    return source["remotePlugins"][0]["settings"]["subscriptions"][0]


LATER = "void analytics.track('later', {}, { context: { device: { id: 'kiosk' } } })"

# the fault: the codes of what is found, the cause first, and how a page gets it
FAULTS: dict[str, tuple[list[str], Arrange]] = {
    "Segment's plugin is blocked": (["plugin-blocked"], answered("**/next-integrations/actions/**")),
    "the session plugin's subscription is off": (
        ["subscription-off"],
        with_source(lambda source: session_plugin(source).update(enabled=False)),
    ),
    "the subscription leaves out tracked events": (
        ["subscription-off"],
        with_source(lambda source: session_plugin(source).update(subscribe='type = "page"')),
    ),
    "the source has no Amplitude": (["destination-missing"], opened(key="segment-only")),
    "the mode is of another destination": (["mode-wrong"], opened(key="classic-cloud")),
    "two destinations lead to Amplitude": (
        ["modes-mixed"],
        with_source(lambda source: source.update(SOURCES["classic-cloud"])),
    ),
    "Segment has another API key": (
        ["api-key-differs"],
        with_source(lambda source: source["integrations"]["Amplitude"].update(apiKey="another"), "classic-device"),
    ),
    "Segment sends to the other zone": (
        ["zone-differs"],
        with_source(lambda source: source["remotePlugins"][0]["settings"].update(endpoint="europe")),
    ),
    "the sample rate is 0": (["no-sample-rate", "sampled-out"], opened(sample_rate=0)),
    "no sample rate is set": (["no-sample-rate", "sampled-out"], opened(sample_rate=None)),
    "the session is not in the sample": (["sampled-out"], opened(sample_rate=0.000001)),
    "capture is off": (["capture-off"], with_configuration(sr_sampling_config={"capture_enabled": False})),
    "capture is targeted": (["targeted"], with_configuration(**CONDITION)),
    "the configuration is refused": (["config-refused", "not-recording"], answered(CONFIG, status=403, body="{}")),
    "the policy forbids the configuration": (
        ["config-unreachable", "not-recording"],
        at_another_origin("configServerUrl", "config", cors=False),
    ),
    "the configuration is refused by CORS": (
        ["config-unreachable", "not-recording"],
        at_another_origin("configServerUrl", "config", cors=True),
    ),
    "the configuration is blocked": (["config-unreachable", "not-recording"], answered(CONFIG)),
    "the configuration is empty": (["config-empty", "not-recording"], answered(CONFIG, json={"configs": {}})),
    "the recorder is missing": (["recording-not-begun", "not-recording"], answered(RECORDER, status=404)),
    "the SDK is missing": (["sdk-load"], answered(SDK, status=404)),
    "the upload is refused": (["upload-refused"], answered(TRACK, status=403, body="{}")),
    "the upload is blocked": (["upload-unreachable"], answered(TRACK)),
    "the policy forbids the upload": (
        ["upload-unreachable"],
        at_another_origin("trackServerUrl", "track", cors=False),
    ),
    "the upload is refused by CORS": (
        ["upload-unreachable"],
        at_another_origin("trackServerUrl", "track", cors=True),
    ),
    "the upload is skipped": (
        ["upload-skipped"],
        answered(TRACK, json={"code": 200}, headers={"X-Session-Replay-Event-Skipped": "4004"}),
    ),
    "consent is waited for": (["waiting"], opened(consent="wait")),
    "the visitor has opted out": (["stopped"], after("pyscriptReplay.stop()")),
    "the SDK was told to opt out": (["switched-off"], with_options(optOut=True)),
    "Segment's integrations are off": (["switched-off"], opened(segment_options=NOBODY_ELSE)),
    "Segment is disabled": (["switched-off"], opened(segment_options={"disable": True})),
    "the page has two tags": (["tag-twice"], with_more_in_the_page(lambda site: site.tag(mode="actions"))),
    "the page has a second Session Replay": (
        ["recorder-twice"],
        with_more_in_the_page(
            lambda site: (
                f'<script src="{site.server.url}/amplitude/libs/session-replay-browser-1.50.2-min.js.gz"></script>'
            )
        ),
    ),
    "Segment is an old one": (["segment-old"], old_segment),
    "masking is light": (["masking-light"], with_options(privacyConfig={"defaultMaskLevel": "light"})),
    "the tracking plan has the event switched off": (
        ["tracking-plan"],
        with_source(lambda source: source.update(plan={"track": {"first": {"enabled": False}}})),
    ),
    "an event names a device of its own": (["other-device"], after(LATER)),
    "the anonymous id is none for Amplitude": (
        ["device-id"],
        after("analytics.setAnonymousId('a/b'); void analytics.track('later')"),
    ),
}


def found(site: Site) -> list[dict[str, Any]]:
    """What is found wrong, or doubtful."""
    return [each for each in site.page.evaluate("pyscriptReplay.doctor()") if each["level"] != "ok"]


@pytest.mark.parametrize("fault", FAULTS)
def test_the_fault_of_a_real_page_is_named_by_its_true_cause_and_nothing_else(site: Site, fault: str) -> None:
    codes, arrange = FAULTS[fault]
    arrange(site)
    site.wait_for("!!window.pyscriptReplay && !!window.analytics")
    site.page.evaluate("void analytics.track('first')")
    seen: list[dict[str, Any]] = []

    def named() -> bool:
        site.page.fill("#field", str(len(seen)))
        site.page.evaluate("pyscriptReplay.flush()")
        seen[:] = found(site)
        return [each["code"] for each in seen] == codes

    try:
        site.wait_for(named)
    except AssertionError:
        assert [each["code"] for each in seen] == codes, [each["message"] for each in seen]
        raise
    assert all(each["fix"] and each["why"] for each in seen)


@pytest.mark.parametrize(
    ("fault", "message", "fix"),
    [
        ("the policy forbids the configuration", "forbids localhost:{port} by connect-src", "Add localhost:{port}"),
        ("the policy forbids the upload", "forbids localhost:{port} by connect-src", "to connect-src"),
        ("the upload is refused by CORS", "does not allow this page's origin", "Access-Control-Allow-Origin"),
        ("the upload is blocked", "as when an ad blocker keeps it away", "without extensions"),
        ("the SDK is missing", "session-replay-browser-esm.js is missing", "Copy the whole bundle"),
    ],
)
def test_a_finding_has_what_was_seen_and_the_fix_that_fits_and_the_console_shows_both(
    site: Site, fault: str, message: str, fix: str
) -> None:
    (code, *_), arrange = FAULTS[fault]
    arrange(site)
    site.wait_for("!!window.pyscriptReplay && !!window.analytics")
    site.page.evaluate("void analytics.track('first')")
    site.wait_for(lambda: code in [each["code"] for each in found(site)])
    (finding,) = [each for each in found(site) if each["code"] == code]
    port = site.server.url.rpartition(":")[2]
    assert message.format(port=port) in finding["message"]
    assert fix.format(port=port) in finding["fix"]
    table = [line for line in site.console if line.startswith("pyscript-replay: problems: ")][-1]
    _, *lines = table.splitlines()
    (at,) = [number for number, line in enumerate(lines) if line.split()[:2] == ["problem", code]]
    assert lines[at].endswith(finding["message"])
    assert lines[at + 1].strip() == finding["fix"]


def with_snippet(mode: str = "actions") -> Arrange:
    def arrange(site: Site) -> None:
        site.file("snippet.js", SEGMENT_SNIPPET % {"cdn": site.cdn})
        site.show('<script src="snippet.js"></script>' + site.tag(mode=mode))
        site.page.goto(f"{site.server.url}/site/")

    return arrange


def with_npm(mode: str, runtime: str) -> Arrange:
    """The page's own bundle has Segment, our tag the rest."""

    def arrange(site: Site) -> None:
        site.file("segment.js", NPM % {"analytics": site.dist("analytics"), "key": mode, "cdn": site.cdn})
        site.show('<script type="module" src="segment.js"></script>' + site.tag(mode=mode, runtime=runtime))
        site.page.goto(f"{site.server.url}/site/")

    return arrange


SOUND: dict[str, Arrange] = {
    "actions, write key": opened("actions"),
    "classic-device, write key": opened("classic-device"),
    "classic-cloud, write key": opened("classic-cloud"),
    "the mode is found out": opened("auto", key="classic-device"),
    "classic-cloud on Pyodide": opened("classic-cloud", "tag-pyodide"),
    "Segment's snippet": with_snippet(),
    "Segment's snippet, and the mode is found out": with_snippet("auto"),
    "Segment from npm, actions": with_npm("actions", "micropython"),
    "Segment from npm, classic-device on Pyodide": with_npm("classic-device", "pyodide"),
    "a PyScript page on MicroPython, classic-device": opened("classic-device", "page-micropython"),
    "a PyScript page on Pyodide, actions": opened("actions", "page-pyodide"),
}


@pytest.mark.parametrize("wiring", SOUND)
def test_nothing_bad_is_said_of_a_sound_page_at_any_moment_of_its_visit(site: Site, wiring: str) -> None:
    SOUND[wiring](site)
    site.wait_for_status("running")
    site.agreed(site.track("first"))
    assert found(site) == []
    site.page.evaluate("void analytics.page('Shop'); void analytics.identify('ada')")
    site.agreed(site.track("second"))
    assert found(site) == []
    site.page.evaluate("void analytics.reset()")
    site.agreed(site.track("another visitor"))
    assert found(site) == []
    site.page.reload()
    site.wait_for_status("running")
    site.agreed(site.track("reloaded"))
    assert found(site) == []
    codes = [each["code"] for each in site.page.evaluate("pyscriptReplay.doctor()")]
    assert codes == ["mode", "recording", "masking", "uploaded", "matched"]
