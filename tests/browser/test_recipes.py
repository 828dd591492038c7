"""The recipes in docs/recipes/, as they stand there, built and visited; Segment and Amplitude are answered here.

What a recipe leaves to its reader is put in: Segment's snippet, and the packages that it names
(recipes/package.json).
"""

import mimetypes
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, Route

from pyscript_replay.tools import bundle
from pyscript_replay.tools.expectations import Replay
from pyscript_replay.tools.npm import WEB, installed, node

from ..sites.shop import snippet

RECIPES = Path(__file__).parents[2] / "docs/recipes"
PACKAGES = Path(__file__).parent / "recipes"
SHOP = "https://shop.example"
MODES = ["actions", "classic-device", "classic-cloud"]
STATUS = "window.pyscriptReplay?.status === '{}'"
FILE = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)


def recipe(name: str) -> dict[str, str]:
    """The files that a recipe shows."""
    return dict(FILE.findall((RECIPES / f"{name}.md").read_text("utf-8")))


def serve(context: BrowserContext, origin: str, read: Callable[[str], bytes | None], **headers: str) -> None:
    """What ``read`` has of a path, at this origin; the built folder is under /replay/."""

    def handle(route: Route) -> None:
        path = urlsplit(route.request.url).path
        built = bundle.cached() / path.removeprefix("/replay/") if path.startswith("/replay/") else None
        body = built.read_bytes() if built and built.is_file() else read(path)
        kind = mimetypes.guess_type(path.removesuffix(".mjs") + ".js" if path.endswith(".mjs") else path)[0]
        if body is None:
            route.fulfill(status=404)
        else:
            route.fulfill(body=body, headers={"Content-Type": kind or "text/html", **headers})

    context.route(f"{origin}/**", handle)


def page_of(files: dict[str, str | bytes]) -> Callable[[str], bytes | None]:
    def read(path: str) -> bytes | None:
        text = files.get(path.removeprefix("/") or "index.html")
        return text.encode() if isinstance(text, str) else text

    return read


def test_every_recipe_has_a_test() -> None:
    tested = re.findall(r'recipe\("([\w-]+)"\)', Path(__file__).read_text("utf-8"))
    assert {file.stem for file in RECIPES.glob("*.md")} == set(tested)


@pytest.mark.parametrize("replay_mode", MODES)
def test_a_page_with_segment_s_snippet(page: Page, replay: Replay, replay_mode: str) -> None:
    html = recipe("plain")["index.html"].replace("<!-- Segment's snippet -->", snippet())
    serve(page.context, SHOP, page_of({"index.html": html}))
    page.goto(SHOP)
    page.wait_for_function(STATUS.format("running"))
    assert page.evaluate("pyscriptReplay.mode") == replay_mode
    page.click("text=Buy")
    replay.expect_event("Bought", {"total": 3}).in_replay()
    replay.expect_nothing_lost()


