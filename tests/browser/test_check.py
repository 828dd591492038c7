"""``pyscript-replay check`` on pages that are served for real: our tag, the documented wirings, and plain ones."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml
from playwright.sync_api import sync_playwright

from pyscript_replay.tools import bundle, chromium, cli
from pyscript_replay.tools.devserver import DevServer

from ..sites import conformance, served
from ..sites.defects import DEFECTS

pytestmark = pytest.mark.visits

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    with served.serving() as origin:
        yield origin


def ended(*arguments: object) -> object:
    with pytest.raises(SystemExit) as raised:
        cli.main(["check", *map(str, arguments)])
    return raised.value.code


def found(capsys: pytest.CaptureFixture, *arguments: object) -> tuple[object, set[str], set[str]]:
    """The exit status, the codes of problems and warnings, and those of what is sound."""
    status = ended(*arguments, "--json")
    (report,) = json.loads(capsys.readouterr().out)
    assert set(report) == {"url", "mode", "findings"}
    assert all(set(each) == {"level", "code", "message", "evidence", "fix"} for each in report["findings"])
    wrong = {each["code"] for each in report["findings"] if each["level"] != "ok"}
    return status, wrong, {each["code"] for each in report["findings"]} - wrong


@pytest.mark.parametrize(
    "page",
    [
        *(f"tag-{mode}" for mode in served.MODES),
        *(f"by-hand-{mode}" for mode in served.MODES),
        *("snippet-and-auto", "consent", "banner", "tag-manager", "own-domain"),
    ],
)
def test_a_sound_site_raises_no_alarm(origin: str, capsys: pytest.CaptureFixture, page: str) -> None:
    """Our tag and a wiring by hand in all three modes; beside a snippet, by a tag manager, with domains of its own; our
    tag waiting for a consent, and a banner that gives it."""
    status, wrong, sound = found(capsys, f"{origin}/{page}")
    assert (status, wrong) == (0, set())
    assert {"recording", "uploaded", "matched", "masked", "delivered"} <= sound
    assert ("consent" in sound) == (page in ("consent", "banner"))


@pytest.mark.parametrize(
    ("page", "defects"),
    [
        ("documented-actions", {"replay-id-missing", "session-not-recorded"}),
        ("documented-classic-device", {"replay-id-missing", "session-not-recorded"}),
        ("documented-classic-cloud", {"device-differs", "session-endless"}),
        ("no-replay", {"replay-missing"}),
        ("plain", {"segment-missing"}),
        ("no-sample-rate", {"no-sample-rate", "sampled-out"}),
        ("wrapper", {"device-differs"}),
        ("banner-too-late", {"loaded-before-consent"}),
    ],
)
def test_the_defects_of_other_wirings_are_named(
    origin: str, capsys: pytest.CaptureFixture, page: str, defects: set[str]
) -> None:
    status, wrong, _ = found(capsys, f"{origin}/{page}")
    assert wrong == defects
    assert status == 1 or page in ("no-sample-rate", "banner-too-late")


def test_a_policy_that_forbids_amplitude_is_named_with_what_to_add(origin: str, capsys: pytest.CaptureFixture) -> None:
    assert ended(f"{origin}/policy") == 1
    said = capsys.readouterr().out
    assert "problem config-unreachable: " in said
    assert "Add sr-client-cfg.amplitude.com to connect-src of the Content-Security-Policy." in said
    policy = "connect-src 'self' https://*.segment.com https://*.segment.io https://sr-client-cfg.amplitude.com"
    assert f"refuses https://sr-client-cfg.amplitude.com (connect-src). Make it: {policy}\n" in said


def plays_offline(file: Path) -> str:
    """What its player shows, in a browser without a network. (In a thread: in this one a Playwright may run.)"""
    with ThreadPoolExecutor() as threads:
        return threads.submit(_shown_offline, file).result()


def _shown_offline(file: Path) -> str:
    with sync_playwright() as playwright, playwright.chromium.launch(**chromium.find()) as browser:
        page = browser.new_context(offline=True).new_page()
        page.goto(file.as_uri())
        page.wait_for_selector(".replayer-wrapper iframe", state="attached")
        return page.frame_locator(".replayer-wrapper iframe").locator("h1").inner_text()


def test_what_can_be_read_in_the_recording_is_a_warning(
    origin: str, capsys: pytest.CaptureFixture, tmp_path: Path
) -> None:
    files = {name: tmp_path / name for name in ("shot.png", "visit.har", "replay.html", "junit.xml", "log.sarif")}
    options = ("--screenshot", "--har", "--replay", "--junit", "--sarif")
    written = [each for pair in zip(options, files.values(), strict=True) for each in pair]
    status, wrong, _ = found(capsys, f"{origin}/light", "--fail-on", "warning", *written)
    assert (status, wrong) == (1, {"typed-text-recorded"})
    assert files["shot.png"].read_bytes().startswith(b"\x89PNG")
    assert json.loads(files["visit.har"].read_text("utf-8"))["log"]["entries"]
    assert "Shop" in plays_offline(files["replay.html"])
    assert 'name="typed-text-recorded"' in files["junit.xml"].read_text("utf-8")
    assert json.loads(files["log.sarif"].read_text("utf-8"))["runs"][0]["results"][0]["level"] == "warning"


def test_several_pages_a_script_and_a_baseline(origin: str, capsys: pytest.CaptureFixture, tmp_path: Path) -> None:
    script, known = tmp_path / "visit.py", tmp_path / "known.json"
    script.write_text("def visit(page):\n    page.click('text=Buy')\n")
    pages = (f"{origin}/no-replay", f"{origin}/tag-actions")
    assert ended(*pages, "--json", "--mode", "actions", "--script", script) == 1
    known.write_text(capsys.readouterr().out)
    assert [each["url"] for each in json.loads(known.read_text())] == list(pages)
    assert ended(pages[0], "--baseline", known) == 0
    assert "problem" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["http://127.0.0.1:9/"], "unreachable: "),
        (["{origin}/missing"], "unreachable: "),
        (["no address"], "unreachable: "),
        (["{origin}/plain", "--connect", "ws://127.0.0.1:9/"], "connect: "),
        (["{origin}/plain", "--script", "missing.py"], "script: "),
        (["{origin}/tag-actions", "--script", "{fails}"], "script: visit() has failed"),
        (["{origin}/plain", "--sarif", "no/such/directory/log.sarif"], "file: "),
        (["{origin}/plain", "--baseline", "missing.json"], "baseline: "),
    ],
)
def test_what_cannot_be_looked_at_is_status_2(
    origin: str, capsys: pytest.CaptureFixture, tmp_path: Path, arguments: list[str], code: str
) -> None:
    fails = tmp_path / "visit.py"
    fails.write_text("def visit(page):\n    raise KeyError('no such thing')\n")
    assert ended(*(each.replace("{origin}", origin).replace("{fails}", str(fails)) for each in arguments)) == 2
    said = capsys.readouterr()
    assert said.err.startswith(code) and said.out == ""


def test_connect_takes_the_browser_of_a_playwright_server(
    origin: str, capsys: pytest.CaptureFixture, tmp_path: Path
) -> None:
    found_here = chromium.find()
    config = {key: found_here[name] for name, key in (("executable_path", "executablePath"),) if name in found_here}
    file = tmp_path / "config.json"
    file.write_text(json.dumps({**config, "headless": True, "chromiumSandbox": False, "args": found_here["args"]}))
    command = [sys.executable, "-m", "playwright", "launch-server", "--browser", "chromium", "--config", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as server:
        try:
            assert server.stdout
            status, wrong, sound = found(capsys, f"{origin}/tag-actions", "--connect", server.stdout.readline().strip())
        finally:
            os.killpg(server.pid, signal.SIGTERM)  # Playwright's command has started node
    assert (status, wrong) == (0, set())
    assert "recording" in sound


def test_live_asks_the_real_ones_and_judges_all_the_same(origin: str, capsys: pytest.CaptureFixture) -> None:
    """Real is here what a site's own domains lead to: another development server."""
    with DevServer(bundle.cached()) as real, served.serving(real=real.url) as site:
        status, wrong, sound = found(capsys, f"{site}/real", "--live")
        assert real.store.segment_messages() and real.store.sessions()
    assert (status, wrong) == (0, set())
    assert {"recording", "matched", "delivered"} <= sound


