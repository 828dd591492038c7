// Modules that are no files of ours, as far as they are used. ("python-pack" is made by tools/bundle.py.)

declare module "python-pack" {
  const files: Record<string, string>; // by path
  export default files;
}

declare module "@micropython/micropython-webassembly-pyscript/micropython.mjs" {
  export function loadMicroPython(options: { url: string; border: object }): Promise<Python>;
}

declare module "smol-toml" {
  export function parse(text: string): Record<string, unknown>;
}

declare module "pyodide" {
  export const version: string;
  export function loadPyodide(options: {
    indexURL: string;
    createPyodideModule?(settings: object): Promise<unknown>;
    checkAPIVersion?: boolean;
    _loadSnapshot: Promise<ArrayBuffer | undefined>;
  }): Promise<Python>;
}

declare module "@segment/analytics-next" {
  export const AnalyticsBrowser: SegmentModule["AnalyticsBrowser"];
}

declare module "@segment/analytics.js-integration-amplitude" {
  interface Integration {
    templates: { library: { attrs: { src: string } } };
    initialize(): void;
  }
  const Amplitude: { prototype: Integration };
  export default Amplitude;
}

declare module "@amplitude/analytics-browser" {
  export function createInstance(): object;
}

declare module "@amplitude/plugin-session-replay-browser" {
  export function sessionReplayPlugin(options: RecorderOptions): object;
}

declare module "@amplitude/session-replay-browser/lib/scripts/rrweb-record-min.js" {
  interface RecordOptions {
    emit(event: { type: number }, ...more: unknown[]): void;
    recordCrossOriginIframes?: boolean;
  }
  export function record(options: RecordOptions): (() => void) | undefined;
}
