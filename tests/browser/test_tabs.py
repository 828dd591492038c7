"""Several tabs, the back/forward cache, and a cookie that somebody else writes: one session all the same."""

import pytest

from .conftest import Site, in_turns

MODES = ("actions", "classic-device", "classic-cloud")


@pytest.mark.parametrize("mode", in_turns(MODES))
def test_two_tabs_share_one_session(site: Site, mode: str) -> None:
    site.open(mode)
    first = site.agreed(site.track("first tab"))
    other = site.tab()
    assert other.agreed(other.track("second tab")) == first
    assert other.reasons == ["resumed"]


@pytest.mark.parametrize("mode", in_turns(MODES))
def test_a_session_that_one_tab_renews_is_followed_by_the_other(site: Site, mode: str) -> None:
    site.context.clock.install()
    site.open(mode)
    first = site.agreed(site.track("first tab"))
    other = site.tab()
    other.agreed(other.track("second tab"))
    site.context.clock.fast_forward(31 * 60_000)
    renewed = site.agreed(site.track("first tab, later"))
    assert renewed > first
    other.wait_for(f"pyscriptReplay.sessionId === {renewed}")
    assert other.agreed(other.track("second tab, later")) == renewed
    assert site.agreed(site.track("first tab again")) == renewed


@pytest.mark.parametrize("mode", MODES)
def test_newer_cookie_written_by_cookiestore_is_followed(site: Site, mode: str) -> None:
    site.open(mode)
    first = site.agreed(site.track("before"))
    newer = first + 5
    site.page.evaluate("(id) => cookieStore.set('analytics_session_id', String(id))", newer)
    site.wait_for(f"pyscriptReplay.sessionId === {newer}")
    assert site.agreed(site.track("after")) == newer


@pytest.mark.parametrize("mode", MODES)
def test_older_cookie_written_by_cookiestore_is_not_followed(site: Site, mode: str) -> None:
    site.open(mode)
    first = site.agreed(site.track("before"))
    site.page.evaluate("(id) => cookieStore.set('analytics_session_id', String(id))", first - 5)
    site.page.wait_for_timeout(200)
    assert site.session_id == first
    site.track("after")
    assert site.session_id == first


@pytest.mark.parametrize("mode", ["actions", "classic-cloud"])
def test_another_visitor_in_one_tab_is_another_in_all(site: Site, mode: str) -> None:
    site.open(mode)
    site.page.evaluate("void analytics.identify('ada')")
    session_id = site.agreed(site.track("first tab"))
    device_id = site.device_id
    other = site.tab()
    other.agreed(other.track("second tab"))
    site.page.evaluate("void analytics.identify('grace')")
    other.wait_for(f"pyscriptReplay.deviceId !== '{device_id}'")
    assert other.agreed(other.track("second tab, later")) == site.agreed(site.track("later")) == session_id
    assert other.device_id == site.device_id


@pytest.mark.parametrize("mode", ["actions", "classic-cloud"])
def test_an_anonymous_id_that_is_set_is_followed_before_any_event(site: Site, mode: str) -> None:
    site.open(mode)
    session_id = site.agreed(site.track("before"))
    site.page.evaluate("analytics.setAnonymousId('somebody-else')")
    site.wait_for("pyscriptReplay.deviceId === 'somebody-else'")
    assert site.agreed(site.track("after")) == session_id


@pytest.mark.parametrize(
    ("gone", "mode"),
    in_turns(["cookieStore.delete('analytics_session_id')", "cookieStore.set('analytics_session_id', '5')"], MODES),
)
def test_deleted_session_cookie_is_written_again(site: Site, gone: str, mode: str) -> None:
    site.open(mode)
    session_id = site.agreed(site.track("before"))
    site.page.evaluate(gone)
    site.wait_for(lambda: site.cookies.get("analytics_session_id") != str(session_id))
    assert site.agreed(site.track("after")) == session_id


@pytest.mark.parametrize("mode", MODES)
def test_tab_back_from_bfcache_looks_again(site: Site, mode: str) -> None:
    """Without storage events, as after the back/forward cache."""
    site.open(mode)
    first = site.agreed(site.track("before"))
    site.page.evaluate(
        """(id) => {
            analytics.storage.set('analytics_session_id', id);
            dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
        }""",
        first + 5,
    )
    site.wait_for(f"pyscriptReplay.sessionId === {first + 5}")
    assert site.agreed(site.track("after")) == first + 5


def test_what_another_tab_has_saved_is_not_overwritten(site: Site) -> None:
    """amplitude-js saves all that it has in memory; in another tab that may be half an hour old."""
    site.page.clock.install()
    site.open("classic-device")
    site.agreed(site.track("before"))
    site.pass_minutes(31)
    saved = site.page.evaluate(
        """() => {
            // what another tab's amplitude-js does when it logs an event
            const it = amplitude.getInstance();
            const name = it.options.cookieName + it._storageSuffix;
            const now = Date.now();
            const saved = { ...it.cookieStorage.get(name), sessionId: now, lastEventTime: now, eventId: 77 };
            it.cookieStorage.set(name, saved);
            cookieStore.set("analytics_session_id", String(saved.sessionId));
            return saved;
        }"""
    )
    site.wait_for(f"pyscriptReplay.sessionId === {saved['sessionId']}")
    kept = site.page.evaluate(
        "(({ cookieStorage: it, options, _storageSuffix }) => it.get(options.cookieName + _storageSuffix))"
        "(amplitude.getInstance())"
    )
    assert kept == saved
    assert site.agreed(site.track("after")) == saved["sessionId"]
