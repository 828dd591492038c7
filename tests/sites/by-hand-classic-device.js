// What the documentation describes for Amplitude Classic in device-mode, wired soundly by hand: where its snippet is
// wrong, this is right. tests/sites/defects.py puts defects into it.

import * as sessionReplay from "@amplitude/session-replay-browser";
import { AnalyticsBrowser } from "@segment/analytics-next";

const AMPLITUDE_API_KEY = "api-key"; // must match that saved with Segment
const analytics = AnalyticsBrowser.load({ writeKey: "segment-key" });
const options = { sampleRate: 1 };

await analytics.ready();
const amplitude = window.amplitude.getInstance();
await new Promise((initialised) => amplitude.onInit(initialised));

let recorded;
async function record(deviceId, sessionId) {
  if (recorded === `${deviceId}/${sessionId}`) return;
  if (recorded) sessionReplay.shutdown();
  recorded = `${deviceId}/${sessionId}`;
  await sessionReplay.init(AMPLITUDE_API_KEY, { ...options, deviceId, sessionId }).promise;
}

/** amplitude-js begins a new session as it logs an event, which is too late for what the event carries. */
function present() {
  amplitude._logEvent(""); // reads its cookie, where another tab may have begun one
  if (Date.now() - amplitude._lastEventTime >= amplitude.options.sessionTimeout) {
    amplitude._lastEventTime = Date.now();
    amplitude.setSessionId(Date.now());
  }
  return amplitude.getSessionId();
}

async function follow(context) {
  await record(amplitude.options.deviceId, present());
  Object.assign((context.event.properties ??= {}), sessionReplay.getSessionReplayProperties());
  return context;
}

await analytics.register({
  name: "Session Replay",
  type: "enrichment",
  version: "1.0.0",
  isLoaded: () => true,
  load: async () => {},
  track: follow,
  page: follow,
});
await record(amplitude.options.deviceId, present());

document.querySelector("#buy").onclick = () => analytics.track("Checkout Started", { total: 3, currency: "EUR" });
