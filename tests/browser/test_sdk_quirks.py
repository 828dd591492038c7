"""What ``recorder.py`` knows of session-replay-browser, seen on the SDK alone: a test for each quirk.

On this page nothing of ours drives the SDK. When a new version no longer has a quirk, its test fails: then whatever
``recorder.py`` does about it may go.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route

from pyscript_replay.recorder import SAYINGS, THROTTLED

FIRST, SECOND = 1795608000000, 1795608000001
SAMPLED_OUT = 1795608000004  # while the other two are in, at a rate of a half
AT_ONCE: dict[str, Any] = {"flushIntervalConfig": {"minIntervalMs": 1, "maxIntervalMs": 1}}
RECORDER = "**/rrweb-record-min.js"
CAPTURED: dict[str, Any] = {"configs": {"sessionReplay": {}}}
NOT_CAPTURED: dict[str, Any] = {"configs": {}}
TARGETED = {
    "configs": {
        "sessionReplay": {
            "sr_targeting_config": {
                "key": "sr_targeting_config",
                "variants": {"on": {"key": "on"}, "off": {"key": "off"}},
                "segments": [
                    {
                        "variant": "on",
                        "conditions": [
                            [{"selector": ["context", "event", "event_type"], "op": "is", "values": ["Bought"]}]
                        ],
                    },
                    {"variant": "off"},
                ],
            }
        }
    }
}

# What is recorded is gathered for as long as the SDK is not told to send it.
PAGE = """<!doctype html><meta charset=utf-8><title>Bare</title><body><h1>Recorded</h1>
<script type=module>
const sdk = window.sdk = await import("SDK");
const heard = window.heard = { requests: [], recorder: [], said: [], uploads: [], headers: {} };
window[Symbol.for("pyscript-replay.recorded")] = (what) => heard.recorder.push(what);
const say = (...args) => void heard.said.push(args.map(String).join(" "));
const OPTIONS = {
  deviceId: "ada",
  sampleRate: 1,
  useWebWorker: false,
  enableTransportCompression: false,
  performanceConfig: { enabled: false },
  flushIntervalConfig: { minIntervalMs: 600_000, maxIntervalMs: 600_000 },
  loggerProvider: { enable() {}, disable() {}, error: say, warn: say, log: say, debug: say },
  handleSendEvents: async ({ url, body }) => {
    const { searchParams } = new URL(url);
    heard.uploads.push([searchParams.get("device_id"), Number(searchParams.get("session_id")), body]);
    return new Response("{}", { headers: heard.headers });
  },
};
const turn = window.turn = () => new Promise((done) => setTimeout(done, 50));
window.begin = (sessionId, options, config) => sdk.init("local", {
  ...OPTIONS,
  handleFetchConfig: async ({ url }) => {
    heard.requests.push(url);
    return new Response(JSON.stringify(config));
  },
  sessionId,
  ...options,
}).promise;
window.change = async (text) => {
  document.body.append(text);
  await turn();
};
window.send = async () => {
  await turn(); // what was stopped is on its way into the queue
  await sdk.flush(false);
};
</script>"""


class Bare:
    """The page with nothing but the SDK."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def run(self, script: str, *args: object) -> Any:
        """Run this in the page, where it finds its ``args``."""
        return self.page.evaluate(f"async (args) => {{ {script} }}", list(args))

    def begin(self, session_id: int = FIRST, config: dict[str, Any] = CAPTURED, **options: Any) -> None:
        self.run("await begin(...args)", session_id, options, config)

    def recording(self, snapshots: int = 1) -> None:
        """Wait until so many full snapshots were taken."""
        taken = "heard.recorder.filter((what) => what === 'snapshot').length"
        self.page.wait_for_function(f"{taken} >= {snapshots}")

    def move_to(self, *ids: object) -> None:
        self.run("await sdk.setSessionId(...args).promise", *ids)

    def change(self, text: str) -> None:
        """The visitor sees something new."""
        self.run("await change(...args)", text)

    @property
    def recorder(self) -> list[str]:
        """What rrweb's recorder has done: ``loaded``, ``snapshot``, ``ended``."""
        return self.run("return heard.recorder")

    @property
    def carried(self) -> str | None:
        """The replay id that the SDK wants events to carry."""
        return self.run("return sdk.getSessionReplayProperties()").get("[Amplitude] Session Replay ID")

    def uploaded(self, text: str) -> list[tuple[str, int]]:
        """Under which device and session this was uploaded by now."""
        uploads: list[tuple[str, int, str]] = self.run("return heard.uploads")
        return [(device_id, session_id) for device_id, session_id, body in uploads if text in body]

    def filled(self, text: str) -> list[tuple[str, int]]:
        """The same, once so much has changed that the SDK has sent it by itself."""
        there = "heard.uploads.some(([, , body]) => body.includes(args[0]))"
        self.run(f"for (let times = 0; times < 200 && !{there}; times++) await change(args[0])", text)
        return self.uploaded(text)

    def says(self, text: str) -> None:
        """Wait until the SDK's logger was told this."""
        self.page.wait_for_function("(text) => heard.said.some((said) => said.includes(text))", arg=text)


