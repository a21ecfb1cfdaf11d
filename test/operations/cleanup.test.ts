import { afterEach, beforeEach, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { createRetention } from "../../src/jobs/retention.ts";
import { ConflictError } from "../../src/types.ts";
import { aRequest, batchOf } from "../storage/builders.ts";
import { type AdminParts, openParts } from "../support/admin-server.ts";

const DAY_MS = 86_400_000;
const MB = 2 ** 20;

let parts: AdminParts;
beforeEach(async () => {
  parts = await openParts();
});
afterEach(() => parts.close());

/** One request a second up to now, 1 KiB each. */
async function fill(rows: number, agoMs = 0): Promise<void> {
  const now = parts.clock.now() - agoMs;
  for (let row = 0; row < rows; row += 1_000) {
    const batch = Array.from({ length: Math.min(1_000, rows - row) }, (_, index) =>
      aRequest({ startedAt: now - (rows - row - index) * 1_000, userAgent: "x".repeat(1_024), attempts: [] }),
    );
    await parts.storage.writeBatch(batchOf(batch));
  }
}

const oldest = async () => (await parts.storage.maintenance.facts()).oldestRequestAt;
const change = (patch: Record<string, unknown>) => parts.operations.settings.patch(patch, "admin");

test("by age: what is older than log_retention_days goes; 0 keeps all", async () => {
  await fill(10, 31 * DAY_MS);
  await fill(10, 29 * DAY_MS);
  await change({ log_retention_days: 0 });
  expect(await parts.operations.cleanup.keepInBounds()).toMatchObject({ deletedRequests: 0 });
  await change({ log_retention_days: 30 });
  expect(await parts.operations.cleanup.keepInBounds()).toMatchObject({ deletedRequests: 10 });
  expect(await oldest()).toBe(parts.clock.now() - 29 * DAY_MS - 10_000);
});

test("by size: the oldest go until there is room again, archived where the setting says so", async () => {
  await fill(4_000);
  const { cleanup } = parts.operations;
  expect(await cleanup.isTooLarge()).toBe(false);
  await change({ log_max_size_mb: 3, archive_before_delete: true });
  expect(await cleanup.isTooLarge()).toBe(true);
  const result = await cleanup.keepInBounds();
  expect(result.deletedRequests).toBeGreaterThan(1_000);
  expect(result.deletedRequests).toBeLessThan(4_000);
  expect(result.archivedRequests).toBe(result.deletedRequests);
  expect(readdirSync(parts.deps.archiveDir)).toEqual(result.archiveFiles);
  const { sizeBytes, freeBytes } = await parts.storage.maintenance.facts();
  expect(sizeBytes - freeBytes).toBeLessThanOrEqual(3 * MB * 0.9);
  // The newest are still there.
  const { data } = await parts.storage.requestLogs.list({ kind: "request", limit: 1, cursor: null });
  expect(data[0]?.startedAt).toBe(parts.clock.now() - 1_000);
  expect(await cleanup.isTooLarge()).toBe(false);
});

test("one cleanup at a time", async () => {
  await fill(2_000);
  const { cleanup } = parts.operations;
  const first = cleanup.run({ olderThanDays: 0, archive: false }, "admin");
  await expect(cleanup.keepInBounds()).rejects.toBeInstanceOf(ConflictError);
  expect(await first).toMatchObject({ deletedRequests: 2_000 });
  expect(await cleanup.keepInBounds()).toMatchObject({ deletedRequests: 0 });
});

test("batches go on while rows are deleted, and none of theirs is lost", async () => {
  await fill(6_000, DAY_MS);
  const cleaning = parts.operations.cleanup.run({ olderThanDays: 1, archive: false }, "admin");
  let written = 0;
  let isOver = false;
  void cleaning.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    await parts.storage.writeBatch(batchOf([aRequest({ startedAt: parts.clock.now() })]));
    written += 1;
    await Bun.sleep(1);
  }
  expect(await cleaning).toMatchObject({ deletedRequests: 6_000 });
  expect(written).toBeGreaterThan(3);
  expect(await parts.storage.maintenance.countRequests(parts.clock.now() + 1)).toBe(written);
});

test("the job cleans once a night, and by size at any time", async () => {
  const runs: number[] = [];
  let tooLarge = false;
  const { clock } = parts;
  const job = createRetention({
    clock,
    settings: () => ({ dailyResetTimeZone: "Europe/Berlin" }),
    cleanup: {
      upkeep: async () => undefined,
      isTooLarge: async () => tooLarge,
      async keepInBounds() {
        runs.push(clock.now());
        return {} as never;
      },
    },
  });
  await job.run();
  await job.run();
  expect(runs).toHaveLength(1);
  tooLarge = true;
  await job.run();
  tooLarge = false;
  expect(runs).toHaveLength(2);
  // From noon in UTC on, 13:00 in Berlin: the next night's 03:00 there is 14 h away.
  clock.advance(14 * 3_600_000 - 1);
  await job.run();
  expect(runs).toHaveLength(2);
  clock.advance(1);
  await job.run();
  await job.run();
  expect(runs).toHaveLength(3);
});
