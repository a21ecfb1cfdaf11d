import type { Clock } from "../../clock.ts";
import type { KeyOperations } from "../../operations/types.ts";
import type { Live } from "../../record/types.ts";
import { figuresJson } from "../present.ts";
import { monitoringAnswer } from "./answers.ts";
import { type Route, route } from "./route.ts";

export interface MonitoringDeps {
  keys: Pick<KeyOperations, "counts">;
  live: Live;
  clock: Clock;
  version: string;
  /** Monotonic ms of the start. */
  startedAtMonotonic: number;
}

export function monitoringRoutes({
  keys,
  live,
  clock,
  version,
  startedAtMonotonic,
}: MonitoringDeps): Route[] {
  return [
    route({
      method: "GET",
      path: "/monitoring",
      summary: "The dashboard's figures",
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
  ];
}
