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
// Several tabs of one session were several pages at once. Each is played as itself, on one time line: where a tab has
// nothing at an end of it, an event that changes nothing stands there.
//
// In an exported file this stands with what it imports, as one script.

import { at, clock, day, duration, element, nameOf } from "./dom.js";

const AFTER_SNAPSHOT_MS = 50;
const STEP_MS = 100; // of the arrow keys on the time line
const STRIDE_MS = 5000; // …and elsewhere
const LATE_MS = 1; // by which the player is ahead: so it shows what happened in the millisecond that is asked for
const NOTE_MS = 500; // between two changes of the address: browsers allow so many

// rrweb's types of events, and of their sources those that the pointer and fingers are
const [SNAPSHOT, CHANGE, META, CUSTOM, PLUGIN] = [2, 3, 4, 5, 6];
const MOVES = [1, 6, 12];
const MUTATION = 0;
const MUTATED = ["adds", "removes", "texts", "attributes"];
const [DOCUMENT, ELEMENT] = [0, 2]; // of its types of nodes

/** @typedef {{ tab: Tab, player: ReturnType<typeof makePlayer> | null, offset: number }} Seen */
/** @typedef {(offset?: number, tab?: Tab) => void} Goto */

const KINDS = ["track", "page", "screen", "identify", "group", "alias"]; // of Segment's messages
const LOGS = ["console", "network"]; // what a page logged and fetched, where the SDK was told to record that
const CONSOLE_PLUGIN = "rrweb/console@1";
const FETCHED = "fetch-request"; // Session Replay's tag of a request

/** @returns {value is Record<string, any>} */
const isObject = (/** @type {unknown} */ value) => typeof value === "object" && value !== null && !Array.isArray(value);
const list = (/** @type {unknown} */ value) => (Array.isArray(value) ? value : []);

async function open() {
  const session = await load();
  at("title").textContent = `Session of ${day(session.started)}, ${clock(session.started)}`;
  at("identity").textContent = session.replay_id;
  if (session.recording.length < 2) throw new Error("This session has nothing to play yet. Reload in a moment.");
  const tabs = tabsOf(session);
  if (!tabs.length) throw new Error("The beginning of this session was never received, so there is nothing to play.");
  show(session, tabs);
  if (!at("recording")) watchForMore(session);
}

/** @returns {Promise<Session>} */
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

/** Say when the server has got more of this session. @param {Session} session */
function watchForMore({ replay_id, uploads }) {
  const stream = new EventSource("/api/stream");
  stream.addEventListener("session", ({ data }) => {
    const summary = JSON.parse(data);
    if (summary.replay_id === replay_id && summary.uploads > uploads) at("more").hidden = false;
  });
  addEventListener("pagehide", () => stream.close());
}

/**
 * The tabs that can be played: what each recorded, and its pages. What cannot be played in them is left out.
 * @param {Session} session
 * @returns {Tab[]}
 */
function tabsOf({ recording, tabs = [] }) {
  /** @type {Map<number, RecordedEvent[]>} */
  const byTab = new Map();
  recording.forEach((event, index) => {
    const tab = tabs[index] ?? 0;
    const events = byTab.get(tab) ?? [];
    byTab.set(tab, events);
    if (playable(event)) events.push(event);
    else skip(event);
  });
  const played = [...byTab.values()].filter((events) => events.some(({ type }) => type === SNAPSHOT));
  return played.map((events) => {
    const pages = events.filter(({ type, data }) => type === META && data.href);
    for (const { type, data } of events) if (type === SNAPSHOT) disarm(data.node);
    return { events, pages, opened: events[0].timestamp, closed: events[events.length - 1].timestamp };
  });
}

/**
 * Whether an event has the form that its type asks for. The player looks no further before it has begun.
 * @param {RecordedEvent} event
 */
function playable(event) {
  const { type, data, timestamp } = event ?? {};
  if (!Number.isFinite(timestamp) || ![0, 1, SNAPSHOT, CHANGE, META, CUSTOM, PLUGIN].includes(type)) return false;
  if (type > 1 && !isObject(data)) return false;
  if (type === SNAPSHOT) return isNode(data.node) && isObject(data.initialOffset);
  if (type === META) return Number.isFinite(data.width) && Number.isFinite(data.height);
  if (type === CHANGE && MOVES.includes(data.source)) return hasObjects(data, "positions") && data.positions.length > 0;
  if (type === CHANGE && data.source === MUTATION) {
    return (
      MUTATED.every((kind) => hasObjects(data, kind)) && data.adds.every((/** @type {any} */ { node }) => isNode(node))
    );
  }
  return true;
}

