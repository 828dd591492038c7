// Follows Segment's classic integration where the development server serves it under its own address: amplitude-js then
// comes from there, too, and sends its events there. (Under Segment's own address all is as the integration has it.)

((Amplitude, { host, origin }) => {
  Amplitude.prototype.templates.library.attrs.src = `${origin}/segment/amplitude-js/amplitude.js`;

  const { initialize } = Amplitude.prototype;
  Amplitude.prototype.initialize = function () {
    initialize.call(this);
    // Segment has no setting for it. The call of `init` waits in the stub's queue until amplitude-js is there.
    const [, , , config] = window.amplitude.getInstance()._q.find(([method]) => method === "init");
    config.apiEndpoint = `${host}/amplitude/classic`;
  };
})(window.amplitudeIntegration, new URL(document.currentScript.src));
