import type { StatsOperations } from "../operations/types.ts";
import type { Job } from "./scheduler.ts";

const FOLD_EVERY_MS = 10_000;
const PRUNE_EVERY_MS = 10 * 60_000;

/** Keeps statistics up to date and in bounds. Who reads them folds before, so that the pace matters to nobody. */
export function createRollupJobs(stats: Pick<StatsOperations, "fold" | "prune">): Job[] {
  return [
    { name: "statistics", everyMs: FOLD_EVERY_MS, run: stats.fold },
    { name: "old statistics", everyMs: PRUNE_EVERY_MS, run: stats.prune },
  ];
}
