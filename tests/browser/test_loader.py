"""The loader: the site's events come first, whatever happens to us."""

import time

import pytest
from playwright.sync_api import Route

from .conftest import CSP, NPM, Site

SEGMENT_SNIPPET = """
!function () {
  var analytics = window.analytics = window.analytics || [];
  if (analytics.initialize) return;
  analytics.invoked = true;
  analytics.methods = ["track", "page", "identify", "group", "alias", "reset", "ready", "on", "once", "off", "register"]
    .concat(["addSourceMiddleware", "addDestinationMiddleware", "setAnonymousId", "screen"]);
  analytics.methods.forEach(function (method) {
    analytics[method] = function () {
      analytics.push([method].concat([].slice.call(arguments)));
      return analytics;
    };
  });
  analytics._writeKey = "actions";
  analytics._cdn = "%(cdn)s";
  var script = document.createElement("script");
  script.async = true;
  script.src = "%(cdn)s/analytics.js/v1/actions/analytics.min.js";
  document.head.appendChild(script);
  window.analytics.track("at once");
}();
"""


def names(site: Site) -> list[str]:
    return [each["event"] for each in site.events if each["type"] == "track"]


def settled(site: Site, *expected: str) -> None:
    """These events have arrived, in this order, once each; and no other is on its way."""
    site.wait_for(lambda: len(names(site)) >= len(expected))
    site.page.wait_for_timeout(300)
    assert names(site) == list(expected)


@pytest.mark.parametrize("runtime", ["micropython", "pyodide"])
def test_events_before_during_and_after_boot_arrive_once_each_in_order(site: Site, runtime: str) -> None:
    site.file("before.js", "window.analytics = window.analytics || []; analytics.push(['track', 'before']);")
    site.file("during.js", "for (const name of ['one', 'two']) analytics.track(name);")
    tag = site.tag(write_key="actions", segment_cdn=site.cdn, runtime=runtime, hold_ms=30_000)
    site.show(f'<script src="before.js"></script>{tag.replace(" async", "")}<script src="during.js"></script>')
    site.page.goto(f"{site.server.url}/site/")
    site.page.evaluate("void analytics.track('three')")
    site.wait_for_status("running")
    site.page.evaluate("void analytics.track('after')")
    settled(site, "before", "one", "two", "three", "after")
    for message in site.events:
        site.agreed(message)


def test_a_page_that_asks_whether_segment_is_there_is_told_the_truth(site: Site) -> None:
    site.file("careful.js", "window.analytics?.track('too early');")
    site.file("snippet.js", SEGMENT_SNIPPET % {"cdn": site.cdn})
    tag = site.tag(mode="actions").replace(" async", "")
    site.show(f'{tag}<script src="careful.js"></script><script src="snippet.js"></script>')
    site.page.goto(f"{site.server.url}/site/")
    site.wait_for_status("running")
    site.agreed(site.event("at once"))
    settled(site, "at once")


def test_the_tag_may_be_a_module(site: Site) -> None:
    tag = site.tag(write_key="actions", segment_cdn=site.cdn)
    site.show(tag.replace("<script async", '<script type="module"'))
    site.page.goto(f"{site.server.url}/site/")
    site.wait_for_status("running")
    site.agreed(site.track("first"))


@pytest.mark.parametrize("age", ["today's", "an older"])  # those of years ago have no `register`
@pytest.mark.parametrize("order", ["snippet first", "tag first"])
def test_the_page_has_segments_own_snippet(site: Site, order: str, age: str) -> None:
    snippet = SEGMENT_SNIPPET if age == "today's" else SEGMENT_SNIPPET.replace(', "register"]', "]")
    site.file("snippet.js", snippet % {"cdn": site.cdn})
    parts = ['<script src="snippet.js"></script>', site.tag(mode="actions").replace(" async", "")]
    site.show("".join(parts if order == "snippet first" else reversed(parts)))
    site.page.goto(f"{site.server.url}/site/")
    site.wait_for_status("running")
    assert site.agreed(site.event("at once")) == site.agreed(site.track("later"))
    settled(site, "at once", "later")
    assert site.reasons == ["started"]
    assert site.page.evaluate("analytics.queue.plugins.filter(({ name }) => name === 'pyscript-replay').length") == 1