/** @param {Record<string, any>} data @param {string} name */
const hasObjects = (data, name) => Array.isArray(data[name]) && data[name].every(isObject);

/**
 * Whether this is a node as rrweb writes it: of a document, an element, a text, …
 * @param {unknown} node
 * @returns {boolean}
 */
function isNode(node) {
  if (!isObject(node) || !Number.isInteger(node.id) || ![0, 1, 2, 3, 4, 5].includes(node.type)) return false;
  if (node.type === ELEMENT && !(typeof node.tagName === "string" && isObject(node.attributes))) return false;
  if (node.type !== DOCUMENT && node.type !== ELEMENT) return true;
  return Array.isArray(node.childNodes) && node.childNodes.every(isNode);
}

/** @type {Set<RecordedEvent>} */
const skipped = new Set();

/** Go on without an event, and say so. @param {RecordedEvent} event */
function skip(event) {
  skipped.add(event);
  const [count, are] = skipped.size === 1 ? ["One event", "is"] : [`${skipped.size} events`, "are"];
  at("skipped").textContent = `${count} of this recording cannot be played and ${are} left out.`;
  at("skipped").hidden = false;
}

/** @param {Session} session @param {Tab[]} tabs */
function show(session, tabs) {
  const start = Math.min(...tabs.map(({ opened }) => opened));
  const length = Math.max(...tabs.map(({ closed }) => closed)) - start;
  const moments = momentsOf(session, tabs, start, length);
  /** @type {Seen} */
  const seen = { tab: tabs[0], player: null, offset: 0 };

  const draw = (/** @type {number} */ offset) => {
    seen.offset = offset;
    const { pages, opened } = seen.tab;
    at("time").textContent = `${duration(offset)} / ${duration(length)}`;
    at("seek").value = offset;
    at("seek").setAttribute("aria-valuetext", `${duration(offset)} of ${duration(length)}`);
    noteIn(seen, tabs);
    const isOpen = opened - start <= offset + 1;
    at("player").classList.toggle("not-open", !isOpen);
    at("address").textContent = isOpen ? pageAt(pages, start + offset + 1) : "This tab was opened later.";
    for (const { shown, offset: own } of moments) {
      for (const each of shown ?? []) each.classList.toggle("past", own <= offset);
    }
  };
  const turnTo = (/** @type {Tab} */ tab) => {
    seen.player?.close();
    seen.tab = tab;
    seen.player = makePlayer(paddedTo(tab.events, start, start + length + 1), (time) => draw(Math.min(time, length)));
    at("tab").value = tabs.indexOf(tab);
  };
  /** @type {Goto} */
  const goto = (offset, tab = seen.tab) => {
    const { offset: before } = seen;
    if (tab !== seen.tab) turnTo(tab);
    seen.player?.goto(offset ?? before);
    draw(offset ?? before);
  };

  at("watch").hidden = false;
  turnTo(tabs[0]);
  offerTabs(tabs, start, (tab) => goto(undefined, tab));
  for (const moment of moments) place(moment, length, () => goto(moment.offset, moment.tab));
  if (!moments.length) at("moments").append(element("li.soft", {}, "Segment has sent no event in this session."));
  offerGroups(moments);
  const goThere = () => {
    const { offset, tab } = linked();
    if (Number.isFinite(offset)) goto(Math.min(Math.max(offset, 0), length), tabs[tab]);
  };
  connectTransport(seen, length, goto, moments);
  draw(0);
  if (document.readyState === "complete") goThere();
  else addEventListener("load", goThere); // an exported file would not end loading, if the player were sooner
  addEventListener("hashchange", goThere);
}

/** The moment that the address names, `#t=12.5&tab=2`: seconds, and a tab if it is not the first. */
function linked() {
  const given = new URLSearchParams(location.hash.slice(1));
  return { offset: Number.parseFloat(given.get("t") ?? "") * 1000, tab: Number(given.get("tab") ?? 1) - 1 };
}

let noting = 0;

