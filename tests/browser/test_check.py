"""``pyscript-replay check`` on pages that are served for real: our tag, the documented wirings, and plain ones."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from pyscript_replay.tools import bundle, cli

from ..sites import shop

pytestmark = pytest.mark.visits

REPOSITORY = Path(__file__).parents[2]

MODES = ("actions", "classic-device", "classic-cloud")
LIGHT = {"privacyConfig": {"defaultMaskLevel": "light"}}
POLICY = """<meta http-equiv="Content-Security-Policy"
  content="connect-src 'self' https://*.segment.com https://*.segment.io">"""


def tag(mode: str, **more: str) -> str:
    return shop.TAG.replace('data-mode="actions"', f'data-mode="{mode}"').format(
        "".join(f' data-{name.replace("_", "-")}="{value}"' for name, value in more.items())
    )


PAGES = {
    **{f"tag-{mode}": tag(mode, write_key="segment-key") + shop.BUY for mode in MODES},
    "snippet-and-auto": shop.snippet() + tag("auto"),
    "consent": shop.HEADS["consent"],
    "no-replay": shop.HEADS["no-replay"],
    "plain": "",
    "no-sample-rate": tag("actions", write_key="segment-key").replace(' data-sample-rate="1"', "") + shop.BUY,
    "light": tag("actions", write_key="segment-key", options=escape(json.dumps(LIGHT))) + shop.BUY,
    "policy": POLICY + tag("actions", write_key="segment-key") + shop.BUY,
}


class Shop(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        name = self.path.partition("?")[0].lstrip("/")
        if name.startswith("dist/"):
            kind = {"wasm": "application/wasm", "js": "text/javascript", "mjs": "text/javascript"}
            return self._answer(
                (bundle.cached() / name.removeprefix("dist/")).read_bytes(),
                kind.get(name.rpartition(".")[2], "application/octet-stream"),
            )
        if name.endswith(".js"):
            return self._answer(shop.script(name), "text/javascript")
        if name in PAGES or (shop.SITES / f"{name}.js").exists():
            head = PAGES.get(name, f'<script type="module" src="/{name}.js"></script>')
            return self._answer(shop.PAGE.format(head).encode(), "text/html; charset=utf-8")
        self.send_error(404)

    def _answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Shop) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


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


@pytest.mark.parametrize("page", [*(f"tag-{mode}" for mode in MODES), "snippet-and-auto", "consent"])
def test_our_tag_is_sound(origin: str, capsys: pytest.CaptureFixture, page: str) -> None:
    """In all three modes, beside a snippet, and waiting for a consent: no false alarm."""
    status, wrong, sound = found(capsys, f"{origin}/{page}")
    assert (status, wrong) == (0, set())
    assert {"recording", "uploaded", "matched", "masked", "delivered"} <= sound
    assert ("consent" in sound) == (page == "consent")


@pytest.mark.parametrize(
    ("page", "defects"),
    [
        ("documented-actions", {"replay-id-missing", "session-not-recorded"}),
        ("documented-classic-device", {"replay-id-missing", "session-not-recorded"}),
        ("documented-classic-cloud", {"device-differs", "session-endless"}),
        ("no-replay", {"replay-missing"}),
        ("plain", {"segment-missing"}),
        ("no-sample-rate", {"no-sample-rate", "sampled-out"}),
    ],
)
def test_the_defects_of_other_wirings_are_named(
    origin: str, capsys: pytest.CaptureFixture, page: str, defects: set[str]
) -> None:
    status, wrong, _ = found(capsys, f"{origin}/{page}")
    assert wrong == defects
    assert status == 1 or page == "no-sample-rate"


def test_a_policy_that_forbids_amplitude_is_named_with_what_to_add(origin: str, capsys: pytest.CaptureFixture) -> None:
    assert ended(f"{origin}/policy") == 1
    said = capsys.readouterr().out
    assert "problem config-unreachable: " in said
    assert "Add sr-client-cfg.amplitude.com to connect-src of the Content-Security-Policy." in said


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
    assert "Shop" in files["replay.html"].read_text("utf-8")
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
        (["{origin}/plain", "--baseline", "missing.json"], "baseline: "),
    ],
)
def test_what_cannot_be_looked_at_is_status_2(
    origin: str, capsys: pytest.CaptureFixture, arguments: list[str], code: str
) -> None:
    assert ended(*(each.replace("{origin}", origin) for each in arguments)) == 2
    said = capsys.readouterr()
    assert said.err.startswith(code) and said.out == ""


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
