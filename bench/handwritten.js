// The peer: the same wiring for Actions mode, as a good engineer would write it by hand, on the same files of the SDKs.
// The two are imported side by side; what the documentation gets wrong (see the README) is right here as well.

import { AnalyticsBrowser } from "%(analytics)s";
import * as sessionReplay from "%(session-replay)s";

const API_KEY = "local";
const options = %(options)s;

const analytics = (window.analytics = AnalyticsBrowser.load({ writeKey: "actions", cdnURL: "%(cdn)s" }));

const stored = () => {
  const idle = Date.now() - Number(localStorage.getItem("analytics_session_id.last_access"));
  return idle < 30 * 60 * 1000 ? Number(localStorage.getItem("analytics_session_id")) || undefined : undefined;
};

const start = async () => {
  const user = await analytics.user();
  await sessionReplay.init(API_KEY, { ...options, sampleRate: 1, deviceId: user.anonymousId(), sessionId: stored() }).promise;
};
const started = start();

const follow = async (context) => {
  await started;
  const id = context.event.integrations?.["Actions Amplitude"]?.session_id;
  if (id && id !== sessionReplay.getSessionId()) await sessionReplay.setSessionId(id).promise;
  Object.assign((context.event.properties ??= {}), sessionReplay.getSessionReplayProperties());
  return context;
};

analytics.register({
  name: "replay",
  type: "enrichment",
  version: "1.0.0",
  isLoaded: () => true,
  load: async () => {},
  track: follow,
  page: follow,
});
analytics.page();