/** Have the address name the moment that is seen. @param {Seen} seen @param {Tab[]} tabs */
function noteIn(seen, tabs) {
  noting ||= window.setTimeout(() => {
    noting = 0;
    const tab = tabs.indexOf(seen.tab);
    if (!seen.offset && !tab && !location.hash) return; // nobody has gone anywhere yet
    history.replaceState(null, "", `#t=${Math.round(seen.offset) / 1000}${tab ? `&tab=${tab + 1}` : ""}`);
  }, NOTE_MS);
}

/** Which moments the list shows, where there are several kinds of them. @param {Moment[]} moments */
function offerGroups(moments) {
  const groups = new Set(moments.map(groupOf));
  at("groups").hidden = groups.size < 2;
  for (const group of groups) {
    const box = element("input", { type: "checkbox", checked: true });
    box.addEventListener("change", () => {
      for (const moment of moments) {
        if (groupOf(moment) === group) for (const each of moment.shown ?? []) each.hidden = !box.checked;
      }
    });
    at("groups").append(element("label.check", {}, box, group));
  }
}

const groupOf = (/** @type {Moment} */ { kind }) => (LOGS.includes(kind) ? kind : "events");

/** @param {RecordedEvent[]} pages @param {number} time */
const pageAt = (pages, time) => String(pages.findLast(({ timestamp }) => timestamp <= time)?.data.href ?? "");

/** A choice, where there is one. @param {Tab[]} tabs @param {number} start @param {(tab: Tab) => void} turnTo */
function offerTabs(tabs, start, turnTo) {
  at("tabs").hidden = tabs.length < 2;
  at("tab").append(
    ...tabs.map(({ pages, opened, closed }, index) => {
      const when = `${duration(opened - start)} to ${duration(closed - start)}`;
      return element("option", { value: index }, `${index + 1}: ${pathOf(pages[0]?.data.href)} (${when})`);
    }),
  );
  at("tab").value = 0;
  at("tab").addEventListener("change", (/** @type {any} */ { target }) => turnTo(tabs[target.value]));
}

/** @param {unknown} address */
function pathOf(address) {
  const url = URL.canParse(String(address)) ? new URL(String(address)) : null;
  return url ? url.pathname + url.search : "a page";
}

/**
 * With events that change nothing at both ends, so that the player's time is the session's.
 * @param {RecordedEvent[]} events @param {number} from @param {number} to
 */
function paddedTo(events, from, to) {
  const nothing = (/** @type {number} */ timestamp) => ({
    type: CUSTOM,
    timestamp,
    data: { tag: "nothing", payload: {} },
  });
  const first = events[0].timestamp > from ? [nothing(from)] : [];
  return [...first, ...events, nothing(to)];
}

/** A recorded page asks for nothing but its styles: no preload, no prefetch, no preconnect. @param {any} node */
function disarm(node) {
  const { tagName, attributes, childNodes } = node ?? {};
  if (tagName === "link" && attributes && !/stylesheet/i.test(attributes.rel)) {
    delete attributes.href;
    delete attributes.rel;
  }
  for (const child of list(childNodes)) disarm(child);
}

/**
 * Segment's events and the session's transitions, each with its place on the time line, and its tab if it is known.
 * @param {Session} session @param {Tab[]} tabs @param {number} start @param {number} length
 * @returns {Moment[]}
 */
function momentsOf({ events, transitions }, tabs, start, length) {
  const offset = (/** @type {number} */ time) => Math.min(Math.max(time - start, 0), length);
  const tracked = events.map(({ message, received }) => {
    const made = Date.parse(message.originalTimestamp ?? message.timestamp ?? "") || received;
    const [tab, time] = onItsPage(message, tabs, made);
    const kind = KINDS.includes(message.type) ? message.type : "other";
    return { kind, name: nameOf(message), tab, offset: offset(time), raw: message };
  });
  const moved = transitions.map((transition) => ({
    kind: "session",
    name: transition.previous ? "A new session begins" : "Session begins",
    offset: offset(transition.at),
    raw: transition,
  }));
  const logged = tabs.flatMap((tab) =>
    tab.events.flatMap((event) => {
      const log = logOf(event);
      return log ? [{ ...log, tab, offset: offset(event.timestamp), raw: event.data.payload }] : [];
    }),
  );
  return [...moved, ...tracked, ...logged].sort((one, other) => one.offset - other.offset);
}

