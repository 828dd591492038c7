// What Amplitude's documentation describes for Amplitude Classic in device-mode; `onInit` is called once amplitude-js
// is there (queued before, as documented, it throws), and with a sample rate.

import * as sessionReplay from "@amplitude/session-replay-browser";
import { AnalyticsBrowser } from "@segment/analytics-next";
import { cookie } from "./cookie.js";

const segmentAnalytics = AnalyticsBrowser.load({ writeKey: "segment-key" });
const AMPLITUDE_API_KEY = "api-key"; // must match that saved with Segment

const getAmpSessionId = () => {
  const sessionId = window.amplitude.getInstance().getSessionId();
  cookie.set("analytics_session_id", sessionId);
  return sessionId;
};

document.querySelector("#buy").onclick = () => segmentAnalytics.track("Checkout Started", { total: 3, currency: "EUR" });

await segmentAnalytics.ready();
window.amplitude.getInstance().onInit(() => {
  sessionReplay.init(AMPLITUDE_API_KEY, {
    deviceId: window.amplitude.getInstance().options.deviceId,
    sessionId: getAmpSessionId(),
    sampleRate: 1,
  });
});

segmentAnalytics.addSourceMiddleware(({ payload, next }) => {
  const nextSessionId = window.amplitude.getInstance().getSessionId();
  const storedSessionId = cookie.get("analytics_session_id") || 0;
  if (storedSessionId < nextSessionId) {
    cookie.set("analytics_session_id", nextSessionId);
    sessionReplay.setSessionId(nextSessionId);
  }
  next(payload);
});
