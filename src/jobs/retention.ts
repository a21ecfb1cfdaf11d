import type { Clock } from "../clock.ts";
import type { CleanupOperations } from "../operations/types.ts";
import type { Settings } from "../settings.ts";
import { dayIn } from "../time-zone.ts";
import { ConflictError } from "../types.ts";
import type { Job } from "./scheduler.ts";

const UPKEEP_EVERY_MS = 1_000;
const LOOK_EVERY_MS = 60_000;
/** So long after midnight in `daily_reset_time_zone`, when few stream. */
const NIGHT_MS = 3 * 3_600_000;

export interface RetentionDeps {
  clock: Clock;
  settings(): Pick<Settings, "dailyResetTimeZone">;
  cleanup: Pick<CleanupOperations, "upkeep" | "keepInBounds" | "isTooLarge">;
}

/** Takes new requests into the log's indexes, behind the batches. */
export function createLogUpkeep({ cleanup }: Pick<RetentionDeps, "cleanup">): Job {
  return { name: "log upkeep", everyMs: UPKEEP_EVERY_MS, run: () => cleanup.upkeep() };
}

/**
 * Cleans the log once a night, also a night that was slept through, as soon as the program runs again; by size
 * whenever the bound is passed.
 */
export function createRetention({ clock, settings, cleanup }: RetentionDeps): Job {
  let cleanedOn: string | null = null;
  return {
    name: "retention",
    everyMs: LOOK_EVERY_MS,
    async run() {
      const night = dayIn(clock.now() - NIGHT_MS, settings().dailyResetTimeZone);
      if (night === cleanedOn && !(await cleanup.isTooLarge())) return;
      try {
        await cleanup.keepInBounds();
        cleanedOn = night;
      } catch (error) {
        // Somebody cleans by hand: the next look is soon enough.
        if (!(error instanceof ConflictError)) throw error;
      }
    },
  };
}
