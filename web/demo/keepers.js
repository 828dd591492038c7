// Who keeps the session, mode by mode: where it is stored, and how half an hour goes by in a moment.
//
// A keeper answers its cookie's text, the session id in it, and `idle(ms)`: make the last event so much older, as it
// would be stored after so long a silence.

const cookies = () => document.cookie.split("; ").map((cookie) => [cookie.slice(0, cookie.indexOf("=")), cookie.slice(cookie.indexOf("=") + 1)]);
const cookieLike = (pattern) => cookies().find(([name]) => pattern.test(name)) ?? [null, null];

/** A cookie whose value is base64, of JSON, perhaps URL-encoded: how both of Amplitude's SDKs write theirs. */
function unpacked([name, value]) {
  try {
    return { name, ...JSON.parse(decodeURIComponent(atob(decodeURIComponent(value)))) };
  } catch {
    return { name };
  }
}

const id = (text) => Number(text) || null;

const keepers = {
  actions: {
    cookie: () => cookieLike(/^analytics_session_id$/),
    session: () => id(localStorage.getItem("analytics_session_id") ?? cookieLike(/^analytics_session_id$/)[1]),
    idle(milliseconds) {
      const key = "analytics_session_id.last_access";
      const { storage } = window.analytics.instance ?? window.analytics;
      storage.set(key, Number(storage.get(key)) - milliseconds);
    },
  },

  "classic-device": {
    cookie: () => cookieLike(/^amplitude_id/),
    session: () => id(unpacked(cookieLike(/^amplitude_id/)).sessionId),
    idle(milliseconds) {
      const amplitude = window.amplitude.getInstance();
      amplitude._lastEventTime -= milliseconds;
      amplitude.setSessionId(amplitude.getSessionId()); // writes the cookie, which each event reads first
    },
  },

  "classic-cloud": {
    cookie: () => cookieLike(/^AMP_(?!TEST|MKTG)/),
    session: () => id(unpacked(cookieLike(/^AMP_(?!TEST|MKTG)/)).sessionId),
    idle(milliseconds) {
      const { name, ...kept } = unpacked(this.cookie());
      kept.lastEventTime -= milliseconds;
      document.cookie = `${name}=${btoa(encodeURIComponent(JSON.stringify(kept)))}; path=/; max-age=31536000; samesite=lax`;
      location.reload(); // the Browser SDK reads its cookie once
    },
  },
};

/** The keeper of the mode that the page is in by now. */
export const keeper = () => keepers[window.pyscriptReplay?.mode] ?? keepers.actions;
