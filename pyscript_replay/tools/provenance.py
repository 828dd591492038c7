"""Where the bundle comes from: what others made of it, and on which terms.

``THIRD-PARTY-NOTICES`` has each package's licence, in the words that it was published with. ``sbom.cdx.json`` is npm's
own list of the same packages (CycloneDX), for whoever watches for their vulnerabilities. Both are generated from what
npm knows: ``dependencies`` in ``web/package.json`` and all that those need. Neither says when or from where it was
downloaded, so that the same inputs give the same bytes.
"""

import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from .. import __version__
from .npm import WEB, installed, npm

NOTICES = "THIRD-PARTY-NOTICES"
SBOM = "sbom.cdx.json"
LICENCE_FILE = re.compile(r"(licen[cs]e|copying|notice)([-.]|$)", re.IGNORECASE)
# what npm's metadata does not say of a package
BESIDES = {
    "@micropython/micropython-webassembly-pyscript": "Its source: https://github.com/micropython/micropython\n"
    "For the script tag its WebAssembly is divided in two (halves.py), and raises exceptions without JavaScript\n"
    "(exceptions.py); its clock is another one (TICKS in bundle.py).",
    "pyodide": "Its source: https://github.com/pyodide/pyodide\n"
    "Where it asks for Node, bundle.py (_for_pages) has it ask for a document first.\n"
    "Inside are CPython and its library, under the PSF License: https://docs.python.org/3/license.html",
}
RULE = "=" * 80


class Package(NamedTuple):
    name: str
    version: str
    licence: str
    directory: Path


def write(root: Path) -> None:
    """The two files of a bundle. Raises ``ReplayError`` (``npm-install``, ``npm-sbom``, ``build-extra``)."""
    (root / NOTICES).write_text(notices(packages()), encoding="utf-8")
    (root / SBOM).write_text(json.dumps(_sbom(), indent=2) + "\n", encoding="utf-8")


def packages(development: bool = False) -> list[Package]:
    """What the bundle is made of; or, with what is there for ``development``, all that the lock file names."""
    found = {_package(installed().parent / path) for path in _locked(development) if path}
    return sorted(found, key=lambda package: package[:2])


def notices(packages: list[Package]) -> str:
    """Each package's terms, one after the other."""
    return "\n".join(["This has the following packages inside, or parts of them.", "", *map(_notice, packages)])


def _locked(development: bool) -> dict[str, dict]:
    """The lock file's packages by their place. (The first, at "", is the project itself.)"""
    packages = json.loads((WEB / "package-lock.json").read_text("utf-8"))["packages"]
    here = {path: each for path, each in packages.items() if not path or (installed().parent / path).is_dir()}
    return {path: each for path, each in here.items() if development or not each.get("dev")}


def _package(directory: Path) -> Package:
    told = json.loads((directory / "package.json").read_text("utf-8"))
    licence = told.get("license", "not said")
    return Package(told["name"], told["version"], licence if isinstance(licence, str) else licence["type"], directory)


def _notice(package: Package) -> str:
    heading = f"{RULE}\n{package.name} {package.version}\nLicence: {package.licence}\n"
    texts = list(_texts(package.directory)) or [f"It was published without a licence file.\n{_author(package)}"]
    return "\n".join([heading, *([BESIDES[package.name], ""] if package.name in BESIDES else []), *texts, ""])


def _texts(directory: Path) -> Iterator[str]:
    for file in sorted(directory.iterdir()):
        if file.is_file() and LICENCE_FILE.match(file.name):
            yield file.read_text("utf-8", errors="replace").strip()


def _author(package: Package) -> str:
    author = json.loads((package.directory / "package.json").read_text("utf-8")).get("author", "")
    name = author.get("name", "") if isinstance(author, dict) else author
    return f"Its author: {name}" if name else ""


def _sbom() -> dict:
    """npm's, of the bundle's packages: ``--omit=dev`` would leave out those that development needs as well."""
    project = json.loads((WEB / "package.json").read_text("utf-8"))
    lock = json.loads((WEB / "package-lock.json").read_text("utf-8"))
    with tempfile.TemporaryDirectory() as work:
        lock["packages"] = _locked(development=False)
        for described in (project, lock["packages"][""]):
            described.pop("devDependencies", None)
        (Path(work) / "package.json").write_text(json.dumps(project), encoding="utf-8")
        (Path(work) / "package-lock.json").write_text(json.dumps(lock), encoding="utf-8")
        made = json.loads(npm("sbom", "--sbom-format=cyclonedx", "--package-lock-only", cwd=Path(work)))
    return _reproducible(made)


def _reproducible(sbom: dict) -> dict:
    """Without what differs from run to run, or from registry to registry; about us by our name."""
    del sbom["serialNumber"], sbom["metadata"]["timestamp"]
    us = sbom["metadata"]["component"]
    us.update(name="pyscript_replay", version=__version__, purl=f"pkg:pypi/pyscript-replay@{__version__}")
    licences = {f"{package.name}@{package.version}": package.licence for package in packages()}
    for component in sbom["components"]:
        references = component.get("externalReferences", [])
        component["externalReferences"] = [each for each in references if each["type"] != "distribution"]
        component.setdefault("licenses", [{"license": {"name": licences[component["bom-ref"]]}}])
    return sbom
