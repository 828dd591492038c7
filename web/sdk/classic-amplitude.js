// Segment's classic Amplitude integration, as analytics-next expects to find it on Segment's CDN. Only for the local
// Segment: see tools/sdks.py.

import Amplitude from "@segment/analytics.js-integration-amplitude";

Object.assign(window, { amplitudeDeps: [], amplitudeLoader: () => {}, amplitudeIntegration: Amplitude });
