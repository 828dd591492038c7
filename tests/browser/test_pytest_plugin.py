"""The pytest plugin on sites that we did not write: each test is a test suite of somebody else, run for real."""

from pathlib import Path

import pytest
from platformdirs import user_cache_path

pytest_plugins = ["pytester"]

CACHE = str(user_cache_path())
SHOP = Path(__file__).parents[1] / "sites" / "shop.py"


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """An empty test suite beside a shop: see ``tests/sites/shop.py``."""
    monkeypatch.setenv("XDG_CACHE_HOME", CACHE)  # pytester's own home has no bundle
    shop = SHOP.read_text("utf-8").replace("Path(__file__).parent", f"Path({str(SHOP.parent)!r})")
    pytester.makeconftest(shop)
    return pytester


def run(suite: pytest.Pytester, test: str, *options: str) -> pytest.RunResult:
    suite.makepyfile(test)
    return suite.runpytest_subprocess("-q", *options)


def test_the_three_lines_of_the_readme(suite: pytest.Pytester) -> None:
    """On our tag, beside a snippet, and on the documented wirings of all three modes, as two workers of xdist."""
    result = run(
        suite,
        """
        import pytest

        @pytest.mark.parametrize("replay_mode, wiring", [
            ("actions", "tag"),
            ("actions", "tag-and-snippet"),
            ("actions", "documented-actions"),
            ("classic-device", "documented-classic-device"),
            ("classic-cloud", "documented-classic-cloud"),
        ])
        def test_checkout(page, replay, wiring):
            page.goto(f"https://shop.example/{wiring}")
            page.wait_for_function("!!document.cookie")  # Segment is there
            page.click("text=Buy")
            replay.expect_event("Checkout Started", {"total": 3}).in_replay()
            replay.expect_same_session()
        """,
        *("-n", "2"),
    )
    result.assert_outcomes(passed=5)


def test_a_page_without_replay_fails_with_what_happened_and_the_nearest_events(suite: pytest.Pytester) -> None:
    result = run(
        suite,
        """
        import pytest

        @pytest.fixture(autouse=True)
        def patience(replay):
            replay.timeout = 2

        def test_misspelt(page, replay):
            page.goto("https://shop.example/no-replay")
            page.click("text=Buy")
            replay.expect_event("Checkout Begun", {"total": 4})

        def test_other_properties(page, replay):
            page.goto("https://shop.example/no-replay")
            page.click("text=Buy")
            replay.expect_event("Checkout Started", {"total": 4})

        def test_not_recorded(page, replay):
            page.goto("https://shop.example/no-replay")
            page.click("text=Buy")
            replay.expect_event("Checkout Started").in_replay()
        """,
    )
    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines(
        [
            '*No event "Checkout Begun" with {"total": 4} arrived at Segment.*',
            '*arrived: track "Checkout Started" {"total": 3}*',
            "*What happened*",
            "*page*https://shop.example/no-replay*",
            "*request*GET https://cdn.segment.com/v1/projects/segment-key/settings: 200*",
            '*call*track "Checkout Started"*',
            '*segment*track "Checkout Started" {"total": 3}*',
            '*No event "Checkout Started" with {"total": 4} arrived at Segment.*',
            '*arrived: track "Checkout Started" {"total": 3}*',
            '*Event "Checkout Started" is of */*, and nothing was recorded.*',
        ]
    )
    assert "expectations.py" not in result.stdout.str()  # of the plugin's own lines nothing is shown


def test_a_failure_keeps_the_time_line_and_a_recording_that_plays(suite: pytest.Pytester) -> None:
    result = run(
        suite,
        """
        def test_fails(page, replay):
            page.goto("https://shop.example/tag")
            page.click("text=Buy")
            replay.expect_event("Checkout Started").in_replay()
            assert False

        def test_passes(page, replay):
            page.goto("https://shop.example/tag")
            page.click("text=Buy")
            replay.expect_event("Checkout Started").in_replay()
        """,
        *("--output", "kept"),
    )
    result.assert_outcomes(passed=1, failed=1)
    (directory,) = (suite.path / "kept").iterdir()
    assert "test-fails" in directory.name
    assert 'track "Checkout Started"' in (directory / "replay-time-line.txt").read_text("utf-8")
    assert "Shop" in (directory / "replay-1.html").read_text("utf-8")


