// The list of recorded sessions, newest first, kept up to date by the server's stream.

import { at, bytes, clock, day, duration, element } from "./dom.js";

/** @type {Map<string, Counted>} by replay id */
const sessions = new Map();

/** @param {Pick<Summary, "device_id" | "session_id">} session */
const path = ({ device_id, session_id }) => `${encodeURIComponent(device_id)}/${session_id}`;

function draw() {
  const shown = [...sessions.values()].sort((one, other) => other.started - one.started);
  const focused = document.activeElement?.closest("#rows a")?.getAttribute("aria-label");
  at("rows").replaceChildren(...shown.map(row));
  if (focused)
    at("rows")
      .querySelector(`[aria-label="${CSS.escape(focused)}"]`)
      ?.focus({ preventScroll: true });
  at("sessions").hidden = !shown.length;
  at("nothing").hidden = Boolean(shown.length);
}

const cell = (/** @type {string} */ label, /** @type {unknown[]} */ ...children) =>
  element("td", { "data-label": label }, ...children);
const number = (/** @type {unknown} */ text) => element("span.number", {}, text);
const below = (/** @type {string} */ kind, /** @type {unknown} */ text) => element(`span.${kind}small.soft`, {}, text);

/** @param {Counted} session */
function row(session) {
  const [replay, file] = [`/replay/${path(session)}`, `/export/${path(session)}.html`];
  const named = (/** @type {string} */ verb) => `${verb} the session of ${clock(session.started)}`;
  return element(
    "tr",
    {},
    cell("Started", element("a", { href: replay }, clock(session.started)), below("", day(session.started))),
    cell("Length", number(duration(session.length_ms))),
    cell("Pages", number(session.pages)),
    cell("Events", number(session.events)),
    cell("Uploads", number(session.uploads), below("", bytes(session.upload_bytes))),
    cell("Device and session", number(session.device_id), below("number.", session.session_id)),
    element(
      "td.actions",
      {},
      element("a.button.little.primary", { href: replay, "aria-label": named("Watch") }, "Watch"),
      element("a.button.little", { href: file, download: true, "aria-label": named("Export") }, "Export"),
    ),
  );
}

/** @param {Counted[]} summaries */
function take(summaries) {
  for (const summary of summaries) sessions.set(summary.replay_id, summary);
  requestAnimationFrame(draw);
}

/** @param {string} sentence */
function complain(sentence) {
  at("problem").textContent = sentence;
  at("problem").hidden = !sentence;
}

/** @param {any} event of the file input */
async function importFile({ target }) {
  complain("");
  const answer = await fetch("/api/sessions/import", { method: "POST", body: target.files[0] });
  const imported = await answer.json().catch(() => ({}));
  target.value = "";
  if (answer.ok) location.assign(`/replay/${path(imported)}`);
  else complain(imported.error ?? `The server refused the file: ${answer.status}.`);
}

// Listened to before the list is asked for, so that nothing falls between the two.
const stream = new EventSource("/api/stream");
stream.addEventListener("session", ({ data }) => take([JSON.parse(data)]));
addEventListener("pagehide", () => stream.close());
at("file").addEventListener("change", importFile);

/** @type {Counted[]} */
const listed = await (await fetch("/api/sessions")).json();
take(listed.filter(({ replay_id }) => !sessions.has(replay_id)));
