export { createWrapper } from "@segment/analytics-consent-tools";
