"""What others made of the bundle: all of it is named, in the notices and in the SBOM, and nothing else."""

import json
import re
from pathlib import Path

import pytest

import pyscript_replay
from pyscript_replay.tools import bundle, npm, provenance


@pytest.fixture(scope="module")
def notices(dist: Path) -> str:
    return (dist / "THIRD-PARTY-NOTICES").read_text("utf-8")


@pytest.fixture(scope="module")
def sbom(dist: Path) -> dict:
    return json.loads((dist / "sbom.cdx.json").read_text("utf-8"))


def named(sbom: dict) -> set[str]:
    return {component["name"] for component in sbom["components"]}


@pytest.mark.parametrize("entry", ["analytics.js", "rrweb-record.js"])
def test_sbom_names_every_package_that_is_bundled(entry: str, sbom: dict, tmp_path: Path) -> None:
    bundle.esbuild(npm.WEB / "sdk" / entry, f"--metafile={tmp_path / 'meta'}", f"--outfile={tmp_path / 'out.js'}")
    inputs = json.loads((tmp_path / "meta").read_text())["inputs"]
    found = {match[1] for each in inputs if (match := re.search(r".*node_modules/(@[^/]+/[^/]+|[^/]+)", each))}
    assert found and found <= named(sbom)


def test_sbom_names_every_package_that_is_shipped_as_published(sbom: dict) -> None:
    shipped = {place.removesuffix("/lib/scripts") for place, _ in bundle.PUBLISHED.values()}
    assert shipped | {"@pyscript/core", "@segment/analytics-next"} <= named(sbom)


def test_sbom_names_nothing_that_only_development_needs(sbom: dict) -> None:
    assert not named(sbom) & set(json.loads((npm.WEB / "package.json").read_text())["devDependencies"])


def test_sbom_is_cyclonedx_of_this_version_and_each_component_has_hash_and_licence(sbom: dict) -> None:
    assert sbom["bomFormat"] == "CycloneDX"
    assert sbom["metadata"]["component"]["purl"] == f"pkg:pypi/pyscript-replay@{pyscript_replay.__version__}"
    for component in sbom["components"]:
        assert component["hashes"] and component["licenses"] and component["purl"].startswith("pkg:npm/")


def test_sbom_names_no_registry_no_time_and_no_serial_number(sbom: dict) -> None:
    assert "timestamp" not in sbom["metadata"] and "serialNumber" not in sbom
    assert not re.search(r"\.tgz|registry", json.dumps(sbom))


def test_notices_and_sbom_name_the_same_packages(notices: str, sbom: dict) -> None:
    headings = set(re.findall(rf"^{provenance.RULE}\n(\S+ \S+)\nLicence: \S+", notices, re.MULTILINE))
    assert headings == {f"{component['name']} {component['version']}" for component in sbom["components"]}


def test_notices_have_the_licences_own_words(notices: str) -> None:
    for package in ("@segment/analytics-next", "@pyscript/core", "@amplitude/session-replay-browser"):
        licence = next(file for file in (npm.installed() / package).iterdir() if file.stem == "LICENSE")
        assert licence.read_text("utf-8").strip() in notices
