"""Odd pages: other people's globals, polyfills and patches. Recorded, or refused with the true reason; no event is lost."""

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
    "Electron's process": """window.process = {
      type: "renderer", versions: { node: "20.1.0", electron: "30.0.0" }, argv: ["a", "b"], env: {}, platform: "linux" };""",
    "module, exports, require and define": """
      window.module = { exports: {} }; window.exports = module.exports; window.global = window;
      window.require = (name) => { throw new Error("there is no " + name); };
      window.define = Object.assign(() => { throw new Error("anonymous define()"); }, { amd: {} });""",
    "prototype.js's toJSON": """
      for (const it of [Object, Array, String, Number, Boolean])
        Object.defineProperty(it.prototype, "toJSON", {
          configurable: true, writable: true, value() { return "converted: " + String(this); } });""",
    "enumerable additions to prototypes": """
      for (const it of [Object, Array, String, Function, Promise])
        it.prototype.each = it.prototype.inGroupsOf = function () { throw new Error("called"); };""",
    "fields of Object.prototype": """
      for (const [name, value] of Object.entries({ mode: "x", code: 1, name: "n", type: "t", then: undefined }))
        Object.defineProperty(Object.prototype, name, { configurable: true, writable: true, enumerable: true, value });""",
    "frozen prototypes": """
      for (const it of [Object, Array, Function, Error, TypeError, Promise, Map, Set, Date, RegExp, String, Number])
        { Object.freeze(it); Object.freeze(it.prototype); }""",
    "a fetch of its own": """
      const fetch_ = window.fetch; window.fetch = function (...args) { return fetch_.apply(this, args).then((it) => it); };""",
    "no CustomEvent": "window.CustomEvent = undefined;",
    "a CustomEvent that makes none": "window.CustomEvent = function () {};",
    "a console that throws": """
      for (const name of Object.keys(console)) console[name] = () => { throw new Error("no console"); };""",
    "no console": "window.console = undefined;",
    "an analytics that nobody may redefine": "var analytics = [];",
    "timers of its own": """
      const later = window.setTimeout;
      window.setTimeout = function (run, ...more) { return later(() => run(), ...more); };""",
    "no requestIdleCallback, no structuredClone": "delete window.requestIdleCallback; delete window.structuredClone;",
}
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
    given = {"write_key": "actions", "segment_cdn": site.cdn, "runtime": runtime, "mode": "actions", **tag}
    head = '<script src="before.js"></script>' + site.tag(**given).replace(" async", "")
    site.file("after.js", "void window.analytics.track('at once');")
    site.show(head + '<script src="after.js"></script>', csp, body)
    site.page.goto(f"{site.server.url}/site/")


def recorded(site: Site) -> None:
    site.wait_for_status("running")
    assert site.agreed(site.track("later")) == site.agreed(site.event("at once"))
    settled(site, "at once", "later")
    assert site.errors == []


@pytest.mark.parametrize("runtime", ["micropython", "pyodide"])
@pytest.mark.parametrize("surroundings", SURROUNDINGS)
def test_a_page_is_recorded_whatever_its_globals(site: Site, surroundings: str, runtime: str) -> None:
    visit(site, SURROUNDINGS[surroundings], runtime)
    recorded(site)


@pytest.mark.parametrize("runtime", ["micropython", "pyodide"])
@pytest.mark.parametrize("package", PACKAGES)
def test_a_page_is_recorded_beside(site: Site, packages: Path, package: str, runtime: str) -> None:
    files, more = PACKAGES[package]
    visit(site, "".join((packages / file).read_text("utf-8") for file in files) + ";" + more, runtime)
    recorded(site)
