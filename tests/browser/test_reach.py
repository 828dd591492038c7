"""A visitor who may not reach Amplitude: nothing is recorded, uploaded, stored or marked; Amplitude is not contacted.

The consents are those of Segment's own wrapper, ``@segment/analytics-consent-tools``, around the real analytics-next.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Route

from pyscript_replay.tools.bundle import esbuild
from pyscript_replay.tools.npm import installed

from .conftest import Site

MODES = ("actions", "classic-device", "classic-cloud")
NAMES = {"actions": "Actions Amplitude", "classic-device": "Amplitude", "classic-cloud": "Amplitude"}
REPLAY_ID = "[Amplitude] Session Replay ID"
CONSENT = Path(__file__).parent / "consent"
YES, NO = {"analytics": True, "ads": False}, {"analytics": False, "ads": True}
ALL_REFUSED = {"analytics": False, "ads": False}

SEGMENT = """
import { AnalyticsBrowser } from "%(analytics)s";
import { createWrapper } from "./consent.js";
window.categories = %(categories)s;
window.decided = new Promise((resolve) => (window.decide = resolve));
window.analytics = new AnalyticsBrowser();
createWrapper({
  getCategories: () => window.categories,
  registerOnConsentChanged: (tell) => (window.choose = (given) => tell((window.categories = given))),
  shouldLoadSegment: async (load) => {
    if (%(deferred)s) await window.decided;
    load.load({ consentModel: "%(model)s" });
  },
})(window.analytics);
window.analytics.load({ writeKey: "%(key)s", cdnURL: "%(cdn)s" });
"""


@pytest.fixture(scope="session")
def wrapper() -> str:
    """Segment's consent wrapper as a module."""
    package = installed(CONSENT) / "@segment"
    alias = {
        f"@segment/{name}": str(package / name / "dist/esm/index.js")
        for name in ("analytics-consent-tools", "analytics-generic-utils")
    }
    return esbuild(CONSENT / "consent.js", alias=alias).decode()


class Consent:
    """A site whose Segment is wrapped, and whose Amplitude destination needs the category ``analytics``."""

    def __init__(self, site: Site, wrapper: str) -> None:
        self.site = site
        self.amplitude: list[str] = []
        site.file("consent.js", wrapper)
        site.context.on("request", self._requested)
        site.context.route("**/v1/projects/*/settings", self._settings)

    def open(
        self,
        source: str,
        model: str,
        categories: dict[str, bool],
        *,
        deferred: bool = False,
        wait: bool = True,
        **tag: Any,
    ) -> None:
        site, self.mode = self.site, source
        given = {"analytics": site.dist("analytics"), "key": source, "cdn": site.cdn, "model": model}
        given.update(categories=json.dumps(categories), deferred=json.dumps(deferred))
        site.file("segment.js", SEGMENT % given)
        site.show('<script type="module" src="segment.js"></script>' + site.tag(**{"mode": source, **tag}))
        site.page.goto(f"{site.server.url}/site/")
        if wait:
            site.wait_for_status("running")

    def choose(self, categories: dict[str, bool]) -> None:
        self.site.page.evaluate("(given) => void choose(given)", categories)

    def off(self) -> str:
        """What the doctor says about it: a state with a reason, and no error."""
        assert self.site.errors == []
        findings = self.site.page.evaluate("pyscriptReplay.doctor()")
        assert not [each for each in findings if each["level"] == "problem"]
        (finding,) = [each for each in findings if each["code"] == "switched-off"]
        return finding["message"]

    def nothing(self) -> None:
        """Nothing was recorded, stored, or asked of Amplitude."""
        self.site.page.wait_for_timeout(500)
        assert self.amplitude == []
        assert self.site.facade("sessionId", "recording") == {"sessionId": None, "recording": False}
        keys = self.site.page.evaluate("Object.keys(localStorage)")
        assert [key for key in keys if key.startswith("AMP")] == []
        if self.mode == "classic-cloud":  # in the other modes it is the owner's, Segment's plugin or amplitude-js
            assert "analytics_session_id" not in keys and "analytics_session_id" not in self.site.cookies

    def _requested(self, request: Any) -> None:
        if "/amplitude/session-replay/" in request.url:
            self.amplitude.append(request.url)

    def _settings(self, route: Route) -> None:
        settings = route.fetch().json()
        settings["consentSettings"] = {"allCategories": ["analytics", "ads"], "hasUnmappedDestinations": False}
        destination = settings["integrations"].setdefault(
            NAMES[self.mode], {"versionSettings": {"componentTypes": []}, "bundlingStatus": "unbundled"}
        )
        destination["consentSettings"] = {"categories": ["analytics"]}
        route.fulfill(json=settings)


