"""The demo shop in a real browser: what it tells Segment, what is recorded of it, and what its buttons make happen."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from pyscript_replay.tools.devserver import DevServer

PASSWORD, NOTE, GREETING = "correct-horse-battery", "see-you-at-the-harbour", "Many happy returns"
MODES = ("actions", "classic-device", "classic-cloud", "auto")


def enter(page: Page, url: str) -> Page:
    """Visit a page of the shop, and wait until it is recorded."""
    page.goto(url)
    recorded(page)
    return page


def recorded(page: Page) -> None:
    expect(page.locator("#replay-id")).to_have_text(re.compile("/"), timeout=60_000)


def press(page: Page, label: str) -> None:
    page.get_by_role("complementary").get_by_role("button", name=label, exact=True).click()


def replay_id(page: Page) -> str:
    return page.evaluate("pyscriptReplay.replayId")


def moved_on(page: Page, before: str) -> tuple[str, str]:
    """Device id and session id of the replay that has taken the place of ``before``."""
    expect(page.locator("#replay-id")).to_have_text(re.compile(f"^(?!{before}).*/"))
    return split(replay_id(page))


def split(replay: str) -> tuple[str, str]:
    device, _, session = replay.partition("/")
    return device, session


def transitions(page: Page) -> list[str]:
    return page.locator("#transitions b").all_text_contents()


def test_an_order_is_tracked_and_recorded_and_its_secrets_are_not(dist: Path, page: Page, tmp_path: Path) -> None:
    with DevServer(dist, db=tmp_path / "demo.db") as server:
        enter(page, f"{server.url}/")
        page.get_by_label("Find a tea").fill("roasted")
        page.get_by_role("button", name="Search").click()
        arrived(server, "Products Searched")
        page.get_by_role("link", name="Cliff Oolong").click()
        arrived(server, "Product Viewed")
        page.get_by_role("button", name="Put it in the basket").click()
        arrived(server, "Product Added")
        page.get_by_role("link", name="Basket").click()
        arrived(server, "Cart Viewed")
        page.get_by_role("link", name="To the checkout").click()
        recorded(page)
        page.get_by_label("Name").fill("Ada")
        page.get_by_label("Email").fill("ada@example.com")
        page.get_by_label("Password, for an account").press_sequentially(PASSWORD)
        page.get_by_label("Greeting").press_sequentially(GREETING)
        page.get_by_label("A private line inside").press_sequentially(NOTE)
        uploaded(page, server, GREETING, "*" * len(NOTE))
        page.get_by_role("button", name="Place the order").click()
        page.get_by_text("is on its way").wait_for()
        recorded(page)
        completed = arrived(server, "Order Completed")
        assert completed["properties"]["products"][0]["product_id"] == "oolong"
        assert completed["properties"]["[Amplitude] Session Replay ID"] == replay_id(page)

        kept = recording(server.store, replay_id(page))
        assert "Behind the scenes" not in kept  # the inspector is no part of the visit

    everything = kept.encode() + b"".join(each.read_bytes() for each in tmp_path.glob("demo.db*"))
    assert PASSWORD.encode() not in everything
    assert NOTE.encode() not in everything


def arrived(server: Any, name: str) -> dict[str, Any]:
    """The event of that name, once it is there. (analytics-next may lose what a page tracks as it is left.)"""

    def found(store: Any) -> dict[str, Any] | None:
        return next((each for each in store.segment_messages() if each.get("event") == name), None)

    return server.store.wait_for(found, timeout=20)


def uploaded(page: Page, server: Any, *texts: str) -> None:
    """Wait until these are in the recording. The SDK uploads what it has when something more happens, so it does."""
    for _ in range(40):
        page.wait_for_timeout(500)
        page.mouse.wheel(0, 10)
        if all(text in recording(server.store, replay_id(page)) for text in texts):
            return
    raise AssertionError(f"not recorded: {texts}")


def recording(store: Any, replay: str) -> str:
    """What is recorded of the visit, as one text."""
    device, session = split(replay)
    return json.dumps(store.session(device, int(session))["recording"]) if store.uploads() else ""


@pytest.mark.parametrize("mode", MODES)
def test_after_31_minutes_everything_moves_on_together(page: Page, server: Any, mode: str) -> None:
    enter(page, f"{server.url}/{mode}/")
    expect(page.locator("#agreement")).to_have_text("They agree, to the last digit.")
    before = replay_id(page)
    press(page, "31 minutes pass")
    device, session = moved_on(page, before)
    assert device == split(before)[0]
    assert int(session) > int(split(before)[1])
    expect(page.locator("#stored")).to_have_text(session)
    expect(page.locator("#replay")).to_have_text(session)
    expect(page.locator("#agreement")).to_have_text("They agree, to the last digit.")
    expect(page.locator("#events li").filter(has_text="Came Back")).to_contain_text("ids agree")
    expect(page.locator("#events .bad")).to_have_count(0)
    assert transitions(page)[0] == "renewed"


def test_reset_begins_anew_as_another_visitor(page: Page, server: Any) -> None:
    enter(page, f"{server.url}/")
    before = replay_id(page)
    press(page, "reset()")
    device, session = moved_on(page, before)
    assert device != split(before)[0]
    assert int(session) > int(split(before)[1])
    expect(page.locator("#transitions b").first).to_have_text("identity-changed")


def test_who_logs_in_is_still_the_same_visitor_until_somebody_else_does(page: Page, server: Any) -> None:
    enter(page, f"{server.url}/")
    before = replay_id(page)
    press(page, "Log in")
    expect(page.locator("#events li").filter(has_text="Signed In")).to_contain_text("ids agree")
    assert replay_id(page) == before
    press(page, "Log in")
    device, _ = moved_on(page, before)
    assert device != split(before)[0]
    assert device == page.evaluate("analytics.user().anonymousId()")


def test_a_second_tab_joins_and_both_move_on(page: Page, context: BrowserContext, server: Any) -> None:
    enter(page, f"{server.url}/")
    before = replay_id(page)
    with context.expect_page() as opening:
        page.get_by_role("link", name="Open a second tab").click()
    other = opening.value
    recorded(other)
    assert replay_id(other) == before
    press(other, "31 minutes pass")
    assert moved_on(other, before) == moved_on(page, before)


def test_without_consent_nothing_is_recorded_and_events_go_on(page: Page, server: Any) -> None:
    enter(page, f"{server.url}/")
    press(page, "Withdraw consent")
    expect(page.locator("#status")).to_have_text("stopped")
    page.get_by_label("Kind").select_option("Oolong")
    expect(page.locator("#events li").filter(has_text="Product List Filtered")).to_contain_text("no replay id")
    page.reload()
    expect(page.locator("#status")).to_have_text("stopped")
    press(page, "Give consent again")
    expect(page.locator("#status")).to_have_text("running", timeout=30_000)


@pytest.mark.parametrize("runtime", ["micropython", "pyodide"])
def test_the_inspector_tells_what_is_so(page: Page, server: Any, runtime: str) -> None:
    enter(page, f"{server.url}/actions/?runtime={runtime}")
    expect(page.locator("#runtime")).to_have_text(runtime)
    expect(page.locator("#mode")).to_have_text("actions")
    expect(page.locator("#replay-id")).to_have_text(replay_id(page))
    expect(page.locator("#cookie")).to_have_text(f"analytics_session_id={split(replay_id(page))[1]}")
    expect(page.locator("#uploads")).to_have_text(re.compile(r"[1-9]\d* request"), timeout=20_000)
    expect(page.locator("#events .bad")).to_have_count(0)


def test_the_inspector_counts_the_uploads_of_its_own_session_only(page: Page, server: Any) -> None:
    enter(page, f"{server.url}/")
    device, session = split(replay_id(page))

    def own(page: Page) -> None:
        """What is shown is what the server has of this session, once that is all there."""
        uploads, shown = 0, ""
        for _ in range(100):
            uploads = len(server.store.uploads(device, int(session)))
            shown = page.locator("#uploads").text_content() or ""
            if uploads and shown.split()[0] == str(uploads):
                return
            page.wait_for_timeout(100)
        raise AssertionError(f"{shown}, and there are {uploads}")

    own(page)
    other = {"device_id": "another", "session_id": session, "type": "replay"}
    for time in range(5):
        server.store.add_upload(other, {}, [{"type": 3, "timestamp": time, "data": {}}], 9_000_000)
    own(page)
    expect(page.locator("#upload-bytes")).not_to_contain_text("MB")
    page.get_by_role("link", name="Journal").click()  # the count goes on there
    recorded(page)
    assert replay_id(page) == f"{device}/{session}"
    own(page)


def test_the_inspector_never_says_that_they_agree_while_pyodide_starts(page: Page, server: Any) -> None:
    enter(page, f"{server.url}/")
    expect(page.locator("#event")).to_have_text(re.compile(r"^\d+$"))  # it has arrived: the next page finds it
    held: list[Any] = []
    page.route("**/*.asm.wasm", lambda route: held.append(route))
    page.goto(f"{server.url}/pyscript/py")
    expect(page.locator("#stored")).to_have_text(re.compile(r"^\d+$"))
    expect(page.locator("#event")).to_have_text(re.compile(r"^\d+$"))
    expect(page.locator("#replay")).to_have_text("none")
    expect(page.locator("#agreement")).to_have_text("Waiting for the replay.")
    for route in held:
        route.continue_()
    page.unroute_all()
    recorded(page)
    expect(page.locator("#agreement")).to_have_text("They agree, to the last digit.")


@pytest.mark.parametrize("kind", ["mpy", "py"])
def test_a_pyscript_page_records_itself(page: Page, server: Any, kind: str) -> None:
    enter(page, f"{server.url}/pyscript/{kind}")
    page.get_by_role("button", name="Pour another").click()
    expect(page.get_by_label("Cups of tea today")).to_have_value("1")
    expect(page.locator("#events li").filter(has_text="Tea Poured")).to_contain_text("ids agree", timeout=20_000)
    expect(page.locator("#runtime")).to_have_text({"mpy": "micropython", "py": "pyodide"}[kind])