@pytest.fixture
def bare(server: Any, context: BrowserContext, page: Page, dist: Path) -> Bare:
    asset = json.loads((dist / "manifest.json").read_text())["assets"]["session-replay"]
    html = PAGE.replace("SDK", f"{server.url}/dist/{asset}", 1)
    context.route("**/bare/", lambda route: route.fulfill(body=html, content_type="text/html"))
    page.goto(f"{server.url}/bare/")
    page.wait_for_function("window.send")
    return Bare(page)


# Which device.


def test_uploads_that_fill_up_keep_the_device_id_of_init_whatever_setsessionid_says(bare: Bare) -> None:
    bare.begin(**AT_ONCE)
    bare.recording()
    bare.move_to(SECOND, "grace")
    bare.recording(2)
    assert bare.carried == f"grace/{SECOND}"
    assert set(bare.filled("of grace")) == {("ada", SECOND)}


def test_after_a_shutdown_init_takes_another_device_id(bare: Bare) -> None:
    bare.begin()
    bare.recording()
    bare.run("sdk.shutdown(); await send()")
    bare.begin(SECOND, deviceId="grace", **AT_ONCE)
    bare.recording(2)
    assert set(bare.filled("of grace")) == {("grace", SECOND)}


def test_after_a_shutdown_setsessionid_does_not_record(bare: Bare) -> None:
    bare.begin()
    bare.recording()
    bare.run("sdk.shutdown()")
    bare.move_to(SECOND)
    assert bare.recorder == ["loaded", "snapshot", "ended"]
    assert bare.carried is None


# Which session.


@pytest.mark.parametrize("session_id", [0, SAMPLED_OUT])
def test_setsessionid_to_what_is_not_recorded_goes_on_recording_into_the_session_before(
    bare: Bare, session_id: int
) -> None:
    bare.begin(sampleRate=0.5, **AT_ONCE)
    bare.recording()
    bare.move_to(session_id)
    assert bare.carried is None
    assert set(bare.filled("afterwards")) == {("ada", FIRST)}
    assert bare.recorder == ["loaded", "snapshot"]


def test_start_samples_anew(bare: Bare) -> None:
    bare.begin(sampleRate=0.5)
    bare.recording()
    bare.run("sdk.stop()")
    bare.move_to(SAMPLED_OUT)
    bare.run("await sdk.start().promise")
    assert bare.recorder == ["loaded", "snapshot", "ended"]
    bare.run("sdk.stop()")
    bare.move_to(SECOND)
    bare.run("await sdk.start().promise")
    bare.recording(2)


def test_a_text_restarts_the_recording_of_the_same_number(bare: Bare) -> None:
    bare.begin()
    bare.recording()
    bare.move_to(FIRST)
    assert bare.recorder == ["loaded", "snapshot"]
    bare.move_to(str(FIRST))
    bare.recording(2)
    assert bare.recorder == ["loaded", "snapshot", "ended", "snapshot"]


def test_setsessionid_has_started_the_recording_so_that_start_would_restart_it(bare: Bare) -> None:
    bare.begin()
    bare.recording()
    bare.move_to(SECOND)
    bare.recording(2)
    bare.run("await sdk.start().promise")
    bare.recording(3)
    assert bare.recorder == ["loaded", "snapshot", *["ended", "snapshot"] * 2]


