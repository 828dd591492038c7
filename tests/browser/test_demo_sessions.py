"""What was recorded can be found, watched, taken away and brought back; and a hostile recording can do nothing."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, FrameLocator, Page, expect

VISIT = "/product?id=silver"


@pytest.fixture
def visit(page: Page, server: Any) -> str:
    """A recorded visit; answers its replay id. The page has gone elsewhere since."""
    page.goto(server.url + VISIT)
    expect(page.locator("#replay-id")).to_have_text(re.compile("/"), timeout=60_000)
    page.get_by_role("button", name="Put it in the basket").click()
    replay_id = page.evaluate("pyscriptReplay.replayId")
    for _ in range(40):  # the SDK uploads what it has when something more happens
        page.wait_for_timeout(500)
        page.mouse.wheel(0, 10)
        if is_all_there(server.store, replay_id):
            break
    page.goto(f"{server.url}/sessions")
    return replay_id


def is_all_there(store: Any, replay_id: str) -> bool:
    """Whether the visit's last event, and the last thing it saw, have arrived; and some time to watch."""
    if not store.uploads():
        return False
    device_id, _, session_id = replay_id.partition("/")
    session = store.session(device_id, int(session_id))
    text = json.dumps(session)
    long_enough = session["length_ms"] > 1500
    return long_enough and "Product Added" in text and "Silver Needle is in the basket." in text


def recorded_page(page: Page) -> FrameLocator:
    return page.frame_locator("#player iframe")


def moment(page: Page, name: str) -> Any:
    return page.locator("#moments").get_by_role("button", name=name).first


def test_a_visit_is_listed_and_plays(page: Page, visit: str) -> None:
    row = page.get_by_role("row").filter(has_text=visit.partition("/")[2])
    expect(row).to_contain_text(visit.partition("/")[0])
    row.get_by_role("link", name="Watch").click()
    expect(page.locator("#identity")).to_have_text(visit)

    moment(page, "Product Added").click()
    expect(recorded_page(page).get_by_role("heading", name="Silver Needle").first).to_be_visible()
    expect(page.locator("#address")).to_have_text(re.compile(re.escape(VISIT)))
    page.locator("#seek").press("End")
    expect(recorded_page(page).get_by_text("Silver Needle is in the basket.")).to_be_visible()

    page.locator("#seek").press("Home")
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    expect(page.locator("#time")).to_have_text(re.compile("^0:0[1-9] /"), timeout=20_000)
    assert page.evaluate("document.activeElement.id") == "play"  # not something in the recorded page
    expect(recorded_page(page).get_by_role("heading", name="Silver Needle").first).to_be_visible()


def test_events_are_on_the_time_line_and_their_json_is_one_click_away(page: Page, visit: str) -> None:
    page.goto(re.sub("/sessions$", f"/replay/{visit}", page.url))
    marker = page.locator("#markers").get_by_role("button", name="Product Added")
    marker.focus()
    page.keyboard.press("Enter")
    assert page.locator("#seek").evaluate("(range) => range.valueAsNumber") > 0
    expect(page.locator("#markers .session")).not_to_have_count(0)
    page.get_by_role("button", name="JSON of Product Added").click()
    shown = page.locator("#moments pre:visible").text_content()
    assert json.loads(shown or "")["properties"]["[Amplitude] Session Replay ID"] == visit


def test_the_list_grows_by_itself(page: Page, context: BrowserContext, server: Any) -> None:
    page.goto(f"{server.url}/sessions")
    visitor = context.new_page()
    visitor.goto(f"{server.url}/")
    expect(visitor.locator("#replay-id")).to_have_text(re.compile("/"), timeout=60_000)
    row = page.get_by_role("row").filter(has_text=visitor.evaluate("String(pyscriptReplay.sessionId)"))
    expect(row).to_be_visible(timeout=20_000)
    before = row.locator("[data-label=Events]").text_content()
    visitor.get_by_role("link", name="Morning Sencha").click()
    expect(row.locator("[data-label=Events]")).not_to_have_text(before or "", timeout=20_000)


def made(server: Any, device_id: str, started: int, length: int) -> None:
    query = {"device_id": device_id, "session_id": "1000", "type": "replay"}
    href = f"https://shop.example/{device_id}"
    server.store.add_upload(query, {}, [*snapshot(started, "first", href), heading(started + length, "last")], 10)


