"""Odd pages, with others' globals, polyfills and patches: recorded, or refused with the reason; no event is lost."""

import functools
from pathlib import Path

import pytest

from pyscript_replay.tools.cache import digest, once
from pyscript_replay.tools.npm import FILES, install

from .conftest import CSP, Site
from .test_loader import settled

ODD = Path(__file__).parent / "odd"
RECORDED = "recorded"


@pytest.fixture(scope="session")
def packages() -> Path:
    """What npm has of what pages load: see odd/package.json."""
    key = digest([(ODD / name).read_bytes() for name in FILES])
    return once("odd", key, functools.partial(install, ODD)) / "node_modules"


# What a page runs before our tag: what changes the language or the globals that everything else stands on.
SURROUNDINGS = {
    "a polyfill's process": "window.process = { env: {}, browser: true, versions: {}, nextTick() {} };",
    "a process that says it is Node": "window.process = { versions: { node: '20.1.0' }, env: {}, argv: ['a', 'b'] };",
    "Electron's process": """
      window.process = { type: "renderer", versions: { node: "20.1.0", electron: "30.0.0" }, argv: ["a"], env: {} };
    """,
    "module, exports, require and define": """
      window.module = { exports: {} }; window.exports = module.exports; window.global = window;
      window.require = (name) => { throw new Error("there is no " + name); };
      window.define = Object.assign(() => { throw new Error("anonymous define()"); }, { amd: {} });""",
    "fields of Object.prototype": """
      for (const [name, value] of Object.entries({ code: 1, name: "n", type: "t", fix: "f" }))
        Object.defineProperty(Object.prototype, name, { configurable: true, writable: true, value });""",
    "a fetch of its own": """
      const before = window.fetch;
      window.fetch = function (...args) { return before.apply(this, args).then((it) => it); };""",
    "no CustomEvent": "window.CustomEvent = undefined;",
    "a CustomEvent that makes none": "window.CustomEvent = function () {};",
    "a console that throws": """
      for (const name of Object.keys(console)) console[name] = () => { throw new Error("no console"); };""",
    "timers of its own": """
      const later = window.setTimeout;
      window.setTimeout = function (run, ...more) { return later(() => run(), ...more); };""",
    "no requestIdleCallback, no structuredClone": "delete window.requestIdleCallback; delete window.structuredClone;",
}
# Pyodide itself looks at these before it starts. The others concern the loader, whichever Python it loads.
SEEN_BY_PYODIDE = list(SURROUNDINGS)[:5]
ALL_THE_OTHERS = "all the others at once"
SURROUNDINGS[ALL_THE_OTHERS] = "".join(f"{{{text}}}" for text in list(SURROUNDINGS.values())[5:])
PACKAGES = {
    "zone.js": (["zone.js/bundles/zone.umd.js"], ""),
    "core-js": (["core-js-bundle/minified.js"], ""),
    "SES": (
        ["ses/dist/lockdown.umd.js"],
        "lockdown({ errorTaming: 'unsafe', consoleTaming: 'unsafe', overrideTaming: 'severe' });",
    ),
}


def visit(
    site: Site, before: str, runtime: str = "micropython", body: str | None = None, csp: str = CSP, **tag
) -> None:
    site.file("before.js", before)
    given = {"write_key": "actions", "segment_cdn": site.cdn, "runtime": runtime, "mode": "actions"}
    given |= {"hold_ms": 60_000, **tag}
    head = '<script src="before.js"></script>' + site.tag(**given).replace(" async", "")
    site.file("after.js", "void window.analytics.track('at once');")
    site.show(head + '<script src="after.js"></script>', csp, body)
    site.page.goto(f"{site.server.url}/site/")


def recorded(site: Site) -> None:
    site.wait_for_status("running")
    assert site.agreed(site.track("later")) == site.agreed(site.event("at once"))
    settled(site, "at once", "later")
    assert site.errors == []


@pytest.mark.parametrize(
    ("surroundings", "runtime"),
    [(each, "micropython") for each in SURROUNDINGS]
    + [(each, "pyodide") for each in (*SEEN_BY_PYODIDE, ALL_THE_OTHERS)],
)
def test_a_page_is_recorded_whatever_its_globals(site: Site, surroundings: str, runtime: str) -> None:
    visit(site, SURROUNDINGS[surroundings], runtime)
    recorded(site)


@pytest.mark.parametrize("runtime", ["micropython", "pyodide"])
@pytest.mark.parametrize("package", PACKAGES)
def test_a_page_is_recorded_beside(site: Site, packages: Path, package: str, runtime: str) -> None:
    files, more = PACKAGES[package]
    visit(site, "".join((packages / file).read_text("utf-8") for file in files) + ";" + more, runtime)
    if (package, runtime) != ("SES", "pyodide"):
        recorded(site)
        return
    site.wait_for_status("failed")  # Pyodide adds to functions that SES has frozen
    settled(site, "at once")
    assert site.errors == ["runtime-load"]
    assert "not extensible" in site.page.evaluate("heard.error[0].message")


