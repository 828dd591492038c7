// Amplitude's Browser SDK with its replay plugin, for Classic cloud-mode: the shell that keeps the session.
// The replay SDK inside the plugin is the bundle's one copy of it: see tools/bundle.py.

export * as amplitude from "@amplitude/analytics-browser";
export { sessionReplayPlugin } from "@amplitude/plugin-session-replay-browser";
