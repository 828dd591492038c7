"""The pytest plugin on sites that we did not write: the test suite of somebody else, run for real.

It runs once for all tests here, as two workers of xdist: a browser takes long to start.
"""

import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import NamedTuple

import pytest

SHOP = Path(__file__).parents[1] / "sites" / "shop.py"
SUITE: dict[str, str] = {}  # file by file, in the order in which they run

pytestmark = pytest.mark.xdist_group("pytest-plugin")  # run once, for all of them


class Ran(NamedTuple):
    """What became of the suite."""

    kept: Path
    printed: str
    failures: dict[str, dict[str, str]]  # by file and test; of a test that has passed it is empty

    def of(self, file: str) -> list[str]:
        """The failures in a file, in the order of the names of its tests."""
        return [failure for _, failure in sorted(self.failures[file].items())]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The suite beside a shop (see ``tests/sites/shop.py``)."""
    root = tmp_path_factory.mktemp("suite")
    shop = SHOP.read_text("utf-8").replace("Path(__file__).parent", f"Path({str(SHOP.parent)!r})")
    (root / "conftest.py").write_text(shop, "utf-8")
    for file, text in SUITE.items():
        (root / f"{file}.py").write_text(text, "utf-8")
    files = [f"{file}.py" for file in SUITE]
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--output", "kept", "--junit-xml", "ran.xml", *files]
    done = subprocess.run(command, cwd=root, capture_output=True, encoding="utf-8")
    assert (root / "ran.xml").exists(), done.stdout + done.stderr
    failures: dict[str, dict[str, str]] = {file: {} for file in SUITE}
    for case in ET.parse(root / "ran.xml").iter("testcase"):
        failures[case.attrib["classname"]][case.attrib["name"]] = "\n".join(each.text or "" for each in case)
    return Ran(root / "kept", done.stdout, failures)


def lines(text: str) -> pytest.LineMatcher:
    return pytest.LineMatcher(text.splitlines())


SUITE["test_three_lines"] = """
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
"""


def test_the_three_lines_of_the_readme(ran: Ran) -> None:
    """On our tag, beside a snippet, and on the documented wirings of all three modes, as two workers of xdist."""
    assert ran.of("test_three_lines") == [""] * 5


SUITE["test_without_replay"] = """
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
"""


def test_a_page_without_replay_fails_with_what_happened_and_the_nearest_events(ran: Ran) -> None:
    misspelt, not_recorded, other_properties = map(lines, ran.of("test_without_replay"))
    misspelt.fnmatch_lines(
        [
            '*No event "Checkout Begun" with {"total": 4} arrived at Segment.*',
            '*arrived: track "Checkout Started" {"total": 3}*',
            "*What happened*",
            "*page*https://shop.example/no-replay*",
            "*request*GET https://cdn.segment.com/v1/projects/segment-key/settings: 200*",
            '*call*track "Checkout Started"*',
            '*segment*track "Checkout Started" {"total": 3}*',
        ]
    )
    not_recorded.fnmatch_lines(['*Event "Checkout Started" is of */*, and nothing was recorded.*'])
    other_properties.fnmatch_lines(
        [
            '*No event "Checkout Started" with {"total": 4} arrived at Segment.*',
            '*arrived: track "Checkout Started" {"total": 3}*',
        ]
    )
    assert "expectations.py" not in ran.printed  # of the plugin's own lines nothing is shown


SUITE["test_kept"] = """
def test_fails(page, replay):
    page.goto("https://shop.example/tag")
    page.click("text=Buy")
    replay.expect_event("Checkout Started").in_replay()
    assert False

def test_passes(page, replay):
    page.goto("https://shop.example/tag")
    page.click("text=Buy")
    replay.expect_event("Checkout Started").in_replay()
"""


def test_a_failure_keeps_the_time_line_and_a_recording_that_plays(ran: Ran) -> None:
    failed, passed = ran.of("test_kept")
    assert "assert False" in failed and passed == ""
    directories = list(ran.kept.iterdir())
    assert len(directories) == sum(failure != "" for file in SUITE for failure in ran.of(file))
    (directory,) = [each for each in directories if "test-fails" in each.name]
    assert 'track "Checkout Started"' in (directory / "replay-time-line.txt").read_text("utf-8")
    assert "Shop" in (directory / "replay-1.html").read_text("utf-8")


SUITE["test_defects"] = """
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
"""


def test_the_defects_of_the_documented_snippets(ran: Ran) -> None:
    """In device-mode the new session is recorded one event late; in cloud-mode it never ends."""
    cloud, device = map(lines, ran.of("test_defects"))
    device.fnmatch_lines(["*became */*, and only */* was recorded.*"])
    cloud.fnmatch_lines(["*The session is still */*"])


SUITE["test_visits"] = """
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
"""


def test_half_an_hour_later_two_tabs_and_a_page_that_is_left(ran: Ran) -> None:
    assert ran.of("test_visits") == [""] * 4


SUITE["test_privacy"] = """
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
"""


def test_consent_and_masking(ran: Ran) -> None:
    assert ran.of("test_privacy") == [""] * 4


SUITE["test_own_domain"] = """
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
"""


def test_a_site_with_its_own_domain_before_segment_and_amplitude(ran: Ran) -> None:
    assert ran.of("test_own_domain") == [""]
