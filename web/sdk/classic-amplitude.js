// Segment's classic Amplitude integration, as analytics-next expects to find it on Segment's CDN. Only for the local
// Segment (devserver/segment.py): amplitude-js comes from where this script came from, and sends its events there.

import Amplitude from "@segment/analytics.js-integration-amplitude";

const { src } = /** @type {HTMLScriptElement} */ (document.currentScript);
const { host, origin } = new URL(src);

Amplitude.prototype.templates.library.attrs.src = `${origin}/segment/amplitude-js/amplitude.js`;

const { initialize } = Amplitude.prototype;
Amplitude.prototype.initialize = function () {
  initialize.call(this);
  /** @type {[method: string, ...args: any[]][]} the calls that the stub has queued */
  const queued = window.amplitude.getInstance()._q;
  // Segment has no setting for it. The call of `init` waits in the stub's queue until amplitude-js is there.
  const init = queued.find(([method]) => method === "init");
  if (init) init[3].apiEndpoint = `${host}/amplitude/classic`;
};

Object.assign(window, { amplitudeDeps: [], amplitudeLoader: () => {}, amplitudeIntegration: Amplitude });
