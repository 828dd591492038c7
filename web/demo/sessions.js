// The list of recorded sessions. The server searches and sorts them; what is asked of it stands in the page's address,
// too. Its stream says what is new: a session that is shown is brought up to date, for another the list is asked anew.

import { at, bytes, clock, day, duration, element } from "./dom.js";

/** @type {Map<string, Counted>} by replay id, in the order in which they are shown */
let sessions = new Map();

/** @param {Pick<Summary, "device_id" | "session_id">} session */
const path = ({ device_id, session_id }) => `${encodeURIComponent(device_id)}/${session_id}`;

function draw() {
  const focused = document.activeElement?.closest("#rows a, #rows button")?.getAttribute("aria-label");
  at("rows").replaceChildren(...[...sessions.values()].map(row));
  if (focused)
    at("rows")
      .querySelector(`[aria-label="${CSS.escape(focused)}"]`)
      ?.focus({ preventScroll: true });
  const count = sessions.size;
  const chosen = Boolean(asked().get("search") || asked().get("at_least_ms"));
  at("sessions").hidden = !count;
  at("nothing").hidden = Boolean(count) || chosen;
  at("choose").hidden = !at("nothing").hidden;
  at("count").textContent = `${count || "No"} ${count === 1 ? "session" : "sessions"}${chosen ? " found" : ""}`;
}

const cell = (/** @type {string} */ label, /** @type {unknown[]} */ ...children) =>
  element("td", { "data-label": label }, ...children);
const number = (/** @type {unknown} */ text) => element("span.number", {}, text);
const below = (/** @type {string} */ kind, /** @type {unknown} */ text) => element(`span.${kind}small.soft`, {}, text);

/** @param {Counted} session */
function row(session) {
  const [replay, file] = [`/replay/${path(session)}`, `/export/${path(session)}.html`];
  const named = (/** @type {string} */ verb) =>
    `${verb} the session of ${day(session.started)}, ${clock(session.started)}`;
  const remove = element("button.little", { type: "button", "aria-label": named("Delete") }, "Delete");
  remove.addEventListener("click", () => forget(`${named("Delete")}?`, `/${path(session)}`));
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
      remove,
    ),
  );
}

/** What the form asks for. */
function asked() {
  const given = [...new FormData(at("choose"))].map(([name, value]) => [name, String(value)]);
  return new URLSearchParams(given.filter(([, value]) => value));
}

let asking = false;
let again = false;

/** Ask for the list; one question at a time, and another where something has changed before its answer is read. */
async function list() {
  again = asking;
  if (asking) return;
  asking = true;
  /** @type {Counted[] | null} */
  const summaries = await fetch(`/api/sessions?${asked()}`)
    .then((answer) => (answer.ok ? answer.json() : null))
    .catch(() => null);
  asking = false;
  if (again) return list();
  if (!summaries) return complain("The server does not answer. Is it still running?");
  complain("");
  sessions = new Map(summaries.map((summary) => [summary.replay_id, summary]));
  draw();
}

function choose() {
  const query = String(asked());
  history.replaceState(null, "", query ? `?${query}` : location.pathname);
  list();
}

/** Delete, if that is wanted. @param {string} question @param {string} which behind the address of all */
function forget(question, which) {
  at("sure-title").textContent = question;
  at("sure").returnValue = "";
  at("sure").onclose = async () => {
    if (at("sure").returnValue !== "delete") return;
    const answer = await fetch(`/api/sessions${which}`, { method: "DELETE" }).catch(() => null);
    at("main").focus();
    if (answer?.ok) list();
    else complain("The server has not deleted it.");
  };
  at("sure").showModal();
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
stream.addEventListener("session", ({ data }) => {
  const summary = JSON.parse(data);
  if (asking || !sessions.has(summary.replay_id)) return list(); // an answer that is on its way may be older
  sessions.set(summary.replay_id, summary);
  requestAnimationFrame(draw);
});
stream.addEventListener("deleted", list);
addEventListener("pagehide", () => stream.close());
at("file").addEventListener("change", importFile);
at("choose").addEventListener("input", choose);
at("choose").addEventListener("submit", (/** @type {Event} */ event) => event.preventDefault());
at("delete-all").addEventListener("click", () =>
  forget("Delete all sessions, and everything else collected here?", ""),
);

for (const [name, value] of new URLSearchParams(location.search)) {
  const field = at("choose").elements.namedItem(name);
  if (field) field.value = value;
}
await list();
