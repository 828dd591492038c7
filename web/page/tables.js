// Written from the Python tables by `uv run python -m pyscript_replay.tools.generate`.
// Whoever changes a table runs it; a test says when this file is out of date.

/** @typedef {"beginning" | "failed" | "loading" | "new" | "prerendered" | "running" | "stopped" | "unrecorded" | "waiting"} State */
/** @typedef {"failed" | "loading" | "running" | "stopped" | "waiting"} Status */
/** @typedef {"back" | "consent-awaited" | "displayed" | "granted" | "not-recorded" | "nothing-due" | "opted-out" | "prerendering" | "recorded" | "refused" | "start" | "stop" | "wired" | "wiring-failed"} Happening */
/** @typedef {"begin" | "end" | "load" | "look" | "opt-in" | "opt-out" | "release"} Effect */

/** State: the `status` that a page is shown (lifecycle.py). @type {Record<State, Status>} */
export const SHOWN = {
  "new": "loading",
  "prerendered": "loading",
  "waiting": "waiting",
  "loading": "loading",
  "beginning": "loading",
  "running": "running",
  "unrecorded": "failed",
  "stopped": "stopped",
  "failed": "failed",
};

/** The states in which events are looked at (lifecycle.py). @type {State[]} */
export const LIVE = ["beginning", "running", "unrecorded"];

/** "state happening": the state that follows, and the effects, in their order (lifecycle.py).
 * @type {Record<string, { state: State, effects: Effect[] }>} */
export const TRANSITIONS = {
  "new granted": {"state": "loading", "effects": ["load"]},
  "new consent-awaited": {"state": "waiting", "effects": []},
  "new opted-out": {"state": "stopped", "effects": ["release"]},
  "new stop": {"state": "stopped", "effects": ["opt-out"]},
  "new prerendering": {"state": "prerendered", "effects": []},
  "new refused": {"state": "failed", "effects": []},
  "prerendered displayed": {"state": "loading", "effects": ["load"]},
  "prerendered stop": {"state": "stopped", "effects": ["opt-out", "release"]},
  "waiting start": {"state": "loading", "effects": ["opt-in", "load"]},
  "waiting stop": {"state": "stopped", "effects": ["opt-out"]},
  "loading wired": {"state": "beginning", "effects": ["release", "begin"]},
  "loading wiring-failed": {"state": "failed", "effects": ["release"]},
  "loading stop": {"state": "stopped", "effects": ["opt-out", "release", "end"]},
  "beginning recorded": {"state": "running", "effects": []},
  "beginning nothing-due": {"state": "running", "effects": []},
  "beginning not-recorded": {"state": "unrecorded", "effects": []},
  "beginning stop": {"state": "stopped", "effects": ["opt-out", "end"]},
  "beginning back": {"state": "beginning", "effects": ["look"]},
  "running not-recorded": {"state": "unrecorded", "effects": []},
  "running stop": {"state": "stopped", "effects": ["opt-out", "end"]},
  "running back": {"state": "running", "effects": ["look"]},
  "unrecorded recorded": {"state": "running", "effects": []},
  "unrecorded nothing-due": {"state": "running", "effects": []},
  "unrecorded start": {"state": "beginning", "effects": ["begin"]},
  "unrecorded stop": {"state": "stopped", "effects": ["opt-out", "end"]},
  "unrecorded back": {"state": "unrecorded", "effects": ["look"]},
  "stopped start": {"state": "loading", "effects": ["opt-in", "load"]},
  "stopped stop": {"state": "stopped", "effects": ["opt-out"]},
  "failed start": {"state": "loading", "effects": ["load"]},
  "failed stop": {"state": "stopped", "effects": ["opt-out"]},
  "failed wired": {"state": "beginning", "effects": ["begin"]},
};

/** The longest an event waits for the wiring, in milliseconds, where the tag says nothing (options.py). */
export const HOLD_MS = 2000;

/** The words that data-consent accepts (options.py). */
export const CONSENT = ["granted", "wait"];

/** Segment's calls that have properties (modes/base.py). @type {SegmentCall[]} */
export const CARRIES_PROPERTIES = ["track", "page", "screen"];

/** Where Segment's settings come from, where the tag says nothing (segment.py). */
export const SEGMENT_CDN = "https://cdn.segment.com";

/** What doctor() finds before Python runs (doctor.py). */
export const WAITING = {"level": "warning", "code": "waiting", "message": "nothing is recorded: there is no consent", "fix": "Call start() when there is."};
export const NOT_STARTED = {"level": "problem", "code": "not-running", "message": "Python has not started yet", "fix": "Ask again in a moment."};

/** The fix for what only we can mend (errors.py). */
export const REPORT = "Please report this, with the steps that led to it.";
