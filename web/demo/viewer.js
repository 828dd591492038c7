// Plays a recorded session in the real rrweb-player, with Segment's events on the time line and in a list beside it.
//
// The recording comes from the server, or, in an exported file, from the page itself. It is not to be trusted: it is
// markup that somebody else's page contained. rrweb rebuilds it in an iframe with `sandbox="allow-same-origin"` and
// no `allow-scripts`, in which nothing runs: no script, no handler, no `javascript:`, no refresh, no form. The page's
// Content-Security-Policy, which that iframe inherits, is the second wall: it allows no inline script and fetches from
// nowhere else. (The player cannot stand in a sandboxed frame of its own: without the origin, it could not reach into
// its iframe; with it, the frame would be no wall.) `UNSAFE_replayCanvas`, which would let scripts in, stays off.
// Whatever else comes from a recording or an event is shown as text.
//
// In an exported file this stands with what it imports, as one script.

import { at, duration, element } from "./dom.js";

const AFTER_SNAPSHOT_MS = 50;
const STEP_MS = 100; // of the arrow keys on the time line
const META = 4; // rrweb's event type for "a page was loaded"
const SNAPSHOT = 2; // and for all that is on it

async function open() {
  const session = await load();
  const started = new Date(session.started).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "medium" });
  at("title").textContent = `Session of ${started}`;
  at("identity").textContent = session.replay_id;
  if (session.recording.length < 2) throw new Error("This session has nothing to play yet. Reload in a moment.");
  const first = session.recording.findIndex(({ type, data }) => type === SNAPSHOT && data?.node);
  if (first < 0) throw new Error("The beginning of this session was never received, so there is nothing to play.");
  show(session);
  if (!at("recording")) watchForMore(session);
}

