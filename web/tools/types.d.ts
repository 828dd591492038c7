declare global {
  /** What may be Segment's or Amplitude's, as a regular expression: of hosts.py, put in by routing.py. */
  const __PATTERN__: string;
  /** Where the development server is. */
  const __HERE__: string;
}

export {};
