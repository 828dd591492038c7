// Segment's classic Amplitude integration, as analytics-next expects to find it on Segment's CDN. Only for the local
// Segment (tools/segment.py): amplitude-js comes from there, and sends its events there.

import Amplitude from "@segment/analytics.js-integration-amplitude";

Amplitude.prototype.templates.library.attrs.src = "/segment/amplitude-js/amplitude.js";

const { initialize } = Amplitude.prototype;
Amplitude.prototype.initialize = function () {
  initialize.call(this);
  // amplitude-js has no option of Segment's for it; queued behind its init
  this.once("ready", () => {
    const { options } = window.amplitude.getInstance();
    options.apiEndpoint = `${location.host}/amplitude/classic`;
    options.forceHttps = false;
  });
};

window.amplitudeDeps = [];
window.amplitudeLoader = () => {};
window.amplitudeIntegration = Amplitude;