def devices(page: Page, *expected: str) -> None:
    expect(page.locator("[data-label='Device and session'] .number:first-child")).to_have_text(expected)


def test_the_list_can_be_searched_filtered_and_sorted_and_its_address_keeps_it(page: Page, server: Any) -> None:
    made(server, "short", 3000, 500)
    made(server, "long", 2000, 70_000)
    made(server, "longer", 1000, 700_000)
    page.goto(f"{server.url}/sessions")
    devices(page, "short", "long", "longer")
    page.get_by_label("Order").select_option("Oldest first")
    devices(page, "longer", "long", "short")
    page.get_by_label("Length").select_option("1 minute or more")
    devices(page, "longer", "long")
    page.get_by_label("Search").fill("example/LONGER")
    devices(page, "longer")
    expect(page.get_by_role("status")).to_have_text("1 session found")

    page.reload()
    devices(page, "longer")
    expect(page.get_by_label("Order")).to_have_value("oldest")
    expect(page.get_by_label("Search")).to_have_value("example/LONGER")
    made(server, "another longer", 500, 700_000)  # it is none that was searched for
    made(server, "example/longer", 600, 700_000)
    devices(page, "example/longer", "longer")
    page.get_by_label("Search").fill("nobody")
    expect(page.get_by_role("status")).to_have_text("No sessions found")
    page.get_by_label("Search").fill("")
    page.get_by_label("Length").select_option("Any")
    page.get_by_label("Order").select_option("Newest first")
    expect(page).to_have_url(f"{server.url}/sessions")
    devices(page, "short", "long", "longer", "example/longer", "another longer")


# The first answer for an address with this text in it is read two seconds late, as on a machine that is busy.
READ_LATE = """(text) => {
  const json = Response.prototype.json;
  Response.prototype.json = async function () {
    const read = await json.call(this);
    if (this.url.includes(text)) {
      Response.prototype.json = json;
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
    return read;
  };
}"""


def test_an_answer_that_is_read_late_replaces_no_newer_one(page: Page, server: Any) -> None:
    made(server, "short", 3000, 500)
    made(server, "long", 2000, 70_000)
    page.goto(f"{server.url}/sessions")
    devices(page, "short", "long")
    page.evaluate(READ_LATE, "order=oldest")
    page.get_by_label("Order").select_option("Oldest first")
    page.wait_for_timeout(500)  # its answer is there, and not read yet
    page.get_by_label("Order").select_option("Newest first")
    page.wait_for_timeout(500)
    made(server, "short", 3000, 70_000)  # the stream tells of it before the older answer is read
    page.wait_for_timeout(2000)
    devices(page, "short", "long")
    lengths = page.locator("[data-label=Length] .number")
    expect(lengths).to_have_text(["1:10", "1:10"])


def test_the_inspector_counts_what_comes_before_its_own_question_is_answered(page: Page, server: Any) -> None:
    page.add_init_script(f"({READ_LATE})('/api/state')")
    page.goto(server.url + VISIT)
    expect(page.locator("#replay-id")).to_have_text(re.compile("/"), timeout=60_000)
    page.get_by_role("button", name="Put it in the basket").click()
    page.wait_for_timeout(3000)
    expect(page.locator("#event-count")).to_have_text(str(server.store.counts()["segment"]))


def test_a_session_can_be_deleted_and_all_of_them_after_a_question(
    page: Page, context: BrowserContext, server: Any
) -> None:
    for time, device_id in enumerate(("one", "two", "three")):
        made(server, device_id, 1000 - time, 500)
    page.goto(f"{server.url}/sessions")
    other = context.new_page()
    other.goto(f"{server.url}/sessions")
    devices(other, "one", "two", "three")
    remove = page.get_by_role("row").filter(has_text="two").get_by_role("button", name="Delete")
    remove.click()
    page.get_by_role("dialog").get_by_role("button", name="Keep").click()
    expect(page.get_by_role("dialog")).not_to_be_visible()
    remove.click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).not_to_be_visible()
    devices(page, "one", "two", "three")
    assert len(server.store.sessions()) == 3
    remove.click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    devices(page, "one", "three")
    devices(other, "one", "three")
    assert page.evaluate("document.activeElement.id") == "main"

    page.get_by_role("button", name="Delete all").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    for each in (page, other):
        expect(each.locator("#nothing")).to_be_visible()
    assert server.store.sessions() == []


