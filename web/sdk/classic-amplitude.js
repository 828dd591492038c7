// Segment's classic Amplitude integration, as analytics-next expects to find it on Segment's CDN. Only for the local
// Segment (devserver/segment.py): amplitude-js comes from where this script came from, and sends its events there.

import Amplitude from "@segment/analytics.js-integration-amplitude";

const { host, origin } = new URL(document.currentScript.src);

Amplitude.prototype.templates.library.attrs.src = `${origin}/segment/amplitude-js/amplitude.js`;

const { initialize } = Amplitude.prototype;
Amplitude.prototype.initialize = function () {
  initialize.call(this);
  // Segment has no setting for it. The call of `init` waits in the stub's queue until amplitude-js is there.
  const [, , , config] = window.amplitude.getInstance()._q.find(([method]) => method === "init");
  config.apiEndpoint = `${host}/amplitude/classic`;
};

window.amplitudeDeps = [];
window.amplitudeLoader = () => {};
window.amplitudeIntegration = Amplitude;
