// Who keeps the session, mode by mode: where it is stored, and how half an hour goes by in a moment.
//
// A keeper answers its cookie, the session id in it, and `idle(ms)`: make the last event so much older, as it would
// be stored after so long a silence.

/**
 * Name and value of the first cookie whose name begins so.
 * @param {string} beginning
 * @returns {[name: string, value: string] | []}
 */
function cookieLike(beginning) {
  const cookie = document.cookie.split("; ").find((each) => each.startsWith(beginning)) ?? "";
  const cut = cookie.indexOf("=");
  return cut < 0 ? [] : [cookie.slice(0, cut), cookie.slice(cut + 1)];
}

const id = (/** @type {string | null | undefined} */ text) => Number(text) || null;

/** Segment's own storage: kept there by Segment's session plugin in Actions, by us in cloud-mode. */
const segment = {
  cookie: () => cookieLike("analytics_session_id="),
  session: () => id(localStorage.getItem("analytics_session_id") ?? segment.cookie()[1]),
  idle(/** @type {number} */ milliseconds) {
    const key = "analytics_session_id.last_access";
    const { storage } = window.analytics.instance ?? window.analytics;
    if (storage.get(key)) storage.set(key, Number(storage.get(key)) - milliseconds);
  },
};

/** amplitude-js, which Segment's device-mode integration loads: a cookie of base64, of JSON. */
const amplitude = {
  cookie: () => cookieLike("amplitude_id_"),
  session() {
    const [name, value] = amplitude.cookie();
    return name && value ? id(JSON.parse(atob(value)).sessionId) : null;
  },
  idle(/** @type {number} */ milliseconds) {
    const kept = window.amplitude.getInstance();
    kept._lastEventTime -= milliseconds;
    kept.setSessionId(kept.getSessionId()); // writes the cookie, which each event reads first
  },
};

/** The keeper of the mode that the page is in by now. */
export const keeper = () => (window.pyscriptReplay?.mode === "classic-device" ? amplitude : segment);