# What is sent.


def test_flush_sends_what_is_queued_and_not_what_is_being_gathered(bare: Bare) -> None:
    bare.begin()
    bare.recording()
    bare.change("gathered")
    bare.run("await send()")
    assert bare.uploaded("gathered") == []
    bare.run("sdk.stop(); await send()")
    assert bare.uploaded("gathered") == [("ada", FIRST)]


@pytest.mark.parametrize(
    "waiting", [{"performanceConfig": {"enabled": True}}, {"useWebWorker": True}], ids=["for an idle moment", "worker"]
)
def test_what_waits_to_be_compressed_is_lost_by_a_shutdown(bare: Bare, waiting: dict[str, Any]) -> None:
    bare.begin(**waiting)
    bare.recording()
    bare.run("document.body.append('waiting'); await null; sdk.stop(); sdk.shutdown(); await send()")
    bare.run("await turn(); await send()")
    assert bare.uploaded("Recorded") == [("ada", FIRST)]
    assert bare.uploaded("waiting") == []


def test_flush_sends_although_amplitude_has_told_it_to_slow_down(bare: Bare) -> None:
    bare.run("heard.headers['X-Session-Replay-Event-Skipped'] = args[0]", THROTTLED)
    bare.begin()
    bare.recording()
    bare.run("await turn(); sdk.stop(); await turn(); await sdk.start().promise")
    bare.recording(snapshots=2)
    assert bare.uploaded("Recorded") == [("ada", FIRST)]
    bare.run("document.body.append('slowly'); await turn(); sdk.stop(); await turn()")
    assert bare.uploaded("slowly") == []
    bare.run("await sdk.flush(false)")
    assert bare.uploaded("slowly") == [("ada", FIRST)]


def test_what_has_waited_for_its_idle_moment_is_sent_by_a_stop(bare: Bare) -> None:
    bare.begin(performanceConfig={"enabled": True})
    bare.recording()
    bare.run("document.body.append('waiting'); await null; sdk.stop()")
    bare.run("await new Promise(requestIdleCallback); sdk.stop(); await send()")
    assert bare.uploaded("waiting") == [("ada", FIRST)]


# What it says, and what has happened.


def test_init_is_done_and_names_a_replay_before_anything_is_recorded(bare: Bare) -> None:
    hanging: list[Route] = []
    bare.page.route(RECORDER, lambda route: hanging.append(route))
    bare.begin()
    assert bare.carried == f"ada/{FIRST}"
    assert bare.recorder == []
    while not hanging:
        bare.page.wait_for_timeout(30)
    hanging[0].continue_()
    bare.recording()


def test_a_replay_is_named_although_rrweb_record_never_loads(bare: Bare) -> None:
    bare.page.route(RECORDER, lambda route: route.fulfill(status=404))
    bare.begin()
    bare.says("Failed to load rrweb-record")
    assert bare.carried == f"ada/{FIRST}"
    assert bare.recorder == []


def test_the_configuration_is_asked_for_by_handlefetchconfig(bare: Bare) -> None:
    bare.begin(configServerUrl="https://configuration.test/path")
    assert bare.run("return heard.requests") == ["https://configuration.test/path/local?config_group=browser"]


WHY_NOT: dict[str, dict[str, Any]] = {
    "sampled-out": {"sampleRate": 0},
    "opted-out": {"optOut": True},
    "targeted": {"config": TARGETED},
    "capture-off": {"config": NOT_CAPTURED},
    "no-recorder": {},
    "threw": {},
}
RECORDERS = {
    "no-recorder": {"status": 404},
    "threw": {"body": "export function record() { throw new Error('as ordered'); }", "content_type": "text/javascript"},
}


@pytest.mark.parametrize(("text", "reason"), SAYINGS)
def test_the_logger_is_told_why_nothing_is_recorded(bare: Bare, text: str, reason: str) -> None:
    if reason in RECORDERS:
        bare.page.route(RECORDER, lambda route: route.fulfill(**RECORDERS[reason]))
    bare.begin(**WHY_NOT[reason])
    bare.says(text)
    assert "snapshot" not in bare.recorder