/** A line of the console, or a request, if it is one. @param {RecordedEvent} event */
function logOf({ type, data }) {
  const given = isObject(data?.payload) ? data.payload : {};
  if (type === PLUGIN && data.plugin === CONSOLE_PLUGIN) {
    const level = String(given.level);
    const look = { error: "bad", assert: "bad", warn: "warn" }[level];
    return { kind: "console", name: list(given.payload).map(unquoted).join(" ") || "(nothing)", words: level, look };
  }
  if (type === CUSTOM && data.tag === FETCHED) {
    const failed = !(given.status >= 200 && given.status < 400);
    const name = `${String(given.method ?? "GET").toUpperCase()} ${given.url}`;
    return { kind: "network", name, words: String(given.status || "failed"), look: failed ? "bad" : undefined };
  }
  return null;
}

/** A text of the console stands there as JSON, like everything else. @param {unknown} json */
function unquoted(json) {
  try {
    const value = JSON.parse(String(json));
    return typeof value === "string" ? value : String(json);
  } catch {
    return String(json);
  }
}

/**
 * The tab that showed an event's page at its time, and when: a page's first events are made before it is recorded, and
 * are shown with its first picture.
 * @param {Message} message @param {Tab[]} tabs @param {number} time
 * @returns {[tab: Tab | undefined, time: number]}
 */
function onItsPage({ context }, tabs, time) {
  const href = context?.page?.url;
  if (!href) return [undefined, time];
  const then = tabs.find(({ pages }) => pages.findLast((page) => page.timestamp <= time)?.data.href === href);
  if (then) return [then, time];
  for (const tab of tabs) {
    const next = tab.pages.find((page) => page.timestamp > time);
    if (next?.data.href === href) return [tab, next.timestamp + AFTER_SNAPSHOT_MS];
  }
  return [undefined, time];
}

/**
 * A player of these events, which goes where it is told and tells where it is.
 * @param {RecordedEvent[]} events @param {(time: number) => void} draw
 */
function makePlayer(events, draw) {
  const target = at("player");
  const { width: wide = 16, height: high = 10 } = events.find(({ type }) => type === META)?.data ?? {};
  const size = () => {
    const width = target.clientWidth;
    const room = Math.max(innerHeight - 380, innerHeight * 0.55); // so that the controls stay in view
    if (document.fullscreenElement) return { width, height: target.clientHeight };
    return { width, height: Math.round(Math.max(200, Math.min((width * high) / wide, room))) };
  };
  const player = new rrwebPlayer.Player({
    target,
    props: {
      events,
      ...size(),
      showController: false, // ours can be used with a keyboard
      autoPlay: false,
      skipInactive: at("skip").checked,
      speed: Number(at("speed").value),
      showWarning: false,
      mouseTail: false,
      triggerFocus: false, // the keyboard stays with the player
      insertStyleRules: [
        ".amp-block { background: repeating-linear-gradient(45deg, #8883 0 8px, #8881 8px 16px) !important }",
      ],
    },
  });
  goOnAfterWhatFails(player.getReplayer());
  const resized = new ResizeObserver(() => {
    player.$set(size());
    player.triggerResize();
  });
  resized.observe(target);
  const frame = target.querySelector("iframe");
  frame.title = "The recorded page";
  frame.tabIndex = -1; // a picture of a page: there is nothing to do in it

  let closed = false;
  player.addEventListener("ui-update-current-time", ({ payload }) => closed || draw(Math.max(0, payload - LATE_MS)));
  player.addEventListener("ui-update-player-state", ({ payload }) => {
    if (!closed) at("play").textContent = payload === "playing" ? "Pause" : "Play";
  });
  return {
    goto: (/** @type {number} */ offset, play = false) => player.goto(offset + LATE_MS, play),
    toggle: () => player.toggle(),
    setSpeed: (/** @type {number} */ speed) => player.setSpeed(speed),
    toggleSkipInactive: () => player.toggleSkipInactive(),
    close() {
      closed = true;
      player.pause();
      resized.disconnect();
      player.$destroy();
      target.replaceChildren();
      at("play").textContent = "Play";
    },
  };
}

/**
 * rrweb stops for good where an event of a recording makes no sense to it.
 * @param {ReturnType<RrwebPlayer["getReplayer"]>} replayer
 */
