"""An app's session in the address of its web view: followed when asked for, with its device, until the time given."""

import time

import pytest

from .conftest import Site

MODES = ("actions", "classic-device", "classic-cloud")
DEVICE = "the-app-s|device"
MINUTE = 60_000


def visit(site: Site, mode: str, session_id: int, until: int, device: str = DEVICE, **tag: object) -> None:
    name = "amp_device_id" if mode == "classic-device" else "ajs_aid"
    query = f"?{name}={device.replace('|', '%7C')}&ampSessionId={session_id}&ampTimestamp={until}"
    site.server.sources["by-address"] = {
        "integrations": {
            "Amplitude": {
                **site.server.sources["classic-device"]["integrations"]["Amplitude"],
                "deviceIdFromUrlParam": True,
            }
        }
    }
    key = "by-address" if mode == "classic-device" else mode
    given = {"mode": mode, "write_key": key, "segment_cdn": site.cdn, "url_session": "follow", **tag}
    site.show(site.tag(**given))
    site.page.goto(f"{site.server.url}/site/{query}")
    site.wait_for_status("running")


@pytest.mark.parametrize(("runtime", "mode"), [*(("micropython", mode) for mode in MODES), ("pyodide", "actions")])
def test_the_app_s_session_goes_on_in_its_web_view(site: Site, runtime: str, mode: str) -> None:
    now = int(time.time() * 1000)
    visit(site, mode, now - 5 * MINUTE, now + MINUTE, runtime=runtime)
    assert site.agreed(site.track("first")) == now - 5 * MINUTE
    assert site.device_id == DEVICE
    assert site.agreed(site.track("second")) == now - 5 * MINUTE


@pytest.mark.parametrize("mode", MODES)
def test_the_app_s_session_comes_before_what_the_web_view_has_stored(site: Site, mode: str) -> None:
    now = int(time.time() * 1000)
    visit(site, mode, now - 5 * MINUTE, now - MINUTE)  # it is too late for that one
    before = site.agreed(site.track("before"))
    assert before > now - MINUTE
    visit(site, mode, now - 3 * MINUTE, now + MINUTE)
    assert site.agreed(site.track("handed over")) == now - 3 * MINUTE


@pytest.mark.parametrize(
    ("tag", "until"),
    [({"url_session": "ignore"}, MINUTE), ({}, -MINUTE)],
    ids=["not asked for", "too late"],
)
def test_a_session_in_the_address_is_ignored(site: Site, tag: dict, until: int) -> None:
    now = int(time.time() * 1000)
    visit(site, "actions", now - 5 * MINUTE, now + until, **tag)
    assert site.agreed(site.track("first")) > now - MINUTE


def test_a_session_of_another_device_is_ignored(site: Site) -> None:
    now = int(time.time() * 1000)
    visit(site, "actions", now - 5 * MINUTE, now + MINUTE, segment_options={"useQueryString": False})
    assert site.agreed(site.track("first")) > now - MINUTE
    assert site.device_id != DEVICE
