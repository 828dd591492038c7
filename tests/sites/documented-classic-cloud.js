// What Amplitude's documentation describes for Amplitude Classic in cloud-mode, with a sample rate.

import * as amplitude from "@amplitude/analytics-browser";
import { sessionReplayPlugin } from "@amplitude/plugin-session-replay-browser";
import { AnalyticsBrowser } from "@segment/analytics-next";

const segmentAnalytics = AnalyticsBrowser.load({ writeKey: "segment-key" });

const segmentPlugin = () => ({
  name: "segment",
  type: "destination",
  execute: async (event) => {
    const properties = event.event_properties || {};
    segmentAnalytics.track(event.event_type, properties, {
      integrations: { Amplitude: { session_id: amplitude.getSessionId() } },
    });
    return { code: 200, event: event, message: "OK" };
  },
});

const AMPLITUDE_API_KEY = "api-key"; // must match that saved with Segment

document.querySelector("#buy").onclick = () => amplitude.track("Checkout Started", { total: 3, currency: "EUR" });

await amplitude.add(sessionReplayPlugin({ sampleRate: 1 })).promise;
await amplitude.add(segmentPlugin()).promise;

const user = await segmentAnalytics.user();
await amplitude.init(AMPLITUDE_API_KEY, {
  instanceName: "session-replay",
  sessionTimeout: Number.MAX_SAFE_INTEGER,
  defaultTracking: false,
  deviceId: user.anonymousId(),
}).promise;

amplitude.remove("amplitude");
