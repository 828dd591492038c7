"""The documentation as a site: it is built without a warning, none of its links is dead, and it needs no other host."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from pyscript_replay import doctor
from pyscript_replay.tools import error_codes

REPOSITORY = Path(__file__).parents[2]
ORIGIN = "https://docs.example/"
TYPES = {".css": "text/css", ".html": "text/html", ".js": "text/javascript", ".json": "application/json"}


def build(repository: Path, out: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", out]
    return subprocess.run(command, cwd=repository, capture_output=True, encoding="utf-8")


pytestmark = pytest.mark.xdist_group("docs")  # built once, for all of them


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("docs") / "site"
    done = build(REPOSITORY, out)
    assert done.returncode == 0, done.stderr
    return out


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("[x](nowhere.md)", "nowhere.md"),
        ("[x](reference/errors.md#nothing)", "does not contain an anchor '#nothing'"),
        ("[x](/reference/errors/)", "absolute link"),
    ],
)
def test_a_dead_link_in_the_docs_is_found(tmp_path: Path, link: str, said: str) -> None:
    for name in ("docs", "pyscript_replay"):
        shutil.copytree(REPOSITORY / name, tmp_path / name, ignore=shutil.ignore_patterns("built", "__pycache__"))
    shutil.copy(REPOSITORY / "mkdocs.yml", tmp_path)
    (tmp_path / "docs/index.md").write_text(f"# Home\n\n{link}\n", "utf-8")
    done = build(tmp_path, tmp_path / "site")
    assert done.returncode == 1
    assert said in done.stderr


def test_the_docs_of_each_finding_and_error_have_their_place(built: Path) -> None:
    links = [doctor.DOCS.format(rule.code) for rule in doctor.RULES]
    links += [doctor.ERROR_DOCS.format(code) for code in error_codes.MEANINGS]
    for link in links:
        page, _, place = link.partition("#")
        assert f'id="{place}"' in (built / page / "index.html").read_text("utf-8")


def test_the_docs_ask_no_other_host_and_can_be_searched_offline(
    built: Path, context: BrowserContext, page: Page
) -> None:
    elsewhere: list[str] = []
    missing: list[str] = []
    uncaught: list[str] = []

    def serve(route: Route) -> None:
        url = route.request.url.partition("?")[0].partition("#")[0]
        file = built / url.removeprefix(ORIGIN)
        file = file / "index.html" if file.is_dir() else file
        if not url.startswith(ORIGIN):
            elsewhere.append(url)
            route.abort()
        elif file.is_file():
            route.fulfill(path=file, content_type=TYPES.get(file.suffix, "application/octet-stream"))
        else:
            missing.append(url)
            route.fulfill(status=404)

    context.route("**", serve)
    page.on("pageerror", lambda error: uncaught.append(str(error)))
    pages = sorted(file.parent.relative_to(built).as_posix() for file in built.rglob("index.html"))
    assert len(pages) > 20
    for each in pages:
        page.goto(f"{ORIGIN}{each}/" if each != "." else ORIGIN)
        assert page.locator("article h1").count() == 1, each
    page.goto(ORIGIN)
    query = page.locator("input[name=query]")
    query.click()
    page.get_by_text("Type to start searching").wait_for()  # the index is there
    query.press_sequentially("zone-differs")
    expect(page.locator(".md-search-result__link").first).to_have_attribute("href", re.compile("findings"))
    assert (elsewhere, missing, uncaught) == ([], [], [])
