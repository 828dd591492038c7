// On a page that has Segment's snippet, whose buffer has no answer to user().

import { wire } from "./wiring.js";

const user = new Promise((resolve) => analytics.ready(() => resolve(window.analytics.user())));
wire(window.analytics, user, OPTIONS);