@pytest.mark.parametrize("name", DEFECTS)
def test_a_seeded_defect_is_named_and_nothing_else(origin: str, capsys: pytest.CaptureFixture, name: str) -> None:
    _, wrong, _ = found(capsys, f"{origin}/defect/{quote(name)}")
    assert wrong == DEFECTS[name].found


@pytest.mark.timeout(400)  # it sets itself up
def test_the_github_action_s_step_annotates_what_a_page_lacks(origin: str, tmp_path: Path) -> None:
    """As GitHub runs it: by bash, with the inputs in its environment."""
    (step,) = yaml.safe_load((REPOSITORY / "action.yml").read_text("utf-8"))["runs"]["steps"]
    values = {"urls": f"{origin}/no-sample-rate\n{origin}/plain", "mode": "", "fail-on": "problem"}
    given = {f"${{{{ inputs.{name} }}}}": value for name, value in values.items()}
    given["${{ runner.temp }}/pyscript-replay"] = str(tmp_path / "environment")
    env = {name: given[value] for name, value in step["env"].items()}
    path = os.environ["PATH"].replace(f"{Path(sys.executable).parent}:", "")  # a runner's own Python has pip
    runner = {"RUNNER_TEMP": str(tmp_path), "GITHUB_ACTION_PATH": str(REPOSITORY), "PATH": path}
    command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]]
    done = subprocess.run(command, env={**os.environ, **runner, **env}, capture_output=True, encoding="utf-8")
    assert done.returncode == 1, done.stderr
    assert f"::warning title=no-sample-rate::{origin}/no-sample-rate: " in done.stdout
    assert f"::{origin}/plain: " in done.stdout


def test_the_comparison_of_wirings_in_the_docs_is_what_check_says() -> None:
    assert conformance.text() == conformance.PAGE.read_text("utf-8")
