"""The wheel, as a user has it: installed into an empty environment, far from the repository, and without a network."""

import email
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import pyscript_replay
from pyscript_replay.tools import bundle, chromium

REPOSITORY = Path(__file__).parents[2]
UV = os.environ.get("UV", "uv")  # as uv run tells: it need not be on the PATH
SCRIPTS = "Scripts" if os.name == "nt" else "bin"

# Where Linux allows it, in a network of its own, in which there is this machine only.
ALONE = ("unshare", "--map-root-user", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")
OFFLINE = ALONE if shutil.which("ip") and not subprocess.call([*ALONE, "true"], stderr=subprocess.DEVNULL) else ()

pytestmark = pytest.mark.xdist_group("wheel")  # built once, for all of them

SHOP = """
<!doctype html><title>Shop</title>
<script async src="/dist/replay.js" data-mode="actions" data-api-key="key" data-write-key="k" data-sample-rate="1">
</script><h1>Shop</h1>
<script type="module">document.onclick = () => analytics.track("Bought")</script>
"""
CONFTEST = f"""
import pytest
from pyscript_replay.tools import bundle

LAUNCH = {{launch!r}}
SHOP = {SHOP!r}

@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return {{{{**browser_type_launch_args, **LAUNCH}}}}
"""
SYNC = """
from conftest import SHOP, bundle

def test_three_lines(context, page, replay):
    context.route("https://shop.example/", lambda route: route.fulfill(body=SHOP, content_type="text/html"))
    context.route("https://shop.example/dist/**", lambda route: route.fulfill(
        path=bundle.cached() / route.request.url.removeprefix("https://shop.example/dist/")))
    page.goto("https://shop.example/")
    page.wait_for_function("window.pyscriptReplay?.status === 'running'")
    page.click("h1")
    replay.expect_event("Bought").in_replay()
"""
ASYNC = """
import pytest
from conftest import SHOP, bundle

@pytest.mark.asyncio(loop_scope="session")
async def test_three_lines(context, page, async_replay):
    async def shop(route):
        name = route.request.url.removeprefix("https://shop.example/")
        if name:
            await route.fulfill(path=bundle.cached() / name.removeprefix("dist/"))
        else:
            await route.fulfill(body=SHOP, content_type="text/html")

    await context.route("https://shop.example/**", shop)
    await page.goto("https://shop.example/")
    await page.wait_for_function("window.pyscriptReplay?.status === 'running'")
    await page.click("h1")
    await async_replay.expect_event("Bought").in_replay()
    assert (await async_replay.expect_event("Bought")).message["type"] == "track"
    await async_replay.expect_same_session()
    await async_replay.expect_nothing_lost()
    await async_replay.expect_masked("secret")
    await async_replay.minutes(31)
    await page.click("h1")
    await async_replay.expect_new_session()
    assert len(async_replay.transitions) == 2
    async_replay.timeout = 1
    with pytest.raises(AssertionError, match="No event"):
        await async_replay.expect_event("Sold")
    with pytest.raises(AssertionError, match="requests went out"):
        await async_replay.expect_nothing_before_consent()
"""
WITHOUT = """
def test_of_somebody_who_has_no_playwright():
    pass

def test_who_asks_all_the_same(replay):
    pass
"""
SERVER = """
import json, urllib.request
from pyscript_replay.tools import bundle
from pyscript_replay.tools.devserver import DevServer

def get(path, **headers):
    with urllib.request.urlopen(urllib.request.Request(server.url + path, headers=headers)) as answer:
        return answer.read()

with DevServer(bundle.cached()) as server:
    for path in (
        "/", "/actions/", "/sessions", "/dist/replay.js", "/viewer/rrweb-player.js",
        "/segment/analytics.js/v1/actions/analytics.min.js",
        "/segment/next-integrations/actions/amplitude-plugins/6743af15a3c984ff970b.js",
        "/segment/next-integrations/integrations/amplitude/3.3.3/amplitude.dynamic.js.gz",
        "/segment/amplitude-js/amplitude.js", "/amplitude/libs/session-replay-browser-1.13.6-min.js.gz",
    ):
        assert get(path), path
    ids = {"device_id": "d", "session_id": 5}
    server.store.add_session({**ids, "recording": [{"type": 4, "timestamp": 5, "data": {}}], "events": []})
    assert b"rrweb" in get("/export/d/5.html")
"""


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """What it prints; the user's cache is empty."""
    alone = {**os.environ, "XDG_CACHE_HOME": str(cwd / "cache"), **environment}
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, env=alone)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    bundle.cached()  # or the build made one for itself
    done = subprocess.run([UV, "build", "--wheel", "--out-dir", out], cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> "Environments":
    return Environments(wheel, tmp_path_factory.mktemp("environments"))


class Environments:
    """Empty environments with the wheel in them, and nothing else than what is named; each is made once."""

    def __init__(self, wheel: Path, root: Path) -> None:
        self._wheel, self._root = wheel, root

    def __call__(self, extra: str = "", *packages: str) -> Path:
        """The directory of its programs."""
        place = self._root / "-".join(["wheel", *filter(None, [extra]), *packages]).replace("=", "")
        if not place.exists():
            install = f"pyscript_replay{f'[{extra}]' if extra else ''} @ {self._wheel.as_uri()}"
            for command in (["venv", "--python", sys.executable], ["pip", "install", "--python"]):
                more = [install, *packages] if command[0] == "pip" else []
                done = subprocess.run([UV, *command, place, *more], cwd=self._root, capture_output=True, text=True)
                assert done.returncode == 0, done.stderr
        return place / SCRIPTS


def test_wheel_carries_the_package_the_web_and_what_is_built_of_it(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {
        "pyscript_replay",
        f"pyscript_replay-{pyscript_replay.__version__}.dist-info",
    }
    assert {"pyscript_replay/web/page/tag.js", "pyscript_replay/web/package-lock.json"} <= set(names)
    assert {"pyscript_replay/py.typed", "pyscript_replay/__init__.pyi"} <= set(names)
    assert {"pyscript_replay/built/bundle/manifest.json", "pyscript_replay/built/sdks/libs/amplitude.js"} <= set(names)
    assert not [name for name in names if "node_modules" in name or "__pycache__" in name or "/checks/" in name]


def test_wheel_says_its_licence_and_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name.rpartition("/")[2]: name for name in archive.namelist() if "dist-info" in name}
        metadata = email.message_from_bytes(archive.read(names["METADATA"]))
        assert archive.read(names["LICENSE"]) == (REPOSITORY / "LICENSE").read_bytes()
        notices = [archive.read(f"pyscript_replay/built/{kind}/THIRD-PARTY-NOTICES") for kind in ("bundle", "sdks")]
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Version"] == pyscript_replay.__version__
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert "Typing :: Typed" in metadata.get_all("Classifier", [])
    assert b"\npyodide 3" in notices[0] and b"\nrrweb-player 2" in notices[1]


def test_wheel_is_the_same_bytes_when_built_again(wheel: Path, tmp_path: Path) -> None:
    subprocess.run([UV, "build", "--wheel", "--out-dir", tmp_path], cwd=REPOSITORY, capture_output=True, check=True)
    assert (tmp_path / wheel.name).read_bytes() == wheel.read_bytes()


def test_wheel_is_light_and_names_no_exact_version(environment: Environments) -> None:
    programs = environment()
    told = run(
        programs / "python",
        "-c",
        "import importlib.metadata as m; print(*m.requires('pyscript_replay'), sep='\\n')",
        cwd=programs,
    )
    always = [line for line in told.splitlines() if "extra ==" not in line]
    assert always and not [line for line in told.splitlines() if "==" in line.partition(";")[0]]
    assert not [line for line in always if line.startswith(("playwright", "nodejs", "mpy", "pytest", "brotli"))]


def test_command_has_help(environment: Environments, tmp_path: Path) -> None:
    said = run(environment() / "pyscript-replay", "--help", cwd=tmp_path)
    assert "build" in said
    assert "serve" in said


def test_command_builds_the_same_bundle_without_node(environment: Environments, tmp_path: Path) -> None:
    run(*OFFLINE, environment() / "pyscript-replay", "build", "--out", "out", cwd=tmp_path)
    files = json.loads((tmp_path / "out" / "manifest.json").read_text())["files"]
    assert files == json.loads((bundle.cached() / "manifest.json").read_text())["files"]
    run(environment() / "pyscript-replay", "build", "--out", "out", cwd=tmp_path)  # in place of the first


def test_server_needs_neither_npm_nor_a_network(environment: Environments, tmp_path: Path) -> None:
    run(*OFFLINE, environment() / "python", "-c", SERVER, cwd=tmp_path)


@pytest.mark.parametrize("playwright", ["playwright", "playwright==1.55.0"])
def test_pytest_plugin_needs_no_network(environment: Environments, tmp_path: Path, playwright: str) -> None:
    said = suite(environment("pytest", playwright), tmp_path, SYNC)
    assert "1 passed" in said


def test_pytest_plugin_with_playwrights_asynchronous_api(environment: Environments, tmp_path: Path) -> None:
    said = suite(environment("check", "pytest-playwright-asyncio"), tmp_path, ASYNC)
    assert "1 passed" in said


def test_pytest_plugin_is_in_nobodys_way(environment: Environments, tmp_path: Path) -> None:
    programs = environment("", "pytest")
    (tmp_path / "test_it.py").write_text(WITHOUT)
    done = subprocess.run([programs / "pytest", "-q"], cwd=tmp_path, capture_output=True, text=True)
    assert "1 passed, 1 error" in done.stdout
    assert "pip install 'pyscript_replay[pytest]'" in done.stdout


def suite(programs: Path, directory: Path, test: str) -> str:
    (directory / "conftest.py").write_text(CONFTEST.format(launch=dict(chromium.find())))
    (directory / "test_it.py").write_text(test)
    return run(*OFFLINE, programs / "pytest", "-q", cwd=directory)
