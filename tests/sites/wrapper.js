// Amplitude's own wrapper, as its README has it.

import setupAmpSRSegmentWrapper from "@amplitude/segment-session-replay-wrapper";
import { AnalyticsBrowser } from "@segment/analytics-next";

const SegmentAnalytics = AnalyticsBrowser.load({ writeKey: "segment-key" });

setupAmpSRSegmentWrapper({
  segmentInstance: SegmentAnalytics,
  amplitudeApiKey: "api-key",
  sessionReplayOptions: { sampleRate: 1 },
});

document.querySelector("#buy").onclick = () => SegmentAnalytics.track("Checkout Started", { total: 3, currency: "EUR" });
