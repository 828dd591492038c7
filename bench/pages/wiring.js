// The peer: the documented wiring for Actions, made right, as a good engineer would write it by hand.

import * as sessionReplay from "@amplitude/session-replay-browser";

const LENGTH_MS = 30 * 60 * 1000;

const stored = () => {
  const idle = Date.now() - Number(localStorage.getItem("analytics_session_id.last_access"));
  return idle < LENGTH_MS ? Number(localStorage.getItem("analytics_session_id")) || undefined : undefined;
};

/** Record what this Segment is in; `user` is a promise of its user. */
export function wire(analytics, user, options) {
  const start = async () => {
    const deviceId = (await user).anonymousId();
    await sessionReplay.init("local", { ...options, sampleRate: 1, deviceId, sessionId: stored() }).promise;
  };
  const started = start();
  const follow = async (context) => {
    await started;
    const id = context.event.integrations?.["Actions Amplitude"]?.session_id;
    if (id && id !== sessionReplay.getSessionId()) await sessionReplay.setSessionId(id).promise;
    Object.assign((context.event.properties ??= {}), sessionReplay.getSessionReplayProperties());
    return context;
  };
  const plugin = { name: "replay", type: "enrichment", version: "1.0.0", isLoaded: () => true, load: async () => {} };
  analytics.register({ ...plugin, track: follow, page: follow });
}