TO_JSON = """
  for (const it of [Object, Array])
    Object.defineProperty(it.prototype, "toJSON", {
      configurable: true, writable: true, value() { return "converted: " + String(this); } });"""
FROZEN = """
  for (const it of [Object, Array, Function, Error, TypeError, Promise, Map, Set, Date, RegExp, String, Number]) {
    Object.freeze(it); Object.freeze(it.prototype); }"""


@pytest.mark.parametrize(
    ("before", "code"), [(TO_JSON, "json-patched"), (FROZEN, "sdk-load")], ids=["toJSON", "frozen prototypes"]
)
def test_a_page_that_breaks_the_sdk_is_refused_with_the_reason(site: Site, before: str, code: str) -> None:
    visit(site, before)
    site.wait_for_status("failed")
    assert site.errors == [code]
    assert site.server.store.uploads() == []


def test_enumerable_additions_to_prototypes_are_recorded(site: Site) -> None:
    """Segment's own cookies break there; the recording and the event agree all the same."""
    additions = """
      for (const it of [Object, Array, String, Function, Promise])
        it.prototype.each = it.prototype.inGroupsOf = function () { throw new Error("called"); };"""
    visit(site, additions)
    site.wait_for_status("running")
    replay_id = site.track("later")["properties"]["[Amplitude] Session Replay ID"]
    assert replay_id == f"{site.device_id}/{site.session_id}"
    assert site.uploads(site.session_id)


NAMED = {
    "pyscriptReplay": "<div id=pyscriptReplay></div>",
    "analytics": "<form id=analytics></form><form id=analytics></form>",
    "currentScript": "<img name=currentScript>",
}


@pytest.mark.parametrize("name", NAMED)
def test_an_element_with_our_name_is_nobody(site: Site, name: str) -> None:
    """In cloud-mode, for Segment's own plugins do not find themselves where an element is ``currentScript``."""
    site.file("after.js", "void window.analytics.track('at once');")
    tag = site.tag(write_key="classic-cloud", segment_cdn=site.cdn, mode="classic-cloud").replace(" async", "")
    site.show("", body=f'{NAMED[name]}{tag}<script src="after.js"></script>')
    site.page.goto(f"{site.server.url}/site/")
    recorded(site)


def test_an_analytics_that_nobody_may_redefine_is_looked_at_from_time_to_time(site: Site) -> None:
    """What comes before the first look is not held, but arrives."""
    visit(site, "var analytics = [];")
    site.wait_for_status("running")
    site.agreed(site.track("later"))
    settled(site, "at once", "later")


THROWING = "get() { throw new Error('not yet'); }"


def test_a_global_that_cannot_be_read_gives_way_where_it_can(site: Site) -> None:
    visit(site, f"Object.defineProperty(window, 'analytics', {{ configurable: true, {THROWING} }});")
    recorded(site)


def test_a_global_that_cannot_be_replaced_is_the_reason(site: Site) -> None:
    visit(site, f"Object.defineProperty(window, 'analytics', {{ {THROWING} }});")
    site.wait_for_status("failed")
    assert site.errors == ["segment-load"]
    assert len(site.uncaught) == 1  # the page's own
    site.uncaught.clear()


def test_a_global_that_cannot_be_read_is_the_reason_why_there_is_no_segment(site: Site) -> None:
    site.page.clock.install()
    site.file("before.js", f"Object.defineProperty(window, 'analytics', {{ {THROWING} }});")
    site.show('<script src="before.js"></script>' + site.tag(mode="actions"))
    site.page.goto(f"{site.server.url}/site/")
    site.wait_too_long()
    (error,) = site.page.evaluate("heard.error")
    assert (error["code"], "not yet" in error["message"]) == ("segment-missing", True)


def test_somebody_elses_analytics_is_left_alone(site: Site) -> None:
    visit(site, "window.analytics = { heard: [], track(name) { this.heard.push(name); } };")
    site.wait_for_status("failed")
    assert site.errors == ["segment-load"]
    assert site.page.evaluate("analytics.heard") == ["at once"]


def test_a_frozen_facade_of_the_page_is_said_and_the_page_recorded(site: Site) -> None:
    visit(site, "Object.defineProperty(window, 'pyscriptReplay', { value: 'mine' });")
    site.wait_for("heard.status.at(-1)?.status === 'running'")
    site.page.evaluate("void analytics.track('later')")
    settled(site, "at once", "later")
    assert site.errors == ["global-taken"]
    assert "[Amplitude] Session Replay ID" in site.event("later")["properties"]


def test_a_setter_of_the_page_goes_on_hearing(site: Site) -> None:
    setter = """
      let kept; window.seen = [];
      Object.defineProperty(window, "analytics", {
        configurable: true, get: () => kept, set(value) { kept = value; seen.push(typeof value.track); } });"""
    visit(site, setter)
    recorded(site)
    assert site.page.evaluate("seen.length") == 2