@pytest.fixture(scope="session")
def built_with_vite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The React recipe as a project, type-checked and built, with the built folder as a package beside the others."""
    project = tmp_path_factory.mktemp("vite-react")
    for name, text in recipe("vite-react").items():
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text(text, encoding="utf-8")
    (project / "node_modules").mkdir()
    for package in installed(PACKAGES).iterdir():
        (project / "node_modules" / package.name).symlink_to(package, target_is_directory=True)
    (project / "node_modules/pyscript-replay").symlink_to(bundle.cached(), target_is_directory=True)
    (project / "public").mkdir()
    (project / "public/replay").symlink_to(bundle.cached(), target_is_directory=True)

    def run(*command: str | Path) -> None:
        done = subprocess.run([node(), *command], cwd=project, capture_output=True, encoding="utf-8")
        assert done.returncode == 0, done.stdout + done.stderr

    tsc = installed(WEB / "checks") / "typescript/bin/tsc"
    checked = (
        "--strict",
        "--noEmit",
        "--skipLibCheck",
        "--jsx",
        "react-jsx",
        "--module",
        "esnext",
        "--target",
        "es2022",
    )
    run(tsc, *checked, "--moduleResolution", "bundler", "src/main.tsx")
    run(project / "node_modules/vite/bin/vite.js", "build", "--logLevel", "warn")
    return project / "dist"


@pytest.fixture
def vite_and_react(page: Page, built_with_vite: Path) -> None:
    def read(path: str) -> bytes:
        file = built_with_vite / path.removeprefix("/")
        return (file if file.is_file() else built_with_vite / "index.html").read_bytes()

    serve(page.context, SHOP, read)


@pytest.mark.xdist_group("vite")  # built once, for all of them
@pytest.mark.usefixtures("vite_and_react")
@pytest.mark.parametrize("replay_mode", MODES)
def test_vite_and_react_with_history_navigation(page: Page, replay: Replay, replay_mode: str) -> None:
    page.goto(SHOP)
    page.click("text=Your basket")
    page.click("text=Buy")
    first = replay.expect_event("Bought", {"total": 3}).in_replay().message
    page.go_back()
    page.wait_for_selector("h1:text('Shop')")
    page.click("text=Your basket")
    replay.expect_nothing_lost()  # what is under way as the page is left, Segment's SDK may send twice
    page.reload()  # at an address that only the site's own script knows
    page.click("text=Buy")
    replay.expect_event("/basket").in_replay()
    replay.expect_same_session()
    replay.expect_nothing_lost()
    bought = [each for each in replay.events if each.get("event") == "Bought"]
    assert [each["anonymousId"] for each in bought] == [first["anonymousId"]] * 2
    assert page.evaluate("pyscriptReplay.mode") == replay_mode
    assert page.evaluate("window.analytics === undefined")


@pytest.mark.xdist_group("vite")
@pytest.mark.usefixtures("vite_and_react")
def test_vite_and_react_hold_the_first_event_also_where_the_tag_comes_late(page: Page, replay: Replay) -> None:
    def late(route: Route) -> None:
        page.wait_for_timeout(1000)  # Segment, were it not for the tag, has loaded by then
        route.fallback()

    page.route("**/replay.js", late)
    page.goto(SHOP)
    replay.expect_event("/").in_replay()


def test_tag_manager(page: Page, replay: Replay) -> None:
    """A tag manager inserts its custom HTML when the trigger comes, scripts as elements of its own making."""
    manager = """
    <script>
      addEventListener("load", () => {
        const custom = document.createElement("div");
        custom.innerHTML = %s;
        for (const { textContent } of custom.querySelectorAll("script"))
          document.body.append(Object.assign(document.createElement("script"), { textContent }));
      });
    </script>"""
    custom = recipe("tag-manager")["tag.html"].replace("</script>", "<\\/script>")
    early = '<script type="module">analytics.track("Early")</script>'
    html = f"<!doctype html><title>Shop</title>{snippet()}{early}{manager % f'`{custom}`'}<button id=buy>Buy</button>"
    serve(page.context, SHOP, page_of({"index.html": html}))
    page.goto(SHOP)
    page.wait_for_function(STATUS.format("running"))
    page.evaluate("void analytics.track('Checkout Started', { total: 3 })")
    replay.expect_event("Checkout Started").in_replay()
    replay.expect_event("Early")
    replay.expect_same_session()
    replay.expect_nothing_lost()


@pytest.fixture
def asks_for_consent(page: Page) -> None:
    files: dict[str, Any] = dict(recipe("consent-manager"))
    manager = installed(PACKAGES) / "vanilla-cookieconsent/dist"
    files["cookieconsent.css"] = (manager / "cookieconsent.css").read_bytes()
    files["vanilla-cookieconsent.js"] = (manager / "cookieconsent.esm.js").read_bytes()
    files["consent.js"] = files["consent.js"].replace('"vanilla-cookieconsent"', '"./vanilla-cookieconsent.js"')
    serve(page.context, SHOP, page_of(files))
    page.add_init_script("Object.defineProperty(navigator, 'webdriver', { value: false })")  # it does not ask bots


@pytest.mark.usefixtures("asks_for_consent")
def test_consent_manager(page: Page, replay: Replay) -> None:
    page.goto(SHOP)
    page.wait_for_function(STATUS.format("waiting"))
    page.evaluate("void analytics.track('Early')")
    replay.expect_nothing_before_consent()

    page.get_by_role("button", name="Yes").click()
    page.wait_for_function(STATUS.format("running"))
    page.click("text=Buy")
    replay.expect_event("Early")
    replay.expect_event("Bought", {"total": 3}).in_replay()

    page.reload()  # the answer is known now
    page.wait_for_function(STATUS.format("running"))

    page.click("text=Privacy")
    page.get_by_role("button", name="Only what is necessary").click()
    page.wait_for_function(STATUS.format("stopped"))
    page.reload()
    page.wait_for_function(STATUS.format("stopped"))
    asked = len(replay.wire.asked)
    page.evaluate("void analytics.track('Later')")
    page.click("text=Privacy")
    assert len(replay.wire.asked) == asked  # neither Segment nor Amplitude was asked for anything
    page.get_by_role("button", name="Allow everything").click()
    replay.expect_event("Later").in_replay()


@pytest.mark.usefixtures("asks_for_consent")
def test_consent_manager_where_the_visitor_says_no(page: Page, replay: Replay) -> None:
    page.goto(SHOP)
    page.get_by_role("button", name="No").click()
    page.reload()
    page.wait_for_function(STATUS.format("waiting"))
    page.click("text=Buy")
    replay.expect_nothing_before_consent()


@pytest.mark.parametrize("replay_mode", MODES)
def test_subdomains_share_the_visitor_the_session_and_the_replay(page: Page, replay: Replay, replay_mode: str) -> None:
    tag = recipe("subdomains")["tag.html"]
    html = f"<!doctype html><title>Shop</title>{snippet()}{tag}<h1>Shop</h1><button id=buy>Buy</button>"
    hosts = ["https://www.shop.example", "https://app.shop.example"]
    for origin in hosts:
        serve(page.context, origin, page_of({"index.html": html}))
    serve(page.context, "https://cdn.shop.example", lambda path: None, **{"Access-Control-Allow-Origin": "*"})
    seen = []
    for name, origin in zip(["Here", "There"], hosts, strict=True):
        page.goto(origin)
        page.wait_for_function(STATUS.format("running"))
        page.evaluate("(name) => void analytics.track(name)", name)
        replay.expect_event(name).in_replay()
        seen.append(page.evaluate("[pyscriptReplay.replayId, pyscriptReplay.mode]"))
    assert seen == [[seen[0][0], replay_mode]] * 2
    device_id, _, session_id = seen[0][0].rpartition("/")

    def recorded() -> set[str]:
        page.evaluate("pyscriptReplay.flush()")
        of_it = [each for each in replay.uploads if (each.device_id, each.session_id) == (device_id, int(session_id))]
        return {event["data"]["href"].rstrip("/") for each in of_it for event in each.events if event["type"] == 4}

    end = time.monotonic() + 15
    while recorded() != set(hosts) and time.monotonic() < end:
        page.wait_for_timeout(50)
    assert recorded() == set(hosts)


@pytest.mark.parametrize("replay_mode", ["actions", "classic-cloud"])
def test_web_view_goes_on_with_the_session_of_the_app(page: Page, replay: Replay, replay_mode: str) -> None:
    files = recipe("web-view")
    html = f"<!doctype html><title>Shop</title>{snippet()}{files['tag.html']}<h1>Shop</h1>"
    serve(page.context, SHOP, page_of({"index.html": html}))
    session_id = int(time.time() * 1000) - 60_000
    address = files["address"].strip().replace("SESSION", str(session_id)).replace("DEVICE", "the-app-s-device")
    page.goto(address.replace("UNTIL", str(session_id + 120_000)))
    page.evaluate("void analytics.track('In The Web View')")
    replay.expect_event("In The Web View").in_replay()
    assert page.evaluate("pyscriptReplay.replayId") == f"the-app-s-device/{session_id}"
    page.goto(SHOP)
    page.evaluate("void analytics.track('On The Next Page')")
    replay.expect_event("On The Next Page").in_replay()
    replay.expect_same_session()
    assert replay.transitions == [(None, ("the-app-s-device", session_id))]
