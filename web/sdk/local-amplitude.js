// Follows Segment's classic integration where the development server serves it under its own address: amplitude-js then
// comes from there, too, and sends its events there. (Under Segment's own address all is as the integration has it.)

((Amplitude, script) => {
  const { host, origin } = new URL(script.src);
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
})(/** @type {any} */ (window).amplitudeIntegration, /** @type {HTMLScriptElement} */ (document.currentScript));