def test_an_exported_session_plays_without_any_server_and_comes_back(
    page: Page, context: BrowserContext, server: Any, visit: str, tmp_path: Path
) -> None:
    with page.expect_download() as downloading:
        page.get_by_role("link", name=re.compile("^Export")).first.click()
    file = tmp_path / "session.html"
    downloading.value.save_as(file)

    asked: list[str] = []
    alone = context.new_page()
    alone.route("http*://**", lambda route: (asked.append(route.request.url), route.abort()))
    alone.goto(file.as_uri())
    moment(alone, "Product Added").click()
    expect(recorded_page(alone).get_by_role("heading", name="Silver Needle").first).to_be_visible()
    assert asked == []

    page.get_by_label("Import an exported session").set_input_files(file)
    page.wait_for_url("**/replay/**")
    expect(page.locator("#identity")).to_have_text(visit)


def test_what_is_no_exported_session_is_refused(page: Page, server: Any, tmp_path: Path) -> None:
    file = tmp_path / "other.html"
    file.write_text("<!doctype html><script>alert(1)</script>")
    page.goto(f"{server.url}/sessions")
    page.get_by_label("Import an exported session").set_input_files(file)
    expect(page.get_by_role("alert")).not_to_be_empty()


# Recordings that are put together by hand


HEADING = 12  # the id of its text


def snapshot(time: int, text: str, href: str = "https://shop.example/") -> list[dict[str, Any]]:
    """A page with one heading, as rrweb records it."""

    def node(tag: str, number: int, *children: Any) -> dict[str, Any]:
        return {"type": 2, "tagName": tag, "attributes": {}, "childNodes": list(children), "id": number}

    heading = node("h1", 11, {"type": 3, "textContent": text, "id": HEADING})
    document = {"type": 0, "childNodes": [node("html", 2, node("head", 3), node("body", 4, heading))], "id": 1}
    return [
        {"type": 4, "timestamp": time, "data": {"href": href, "width": 800, "height": 600}},
        {"type": 2, "timestamp": time, "data": {"node": document, "initialOffset": {"left": 0, "top": 0}}},
    ]


def heading(time: int, text: str) -> dict[str, Any]:
    """The heading of such a page changes."""
    data = {"source": 0, "texts": [{"id": HEADING, "value": text}], "attributes": [], "removes": [], "adds": []}
    return {"type": 3, "timestamp": time, "data": data}


def watch(page: Page, server: Any, recording: list[Any], events: tuple[Any, ...] = (), **more: Any) -> None:
    """Import such a recording, with messages of Segment, and open it in the viewer."""
    messages = [{"received": 1500, "path": "/v1/t", "message": each} for each in events]
    session = {"device_id": "made", "session_id": 1000, "recording": recording, "events": messages, **more}
    file = f'<script type="application/json" id="recording">{json.dumps(session)}</script>'
    answer = page.request.post(f"{server.url}/api/sessions/import", data=file.encode())
    assert answer.ok, answer.text()
    page.goto(f"{server.url}/replay/made/1000")
    expect(shown(page)).to_be_attached()


def shown(page: Page) -> Any:
    return recorded_page(page).locator("h1")


def test_the_last_event_is_shown_at_the_end(page: Page, server: Any) -> None:
    watch(page, server, [*snapshot(1000, "first"), heading(2000, "second"), heading(3000, "last")])
    expect(shown(page)).to_have_text("first")
    page.locator("#seek").press("End")
    expect(shown(page)).to_have_text("last")
    expect(page.locator("#time")).to_have_text("0:02 / 0:02")
    page.locator("#seek").press("Home")
    expect(shown(page)).to_have_text("first")


TABS = [*snapshot(1000, "one"), heading(3000, "one later"), *snapshot(2000, "two", "https://shop.example/two")]
TABS = [*TABS, heading(4000, "two later"), heading(5000, "one at last")]
OF_TAB = [0, 0, 0, 1, 1, 1, 0]


