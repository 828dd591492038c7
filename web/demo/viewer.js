// Plays a recorded session in the real rrweb-player, with Segment's events on the time line and in a list beside it.
//
// The recording comes from the server, or, in an exported file, from the page itself. It is not to be trusted: it is
// markup that somebody else's page contained. rrweb rebuilds it in an iframe with `sandbox="allow-same-origin"` and
// no `allow-scripts`, in which nothing runs: no script, no handler, no `javascript:`, no refresh, no form. The page's
// Content-Security-Policy, which that iframe inherits, is the second wall: it allows no inline script and fetches from
// nowhere else. (The player cannot stand in a sandboxed frame of its own: without the origin, it could not reach into
// its iframe; with it, the frame would be no wall.) `UNSAFE_replayCanvas`, which would let scripts in, stays off.
// Whatever else comes from a recording or an event is shown as text.

(() => {
  const STEP_MS = 100; // of the arrow keys on the time line

  const at = (id) => document.getElementById(id);

  function element(kind, attributes = {}, ...children) {
    const [tag, ...classes] = kind.split(".");
    const made = document.createElement(tag);
    made.classList.add(...classes);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  }

  function duration(milliseconds) {
    const seconds = Math.max(0, Math.floor(milliseconds / 1000));
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }

  async function load() {
    const embedded = at("recording");
    if (embedded) return JSON.parse(embedded.textContent);
    const path = location.pathname.replace(/^\/replay\//, "");
    const answer = await fetch(`/api/sessions/${path}`);
    if (!answer.ok) throw new Error("There is no such session. It may have been recorded by another server, or before a restart.");
    at("export").href = `/export/${path}.html`;
    at("export").hidden = false;
    return answer.json();
  }

  /** Segment's events and the session's transitions, each with its place on the time line. */
  function momentsOf({ events, transitions, recording }) {
    const [start, end] = [recording[0].timestamp, recording.at(-1).timestamp];
    const place = (time) => Math.min(Math.max(time - start, 0), end - start);
    const tracked = events.map(({ message, received }) => ({
      kind: message.type,
      name: message.event ?? message.name ?? message.type,
      offset: place(Date.parse(message.originalTimestamp ?? message.timestamp) || received),
      raw: message,
    }));
    const moved = transitions.map((transition) => ({
      kind: "session",
      name: transition.previous ? "A new session begins" : "Session begins",
      offset: place(transition.at),
      raw: transition,
    }));
    return [...moved, ...tracked].sort((one, other) => one.offset - other.offset);
  }

  function show(session) {
    const moments = momentsOf(session);
    const pages = session.recording.filter(({ type, data }) => type === 4 && data?.href); // rrweb's "meta" event
    const start = session.recording[0].timestamp;
    const length = session.recording.at(-1).timestamp - start;

    at("watch").hidden = false;
    const player = makePlayer(session.recording);
    const goto = (offset, play = false) => player.goto(offset, play);

    moments.forEach((moment) => {
      const seek = () => goto(moment.offset);
      moment.marker = marker(moment, length, seek);
      moment.row = row(moment, () => {
        seek();
        at("player").scrollIntoView({ block: "nearest" }); // on a phone it is above the list
      });
    });
    at("markers").append(...moments.map(({ marker }) => marker));
    at("moments").append(...moments.map(({ row }) => row));
    if (!moments.length) at("moments").append(element("li.soft", {}, "Segment has sent no event in this session."));

    at("seek").max = Math.ceil(length / STEP_MS) * STEP_MS; // else the last step could not be reached
    at("seek").step = STEP_MS;
    at("seek").addEventListener("input", ({ target }) => goto(Math.min(target.valueAsNumber, length)));
    at("play").addEventListener("click", () => player.toggle());
    at("speed").addEventListener("change", ({ target }) => player.setSpeed(Number(target.value)));
    at("skip").addEventListener("change", () => player.toggleSkipInactive());
    addEventListener("keydown", (event) => {
      if (event.key !== " " || event.target.closest("button, a, input, select, summary")) return;
      event.preventDefault();
      player.toggle();
    });

    player.addEventListener("ui-update-player-state", ({ payload }) => {
      at("play").textContent = payload === "playing" ? "Pause" : "Play";
    });
    const drawTime = (offset) => {
      at("time").textContent = `${duration(offset)} / ${duration(length)}`;
      at("seek").value = offset;
      at("seek").setAttribute("aria-valuetext", `${duration(offset)} of ${duration(length)}`);
      at("address").textContent = pages.findLast(({ timestamp }) => timestamp - start <= offset + 1)?.data.href ?? "";
      for (const { row, marker, offset: own } of moments) {
        row.classList.toggle("past", own <= offset);
        marker.classList.toggle("past", own <= offset);
      }
    };
    player.addEventListener("ui-update-current-time", ({ payload }) => drawTime(payload));
    drawTime(0);
  }

  function makePlayer(events) {
    const target = at("player");
    const size = () => ({
      width: target.clientWidth,
      height: Math.round(Math.max(200, Math.min(target.clientWidth * 0.625, innerHeight - 330))), // the controls stay in view
    });
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
        insertStyleRules: [".amp-block { background: repeating-linear-gradient(45deg, #8883 0 8px, #8881 8px 16px) !important }"],
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

  function marker({ kind, name, offset }, length, seek) {
    const made = element("li", {}, element(`button.marker.${kind}`, { type: "button", title: `${name}, ${duration(offset)}`, "aria-label": `${name}, at ${duration(offset)}` }));
    made.style.left = `${length ? (offset / length) * 100 : 0}%`;
    made.firstChild.addEventListener("click", seek);
    return made;
  }

  function row({ kind, name, offset, raw }, seek) {
    const button = element("button.seek", { type: "button" }, element("span.number.small", {}, duration(offset)), element("b", {}, name), element(`span.pill.${kind}`, {}, kind));
    const json = element("pre", { tabindex: 0, hidden: "" });
    const toggle = element("button.json", { type: "button", "aria-expanded": false, "aria-label": `JSON of ${name}` }, "JSON");
    button.addEventListener("click", seek);
    toggle.addEventListener("click", () => {
      json.textContent ||= JSON.stringify(raw, null, 2);
      json.hidden = !json.hidden;
      toggle.setAttribute("aria-expanded", !json.hidden);
    });
    return element("li", {}, button, toggle, json);
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

  async function open() {
    const session = await load();
    at("title").textContent = `Session of ${new Date(session.started).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "medium" })}`;
    at("identity").textContent = session.replay_id;
    if (session.recording.length < 2) throw new Error("This session has no recording to play yet. Reload in a moment.");
    show(session);
    if (!at("recording")) watchForMore(session);
  }

  open().catch((error) => {
    at("problem").textContent = error.message;
    at("problem").hidden = false;
  });
})();