@pytest.fixture
def consent(site: Site, wrapper: str) -> Consent:
    return Consent(site, wrapper)


@pytest.mark.parametrize("mode", MODES)
def test_consent_opt_out_refused_then_accepted_then_withdrawn(consent: Consent, mode: str) -> None:
    site = consent.site
    consent.open(mode, "opt-out", NO)
    assert REPLAY_ID not in site.track("refused")["properties"]
    assert "consent" in consent.off()
    consent.nothing()

    consent.choose(YES)
    message = site.track("accepted")
    site.agreed(message)
    assert site.facade("recording") == {"recording": True}

    consent.choose(NO)
    assert REPLAY_ID not in site.track("withdrawn")["properties"]
    withdrawn = len(consent.amplitude)
    site.page.fill("#field", "after the end")
    site.page.wait_for_timeout(500)
    assert consent.amplitude[withdrawn:] == []
    assert site.facade("sessionId", "recording") == {"sessionId": None, "recording": False}
    assert "consent" in consent.off()

    consent.choose(YES)
    site.agreed(site.track("accepted again"))


@pytest.mark.parametrize("mode", MODES)
def test_consent_opt_out_withdrawn_altogether_is_noticed_by_what_segment_drops(consent: Consent, mode: str) -> None:
    """The wrapper then has Segment drop every event, the one that says so included."""
    site = consent.site
    consent.open(mode, "opt-out", YES)
    site.agreed(site.track("accepted"))
    consent.choose(ALL_REFUSED)
    site.wait_for("pyscriptReplay.sessionId === null")
    assert "consent" in consent.off()
    contacted = len(consent.amplitude)
    site.page.evaluate("analytics.track('dropped')")
    site.page.fill("#field", "after the end")
    site.page.wait_for_timeout(500)
    assert consent.amplitude[contacted:] == []
    assert [each for each in site.events if each.get("event") == "dropped"] == []
    consent.choose(YES)
    site.agreed(site.track("accepted again"))


@pytest.mark.parametrize("mode", MODES)
def test_consent_opt_in_accepted_is_recorded_from_the_first_event(consent: Consent, mode: str) -> None:
    site = consent.site
    consent.open(mode, "opt-in", YES, deferred=True, wait=False)
    site.wait_for("typeof window.decide === 'function' && !!window.pyscriptReplay?.runtime")
    site.page.evaluate("void analytics.track('early')")
    consent.nothing()
    site.page.evaluate("decide()")
    site.wait_for_status("running")
    site.agreed(site.event("early"))
    consent.choose(NO)
    assert REPLAY_ID not in site.track("withdrawn")["properties"]
    assert "consent" in consent.off()


@pytest.mark.parametrize("mode", [*MODES, "auto"])
def test_consent_opt_in_refused_is_no_error(consent: Consent, mode: str) -> None:
    """The destination was taken out of Segment's settings; nothing is missing."""
    site = consent.site
    consent.open("actions" if mode == "auto" else mode, "opt-in", NO, mode=mode)
    assert REPLAY_ID not in site.track("refused")["properties"]
    consent.nothing()
    assert "consent" in consent.off()


def test_consent_opt_in_given_later_begins_without_a_reload_where_segment_s_servers_send_on(consent: Consent) -> None:
    site = consent.site
    consent.open("classic-cloud", "opt-in", NO)
    site.track("refused")
    consent.nothing()
    consent.choose({"analytics": True, "ads": True})
    site.agreed(site.track("accepted"))


