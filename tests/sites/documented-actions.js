// What Amplitude's documentation of Session Replay with Segment describes for Amplitude (Actions), with its
// troubleshooting section's `setTimeout` (without which every event is lost), and with a sample rate.

import * as sessionReplay from "@amplitude/session-replay-browser";
import { AnalyticsBrowser } from "@segment/analytics-next";
import { cookie } from "./cookie.js";

const segmentAnalytics = AnalyticsBrowser.load({ writeKey: "segment-key" });
const AMPLITUDE_API_KEY = "api-key"; // must match that saved with Segment

const getStoredSessionId = () => cookie.get("analytics_session_id") || 0;

document.querySelector("#buy").onclick = () => segmentAnalytics.track("Checkout Started", { total: 3, currency: "EUR" });

const user = await segmentAnalytics.user();
const storedSessionId = getStoredSessionId();
await sessionReplay.init(AMPLITUDE_API_KEY, {
  sessionId: storedSessionId,
  deviceId: user.anonymousId(),
  sampleRate: 1,
}).promise;

segmentAnalytics.addSourceMiddleware(({ payload, next }) => {
  const storedSessionId = getStoredSessionId();
  setTimeout(() => {
    const nextSessionId = payload.obj.integrations["Actions Amplitude"].session_id || 0;
    if (storedSessionId < nextSessionId) {
      cookie.set("analytics_session_id", nextSessionId);
      sessionReplay.setSessionId(nextSessionId);
    }
  }, 0);
  next(payload);
});
