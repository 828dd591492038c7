// What a page leaves to the next one of the visit, in this tab: that Amplitude was asked for its configuration, and that
// nothing on the page kept this visitor from it. The next page then asks at once, and not only when Segment is there.
//
// It is written when the page is left, and read once.

const ASKED = "pyscript-replay.asked";
const LASTS_MS = 30 * 60 * 1000; // as long as a session without an event

/** Whether the page before was left so, and Amplitude was asked at this address. @param {string} url */
export function askedBefore(url) {
  try {
    const [asked, left] = JSON.parse(sessionStorage.getItem(ASKED) ?? "[]");
    sessionStorage.removeItem(ASKED);
    const ago = Date.now() - left;
    return asked === url && ago >= 0 && ago < LASTS_MS;
  } catch {
    return false; // storage is forbidden here, or the page has this name for something else
  }
}

/** Leave it, if `holds` says so when the page is left. @param {string} url @param {() => boolean | null} holds */
export function leaveAsked(url, holds) {
  addEventListener("pagehide", () => {
    try {
      if (holds()) sessionStorage.setItem(ASKED, JSON.stringify([url, Date.now()]));
    } catch {
      // then the next page waits for Segment
    }
  });
}