@pytest.mark.parametrize("mode", ["actions", "auto"])
def test_consent_opt_in_all_refused_disables_segment(consent: Consent, mode: str) -> None:
    consent.open("actions", "opt-in", ALL_REFUSED, mode=mode)
    consent.site.page.evaluate("void analytics.track('refused')")
    consent.nothing()
    assert "disabled" in consent.off()
    assert consent.site.events == []


def test_consent_not_asked_for_yet_is_no_missing_segment(consent: Consent) -> None:
    site = consent.site
    site.page.clock.install()
    consent.open("actions", "opt-in", YES, deferred=True, wait=False)
    site.wait_for("typeof window.decide === 'function' && !!window.pyscriptReplay?.runtime")
    site.wait_for(
        lambda: (
            site.page.clock.fast_forward(1000)
            or any(each["code"] == "switched-off" for each in site.page.evaluate("pyscriptReplay.doctor()"))
        ),
        seconds=60,
    )
    assert "not loaded Segment yet" in consent.off()
    site.page.evaluate("decide()")
    site.wait_for_status("running")
    site.agreed(site.track("accepted"))


@pytest.mark.parametrize("mode", MODES)
def test_without_a_wrapper_an_event_without_a_stamp_is_free(consent: Consent, mode: str) -> None:
    site, consent.mode = consent.site, mode
    site.open(mode)
    site.agreed(site.track("no consent wrapper here"))


@pytest.mark.parametrize("mode", MODES)
def test_integrations_that_switch_the_destination_off_contact_nobody(site: Site, mode: str) -> None:
    asked: list[str] = []
    site.context.on("request", lambda request: asked.append(request.url))
    site.open(mode, segment_options={"integrations": {"All": False, "Segment.io": True}})
    assert REPLAY_ID not in site.track("off")["properties"]
    site.page.wait_for_timeout(500)
    assert [url for url in asked if "/amplitude/session-replay/" in url] == []


def test_opt_out_of_amplitude_js_and_back(site: Site) -> None:
    site.open("classic-device")
    site.agreed(site.track("in"))
    site.page.evaluate("amplitude.getInstance().setOptOut(true)")
    site.wait_for("pyscriptReplay.sessionId === null")
    assert REPLAY_ID not in site.track("out")["properties"]
    assert "opt out" in next(
        each["message"] for each in site.page.evaluate("pyscriptReplay.doctor()") if each["code"] == "switched-off"
    )
    site.page.evaluate("amplitude.getInstance().setOptOut(false)")
    site.agreed(site.track("in again"))
    assert site.errors == []


@pytest.mark.parametrize("mode", MODES)
def test_opt_out_option_of_session_replay_contacts_nobody(site: Site, mode: str) -> None:
    asked: list[str] = []
    site.context.on("request", lambda request: asked.append(request.url))
    site.options["optOut"] = True
    site.open(mode)
    assert REPLAY_ID not in site.track("out")["properties"]
    site.page.wait_for_timeout(500)
    assert [url for url in asked if "/amplitude/session-replay/" in url] == []


def test_opt_out_option_of_the_shell_contacts_nobody(site: Site) -> None:
    asked: list[str] = []
    site.context.on("request", lambda request: asked.append(request.url))
    site.open("classic-cloud", amplitude_options={"optOut": True})
    assert REPLAY_ID not in site.track("out")["properties"]
    site.page.wait_for_timeout(500)
    assert [url for url in asked if "/amplitude/" in url] == []


@pytest.mark.parametrize("mode", MODES)
def test_an_event_that_the_caller_keeps_from_amplitude_is_not_marked(site: Site, mode: str) -> None:
    site.open(mode)
    before = site.agreed(site.track("on"))
    for integrations in ({"All": False, "Segment.io": True}, {NAMES[mode]: False}):
        message = site.track(f"off {integrations}", options={"integrations": integrations})
        assert REPLAY_ID not in message["properties"]
    assert site.agreed(site.track("on again")) == before
