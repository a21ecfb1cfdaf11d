import type { Alerts } from "../operations/alerts.ts";
import type { Job } from "./scheduler.ts";

const LOOK_EVERY_MS = 5_000;

/** Looks for what somebody should know, and tells it. */
export function createAlertJob(alerts: Pick<Alerts, "look">): Job {
  return { name: "alerts", everyMs: LOOK_EVERY_MS, run: () => alerts.look() };
}
