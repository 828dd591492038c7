"""Chromium is found, downloaded or unpacked, or it is said in one line what to do."""

import io
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any, NamedTuple

import brotli
import pytest

from pyscript_replay import ReplayError
from pyscript_replay.tools import chromium, npm

PATH = os.environ["PATH"]

where_npm_s_runs = pytest.mark.skipif(not chromium.NPMS_RUNS_HERE, reason="npm's Chromium is for Linux on x86-64")


@pytest.fixture(scope="session")
def real() -> str:
    """A script that starts the Chromium with which all tests are run."""
    launch = chromium.find()
    return f'#!/bin/sh\nexport PATH="{PATH}"\nexec env {_changed(launch)} "{launch["executable_path"]}" "$@"\n'


def _changed(launch: chromium.Launch) -> str:
    return " ".join(f'{name}="{value}"' for name, value in launch["env"].items() if os.environ.get(name) != value)


@pytest.fixture
def nothing_known(real: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without any Chromium, and with nobody to ask for one."""
    monkeypatch.delenv(chromium.VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "playwright"))
    monkeypatch.setenv("PLAYWRIGHT_DOWNLOAD_HOST", "http://127.0.0.1:9")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    chromium._playwrights_or_npms.cache_clear()


pytestmark = pytest.mark.usefixtures("nothing_known")


def program(path: Path, text: str = "") -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


class Host(NamedTuple):
    """Where Playwright downloads from: ``zip`` is what it is sent, after ``held`` is set."""

    asked: list[str]
    zip: bytearray
    held: Event


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    host = Host([], bytearray(), Event())

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host.asked.append(self.path)
            host.held.wait()
            self.send_response(200)
            self.send_header("Content-Length", str(len(host.zip)))
            self.end_headers()
            self.wfile.write(host.zip)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever).start()
        monkeypatch.setenv("PLAYWRIGHT_DOWNLOAD_HOST", f"http://127.0.0.1:{server.server_port}")
        yield host
        host.held.set()
        server.shutdown()


def playwright_s() -> Path:
    """Where Playwright would have its own."""
    ask = "from playwright.sync_api import *\nwith sync_playwright() as it: print(it.chromium.executable_path)"
    return Path(subprocess.check_output([sys.executable, "-c", ask], text=True).strip())


def test_the_one_that_is_named_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program(tmp_path / "chromium")
    named = program(tmp_path / "elsewhere" / "my-chromium")
    monkeypatch.setenv(chromium.VARIABLE, named)
    assert chromium.find()["executable_path"] == named


def test_the_one_that_is_named_may_be_a_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program(tmp_path / "chromium-headless-shell")
    named = program(tmp_path / "chromium")
    monkeypatch.setenv(chromium.VARIABLE, "chromium")
    assert chromium.find()["executable_path"] == named


def test_a_name_that_is_no_program_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program(tmp_path / "chromium")
    monkeypatch.setenv(chromium.VARIABLE, str(tmp_path / "missing"))
    with pytest.raises(ReplayError, match="missing") as raised:
        chromium.find()
    assert raised.value.code == "chromium"


@pytest.mark.parametrize("name", chromium.NAMES)
def test_then_the_system_s(tmp_path: Path, name: str) -> None:
    path = program(tmp_path / name)
    assert chromium.find() == {"executable_path": path, "args": chromium.ARGS, "env": dict(os.environ)}


@where_npm_s_runs
def test_then_playwright_s_own(real: str, host: Host) -> None:
    own = program(playwright_s(), real)
    assert chromium.find()["executable_path"] == own
    assert host.asked == []


@where_npm_s_runs
def test_playwright_s_own_is_downloaded_on_demand(real: str, host: Host) -> None:
    own = playwright_s()
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in (f"{own.parent.name}/{own.name}", "ffmpeg-linux"):  # of both the same archive is asked for
            inside = zipfile.ZipInfo(name)
            inside.external_attr = 0o755 << 16
            archive.writestr(inside, real)
    host.zip[:] = content.getvalue()
    host.held.set()
    assert chromium.find()["executable_path"] == str(own)
    assert [path.rpartition("/")[2] for path in host.asked] == ["chrome-linux64.zip", "ffmpeg-linux.zip"]


@where_npm_s_runs
def test_npm_s_that_is_here_comes_before_a_download(host: Host, tmp_path: Path) -> None:
    path = program(tmp_path / "cache/pyscript-replay/chromium" / chromium._npms_key() / "chromium")
    assert chromium.find()["executable_path"] == path
    assert host.asked == []


@where_npm_s_runs
def test_npm_s_where_playwright_s_own_does_not_start(tmp_path: Path) -> None:
    program(playwright_s(), "#!/bin/sh\necho libnss3.so: cannot open shared object file >&2; exit 127\n")
    path = program(tmp_path / "cache/pyscript-replay/chromium" / chromium._npms_key() / "chromium")
    assert chromium.find()["executable_path"] == path


@where_npm_s_runs
def test_a_download_that_hangs_is_given_up(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chromium, "DOWNLOAD_SECONDS", 5)
    with pytest.raises(ReplayError, match="npm's"):
        chromium.find()
    assert host.asked


@where_npm_s_runs
def test_npm_s_is_unpacked_with_its_libraries_and_fonts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    packed = tmp_path / "packed"
    packed.mkdir()
    (packed / "chromium.br").write_bytes(brotli.compress(b"#!/bin/sh\necho $LD_LIBRARY_PATH $FONTCONFIG_FILE\n"))
    for name, content in {"al2023": "lib/libnss3.so", "fonts": "fonts/a.ttf", "swiftshader": "libEGL.so"}.items():
        (packed / f"{name}.tar.br").write_bytes(brotli.compress(_tar(content)))
    directory = tmp_path / "unpacked"
    directory.mkdir()
    monkeypatch.setenv("LD_LIBRARY_PATH", "/before")

    chromium._unpack(packed, directory)

    launch = chromium._unpacked(directory)
    environment = {name: str(value) for name, value in launch["env"].items()}
    said = subprocess.check_output([launch["executable_path"]], env=environment, text=True)
    assert said.split() == [f"{directory}/lib:/before", f"{directory}/fonts.conf"]
    for name in ("lib/libnss3.so", "fonts/a.ttf", "libEGL.so", "fonts.conf"):
        assert (directory / name).is_file()


def _tar(name: str) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        archive.addfile(tarfile.TarInfo(name))
    return content.getvalue()


@where_npm_s_runs
@pytest.mark.parametrize("named", [None, chromium.NPMS])
def test_a_registry_that_cannot_be_reached_is_named(named: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if named:
        monkeypatch.setenv(chromium.VARIABLE, named)
    with pytest.raises(ReplayError, match=r"127\.0\.0\.1:9") as raised:
        chromium.find()
    assert raised.value.code == "chromium"
    assert chromium.VARIABLE in raised.value.fix
    assert "\n" not in str(raised.value)


def test_else_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chromium, "NPMS_RUNS_HERE", False)
    with pytest.raises(ReplayError) as raised:
        chromium.find()
    assert "install" in raised.value.fix.lower() and chromium.VARIABLE in raised.value.fix
    assert "\n" not in str(raised.value)


def test_npm_s_is_pinned_like_the_sdks() -> None:
    lock = json.loads((npm.WEB / "chromium" / "package-lock.json").read_text())
    (version,) = json.loads((npm.WEB / "chromium" / "package.json").read_text())["dependencies"].values()
    assert lock["packages"]["node_modules/@sparticuz/chromium"]["version"] == version
    for path, package in lock["packages"].items():
        assert not path or package["integrity"].startswith("sha512-")
        assert "resolved" not in package
