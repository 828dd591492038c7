// A page with Segment out of npm, and no replay.

import { AnalyticsBrowser } from "@segment/analytics-next";

window.analytics = AnalyticsBrowser.load({ writeKey: "actions", cdnURL: CDN });
window.analytics.page();
