import type { Clock } from "../../clock.ts";
import type { KeyOperations } from "../../operations/types.ts";
import type { Live } from "../../record/types.ts";
import { figuresJson } from "../present.ts";
import { monitoringAnswer, testAlertAnswer } from "./answers.ts";
import { type Route, route } from "./route.ts";

export interface MonitoringDeps {
  keys: Pick<KeyOperations, "counts">;
  live: Live;
  clock: Clock;
  version: string;
  /** Monotonic ms of the start. */
  startedAtMonotonic: number;
  sendTestAlert: SendTestAlert;
}

/** Answers why the webhook did not take it, null where it did. */
export type SendTestAlert = () => Promise<string | null>;

export function monitoringRoutes({
  keys,
  live,
  clock,
  version,
  startedAtMonotonic,
  sendTestAlert,
}: MonitoringDeps): Route[] {
  return [
    route({
      method: "GET",
      path: "/monitoring",
      summary: "The dashboard's figures",
      detail: "From memory, so that it may be asked every second.",
      answer: monitoringAnswer,
      async handle() {
        const byStatus = keys.counts();
        const total = Object.values(byStatus).reduce((sum, count) => sum + count, 0);
        return {
          at: new Date(clock.now()).toISOString(),
          version,
          uptime_s: Math.floor((clock.monotonic() - startedAtMonotonic) / 1_000),
          keys: { total, usable: byStatus.available, by_status: byStatus },
          ...figuresJson(live.figures()),
        };
      },
    }),
    route({
      method: "POST",
      path: "/alerts/test",
      summary: "Sends a test alert to the webhook",
      detail:
        "To `alert_webhook_url`, signed where `alert_webhook_secret` is set; tells what the webhook answered.",
      answer: testAlertAnswer,
      isSlow: true,
      handle: async () => ({ problem: await sendTestAlert() }),
    }),
  ];
}
