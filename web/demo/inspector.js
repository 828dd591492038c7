// The inspector: what the wiring says in this page, beside what arrives at the collectors.
//
// It is fed by the page's own `pyscript-replay:*` events and by the server's stream, and drawn at most once a frame.
// It is not recorded (class `amp-block`), asks nothing of the page until the page has loaded, and polls nothing.

import { connectControls } from "./controls.js";
import { at, bytes, clock, day, element, nameOf } from "./dom.js";
import { keeper } from "./keepers.js";

const REPLAY_ID = at("inspector").dataset.replayProperty;
const SHOWN = 12;
const KEPT = "demo.transitions"; // the log goes on when the visitor goes to the next page

const seen = {
  /** @type {Arrived[]} Segment's, the newest first */
  events: [],
  /** @type {Logged[]} amplitude-js's, the newest first */
  logged: [],
  eventCount: 0,
  /** @type {Map<string, Summary | null>} what the server says of this page's sessions, by replay id; null: not yet */
  sessions: new Map(),
  /** @type {string | null} */
  problem: null,
  /** @type {Transition[]} */
  transitions: JSON.parse(sessionStorage.getItem(KEPT) ?? "[]"),
};

// What an event says.

/** @param {Message} message */
const carried = ({ integrations }) =>
  Object.values(integrations ?? {})
    .map((each) => (typeof each === "object" ? each.session_id : null))
    .find(Boolean) ?? null;

/**
 * Whether the event's replay id is made of its own device and session: the ids are exact, or they are wrong.
 * @param {Arrived} event
 */
function verdict({ message, replayId }) {
  const claimed = message.properties?.[REPLAY_ID];
  if (!["track", "page", "screen"].includes(message.type)) return ["", "carries no properties"];
  if (!claimed) return ["warn", "no replay id"];
  const session = carried(message);
  const device = message.context?.device?.id ?? message.anonymousId;
  const expected = session ? `${device}/${session}` : replayId; // in device-mode only amplitude-js knows: as it was then
  if (!expected) return ["good", "has a replay id"];
  return claimed === expected ? ["good", "ids agree"] : ["bad", "ids differ"];
}

/** @param {Arrived} event */
const mine = ({ message }) => message.anonymousId === JSON.parse(localStorage.getItem("ajs_anonymous_id") ?? "null");

// What is drawn.

/** @type {Record<string, string>} */
const STATUS = { running: "good", failed: "bad", stopped: "warn", waiting: "warn" };

function draw() {
  const replay = window.pyscriptReplay;
  show("status", replay?.status ?? "not there", `pill ${STATUS[replay?.status ?? ""] ?? ""}`);
  show("mode", replay?.mode);
  show("runtime", replay?.runtime);
  show("device", replay?.deviceId);
  show("replay-id", replay?.replayId);
  show("began", replay?.sessionId && `${day(replay.sessionId)}, ${clock(replay.sessionId)}`);
  const [name, value] = keeper().cookie();
  show("cookie", name && `${name}=${value}`);
  const { uploads, upload_bytes } = summaryOf(replay?.replayId) ?? { uploads: 0, upload_bytes: 0 };
  show("uploads", uploads === 1 ? "1 request" : `${uploads} requests`);
  show("upload-bytes", bytes(upload_bytes));
  show("event-count", seen.eventCount);
  at("problem").hidden = !seen.problem;
  for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (
    document.querySelectorAll("button[data-control]")
  )) {
    button.disabled = !["running", "stopped"].includes(replay?.status ?? ""); // there is no Segment yet
  }
  show("problem", seen.problem);
  drawPlaces(replay?.status, keeper().session(), lastSession(), replay?.sessionId);
  drawLog("transitions", seen.transitions.slice(0, SHOWN).map(transition));
  drawLog("events", seen.events.slice(0, SHOWN).map(eventRow));
}

/**
 * Written only when it has changed: what has not must not be read out again.
 * @param {string} id
 * @param {unknown} text
 * @param {string} className
 */
function show(id, text, className = at(id).className) {
  const shown = text || text === 0 ? String(text) : "none";
  if (at(id).textContent !== shown) at(id).textContent = shown;
  if (at(id).className !== className) at(id).className = className;
}

/** What the server has of this session; it tells of changes, and is asked for what it has already. @param {unknown} id */
function summaryOf(id) {
  if (typeof id !== "string") return null;
  if (!seen.sessions.has(id)) {
    seen.sessions.set(id, null);
    fetch(`/api/sessions?search=${encodeURIComponent(id)}`)
      .then((answer) => answer.json())
      .then((/** @type {Summary[]} */ found) => found.filter(isUntold).forEach(remembered))
      .catch(() => {}); // the stream tells, too
  }
  return seen.sessions.get(id);
}

/** What the stream has told meanwhile is newer than the answer. @param {Summary} summary */
const isUntold = ({ replay_id }) => !seen.sessions.get(replay_id);

/** Of this page's sessions only. @param {Summary} summary */
function remembered(summary) {
  if (seen.sessions.has(summary.replay_id)) seen.sessions.set(summary.replay_id, summary);
  changed();
}