def test_the_defects_of_the_documented_snippets(suite: pytest.Pytester) -> None:
    """In device-mode the new session is recorded one event late; in cloud-mode it never ends."""
    result = run(
        suite,
        """
        import pytest

        @pytest.mark.parametrize("replay_mode", ["classic-device", "classic-cloud"])
        def test_half_an_hour_later(page, replay, replay_mode):
            page.goto(f"https://shop.example/documented-{replay_mode}")
            page.wait_for_function("!!document.cookie")
            page.click("text=Buy")
            replay.expect_event("Checkout Started").in_replay()
            replay.minutes(31)
            page.click("text=Buy")
            replay.timeout = 5
            replay.expect_new_session()
        """,
    )
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*became */*, and only */* was recorded.*", "*The session is still */*"])


def test_half_an_hour_later_two_tabs_and_a_page_that_is_left(suite: pytest.Pytester) -> None:
    result = run(
        suite,
        """
        import pytest

        @pytest.mark.parametrize("wiring", ["tag", "documented-actions"])
        def test_new_session(page, replay, wiring):
            page.goto(f"https://shop.example/{wiring}")
            page.wait_for_function("!!document.cookie")
            page.click("text=Buy")
            replay.expect_event("Checkout Started").in_replay()
            replay.minutes(10)
            page.click("text=Buy")
            replay.expect_same_session()
            replay.minutes(31)
            page.click("text=Buy")
            replay.expect_new_session()
            replay.expect_nothing_lost()
            (none, first), (previous, second) = replay.transitions
            assert none is None and previous == first and first[0] == second[0] and first[1] < second[1]

        def test_two_tabs(context, page, replay):
            page.goto("https://shop.example/tag")
            page.click("text=Buy")
            replay.expect_event("Checkout Started").in_replay()
            other = context.new_page()
            other.goto("https://shop.example/tag")
            other.click("text=Buy")
            replay.expect_nothing_lost()
            replay.expect_same_session()
            assert len(replay.events) == 2

        def test_the_last_word(page, replay):
            page.goto("https://shop.example/tag")
            page.click("text=Buy")
            replay.expect_event("Checkout Started").in_replay()
            page.evaluate("document.querySelector('h1').textContent = 'Goodbye'")
            page.wait_for_timeout(300)
            page.goto("https://shop.example/no-replay")
            page.click("text=Buy")
            replay.expect_nothing_lost()
            assert any("Goodbye" in str(upload.events) for upload in replay.uploads)
        """,
    )
    result.assert_outcomes(passed=4)


def test_consent_and_masking(suite: pytest.Pytester) -> None:
    result = run(
        suite,
        """
        import pytest

        def test_consent(page, replay):
            page.goto("https://shop.example/consent")
            page.click("text=Buy")
            replay.expect_nothing_before_consent()
            page.evaluate("pyscriptReplay.start()")
            replay.expect_event("Checkout Started").in_replay()

        def test_no_consent_was_asked(page, replay):
            page.goto("https://shop.example/tag")
            with pytest.raises(AssertionError, match="requests went out, first GET https://cdn.segment.com/"):
                replay.expect_nothing_before_consent()

        def test_masking(page, replay):
            page.goto("https://shop.example/tag")
            page.fill("[aria-label=Card]", "4111 1111")
            page.click("text=Buy")
            replay.expect_event("Checkout Started").in_replay()
            replay.expect_masked("4111 1111")
            with pytest.raises(AssertionError, match='"Shop" is in the recording'):
                replay.expect_masked("Shop")

        def test_masking_without_a_recording(page, replay):
            page.goto("https://shop.example/no-replay")
            replay.timeout = 2
            with pytest.raises(AssertionError, match="Nothing was recorded"):
                replay.expect_masked("Shop")
        """,
    )
    result.assert_outcomes(passed=4)


def test_a_site_with_its_own_domain_before_segment_and_amplitude(suite: pytest.Pytester) -> None:
    result = run(
        suite,
        """
        def test_proxy(page, replay):
            elsewhere = []
            page.on("requestfailed", lambda request: elsewhere.append(request.url))
            page.goto("https://shop.example/proxy")
            page.click("text=Buy")
            replay.expect_event("Checkout Started").in_replay()
            replay.expect_nothing_lost()
            assert elsewhere == []
            hosts = {asked.url.split("/")[2] for asked in replay.wire.asked}
            assert hosts == {"cdn.shop.example", "events.shop.example", "amp.shop.example"}
        """,
    )
    result.assert_outcomes(passed=1)
