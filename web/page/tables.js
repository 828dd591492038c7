// Written from the Python tables by `uv run python -m pyscript_replay.tools.generate`.
// Whoever changes a table runs it; a test says when this file is out of date.

/** @typedef {"asked" | "beginning" | "failed" | "loading" | "new" | "off" | "prerendered" | "running" | "stopped" | "unrecorded" | "waiting"} State */
/** @typedef {"back" | "consent-awaited" | "displayed" | "granted" | "not-recorded" | "nothing-due" | "opted-out" | "prerendering" | "recorded" | "refused" | "start" | "stop" | "switched-off" | "switched-on" | "wired" | "wiring-failed"} Happening */
/** @typedef {"begin" | "end" | "load" | "look" | "opt-in" | "opt-out" | "release"} Effect */
/** @typedef {"ok" | "problem" | "warning"} Level */
/** @typedef {"actions" | "auto" | "classic-cloud" | "classic-device"} Mode */
/** @typedef {"identity-changed" | "renewed" | "resumed" | "returned" | "started"} Reason */
/** @typedef {"micropython" | "pyodide"} Runtime */
/** @typedef {"failed" | "loading" | "running" | "stopped" | "waiting"} Status */

/** State: the `status` that a page is shown (lifecycle.py). @type {Record<State, Status>} */
export const SHOWN = {
  "new": "loading",
  "asked": "loading",
  "prerendered": "loading",
  "waiting": "waiting",
  "loading": "loading",
  "beginning": "loading",
  "running": "running",
  "unrecorded": "failed",
  "off": "running",
  "stopped": "stopped",
  "failed": "failed",
};

/** The states in which events are looked at (lifecycle.py). @type {State[]} */
export const LIVE = ["beginning", "running", "unrecorded", "off"];

/** "state happening": the state that follows, and the effects, in their order (lifecycle.py).
 * @type {Record<string, { state: State, effects: Effect[] }>} */
export const TRANSITIONS = {
  "new granted": {"state": "loading", "effects": ["load"]},
  "new consent-awaited": {"state": "waiting", "effects": []},
  "new opted-out": {"state": "stopped", "effects": ["release"]},
  "new start": {"state": "asked", "effects": ["opt-in"]},
  "new stop": {"state": "stopped", "effects": ["opt-out"]},
  "new prerendering": {"state": "prerendered", "effects": []},
  "new refused": {"state": "failed", "effects": []},
  "asked granted": {"state": "loading", "effects": ["load"]},
  "asked stop": {"state": "stopped", "effects": ["opt-out"]},
  "asked refused": {"state": "failed", "effects": []},
  "prerendered displayed": {"state": "new", "effects": []},
  "prerendered stop": {"state": "stopped", "effects": ["opt-out", "release"]},
  "waiting start": {"state": "loading", "effects": ["opt-in", "load"]},
  "waiting stop": {"state": "stopped", "effects": ["opt-out"]},
  "loading wired": {"state": "beginning", "effects": ["release", "begin"]},
  "loading switched-off": {"state": "off", "effects": ["release"]},
  "loading wiring-failed": {"state": "failed", "effects": ["release"]},
  "loading stop": {"state": "stopped", "effects": ["opt-out", "release", "end"]},
  "beginning recorded": {"state": "running", "effects": []},
  "beginning nothing-due": {"state": "running", "effects": []},
  "beginning not-recorded": {"state": "unrecorded", "effects": []},
  "beginning switched-off": {"state": "off", "effects": ["end"]},
  "beginning stop": {"state": "stopped", "effects": ["opt-out", "end"]},
  "beginning back": {"state": "beginning", "effects": ["look"]},
  "running not-recorded": {"state": "unrecorded", "effects": []},
  "running switched-off": {"state": "off", "effects": ["end"]},
  "running stop": {"state": "stopped", "effects": ["opt-out", "end"]},
  "running back": {"state": "running", "effects": ["look"]},
  "unrecorded recorded": {"state": "running", "effects": []},
  "unrecorded nothing-due": {"state": "running", "effects": []},
  "unrecorded switched-off": {"state": "off", "effects": ["end"]},
  "unrecorded start": {"state": "beginning", "effects": ["begin"]},
  "unrecorded stop": {"state": "stopped", "effects": ["opt-out", "end"]},
  "unrecorded back": {"state": "unrecorded", "effects": ["look"]},
  "stopped opted-out": {"state": "stopped", "effects": ["release"]},
  "off switched-off": {"state": "off", "effects": ["end"]},
  "off switched-on": {"state": "beginning", "effects": ["begin"]},
  "off stop": {"state": "stopped", "effects": ["opt-out", "end"]},
  "off back": {"state": "off", "effects": ["look"]},
  "stopped start": {"state": "loading", "effects": ["opt-in", "load"]},
  "stopped stop": {"state": "stopped", "effects": ["opt-out"]},
  "failed start": {"state": "loading", "effects": ["load"]},
  "failed stop": {"state": "stopped", "effects": ["opt-out"]},
  "failed wired": {"state": "beginning", "effects": ["begin"]},
};

/** What happens: the codes of the errors that are mended by then (lifecycle.py).
 * @type {Partial<Record<Happening, string[]>>} */
export const MENDS = {
  "wired": ["runtime-load", "sdk-load", "segment-missing", "segment-load", "amplitude-missing", "mode-unknown", "mode-ambiguous"],
  "recorded": ["recording-not-begun", "upload-refused", "device-id", "plugin-missing"],
  "nothing-due": ["recording-not-begun", "upload-refused", "device-id", "plugin-missing"],
};

/** The longest an event waits for the wiring, in milliseconds, where the tag says nothing (options.py). */
export const HOLD_MS = 2000;

/** The words that data-consent accepts (options.py). */
export const CONSENT = ["granted", "wait"];

/** The attributes that are handed on to the SDKs, whose options sdk_options.py knows (options.py). */
export const HANDED_ON = ["segment-options", "options", "amplitude-options"];

/** Segment's calls that have properties (device.py). @type {SegmentCall[]} */
export const CARRIES_PROPERTIES = ["track", "page", "screen"];

/** The property by which an event names its replay (device.py). */
export const REPLAY_ID = "[Amplitude] Session Replay ID";

/** Where Segment's settings come from, where the tag says nothing (segment.py). */
export const SEGMENT_CDN = "https://cdn.segment.com";

/** What doctor() finds before Python runs (doctor.py). @type {import("./facade.d.ts").Finding} */
export const WAITING = {"level": "warning", "code": "waiting", "stage": "captured", "message": "nothing is recorded: there is no consent", "evidence": {"status": "waiting"}, "why": "Nothing can be played back.", "fix": "Call start() when there is.", "docs": "reference/findings/#waiting"};
/** @type {import("./facade.d.ts").Finding} */
export const NOT_STARTED = {"level": "warning", "code": "loading", "stage": "captured", "message": "the page is not ready yet: Python is still on its way", "evidence": {"awaited": "Python"}, "why": "It is too early to judge.", "fix": "Ask again in a moment.", "docs": "reference/findings/#loading"};

/** The fix for what only we can mend (errors.py). */
export const REPORT = "Please report this, with the steps that led to it.";