def test_tabs_are_played_each_as_itself_on_one_time_line(page: Page, server: Any) -> None:
    bought = {"type": "track", "event": "In the second", "context": {"page": {"url": "https://shop.example/two"}}}
    watch(page, server, TABS, ({**bought, "timestamp": "1970-01-01T00:00:02.500Z"},), tabs=OF_TAB)
    expect(page.get_by_label("Tab").locator("option")).to_have_text(["1: / (0:00 to 0:04)", "2: /two (0:01 to 0:03)"])
    page.locator("#seek").press("End")
    expect(shown(page)).to_have_text("one at last")

    page.get_by_label("Tab").select_option(index=1)
    expect(shown(page)).to_have_text("two later")
    expect(page.locator("#time")).to_have_text("0:04 / 0:04")
    expect(page.locator("#address")).to_have_text("https://shop.example/two")
    page.locator("#seek").press("Home")
    expect(page.locator("#address")).to_have_text("This tab was opened later.")
    expect(shown(page)).not_to_be_visible()

    page.get_by_label("Tab").select_option(index=0)
    expect(shown(page)).to_have_text("one")
    moment(page, "In the second").click()
    expect(page.get_by_label("Tab")).to_have_value("1")
    expect(shown(page)).to_have_text("two")
    page.get_by_role("button", name="Play").click()
    expect(shown(page)).to_have_text("two later")


LONG = [*snapshot(1000, "first"), heading(5000, "at four seconds"), heading(31_000, "last")]
EVENTS = tuple(
    {"type": "track", "event": name, "timestamp": f"1970-01-01T00:00:{second}Z"}
    for name, second in (("Opened", "05.500"), ("Bought", "20.250"))
)


def test_arrow_keys_seek_and_space_plays(page: Page, server: Any) -> None:
    watch(page, server, LONG, EVENTS)
    at = page.locator("#time")
    page.keyboard.press("ArrowRight")
    expect(at).to_have_text("0:05 / 0:30")
    expect(shown(page)).to_have_text("at four seconds")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(at).to_have_text("0:00 / 0:30")
    page.keyboard.press("Shift+ArrowRight")
    expect(at).to_have_text("0:04 / 0:30")
    page.keyboard.press("Shift+ArrowRight")
    expect(at).to_have_text("0:19 / 0:30")
    page.keyboard.press("Shift+ArrowLeft")
    expect(at).to_have_text("0:04 / 0:30")
    page.keyboard.press("Alt+ArrowRight")  # the browser's own
    expect(at).to_have_text("0:04 / 0:30")
    page.locator("#seek").focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Play")).to_be_visible()


def test_skip_to_the_next_event(page: Page, server: Any) -> None:
    watch(page, server, LONG, EVENTS)
    for time in ("0:04", "0:19", "0:19"):
        page.get_by_role("button", name="Next event").click()
        expect(page.locator("#time")).to_have_text(f"{time} / 0:30")


def test_the_address_is_a_link_to_the_moment(page: Page, server: Any, tmp_path: Path) -> None:
    watch(page, server, LONG, EVENTS)
    url = page.url
    moment(page, "Bought").click()
    expect(page).to_have_url(f"{url}#t=19.25")
    page.reload()
    expect(page.locator("#time")).to_have_text("0:19 / 0:30")
    expect(page.locator("#moments .past")).to_have_count(3)  # the session's beginning, and both events
    page.evaluate("location.hash = '#t=4'")
    expect(page.locator("#time")).to_have_text("0:04 / 0:30")
    expect(shown(page)).to_have_text("at four seconds")
    for odd in ("#t=4000", "#t=-1", "#t=later", "#else"):
        page.goto("about:blank")
        page.goto(url + odd)
        expect(page.locator("#time")).to_have_text("0:30 / 0:30" if odd == "#t=4000" else "0:00 / 0:30")

    file = tmp_path / "session.html"
    file.write_bytes(page.request.get(f"{server.url}/export/made/1000.html").body())
    page.goto(f"{file.as_uri()}#t=4.5")
    expect(shown(page)).to_have_text("at four seconds")
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(f"{file.as_uri()}#t=9.5")


