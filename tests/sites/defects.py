"""Defects, each put into a site that is sound without it: the text that it changes, and what ``check`` must say.

The sites are those wired by hand (``by-hand-….js``), in each of the three ways, and our tag's (``served.py``). The page
of a defect is ``/defect/NAME``. What ``check`` says of it, sound findings aside, is exactly ``found``.
"""

from typing import NamedTuple


class Defect(NamedTuple):
    site: str
    before: str
    after: str
    found: set[str]


FOLLOWED = "if (recorded === `${deviceId}/${sessionId}`) return;"
NO_SAMPLE_RATE = ("{ sampleRate: 1 }", "{}")
MASKED_LIGHT = ("{ sampleRate: 1 }", '{ sampleRate: 1, privacyConfig: { defaultMaskLevel: "light" } }')
ADDED = 'const analytics = AnalyticsBrowser.load({ writeKey: "segment-key" });'
PROPERTIES = "sessionReplay.getSessionReplayProperties()"
ACTIONS, DEVICE, CLOUD = "by-hand-actions", "by-hand-classic-device", "by-hand-classic-cloud"

DEFECTS = {
    "actions: no sample rate": Defect(ACTIONS, *NO_SAMPLE_RATE, {"not-recording"}),
    "actions: what is typed can be read": Defect(ACTIONS, *MASKED_LIGHT, {"typed-text-recorded"}),
    "actions: opted out": Defect(ACTIONS, "{ sampleRate: 1 }", "{ sampleRate: 1, optOut: true }", {"not-recording"}),
    "actions: another device id": Defect(
        ACTIONS, "record(event.anonymousId,", 'record("visitor-1",', {"device-differs"}
    ),
    "actions: reset() is not followed": Defect(
        ACTIONS, FOLLOWED, "if (recorded?.endsWith(`/${sessionId}`)) return;", {"device-differs"}
    ),
    "actions: the session is not followed": Defect(
        ACTIONS, FOLLOWED, "if (recorded) return;", {"session-differs", "device-differs"}
    ),
    "actions: no replay id on events": Defect(ACTIONS, PROPERTIES, "{}", {"replay-id-missing"}),
    "actions: a replay id that is none": Defect(
        ACTIONS,
        PROPERTIES,
        '{ "[Amplitude] Session Replay ID": String(sessionId) }',
        {"device-differs", "replay-not-uploaded"},
    ),
    "actions: a middleware that throws": Defect(
        ACTIONS,
        ADDED,
        f"""{ADDED}
        analytics.addSourceMiddleware(({{ payload, next }}) => {{
          console.log(payload.obj.integrations["Actions Amplitude"].session_id);
          next(payload);
        }});""",
        {"nothing-arrived"},
    ),
    "actions: a middleware that keeps events": Defect(
        ACTIONS, ADDED, f"{ADDED} analytics.addSourceMiddleware(() => {{}});", {"nothing-arrived"}
    ),
    "actions: the session id in 32 bits": Defect(
        ACTIONS, "event.anonymousId, sessionId", "event.anonymousId, sessionId | 0", {"session-differs"}
    ),
    "actions: the session id in seconds": Defect(
        ACTIONS,
        "event.anonymousId, sessionId",
        "event.anonymousId, Math.floor(sessionId / 1000)",
        {"session-differs"},
    ),
    "actions: a slash in the device id": Defect(
        ACTIONS, "record(event.anonymousId,", "record(`web/${event.anonymousId}`,", {"device-differs"}
    ),
    "actions: a session of its own for each event": Defect(
        ACTIONS,
        "if (!sessionId) return context;",
        'event.integrations["Actions Amplitude"].session_id = Date.now();',
        {"session-differs", "session-changed"},
    ),
    "actions: the stored session is overwritten": Defect(
        ACTIONS,
        ADDED,
        f'localStorage.setItem("analytics_session_id", Date.now()); {ADDED}',
        {"session-changed"},
    ),
    "actions: the destination is switched off": Defect(
        ACTIONS,
        'currency: "EUR" }',
        'currency: "EUR" }, { integrations: { All: false } }',
        {"no-session", "replay-missing"},
    ),
    "actions: an event is sent twice": Defect(
        ACTIONS,
        "return context;\n}\n\nanalytics.register",
        """fetch("https://api.segment.io/v1/t", {
          method: "POST",
          body: JSON.stringify({ ...event, writeKey: "segment-key" }),
        });
        return context;\n}\n\nanalytics.register""",
        {"event-twice"},
    ),
    "actions: Session Replay is never begun": Defect(
        ACTIONS, "await record(event.anonymousId, sessionId);", "", {"replay-missing"}
    ),
    "device: no sample rate": Defect(DEVICE, *NO_SAMPLE_RATE, {"not-recording"}),
    "device: what is typed can be read": Defect(DEVICE, *MASKED_LIGHT, {"typed-text-recorded"}),
    "device: asked after the event": Defect(
        DEVICE,
        "record(amplitude.options.deviceId, present());\n  Object",
        "record(amplitude.options.deviceId, amplitude.getSessionId());\n  Object",
        {"session-differs"},
    ),
    "device: Segment's device id": Defect(
        DEVICE,
        "record(amplitude.options.deviceId, present());\n  Object",
        "record(context.event.anonymousId, present());\n  Object",
        {"device-differs"},
    ),
    "device: the session is not followed": Defect(DEVICE, FOLLOWED, "if (recorded) return;", {"session-differs"}),
    "device: no replay id on events": Defect(DEVICE, PROPERTIES, "{}", {"replay-id-missing"}),
    "device: a queued onInit, which throws": Defect(
        DEVICE, "await analytics.ready();", "window.amplitude.getInstance().onInit(() => {});", {"replay-missing"}
    ),
    "cloud: no sample rate": Defect(CLOUD, *NO_SAMPLE_RATE, {"not-recording"}),
    "cloud: sessions that never end": Defect(
        CLOUD,
        "autocapture: false,",
        "autocapture: false, sessionTimeout: Number.MAX_SAFE_INTEGER,",
        {"session-endless"},
    ),
    "cloud: no session id on events": Defect(
        CLOUD, "Amplitude: { session_id: event.session_id }", "Amplitude: true", {"no-session"}
    ),
    "cloud: the Browser SDK sends events, too": Defect(
        CLOUD, "await amplitude.add(nobody).promise;", "", {"event-twice"}
    ),
    "cloud: reset() is not followed": Defect(CLOUD, 'analytics.on("reset"', 'analytics.on("never"', {"device-differs"}),
    "cloud: a session of its own for each event": Defect(
        CLOUD, "session_id: event.session_id", "session_id: Date.now()", {"session-differs", "session-changed"}
    ),
    "cloud: no replay plugin until reset()": Defect(
        CLOUD, "await amplitude.add(sessionReplayPlugin(replay)).promise;\nawait", "await", {"session-not-recorded"}
    ),
    "tag: no sample rate": Defect("tag-actions", ' data-sample-rate="1"', "", {"no-sample-rate", "sampled-out"}),
    "tag: a policy against uploads": Defect(
        "tag-actions",
        "<title>",
        """<meta http-equiv="Content-Security-Policy" content="connect-src 'self' https://*.segment.com https://*.segment.io
        https://sr-client-cfg.amplitude.com"><title>""",
        {"policy", "upload-unreachable"},
    ),
    "tag: a banner that nothing waits for": Defect("banner", ' data-consent="wait"', "", {"loaded-before-consent"}),
}
