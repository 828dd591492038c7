// What the documentation describes for Amplitude Classic in cloud-mode, a Browser SDK as a shell for sessions, wired
// soundly by hand: where its snippet is wrong, this is right. tests/sites/defects.py puts defects into it.

import * as amplitude from "@amplitude/analytics-browser";
import { sessionReplayPlugin } from "@amplitude/plugin-session-replay-browser";
import { AnalyticsBrowser } from "@segment/analytics-next";

const AMPLITUDE_API_KEY = "api-key"; // must match that saved with Segment
const analytics = AnalyticsBrowser.load({ writeKey: "segment-key" });
const replay = { sampleRate: 1 };

/** In place of the destination that would send every event to Amplitude, too. */
const nobody = { name: "amplitude", type: "destination", execute: async (event) => ({ code: 200, event, message: "OK" }) };

const segment = {
  name: "segment",
  type: "destination",
  execute: async (event) => {
    analytics.track(event.event_type, event.event_properties ?? {}, {
      integrations: { Amplitude: { session_id: event.session_id } },
    });
    return { code: 200, event, message: "OK" };
  },
};

const user = await analytics.user();
await amplitude.add(nobody).promise;
await amplitude.init(AMPLITUDE_API_KEY, {
  instanceName: "session-replay",
  autocapture: false,
  fetchRemoteConfig: false,
  identityStorage: "localStorage",
  deviceId: user.anonymousId(),
}).promise;
await amplitude.add(sessionReplayPlugin(replay)).promise;
await amplitude.add(segment).promise;

analytics.on("reset", async () => {
  await amplitude.remove("@amplitude/plugin-session-replay-browser").promise;
  amplitude.setDeviceId(user.anonymousId());
  amplitude.setSessionId(Date.now());
  await amplitude.add(sessionReplayPlugin(replay)).promise;
});

document.querySelector("#buy").onclick = () => amplitude.track("Checkout Started", { total: 3, currency: "EUR" });
