import "./npm.js";
import { wire } from "./wiring.js";

wire(window.analytics, window.analytics.user(), OPTIONS);