def test_a_link_to_a_moment_names_its_tab(page: Page, server: Any) -> None:
    watch(page, server, TABS, tabs=OF_TAB)
    url = page.url
    page.get_by_label("Tab").select_option(index=1)
    page.locator("#seek").press("End")
    expect(page).to_have_url(f"{url}#t=4&tab=2")
    page.reload()
    expect(shown(page)).to_have_text("two later")
    expect(page.get_by_label("Tab")).to_have_value("1")


def test_fullscreen_shows_the_page_with_the_controls(page: Page, server: Any) -> None:
    watch(page, server, LONG, EVENTS)
    page.get_by_role("button", name="Fullscreen").click()
    leave = page.get_by_role("button", name="Leave fullscreen")
    expect(leave).to_be_in_viewport()
    assert page.evaluate("document.fullscreenElement.id") == "screen"
    page.keyboard.press("ArrowRight")
    expect(shown(page)).to_have_text("at four seconds")
    expect(page.locator("#seek")).to_be_in_viewport()
    leave.click()
    expect(page.get_by_role("button", name="Fullscreen", exact=True)).to_be_visible()
    assert page.evaluate("document.fullscreenElement") is None


def test_console_and_network_are_in_the_list_where_they_were_recorded(page: Page, server: Any) -> None:
    server.configuration["sr_logging_config"] = {
        "console": {"enabled": True, "levels": ["log", "error"]},
        "network": {"enabled": True},
    }
    page.goto(server.url + VISIT)
    expect(page.locator("#replay-id")).to_have_text(re.compile("/"), timeout=60_000)
    replay_id = page.evaluate("pyscriptReplay.replayId")
    device_id, _, session_id = replay_id.partition("/")
    for _ in range(40):  # the SDK loads what records these when it has begun, and uploads when something more happens
        page.evaluate("console.log('brewing', 3, { cups: 2 }); console.error('spilt')")
        page.evaluate("fetch('/no-such-page?of=tea')")
        page.wait_for_timeout(500)
        page.mouse.wheel(0, 10)
        recorded = json.dumps(server.store.session(device_id, int(session_id))) if server.store.sessions() else ""
        if "brewing" in recorded and "no-such-page" in recorded:
            break
    page.goto(f"{server.url}/replay/{replay_id}")
    listed = page.locator("#moments li:visible")
    said, spilt = listed.filter(has_text="brewing 3"), listed.filter(has_text="spilt")
    asked, viewed = listed.filter(has_text="GET /no-such-page?of=tea"), listed.filter(has_text="Product Viewed")
    expect(said.first).to_contain_text('{"cups":2}')
    expect(spilt.first.locator(".bad")).to_have_text("error")
    expect(asked.first.locator(".bad")).to_have_text("404")
    expect(page.locator("#markers").get_by_role("button", name="spilt")).to_have_count(0)
    page.get_by_role("checkbox", name="console").uncheck()
    expect(said.or_(spilt)).to_have_count(0)
    page.get_by_role("checkbox", name="events").uncheck()
    expect(viewed).to_have_count(0)
    expect(asked.first).to_be_visible()
    page.get_by_role("checkbox", name="console").check()
    expect(said.first).to_be_visible()


def test_one_tab_is_no_choice(page: Page, server: Any) -> None:
    watch(page, server, [*snapshot(1000, "first"), heading(2000, "second")])
    expect(shown(page)).to_be_visible()
    expect(page.get_by_label("Tab")).not_to_be_visible()


