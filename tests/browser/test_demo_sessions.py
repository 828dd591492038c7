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
    assert page.url == url
    assert opened == []
    assert recorded.url in ("about:blank", "")
    assert asked == []
