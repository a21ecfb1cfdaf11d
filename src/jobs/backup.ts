import { Cron } from "croner";
import type { Clock } from "../clock.ts";
import type { TransferOperations } from "../operations/types.ts";
import type { Settings } from "../settings.ts";
import type { Job } from "./scheduler.ts";

const LOOK_EVERY_MS = 15_000;

interface BackupJobDeps {
  clock: Clock;
  settings(): Pick<Settings, "backupSchedule" | "dailyResetTimeZone">;
  transfer: Pick<TransferOperations, "backUp" | "backups">;
}

/**
 * Writes a backup when `backup_schedule` says so. A time that was slept through counts from the last backup on, so it
 * is made up for as soon as the program runs again; where there is none yet, from the start or the change.
 */
export function createBackupJob({ clock, settings, transfer }: BackupJobDeps): Job {
  let schedule = settings().backupSchedule;
  let since = transfer.backups()[0]?.at ?? clock.now();
  return {
    name: "backup",
    everyMs: LOOK_EVERY_MS,
    async run() {
      const { backupSchedule, dailyResetTimeZone: timezone } = settings();
      const now = clock.now();
      if (backupSchedule !== schedule) since = now;
      schedule = backupSchedule;
      if (backupSchedule === null) return;
      const due = new Cron(backupSchedule, { paused: true, timezone }).nextRun(new Date(since));
      if (due === null || due.getTime() > now) return;
      // Before it: one that fails is tried again at its next time, not every few seconds.
      since = now;
      await transfer.backUp();
    },
  };
}
