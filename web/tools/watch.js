// One line in a page under development: what the page would ask of Segment and Amplitude, it asks of the development
// server that this script comes from. It must be the first script of the page.

(() => {
  const page = /** @type {any} */ (window);
  if (page.__pyscript_replay_watch) return; // a proxy has put it into the page, and the page has it, too
  page.__pyscript_replay_watch = true;

  /** Written into workers as text, so it knows nothing but what it is given. */
  function redirect(/** @type {string} */ here, /** @type {string} */ maybe, /** @type {string} */ theirs) {
    const scope = /** @type {any} */ (globalThis);
    const patterns = { maybe: new RegExp(maybe), theirs: new RegExp(theirs) };

    /** The address here for this one; or `undefined`, where it is none of theirs. */
    const elsewhere = (/** @type {string | URL} */ url, pattern = patterns.theirs) => {
      const base = scope.document?.baseURI;
      if (!URL.canParse(String(url), base)) return;
      const { href } = new URL(url, base);
      if (pattern.test(href) && !href.startsWith(`${here}/`)) return `${here}/elsewhere/${href}`;
    };

    const { fetch } = scope;
    scope.fetch = async (/** @type {RequestInfo} */ input, /** @type {RequestInit} */ init) => {
      const isRequest = input instanceof Request;
      const url = elsewhere(isRequest ? input.url : input, patterns.maybe);
      if (!url) return fetch(input, init);
      const body = isRequest && input.body ? { body: await input.clone().blob() } : {};
      const { method, headers, keepalive, signal } = isRequest ? input : /** @type {any} */ ({});
      const given = isRequest ? { method, headers, keepalive, signal, ...body, ...init } : init;
      const answer = await fetch(url, given);
      return answer.status === 421 ? fetch(input, init) : answer; // only the whole request tells that it is not theirs
    };

    const { open } = XMLHttpRequest.prototype;
    /** @type {any} */ (XMLHttpRequest.prototype).open = function (
      /** @type {string} */ method,
      /** @type {string | URL} */ url,
      /** @type {[boolean]} */ ...more
    ) {
      return open.call(this, method, elsewhere(url) ?? url, ...more);
    };
    return { elsewhere, patterns };
  }

  const { elsewhere, patterns } = redirect(__HERE__, __PATTERN__, __THEIRS__);

  const { sendBeacon } = navigator;
  navigator.sendBeacon = (url, body) => sendBeacon.call(navigator, elsewhere(url) ?? url, body);

  // Elements that fetch something. A script of their CDN comes in the version that is here, which has another hash.
  for (const [element, attribute] of /** @type {const} */ ([
    [HTMLScriptElement.prototype, "src"],
    [HTMLLinkElement.prototype, "href"],
  ])) {
    const from = (/** @type {Element} */ tag, /** @type {string} */ url) => {
      const here = elsewhere(url, patterns.maybe);
      if (here) tag.removeAttribute("integrity");
      return here ?? url;
    };
    const property = /** @type {PropertyDescriptor} */ (Object.getOwnPropertyDescriptor(element, attribute));
    const { setAttribute } = element;
    Object.defineProperty(element, attribute, {
      ...property,
      set(/** @type {string} */ url) {
        property.set?.call(this, from(this, url));
      },
    });
    element.setAttribute = function (name, value) {
      setAttribute.call(this, name, name.toLowerCase() === attribute ? from(this, value) : value);
    };
  }

  // Session Replay uploads in a worker, whose script is a blob.
  /** @type {Map<string, Blob>} */
  const blobs = new Map();
  const { createObjectURL, revokeObjectURL } = URL;
  URL.createObjectURL = (object) => {
    const url = createObjectURL.call(URL, object);
    if (object instanceof Blob) blobs.set(url, object);
    return url;
  };
  URL.revokeObjectURL = (url) => {
    blobs.delete(url);
    revokeObjectURL.call(URL, url);
  };
  const told = [__HERE__, __PATTERN__, __THEIRS__].map((each) => JSON.stringify(each)).join();
  page.Worker = new Proxy(Worker, {
    construct(worker, [url, ...more]) {
      const script = blobs.get(String(url));
      const watched = script && new Blob([`(${redirect})(${told});\n`, script], { type: script.type });
      return new worker(watched ? createObjectURL.call(URL, watched) : url, ...more);
    },
  });
})();
