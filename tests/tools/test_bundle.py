"""The bundle: complete, the same bytes each time, described exactly, and careful with what lies in its place."""

import base64
import gzip
import hashlib
import json
import os
import re
import zipfile
from datetime import date, timedelta
from pathlib import Path

import brotli
import pytest

from pyscript_replay import ReplayError
from pyscript_replay.tools import bundle

pytestmark = pytest.mark.xdist_group("bundle")  # built once, for all of them

# The services that our own files name. Whatever else they need comes from the bundle.
SERVICES = {"sr-client-cfg.amplitude.com", "sr-client-cfg.eu.amplitude.com", "cdn.segment.com"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("bundle") / "below" / "out"
    bundle.build(out)
    return out


@pytest.fixture(scope="module")
def manifest(built: Path) -> dict:
    return json.loads((built / "manifest.json").read_text())


def test_these_tests_are_run_by_one_worker(request: pytest.FixtureRequest) -> None:
    """pytest-xdist may forget its groups, and a bundle would be built by each worker."""
    assert "PYTEST_XDIST_WORKER" not in os.environ or request.node.nodeid.endswith("@bundle")


def shipped(root: Path) -> dict[str, bytes]:
    return {file.relative_to(root).as_posix(): file.read_bytes() for file in root.rglob("*") if file.is_file()}


def test_the_same_sources_give_the_same_bytes(built: Path) -> None:
    assert shipped(built) == shipped(bundle.cached())


def test_loader_says_how_long_it_may_be_cached(built: Path) -> None:
    first, _, program = (built / "replay.js").read_text().partition("\n")
    assert first.startswith("// pyscript_replay ") and "--keep, 30 days" in first
    assert program


def test_manifest_describes_every_file(built: Path, manifest: dict) -> None:
    plain = {name for name in shipped(built) if not name.endswith((".gz", ".br"))}
    assert set(manifest["files"]) == plain - {"manifest.json"}
    assert set(manifest) == {"version", "files", "assets"}


def test_manifest_tells_sizes_and_integrity(built: Path, manifest: dict) -> None:
    for name, said in manifest["files"].items():
        content = (built / name).read_bytes()
        if name.endswith(".bin"):  # compressed already
            assert said["bytes"] == said["gzip"] == said["brotli"] == len(content) > len(gzip.compress(content)) * 0.99
            continue
        gzipped, brotlied = (built / f"{name}.gz").read_bytes(), (built / f"{name}.br").read_bytes()
        assert gzip.decompress(gzipped) == brotli.decompress(brotlied) == content
        integrity = base64.b64encode(hashlib.sha384(content).digest()).decode()
        assert said == {
            "bytes": len(content),
            "gzip": len(gzipped),
            "brotli": len(brotlied),
            "integrity": f"sha384-{integrity}",
        }


def test_assets_are_there_under_hashed_names(built: Path, manifest: dict) -> None:
    for paths in manifest["assets"].values():
        for path in [paths] if isinstance(paths, str) else paths:
            assert (built / path).exists()
            assert re.match(r"assets/[a-z-]+-[0-9a-f]{12}[./]", path), path


def test_loader_knows_the_assets(built: Path, manifest: dict) -> None:
    loader = (built / "replay.js").read_text()
    for path in re.findall(r"assets/[\w./-]+", loader):
        assert (built / path).exists()
    assert manifest["assets"]["micropython"] in loader
    assert "__ASSETS__" not in loader


def test_own_files_name_no_other_host(built: Path, manifest: dict) -> None:
    for name in ["replay.js", "pyscript.js", "pyscript.json", manifest["assets"]["border"]]:
        hosts = set(re.findall(r"https?://([\w.-]+)", (built / name).read_text()))
        assert hosts <= SERVICES, name


def test_only_the_pages_python_is_shipped(built: Path, manifest: dict) -> None:
    with zipfile.ZipFile(built / manifest["assets"]["pyscript.files"]) as archive:
        names = archive.namelist()
    assert names == list(bundle.page_modules())
    assert {"pyscript_replay/__init__.py", "pyscript_replay/modes/actions.py"} <= set(names)
    assert not [name for name in names if "tools" in name]


def test_the_replay_sdk_is_there_once(built: Path, manifest: dict) -> None:
    entry = manifest["assets"]["session-replay"]
    assert entry.removeprefix("assets/") in (built / manifest["assets"]["amplitude"]).read_text()


def stand_in(root: Path, name: str) -> dict:
    """What ``build`` writes, without the work."""
    root.mkdir()
    (root / name).touch()
    (root / "manifest.json").write_text(json.dumps({"files": {name: {}}}))
    return {}


def test_an_earlier_bundle_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for name in ("older.js", "newer.js"):  # in place of an empty directory, then of a bundle
        monkeypatch.setattr(bundle, "_write", lambda root, name=name: stand_in(root, name))
        bundle.build(out, keep_days=0)
        assert set(shipped(tmp_path)) == {f"out/{name}", "out/manifest.json"}


def test_former_files_stay_for_visitors_with_a_cached_loader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    for name in ("first.js", "second.js", "third.js"):
        monkeypatch.setattr(bundle, "_write", lambda root, name=name: stand_in(root, name))
        bundle.build(out)
    assert set(shipped(out)) == {"first.js", "second.js", "third.js", "manifest.json", "former.json"}
    assert set(json.loads((out / "manifest.json").read_text())["files"]) == {"third.js"}

    first = (date.today() - timedelta(days=30)).isoformat()
    (out / "former.json").write_text(json.dumps({"first.js": first, "second.js": date.today().isoformat()}))
    bundle.build(out)  # the same again: what has had its days goes
    assert set(shipped(out)) == {"second.js", "third.js", "manifest.json", "former.json"}


def test_a_former_file_that_is_built_again_is_not_former(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("first.js", "second.js", "first.js"):
        monkeypatch.setattr(bundle, "_write", lambda root, name=name: stand_in(root, name))
        bundle.build(tmp_path / "out")
    assert set(json.loads((tmp_path / "out/former.json").read_text())) == {"second.js"}


@pytest.mark.parametrize("name", ["thesis.txt", "manifest.json", "assets/photo.jpg"])
@pytest.mark.parametrize("bundle_too", [False, True])
def test_a_foreign_file_is_refused_and_untouched(tmp_path: Path, name: str, bundle_too: bool) -> None:
    out = tmp_path / "out"
    stand_in(out, "replay.js") if bundle_too else out.mkdir()
    (out / name).parent.mkdir(exist_ok=True)
    (out / name).write_text("years of work")
    before = shipped(out)
    with pytest.raises(ReplayError) as raised:
        bundle.build(out)
    assert raised.value.code == "bundle-out"
    assert shipped(out) == before


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("years of work")
    with pytest.raises(ReplayError, match="bundle-out"):
        bundle.build(tmp_path / "out")


def test_a_failed_build_leaves_the_earlier_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(root: Path) -> None:
        stand_in(root, "newer.js")
        raise ReplayError("bundle-esbuild", "", "")

    stand_in(tmp_path / "out", "older.js")
    before = shipped(tmp_path)
    monkeypatch.setattr(bundle, "_write", fail)
    with pytest.raises(ReplayError, match="bundle-esbuild"):
        bundle.build(tmp_path / "out")
    assert shipped(tmp_path) == before


def test_what_esbuild_cannot_do_is_said(tmp_path: Path) -> None:
    (tmp_path / "page.js").write_text("import 'nowhere';")
    with pytest.raises(ReplayError) as raised:
        bundle.esbuild(tmp_path / "page.js")
    assert raised.value.code == "bundle-esbuild"
    assert "nowhere" in raised.value.message


@pytest.mark.parametrize(("path", "file"), bundle.page_modules().items())
def test_page_modules_compile_for_micropython(path: str, file: Path) -> None:
    assert bundle.mpy(path, file).startswith(b"M\x06")


def test_what_is_not_micropython_is_said(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text("match 1:\n    case 1: pass\n")
    with pytest.raises(ReplayError) as raised:
        bundle.mpy("module.py", tmp_path / "module.py")
    assert raised.value.code == "bundle-python"
    assert "line 1" in raised.value.message