async function load() {
  const embedded = at("recording");
  if (embedded) return JSON.parse(embedded.textContent);
  const path = location.pathname.replace(/^\/replay\//, "");
  const answer = await fetch(`/api/sessions/${path}`);
  if (!answer.ok) throw new Error("There is no such session here. It may be from before a restart.");
  at("export").href = `/export/${path}.html`;
  at("export").hidden = false;
  return answer.json();
}

/** Say when the server has got more of this session. */
function watchForMore({ replay_id, uploads }) {
  const stream = new EventSource("/api/stream");
  stream.addEventListener("session", ({ data }) => {
    const summary = JSON.parse(data);
    if (summary.replay_id === replay_id && summary.uploads > uploads) at("more").hidden = false;
  });
  addEventListener("pagehide", () => stream.close());
}

function show(session) {
  const { recording } = session;
  const start = recording[0].timestamp;
  const length = recording.at(-1).timestamp - start;
  const pages = recording.filter(({ type, data }) => type === META && data?.href);
  const moments = momentsOf(session, pages, start, length);
  recording.forEach(({ type, data }) => type === SNAPSHOT && disarm(data?.node));

  at("watch").hidden = false;
  const player = makePlayer(recording);
  for (const moment of moments) place(moment, length, player);
  if (!moments.length) at("moments").append(element("li.soft", {}, "Segment has sent no event in this session."));
  connectTransport(player, length);

  const draw = (offset) => {
    at("time").textContent = `${duration(offset)} / ${duration(length)}`;
    at("seek").value = offset;
    at("seek").setAttribute("aria-valuetext", `${duration(offset)} of ${duration(length)}`);
    at("address").textContent = pages.findLast(({ timestamp }) => timestamp - start <= offset + 1)?.data.href ?? "";
    for (const { shown, offset: own } of moments) {
      for (const each of shown) each.classList.toggle("past", own <= offset);
    }
  };
  player.addEventListener("ui-update-current-time", ({ payload }) => draw(payload));
  draw(0);
}

/** A recorded page asks for nothing but its styles: no preload, no prefetch, no preconnect. */
function disarm(node) {
  if (node?.tagName === "link" && node.attributes && !/stylesheet/i.test(node.attributes.rel)) delete node.attributes.href;
  for (const child of node?.childNodes ?? []) disarm(child);
}

/** Segment's events and the session's transitions, each with its place on the time line. */
function momentsOf({ events, transitions }, pages, start, length) {
  const offset = (time) => Math.min(Math.max(time - start, 0), length);
  const tracked = events.map(({ message, received }) => ({
    kind: message.type,
    name: message.event ?? message.name ?? message.type,
    offset: offset(onItsPage(message, pages, Date.parse(message.originalTimestamp ?? message.timestamp) || received)),
    raw: message,
  }));
  const moved = transitions.map((transition) => ({
    kind: "session",
    name: transition.previous ? "A new session begins" : "Session begins",
    offset: offset(transition.at),
    raw: transition,
  }));
  return [...moved, ...tracked].sort((one, other) => one.offset - other.offset);
}

/** A page's first events are made before it is recorded: then they are shown with its first picture. */
function onItsPage({ context }, pages, time) {
  const href = context?.page?.url;
  const before = pages.findLast((page) => page.timestamp <= time);
  if (!href || before?.data.href === href) return time;
  const next = pages.find((page) => page.timestamp > time);
  return next?.data.href === href ? next.timestamp + AFTER_SNAPSHOT_MS : time;
}

function makePlayer(events) {
  const target = at("player");
  const { width: wide = 16, height: high = 10 } = events.find(({ type }) => type === META)?.data ?? {};
  const size = () => {
    const width = target.clientWidth;
    const room = Math.max(innerHeight - 330, innerHeight * 0.55); // so that the controls stay in view
    return { width, height: Math.round(Math.max(200, Math.min((width * high) / wide, room))) };
  };
  const player = new rrwebPlayer.Player({
    target,
    props: {
      events,
      ...size(),
      showController: false, // ours can be used with a keyboard
      autoPlay: false,
      skipInactive: true,
      showWarning: false,
      mouseTail: false,
      triggerFocus: false, // the keyboard stays with the player
      insertStyleRules: [
        ".amp-block { background: repeating-linear-gradient(45deg, #8883 0 8px, #8881 8px 16px) !important }",
      ],
    },
  });
  new ResizeObserver(() => {
    player.$set(size());
    player.triggerResize();
  }).observe(target);
  const frame = target.querySelector("iframe");
  frame.title = "The recorded page";
  frame.tabIndex = -1; // a picture of a page: there is nothing to do in it
  return player;
}

function connectTransport(player, length) {
  at("seek").step = STEP_MS;
  at("seek").max = Math.ceil(length / STEP_MS) * STEP_MS; // else the last step could not be reached
  at("seek").addEventListener("input", ({ target }) => player.goto(Math.min(target.valueAsNumber, length), false));
  const toggle = () => (at("seek").valueAsNumber >= length ? player.goto(0, true) : player.toggle());
  at("play").addEventListener("click", toggle);
  at("speed").addEventListener("change", ({ target }) => player.setSpeed(Number(target.value)));
  at("skip").addEventListener("change", () => player.toggleSkipInactive());
  player.addEventListener("ui-update-player-state", ({ payload }) => {
    at("play").textContent = payload === "playing" ? "Pause" : "Play";
  });
  addEventListener("keydown", (event) => {
    if (event.key !== " " || event.target.closest("button, a, input, select, pre")) return;
    event.preventDefault();
    toggle();
  });
}

/** Put a moment on the time line and into the list. */
function place(moment, length, player) {
  const seek = () => {
    player.goto(moment.offset, false);
    at("player").scrollIntoView({ block: "nearest" }); // on a phone it is above the list
  };
  moment.shown = [marker(moment, length, seek), row(moment, seek)];
  at("markers").append(moment.shown[0]);
  at("moments").append(moment.shown[1]);
}

function marker({ kind, name, offset }, length, seek) {
  const words = `${name}, at ${duration(offset)}`;
  const button = element(`button.marker.${kind}`, { type: "button", title: words, "aria-label": words });
  button.addEventListener("click", seek);
  const made = element("li", {}, button);
  made.style.left = `${length ? (offset / length) * 100 : 0}%`;
  return made;
}

function row({ kind, name, offset, raw }, seek) {
  const button = element(
    "button.seek",
    { type: "button" },
    element("span.number.small", {}, duration(offset)),
    element("b", {}, name),
    element(`span.pill.${kind}`, {}, kind),
  );
  button.addEventListener("click", seek);
  return element("li", {}, button, ...jsonOf(raw, name));
}

/** A button, and what it unfolds. */
function jsonOf(raw, name) {
  const json = element("pre", { tabindex: 0, hidden: "" });
  const attributes = { type: "button", "aria-expanded": "false", "aria-label": `JSON of ${name}` };
  const toggle = element("button.json", attributes, "JSON");
  toggle.addEventListener("click", () => {
    json.textContent ||= JSON.stringify(raw, null, 2);
    json.hidden = !json.hidden;
    toggle.setAttribute("aria-expanded", !json.hidden);
  });
  return [toggle, json];
}

open().catch((error) => {
  at("problem").textContent = error.message;
  at("problem").hidden = false;
});
