"""The examples in ``docs/`` run as they stand there: pages in the browser, tests under pytest, commands as far as they
are understood."""

import ast
import contextlib
import io
import runpy
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from platformdirs import user_cache_path
from playwright.sync_api import BrowserContext, Page, Route

from pyscript_replay.tools import cli
from pyscript_replay.tools.expectations import Replay

from ..documentation import Example, examples, titled
from ..sites import shop

pytest_plugins = ["pytester"]

SHOP = Path(__file__).parents[1] / "sites" / "shop.py"
ORIGIN = "https://shop.example/"
TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm"}

CACHE = str(user_cache_path())
ALL_HTML = [each for each in examples("html") if not each.page.startswith("recipes/")]  # test_recipes.py has those
PAGES = [each for each in ALL_HTML if "/dist/" in each.text]
SCRIPTS = [each for each in examples("js") if not each.page.startswith("recipes/")]
TESTS = [each for each in examples("python") if "def test_" in each.text]
OTHERS = [each for each in examples("python") if "def test_" not in each.text]


def named(example: Example) -> str:
    return f"{example.page}-{example.title or example.text.split(maxsplit=1)[0].strip('<>!')}"


@pytest.fixture
def visit(context: BrowserContext, page: Page, dist: Path) -> Callable[[str], Page]:
    """Opens a page of this HTML, on a host that has the bundle."""
    uncaught: list[str] = []
    page.on("pageerror", lambda error: uncaught.append(str(error)))

    def opened(text: str) -> Page:
        if "write" not in text:  # then it is for a page that has Segment
            text = shop.SNIPPET.format(cdn="https://cdn.segment.com", options="{}") + text

        def serve(route: Route) -> None:
            name = route.request.url.removeprefix(ORIGIN)
            if name.startswith("dist/"):
                file = dist / name.removeprefix("dist/")
                route.fulfill(path=file, content_type=TYPES.get(file.suffix, "application/octet-stream"))
            else:
                whole = (
                    text if text.startswith("<!doctype") else f"<!doctype html><title>Shop</title>{text}<h1>Shop</h1>"
                )
                route.fulfill(body=whole, content_type="text/html")

        context.route(f"{ORIGIN}**", serve)
        page.goto(ORIGIN)
        page.wait_for_function("window.pyscriptReplay?.status && pyscriptReplay.status !== 'loading'", timeout=60_000)
        assert not uncaught
        return page

    return opened


def test_docs_have_examples_of_each_kind() -> None:
    assert len(PAGES) > 8
    assert len(TESTS) > 5
    # test_policies.py and test_watch.py have these:
    assert [each.page for each in ALL_HTML if each not in PAGES] == ["how-to/csp.md", "how-to/watch.md"]


@pytest.mark.parametrize("example", PAGES, ids=named)
def test_html_example_of_the_docs_records_and_masks_what_it_says(
    visit: Callable[[str], Page], replay: Replay, example: Example
) -> None:
    page = visit(example.text)
    if 'data-consent="wait"' in example.text and "start();" not in example.text:
        assert page.evaluate("pyscriptReplay.status") == "waiting"
        replay.expect_nothing_before_consent()
        page.evaluate("async () => void await pyscriptReplay.start()")
    assert page.evaluate("pyscriptReplay.status") == "running"
    page.evaluate("void analytics.track('An example')")
    event = replay.expect_event("An example")
    if 'data-sample-rate="0.1"' not in example.text:
        event.in_replay()
    if "EU" in example.text:
        assert any("//sr-client-cfg.eu.amplitude.com/" in asked.url for asked in replay.wire.asked)
    for text in page.locator(".amp-mask, .amp-block").all_inner_texts():
        replay.expect_masked(text)


@pytest.mark.parametrize("example", SCRIPTS, ids=named)
def test_javascript_example_of_the_docs_runs(visit: Callable[[str], Page], replay: Replay, example: Example) -> None:
    page = visit(titled("tutorial.md", "html", ""))
    page.evaluate(f"async () => {{ {example.text} }}")


CONFTEST = '''
DOCS = {pages!r}

@pytest.fixture(autouse=True)
def documented(context: BrowserContext) -> None:
    """The tutorial's own page, where it is served."""

    def serve(route: Route) -> None:
        name = route.request.url.partition(":8000/")[2]
        if name.startswith("dist/"):
            route.fulfill(path=bundle.cached() / name.removeprefix("dist/"))
        else:
            route.fulfill(body=DOCS, content_type="text/html")

    context.route("http://127.0.0.1:8000/**", serve)
'''


def test_pytest_examples_of_the_docs_pass(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", CACHE)  # pytester's own home has no bundle
    theirs = SHOP.read_text("utf-8").replace("Path(__file__).parent", f"Path({str(SHOP.parent)!r})")
    pytester.makeconftest(theirs + CONFTEST.format(pages=titled("tutorial.md", "html", "")))
    run = [each for each in TESTS if each.title != "asyncio"]
    pytester.makepyfile(**{f"test_{number}": each.text for number, each in enumerate(run)})
    pytester.runpytest_subprocess("-q").assert_outcomes(passed=len(run))


@pytest.mark.parametrize("example", OTHERS, ids=named)
def test_python_example_of_the_docs_runs(
    visit: Callable[[str], Page], replay: Replay, tmp_path: Path, example: Example
) -> None:
    file = tmp_path / "example.py"
    file.write_text(example.text, "utf-8")
    with contextlib.redirect_stdout(io.StringIO()):
        names = runpy.run_path(str(file))
    if "visit" in names:
        names["visit"](visit(TAG + "<label>Card <input></label><button>Buy</button>"))


TAG = '<script async src="/dist/replay.js" data-api-key="K" data-write-key="W" data-sample-rate="1"></script>'


def commands() -> list[tuple[str, str]]:
    """Each call of our command line in a block of shell, and the page that it is on."""
    called = []
    for example in examples("sh"):
        for line in example.text.splitlines():
            for start in ("pyscript-replay ", "uv run pyscript-replay ", "docker run --rm pyscript-replay "):
                if line.startswith(start):
                    called.append((example.page, line.removeprefix(start)))
    return called


@pytest.mark.parametrize(("page", "line"), commands())
def test_command_in_the_docs_is_understood(page: str, line: str) -> None:
    name, *arguments = shlex.split(line)
    command = typer.main.get_command(cli.app).commands[name]  # type: ignore[attr-defined]
    command.make_context(name, arguments)  # reads them, and runs nothing


def test_asyncio_example_of_the_docs_uses_what_there_is() -> None:
    """It is read, not run: its plugin and pytest-playwright cannot be in one run."""
    from pyscript_replay.tools.expectations import AsyncEvent, AsyncReplay

    tree = ast.parse(titled("how-to/testing.md", "python", "asyncio"))
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert {"expect_event", "in_replay"} <= used
    assert callable(AsyncReplay.expect_event) and callable(AsyncEvent.in_replay)