@pytest.mark.parametrize("becomes", ["comes", "fails", "hangs"])
def test_nothing_is_asked_for_before_the_snippet_s_script_which_a_slow_network_would_share(
    site: Site, becomes: str
) -> None:
    site.file("snippet.js", SEGMENT_SNIPPET % {"cdn": site.cdn})
    site.show(f'<script src="snippet.js"></script>{site.tag(mode="actions")}')
    held: list[Route] = []
    asked: list[str] = []
    site.context.route("**/analytics.min.js", lambda route: held.append(route))
    site.page.on("request", lambda request: asked.append(request.url.rpartition("/dist/")[2]))
    site.page.goto(f"{site.server.url}/site/", wait_until="commit")
    site.wait_for("window.pyscriptReplay?.status === 'loading'")
    site.page.wait_for_timeout(500)
    ours = set(site.assets.values())
    assert not ours.intersection(asked)
    if becomes == "comes":
        held[0].continue_()
        site.agreed(site.event("at once"))
    if becomes == "fails":
        held[0].abort()
    site.wait_for("window.pyscriptReplay.runtime !== null")  # Python runs
    assert ours.intersection(asked)


CACHED = "Object.defineProperty(PerformanceResourceTiming.prototype, 'transferSize', { get: () => 300 });"


def test_what_the_browser_s_cache_has_waits_for_no_snippet(site: Site) -> None:
    """The tests' routes keep the browser from using its cache: the page is told that it did."""
    site.context.add_init_script(CACHED)
    site.file("snippet.js", SEGMENT_SNIPPET % {"cdn": site.cdn})
    site.show(f'<script src="snippet.js"></script>{site.tag(mode="actions")}')
    held: list[Route] = []
    site.context.route("**/analytics.min.js", lambda route: held.append(route))
    site.page.goto(f"{site.server.url}/site/", wait_until="commit")
    site.wait_for("!!window.pyscriptReplay?.runtime")  # Python runs
    assert len(held) == 1
    held[0].continue_()
    site.agreed(site.event("at once"))


def test_a_segment_that_comes_late_is_held_as_well(site: Site) -> None:
    """As after a consent: the wiring, long since there, has to take hold of it first."""
    site.page.clock.install()
    site.file("snippet.js", SEGMENT_SNIPPET % {"cdn": site.cdn})
    site.show(site.tag(mode="actions", hold_ms=4000))
    site.page.goto(f"{site.server.url}/site/")
    site.wait_for("!!window.pyscriptReplay?.runtime")
    site.page.clock.fast_forward(5000)  # longer than an event may wait, and not as long as Segment is waited for
    site.page.add_script_tag(url=f"{site.server.url}/site/snippet.js")
    site.agreed(site.event("at once"))
    assert site.reasons == ["started"]


def test_calls_pushed_into_the_snippet_array_arrive(site: Site) -> None:
    site.file("early.js", "analytics.push(['track', 'pushed'], ['track', 'too']); analytics.track('called');")
    tag = site.tag(write_key="actions", segment_cdn=site.cdn).replace(" async", "")
    site.show(f'{tag}<script src="early.js"></script>')
    site.page.goto(f"{site.server.url}/site/")
    settled(site, "pushed", "too", "called")


def test_a_segment_that_cannot_be_loaded_is_told_once(site: Site) -> None:
    site.file("early.js", "analytics.ready(() => {}); analytics.on('track', () => {}); void analytics.track('lost');")
    tag = site.tag(write_key="actions", segment_cdn=f"{site.server.url}/nowhere").replace(" async", "")
    site.show(f'{tag}<script src="early.js"></script>')
    site.page.goto(f"{site.server.url}/site/")
    site.wait_for_status("failed")
    site.page.wait_for_timeout(500)
    assert site.errors == ["segment-load"]


