// What Python puts into the scripts here.
declare global {
  /** What may be Segment's or Amplitude's, as a regular expression: of hosts.py. */
  const __PATTERN__: string;
  /** Their own hosts, likewise. */
  const __THEIRS__: string;
  /** Where the development server is. */
  const __HERE__: string;
}

export {};
