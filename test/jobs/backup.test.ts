import { afterEach, beforeEach, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createBackupJob } from "../../src/jobs/backup.ts";
import { InputError } from "../../src/types.ts";
import { type AdminParts, openParts } from "../support/admin-server.ts";

const HOUR_MS = 3_600_000;

let parts: AdminParts;
beforeEach(async () => {
  parts = await openParts();
});
afterEach(() => parts.close());

const change = (patch: Record<string, unknown>) => parts.operations.settings.patch(patch, "admin");
const job = () =>
  createBackupJob({
    clock: parts.clock,
    settings: () => parts.settings.current,
    transfer: parts.operations.transfer,
  });

test("as the schedule says, in the zone of the installation; the newest are kept", async () => {
  const { clock, operations } = parts;
  const { run } = job();
  await run();
  expect(operations.transfer.backups()).toEqual([]);
  await change({ backup_schedule: " 0  */6 * * * ", backup_keep: 2 });
  expect(parts.settings.current.backupSchedule).toBe("0 */6 * * *");
  const counts: number[] = [];
  for (let hour = 0; hour < 24; hour += 1) {
    clock.advance(HOUR_MS);
    await run();
    await run();
    counts.push(operations.transfer.backups().length);
  }
  // From noon on: at 18, 0, 6 and 12 o'clock.
  expect(counts.filter((count, hour) => count !== (counts[hour - 1] ?? 0))).toEqual([1, 2]);
  const [newest, oldest] = operations.transfer.backups();
  expect(newest!.name > oldest!.name).toBe(true);
  expect([newest!.name, newest!.at]).toEqual(["load-balancer-20261125-120000-000.db", clock.now()]);
  expect(newest!.sizeBytes).toBeGreaterThan(4_096);
});

test("a time that was slept through is made up for; other files are left alone", async () => {
  const { clock, operations, dir } = parts;
  await change({ backup_schedule: "0 4 * * *" });
  await operations.transfer.backUp();
  writeFileSync(join(dir, "backups/mine.db"), "mine");
  clock.advance(48 * HOUR_MS);
  const { run } = job();
  await run();
  await run();
  expect(operations.transfer.backups()).toHaveLength(2);
  expect(await Bun.file(join(dir, "backups/mine.db")).text()).toBe("mine");
});

test("what is no schedule is refused", async () => {
  for (const wrong of ["daily", "* * * *", "0 0 4 * * *", "61 * * * *", "0 4 31 2 *", 4]) {
    const error = await change({ backup_schedule: wrong }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InputError);
    expect((error as InputError).fields.backup_schedule).toContain("give a cron expression");
  }
});
