// What the documentation describes for Amplitude (Actions), wired soundly by hand: where its snippets are wrong, this
// is right. tests/sites/defects.py puts defects into it.

import * as sessionReplay from "@amplitude/session-replay-browser";
import { AnalyticsBrowser } from "@segment/analytics-next";

const AMPLITUDE_API_KEY = "api-key"; // must match that saved with Segment
const analytics = AnalyticsBrowser.load({ writeKey: "segment-key" });
const options = { sampleRate: 1 };

let recorded;
async function record(deviceId, sessionId) {
  if (recorded === `${deviceId}/${sessionId}`) return;
  if (recorded) sessionReplay.shutdown();
  recorded = `${deviceId}/${sessionId}`;
  await sessionReplay.init(AMPLITUDE_API_KEY, { ...options, deviceId, sessionId }).promise;
}

async function follow(context) {
  const event = context.event;
  const sessionId = event.integrations?.["Actions Amplitude"]?.session_id;
  if (!sessionId) return context;
  await record(event.anonymousId, sessionId);
  Object.assign((event.properties ??= {}), sessionReplay.getSessionReplayProperties());
  return context;
}

analytics.register({
  name: "Session Replay",
  type: "enrichment",
  version: "1.0.0",
  isLoaded: () => true,
  load: async () => {},
  track: follow,
  page: follow,
});

document.querySelector("#buy").onclick = () => analytics.track("Checkout Started", { total: 3, currency: "EUR" });
