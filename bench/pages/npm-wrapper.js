// Amplitude's own wrapper, as its README has it.

import setupAmpSRSegmentWrapper from "@amplitude/segment-session-replay-wrapper";
import "./npm.js";

setupAmpSRSegmentWrapper({
  segmentInstance: window.analytics,
  amplitudeApiKey: "local",
  sessionReplayOptions: { ...OPTIONS, sampleRate: 1 },
});