/** In device-mode Segment's events carry no session; amplitude-js sends its own. */
const lastSession = () => {
  const { mode, deviceId } = window.pyscriptReplay ?? {};
  if (mode === "classic-device") return seen.logged.find(({ device_id }) => device_id === deviceId)?.session_id ?? null;
  const last = seen.events.find((event) => mine(event) && carried(event.message));
  return last ? carried(last.message) : null;
};

/**
 * @param {string | undefined} status
 * @param {number | null} stored
 * @param {number | null} event
 * @param {number | null | undefined} replay
 */
function drawPlaces(status, stored, event, replay) {
  const ids = { stored, event, replay };
  const newest = Math.max(...Object.values(ids).map(Number));
  for (const [place, id] of Object.entries(ids)) {
    show(place, id);
    at(place).parentElement.className = !id ? "" : id === newest ? "good" : "bad";
  }
  show("agreement", ["stopped", "failed"].includes(status ?? "") ? "Nothing is recorded." : agreement(ids));
}

/** @param {{ stored: unknown, event: unknown, replay: unknown }} ids */
function agreement({ stored, event, replay }) {
  if (!replay) return "Waiting for the replay.";
  if (!event || !stored) return "Waiting for the first event.";
  return new Set([stored, event, replay]).size === 1
    ? "They agree, to the last digit."
    : "They differ: one of them is about to follow.";
}

/** @param {string} id @param {Node[]} rows */
function drawLog(id, rows) {
  if (rows.length) at(id).replaceChildren(...rows);
}

const titled = (/** @type {string} */ title, /** @type {number} */ time) =>
  element("span.row", {}, element("b", {}, title), element("time.soft.small", {}, clock(time)));

/** @param {Transition} made */
const transition = ({ time, previous, current, reason, deviceId }) =>
  element(
    "li",
    {},
    titled(reason, time),
    element("span.number.small", {}, previous && previous !== current ? `${previous} → ${current}` : String(current)),
    element("span.number.small.soft", {}, deviceId),
  );

/** @param {Arrived} event */
function eventRow(event) {
  const { received, message } = event;
  const [look, words] = verdict(event);
  return element(
    "li",
    {},
    titled(nameOf(message), received),
    element(
      "span.row",
      {},
      element("span.number.small", {}, carried(message) ?? "no session id"),
      element(`span.pill${look && `.${look}`}`, {}, words),
    ),
  );
}

// What feeds it.

let drawing = false;
function changed() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    draw();
  });
}

function listen() {
  addEventListener("pyscript-replay:status", changed);
  addEventListener("pyscript-replay:session", ({ detail }) => {
    remember({ time: Date.now(), ...detail });
    changed();
  });
  addEventListener("pyscript-replay:error", ({ detail }) => {
    seen.problem = `${detail.code}: ${detail.message.replace(/\.?$/, ".")} ${detail.fix}`;
    changed();
  });
}

/** @param {Transition} made */
function remember(made) {
  seen.transitions = [made, ...seen.transitions].slice(0, SHOWN);
  sessionStorage.setItem(KEPT, JSON.stringify(seen.transitions));
}

async function follow() {
  const stream = new EventSource("/api/stream");
  stream.addEventListener("segment", ({ data }) => {
    const event = JSON.parse(data);
    seen.events.unshift({ ...event, replayId: mine(event) && window.pyscriptReplay?.replayId });
    seen.events.length = Math.min(seen.events.length, 50);
    seen.eventCount += 1;
    changed();
  });
  stream.addEventListener("amplitude", ({ data }) => {
    seen.logged.unshift(...JSON.parse(data).body.events.reverse());
    changed();
  });
  stream.addEventListener("session", ({ data }) => remembered(JSON.parse(data)));
  stream.addEventListener("deleted", () => {
    seen.sessions.clear();
    changed();
  });
  addEventListener("pagehide", () => stream.close());
  /** @type {{ events: Arrived[], logged: Logged[], segment: number }} */
  const state = await (await fetch("/api/state")).json();
  const told = new Set(seen.events.map(({ message }) => message.messageId)); // by the stream, while we asked
  const untold = state.events.reverse().filter(({ message }) => !told.has(message.messageId));
  seen.eventCount = state.segment + seen.events.length + untold.length - state.events.length;
  seen.events.push(...untold);
  seen.logged.push(...state.logged.reverse());
  changed();
}

function fold() {
  const button = at("fold");
  const set = (/** @type {boolean} */ open) => {
    button.setAttribute("aria-expanded", open);
    button.textContent = open ? "Fold" : "Unfold";
    at("inspector-body").hidden = !open;
  };
  button.addEventListener("click", () => set(at("inspector-body").hidden));
  set(matchMedia("(min-width: 68rem)").matches); // on a phone the shop comes first
}

fold();
listen();
connectControls(at("inspector"), (error) => {
  seen.problem = error && `That did not work: ${error.message}`;
  changed();
});
changed();
if (document.readyState === "complete") follow();
else addEventListener("load", follow);