def test_the_page_has_segment_from_npm_under_another_name(site: Site) -> None:
    site.file(
        "segment.js",
        f'import {{ AnalyticsBrowser }} from "{site.dist("analytics")}";'
        "window.ajs = new AnalyticsBrowser(); ajs.track('at once');"
        f'setTimeout(() => ajs.load({{ writeKey: "actions", cdnURL: "{site.cdn}" }}), 300);',
    )
    site.show(site.tag(mode="actions", analytics="ajs") + '<script type="module" src="segment.js"></script>')
    site.page.goto(f"{site.server.url}/site/")
    site.wait_for_status("running")
    site.agreed(site.event("at once"))
    assert site.page.evaluate("Array.isArray(window.analytics)") is False


def test_hold_ends_after_hold_ms(site: Site) -> None:
    """The runtime never comes; the event goes on after ``data-hold-ms``."""
    site.context.route("**/assets/micropython*", lambda route: None)
    site.open(wait=False, hold_ms=500)
    site.page.evaluate("void analytics.track('held')")
    settled(site, "held")
    assert site.facade("status") == {"status": "loading"}


def test_events_wait_for_a_slow_sdk_together_and_only_once(site: Site) -> None:
    """Each of them the longest that any may wait; not one after the other."""
    site.page.clock.install()
    site.context.route("**/rrweb-record-min.js", lambda route: None)
    site.open(hold_ms=4000)
    site.page.clock.pause_at(site.page.evaluate("Date.now() / 1000 + 1"))
    site.page.evaluate("for (const name of ['one', 'two', 'three', 'four']) void analytics.track(name)")
    site.page.clock.run_for(4000)
    site.wait_for(lambda: site.page.clock.run_for(1) or len(site.events) == 4)  # less than a second more
    assert names(site) == ["one", "two", "three", "four"]


@pytest.mark.parametrize("waiting", ["for the wiring", "for the recording"])
def test_waiting_event_goes_on_at_beforeunload(site: Site, waiting: str) -> None:
    blocked = {"for the wiring": "**/assets/micropython*", "for the recording": "**/session-replay/config/**"}[waiting]
    site.context.route(blocked, lambda route: None)
    site.context.route("**/next.html", lambda route: (time.sleep(0.3), route.fulfill(body="The next page")))
    site.file("segment.js", NPM % {"analytics": site.dist("analytics"), "key": "actions", "cdn": site.cdn})
    tag = site.tag(mode="actions", hold_ms=60_000)
    site.show(f'<script type="module" src="segment.js"></script>{tag}', body='<a href="next.html">Next</a>')
    site.page.goto(f"{site.server.url}/site/")
    site.wait_for("window.analytics?.instance?.initialized && window.pyscriptReplay")
    if waiting == "for the recording":
        site.wait_for_status("running")
    site.page.evaluate("void analytics.track('held')")
    site.page.wait_for_timeout(500)
    assert site.events == []
    site.page.get_by_role("link", name="Next").click()
    site.event("held")