BROKEN: dict[str, dict[str, Any]] = {
    "data null": {"type": 3, "data": None},
    "no data": {"type": 3},
    "data that is a text": {"type": 3, "data": "x"},
    "no changes in a change": {"type": 3, "data": {"source": 0}},
    "a change to nothing": {
        "type": 3,
        "data": {"source": 0, "texts": [None], "adds": [], "removes": [], "attributes": []},
    },
    "an added nothing": {
        "type": 3,
        "data": {"source": 0, "texts": [], "adds": [{"parentId": 4, "node": None}], "removes": [], "attributes": []},
    },
    "a pointer nowhere": {"type": 3, "data": {"source": 1, "positions": None}},
    "a pointer that moves by nothing": {"type": 3, "data": {"source": 1, "positions": [None]}},
    "a page of nothing": {"type": 2, "data": {"node": None}},
    "a page of a text": {"type": 2, "data": {"node": "x", "initialOffset": {"left": 0, "top": 0}}},
    "a page of half a page": {
        "type": 2,
        "data": {"node": {"type": 0, "id": 1}, "initialOffset": {"left": 0, "top": 0}},
    },
    "an address without data": {"type": 4, "data": None},
    "a type that is none": {"type": "x", "data": {}},
    "a type that is null": {"type": None, "data": None},
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_event_is_left_out_and_counted(page: Page, server: Any, case: str) -> None:
    uncaught: list[str] = []
    page.on("pageerror", lambda error: uncaught.append(str(error)))
    broken = {"timestamp": 1500, **BROKEN[case]}
    watch(page, server, [*snapshot(1000, "first"), broken, heading(2000, "second"), heading(3000, "last")])
    page.locator("#seek").press("End")
    expect(shown(page)).to_have_text("last")
    expect(page.locator("#skipped")).to_have_text("One event of this recording cannot be played and is left out.")
    assert uncaught == []


def test_a_sound_recording_says_nothing_of_broken_events(page: Page, server: Any) -> None:
    watch(page, server, [*snapshot(1000, "first"), heading(3000, "last")])
    page.locator("#seek").press("End")
    expect(shown(page)).to_have_text("last")
    expect(page.locator("#skipped")).not_to_be_visible()


HALF = "half of \ud83d"


def test_lone_surrogate_is_played_and_exported(page: Page, server: Any, tmp_path: Path) -> None:
    watch(page, server, [*snapshot(1000, HALF), heading(3000, HALF + "!")], ({"type": "track", "event": HALF},))
    for url in (page.url, (tmp_path / "session.html").as_uri()):
        if url.startswith("file"):
            exported = page.request.get(f"{server.url}/export/made/1000.html")
            (tmp_path / "session.html").write_bytes(exported.body())
            page.goto(url)
        page.locator("#seek").press("End")
        texts = page.locator("#player iframe").evaluate(
            "(it) => it.contentDocument.querySelector('h1').textContent.length"
        )
        assert texts == len(HALF) + 1
        expect(page.locator("#moments b").get_by_text("half of").first).to_be_visible()


NAMES: list[dict[str, Any]] = [
    {"type": "track", "event": {"a": 1}},
    {"type": "track", "event": None},
    {"type": "track", "event": 7},
    {"type": "track", "event": ["a"]},
    {"type": "track", "event": ""},
    {"type": "odd kind with spaces", "event": "named"},
    {"type": "", "name": ""},
    {"type": None},
    {"type": {"a": "b"}, "context": None, "timestamp": 7},
    {"context": "none", "properties": "none", "integrations": "none", "timestamp": {}},
    {},
]


def test_events_may_have_any_name(page: Page, server: Any) -> None:
    watch(page, server, [*snapshot(1000, "first"), heading(3000, "last")], tuple(NAMES))
    expect(page.locator("#moments li")).to_have_count(len(NAMES) + 1)
    for name in ('{"a":1}', "7", '["a"]', "named", "nameless"):
        expect(page.locator("#moments b").get_by_text(name, exact=True).first).to_be_visible()
    page.locator("#seek").press("End")
    expect(shown(page)).to_have_text("last")


def test_the_inspector_shows_events_of_any_name(page: Page, server: Any) -> None:
    uncaught: list[str] = []
    page.on("pageerror", lambda error: uncaught.append(str(error)))
    page.goto(f"{server.url}/")
    expect(page.locator("#replay-id")).to_have_text(re.compile("/"), timeout=60_000)
    before = int(page.locator("#event-count").text_content() or 0)
    for message in NAMES:
        assert page.request.post(f"{server.url}/v1/t", data=json.dumps(message).encode()).ok
    expect(page.locator("#events b").get_by_text('["a"]', exact=True)).to_be_visible()
    assert int(page.locator("#event-count").text_content() or 0) >= before + len(NAMES)
    assert uncaught == []


def test_a_time_beyond_all_calendars_does_not_hide_the_list(page: Page, server: Any) -> None:
    watch(page, server, [*snapshot(2**53 - 10, "first"), heading(2**53 - 5, "last")])
    expect(shown(page)).to_be_visible()
    page.goto(f"{server.url}/sessions")
    expect(page.get_by_role("row").filter(has_text="made")).to_be_visible()


# Several tabs, recorded by the real SDK


@pytest.mark.parametrize("named", [True, False], ids=["the page is named in the uploads", "it is not"])
def test_two_tabs_of_one_session_are_two_documents(
    page: Page, context: BrowserContext, server: Any, named: bool
) -> None:
    if not named:
        context.route("**/session-replay/track/*", lambda route: route.continue_(url=without_name(route.request.url)))
    other = context.new_page()
    tabs = {"Silver Needle": page, "Cliff Oolong": other}
    for tab, path in ((page, VISIT), (other, "/product?id=oolong")):
        tab.goto(server.url + path)
        expect(tab.locator("#replay-id")).to_have_text(re.compile("/"), timeout=60_000)
        tab.wait_for_timeout(300)
    for turn in range(3):  # neither is in the background to Playwright: both change at the same time
        for tab in tabs.values():
            tab.evaluate("(text) => { document.querySelector('h1').textContent += text }", f" {turn}")
            tab.wait_for_timeout(250)
    replay_id = page.evaluate("pyscriptReplay.replayId")
    assert other.evaluate("pyscriptReplay.replayId") == replay_id
    device_id, _, session_id = replay_id.partition("/")
    text = "%s 0 1 2"
    for _ in range(40):  # as above: the SDK uploads when something more happens
        recorded = json.dumps(server.store.session(device_id, int(session_id))["recording"])
        if all(text % name in recorded for name in tabs):
            break
        for tab in tabs.values():
            tab.mouse.wheel(0, 10)
            tab.wait_for_timeout(250)
    for tab in tabs.values():
        tab.goto("about:blank")
    page.goto(f"{server.url}/replay/{replay_id}")
    options = page.get_by_label("Tab").locator("option")
    expect(options).to_have_text([re.compile("silver"), re.compile("oolong")])
    for index, name in enumerate(tabs):
        page.get_by_label("Tab").select_option(index=index)
        page.locator("#seek").press("End")
        expect(recorded_page(page).locator("main h1")).to_have_text(text % name)
        expect(recorded_page(page).locator("main h1")).to_have_count(1)
    expect(page.locator("#skipped")).not_to_be_visible()


def without_name(url: str) -> str:
    return re.sub(r"/track/\w+", "/track", url)


HOSTILE = """
<script>top.pwned = "script"</script>
<img src="x" onerror="top.pwned = 'onerror'">
<svg onload="top.pwned = 'onload'"><script>top.pwned = "svg script"</script></svg>
<body onpageshow="top.pwned = 'onpageshow'">
<input autofocus onfocus="top.pwned = 'onfocus'">
<details open ontoggle="top.pwned = 'ontoggle'"><summary>More</summary></details>
<a id="link" href="javascript:top.pwned = 'link'">Click me</a>
<form id="form" action="https://evil.test/form"><button>Send</button></form>
<iframe srcdoc="<script>top.pwned = 'srcdoc'</script>"></iframe>
<iframe src="javascript:top.pwned = 'frame'"></iframe>
<object data="data:text/html,<script>top.pwned = 'object'</script>"></object>
<embed src="https://evil.test/embed">
<meta http-equiv="refresh" content="0; url=https://evil.test/refresh">
<base href="https://evil.test/">
<link rel="stylesheet" href="https://evil.test/style.css">
<link rel="prefetch" href="https://evil.test/prefetch">
<style>body { background: url(https://evil.test/background) } @import "https://evil.test/import.css";</style>
<img src="https://evil.test/pixel"><video src="https://evil.test/video" autoplay></video>
"""

MARKUP = "<img src=x onerror=\"top.pwned = 'a name'\">"


# rrweb's form of a document, straight from the markup.
AS_NODES = """(markup) => {
  let id = 10;
  const attributes = (it) => Object.fromEntries([...it.attributes].map(({ name, value }) => [name, value]));
  const isSVG = (it) => it.namespaceURI.endsWith("svg") || undefined;
  const node = (it) => it.nodeType === Node.TEXT_NODE
    ? { type: 3, textContent: it.data, id: id++ }
    : { type: 2, tagName: it.localName, attributes: attributes(it), isSVG: isSVG(it),
        childNodes: [...it.childNodes].map(node), id: id++ };
  const inert = new DOMParser().parseFromString(markup, "text/html");
  return [...inert.head.childNodes, ...inert.body.childNodes].map(node);
}"""


def recording_of(page: Page, markup: str) -> list[dict]:
    """A recording made of this markup, as somebody could write it by hand: no recorder has weakened it."""
    nodes = page.evaluate(AS_NODES, markup)
    body = {"type": 2, "tagName": "body", "attributes": {}, "childNodes": nodes, "id": 5}
    html = {"type": 2, "tagName": "html", "attributes": {}, "childNodes": [body], "id": 3}
    document = {"type": 0, "childNodes": [html], "id": 1}
    script = {"type": 2, "tagName": "script", "attributes": {}, "childNodes": [], "id": 9001}
    text = {"type": 3, "textContent": "top.pwned = 'added script'", "id": 9002}
    added = [{"parentId": 5, "nextId": None, "node": script}, {"parentId": 9001, "nextId": None, "node": text}]
    handler = [{"id": 5, "attributes": {"onclick": "top.pwned = 'handler'", "onmouseover": "top.pwned = 'over'"}}]
    changes = {"source": 0, "adds": added, "removes": [], "texts": [], "attributes": handler}
    return [
        {"type": 4, "timestamp": 1000, "data": {"href": "javascript:top.pwned='href'", "width": 800, "height": 600}},
        {"type": 2, "timestamp": 1001, "data": {"node": document, "initialOffset": {"top": 0, "left": 0}}},
        {"type": 3, "timestamp": 1500, "data": changes},
        {"type": 3, "timestamp": 1700, "data": {"source": 2, "type": 2, "id": 5, "x": 5, "y": 5}},
        {"type": 3, "timestamp": 3000, "data": {"source": 3, "id": 1, "x": 0, "y": 0}},
    ]


def test_a_hostile_recording_runs_nothing_and_asks_nobody(page: Page, server: Any, visit: str, tmp_path: Path) -> None:
    exported = page.request.get(f"{server.url}/export/{visit}.html").text()
    opening, session, rest = re.split(r'(?<=id="recording">)(.*?)(?=</script>)', exported, maxsplit=1, flags=re.DOTALL)
    hostile = json.loads(session)
    hostile["recording"] = recording_of(page, HOSTILE)
    message = {"type": "track", "event": MARKUP, "anonymousId": MARKUP}
    hostile["events"] = [{"received": 1200, "path": "/v1/t", "message": message}]
    hostile["device_id"], hostile["session_id"] = "hostile", 1000
    hostile["replay_id"] = "hostile/1000"
    file = tmp_path / "hostile.html"
    file.write_text(opening + json.dumps(hostile).replace("<", "\\u003c") + rest)

    page.goto(f"{server.url}/sessions")
    page.get_by_label("Import an exported session").set_input_files(file)
    page.wait_for_url("**/replay/hostile/1000")
    for url in (page.url, file.as_uri()):
        survives(page, url)


def survives(page: Page, url: str) -> None:
    asked: list[str] = []
    opened: list[Page] = []
    page.route("**://evil.test/**", lambda route: (asked.append(route.request.url), route.fulfill(body="Got you")))
    page.on("popup", lambda popup: opened.append(popup))
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    page.goto(url)
    expect(moment(page, MARKUP)).to_be_visible()
    expect(recorded_page(page).locator("#link")).to_be_attached()
    page.get_by_role("button", name="Play").click()
    page.wait_for_timeout(2500)
    recorded = page.frames[1]
    assert page.locator("#player iframe").first.get_attribute("sandbox") == "allow-same-origin"
    # even if the visitor could click in there, or something did
    page.evaluate("""() => {
      const recorded = document.querySelector("#player iframe").contentDocument;
      recorded.querySelector("#link")?.click();
      recorded.querySelector("#form")?.submit();
      recorded.body.click();
      recorded.body.dispatchEvent(new MouseEvent("mouseover"));
    }""")
    page.wait_for_timeout(500)
    assert page.evaluate("window.pwned") is None
    assert page.url.partition("#")[0] == url  # behind it is the moment that is shown
    assert opened == []
    assert recorded.url in ("about:blank", "")
    assert asked == []
