// Segment's own SDK, for pages that do not bring one: see `data-write-key`.

export * from "@segment/analytics-next";