FAILURES = {
    "the runtime is blocked": ("**/assets/micropython-*.js", {}, "runtime-load"),
    "its wasm is blocked": ("**/*.wasm", {}, "runtime-load"),
    "the replay SDK is blocked": ("**/assets/session-replay-*/**", {}, "sdk-load"),
    "an option is wrong": (None, {"sample_rate": "2"}, "option-value"),
    "an option that asks for privacy is unknown": (
        None,
        {"options": {"privacyconfig": {"blockSelector": ".secret"}}},
        "option-value",
    ),
    "a selector is none": (None, {"options": {"privacyConfig": {"blockSelector": "..secret"}}}, "option-value"),
    "a privacy option is the shell's": (None, {"amplitude_options": {"optout": True}}, "option-value"),
    "the API key is missing": (None, {"api_key": None}, "option-missing"),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_failure_lets_the_events_go_at_once_and_says_why(site: Site, failure: str) -> None:
    blocked, options, code = FAILURES[failure]
    if blocked:
        site.context.route(blocked, lambda route: route.abort())
    site.open(wait=False, hold_ms=60_000, **options)
    site.page.evaluate("void analytics.track('held')")
    settled(site, "held")
    assert site.facade("status") == {"status": "failed"}
    assert site.errors == [code]
    assert "[Amplitude] Session Replay ID" not in site.event("held")["properties"]
    (finding,) = [each for each in site.page.evaluate("pyscriptReplay.doctor()") if each["level"] == "problem"]
    assert finding["fix"]


FOREIGN = {
    "name": "x",
    "type": "",
    "service": "a",
    "domain": "b",
    "precedence": "1",
    "cookieconsent": "c",
    "on-load": "",
}


def test_other_peoples_attributes_are_none_of_our_business(site: Site) -> None:
    given = {**FOREIGN, "mod": "classic-cloud", "write_key": "actions", "segment_cdn": site.cdn}
    site.show(site.tag(mode="actions", **given))
    site.page.goto(f"{site.server.url}/site/")
    site.wait_for_status("running")
    site.agreed(site.track("first"))
    warnings = [line for line in site.console if line.startswith("pyscript-replay: ")]
    assert warnings == ["pyscript-replay: data-mod is no option. Did you mean data-mode?"]


def test_an_unknown_option_of_the_sdk_is_warned_of(site: Site) -> None:
    site.options = {"smapleRate": 0}
    site.open()
    site.agreed(site.track("first"))
    assert any("smapleRate" in line and "sampleRate" in line for line in site.console)


def test_missing_api_key_asks_nobody(site: Site) -> None:
    asked: list[str] = []
    site.context.on("request", lambda request: asked.append(request.url))
    site.open(wait=False, api_key=None, options=None)
    site.wait_for_status("failed")
    assert [url for url in asked if not url.startswith(site.server.url)] == []


def test_csp_without_wasm_unsafe_eval_is_named(site: Site) -> None:
    tag = site.tag(write_key="actions", segment_cdn=site.cdn, hold_ms=60_000)
    site.show(tag, CSP.replace(" 'wasm-unsafe-eval'", ""))
    site.page.goto(f"{site.server.url}/site/")
    site.wait_for_status("failed")
    site.page.evaluate("void analytics.track('held')")
    settled(site, "held")
    assert site.errors == ["runtime-load"]


def test_a_device_id_that_amplitude_refuses_records_nothing(site: Site) -> None:
    site.file("visitor.js", "document.cookie = 'ajs_anonymous_id=a/b; path=/';")
    tag = site.tag(write_key="actions", segment_cdn=site.cdn, hold_ms=60_000)
    site.show(f'<script src="visitor.js"></script>{tag}')
    site.page.goto(f"{site.server.url}/site/")
    site.wait_for_status("failed")
    site.page.evaluate("void analytics.track('held')")
    settled(site, "held")
    assert "device-id" in site.errors
    assert site.server.store.uploads() == []


def test_a_page_without_segment_is_told(site: Site) -> None:
    site.page.clock.install()
    site.show(site.tag())
    site.page.goto(f"{site.server.url}/site/")
    site.wait_too_long()
    assert site.errors == ["segment-missing"]


def test_a_second_tag_leaves_the_first_one_alone(site: Site) -> None:
    tag = site.tag(write_key="actions", segment_cdn=site.cdn)
    site.show(tag + tag)
    site.page.goto(f"{site.server.url}/site/")
    site.wait_for_status("running")
    site.agreed(site.track("once"))
    settled(site, "once")
    assert any("tag-twice" in line for line in site.console)


def test_a_missing_sample_rate_is_warned_of_loudly(site: Site) -> None:
    site.open(sample_rate=None)
    assert any("no sample rate" in line for line in site.console)
    codes = [each["code"] for each in site.page.evaluate("pyscriptReplay.doctor()")]
    assert "no-sample-rate" in codes