function goOnAfterWhatFails(replayer) {
  for (const name of ["applyMutation", "applyIncremental", "rebuildFullSnapshot"]) {
    const method = replayer[name].bind(replayer);
    replayer[name] = (event, ...more) => {
      try {
        return method(event, ...more);
      } catch {
        skip(event);
      }
    };
  }
}

/** @param {Seen} seen @param {number} length @param {Goto} goto @param {Moment[]} moments */
function connectTransport(seen, length, goto, moments) {
  at("seek").step = STEP_MS;
  at("seek").max = Math.ceil(length / STEP_MS) * STEP_MS; // else the last step could not be reached
  at("seek").addEventListener("input", (/** @type {any} */ { target }) => goto(Math.min(target.valueAsNumber, length)));
  const toggle = () => (at("seek").valueAsNumber >= length ? seen.player?.goto(0, true) : seen.player?.toggle());
  at("play").addEventListener("click", toggle);
  at("speed").addEventListener("change", (/** @type {any} */ { target }) =>
    seen.player?.setSpeed(Number(target.value)),
  );
  at("skip").addEventListener("change", () => seen.player?.toggleSkipInactive());
  const events = moments.filter((moment) => groupOf(moment) === "events");
  const toEvent = (/** @type {number} */ way) => {
    const next = events.find(({ offset }) => offset > seen.offset + 1); // that far is whoever has gone to an event
    const moment = way > 0 ? next : events.findLast(({ offset }) => offset < seen.offset - 1);
    if (moment) goto(moment.offset, moment.tab);
  };
  at("next").addEventListener("click", () => toEvent(1));
  at("next").disabled = !events.length;
  connectFullscreen();
  connectKeys(toggle, toEvent, (way) => goto(Math.min(Math.max(seen.offset + way * STRIDE_MS, 0), length)));
}

function connectFullscreen() {
  const button = at("fullscreen");
  button.hidden = !document.fullscreenEnabled;
  button.addEventListener("click", () =>
    document.fullscreenElement ? document.exitFullscreen() : at("screen").requestFullscreen(),
  );
  document.addEventListener("fullscreenchange", () => {
    button.textContent = document.fullscreenElement ? "Leave fullscreen" : "Fullscreen";
  });
}

/** @param {() => void} toggle @param {(way: number) => void} toEvent @param {(way: number) => void} stride */
function connectKeys(toggle, toEvent, stride) {
  addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (!(target instanceof Element) || event.altKey || event.ctrlKey || event.metaKey) return;
    const way = { ArrowLeft: -1, ArrowRight: 1 }[key];
    if (key === " " && !target.closest("button, a, select, pre, [type=checkbox]")) toggle();
    else if (way && event.shiftKey && !target.closest("select, pre")) toEvent(way);
    else if (way && !event.shiftKey && !target.closest("select, pre, [type=range]")) stride(way);
    else return;
    event.preventDefault();
  });
}

/** Put a moment into the list, and on the time line if it is an event. @param {Moment} moment @param {number} length @param {() => void} goto */
function place(moment, length, goto) {
  const seek = () => {
    goto();
    at("player").scrollIntoView({ block: "nearest" }); // on a phone it is above the list
  };
  const inList = row(moment, seek);
  moment.shown = [inList];
  at("moments").append(inList);
  if (groupOf(moment) !== "events") return;
  const onLine = marker(moment, length, seek);
  moment.shown.push(onLine);
  at("markers").append(onLine);
}

/** For the pointer: the list has the same, and each of them only once. @param {Moment} moment @param {number} length @param {() => void} seek */
function marker({ kind, name, offset }, length, seek) {
  const words = `${name}, at ${duration(offset)}`;
  const button = element(`button.marker.${kind}`, { type: "button", tabindex: -1, title: words, "aria-label": words });
  button.addEventListener("click", seek);
  const made = element("li", {}, button);
  made.style.left = `${length ? (offset / length) * 100 : 0}%`;
  return made;
}

/** @param {Moment} moment @param {() => void} seek */
function row({ kind, name, offset, raw, words = kind, look }, seek) {
  const button = element(
    "button.seek",
    { type: "button" },
    element("span.number.small", {}, duration(offset)),
    element("b", {}, name),
    element(`span.pill.${look ?? kind}`, {}, words),
  );
  button.addEventListener("click", seek);
  return element("li", {}, button, ...jsonOf(raw, name));
}

/** A button, and what it unfolds. @param {unknown} raw @param {string} name */
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
