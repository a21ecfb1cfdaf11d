import { expect, test } from "bun:test";
import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { writePieces } from "../../src/operations/transfer/write-file.ts";
import { anAttempt, aRequest, batchOf } from "../storage/builders.ts";
import { openParts } from "../support/admin-server.ts";
import { figure, scale } from "../support/scale.ts";

const ROWS = scale(4_000, 1_000_000);
const BATCH = 2_000;
const MB = 2 ** 20;

/** What runs in this process and its workers, in MiB. */
const memory = () => Math.round(process.memoryUsage().rss / MB);

test("a long log out and in again: memory stays flat, and it is told how far it is", async () => {
  const source = await openParts();
  const target = await openParts();
  const file = join(source.dir, "all.json");
  try {
    const began = source.clock.now() - ROWS * 10;
    for (let row = 0; row < ROWS; row += BATCH) {
      const requests = Array.from({ length: BATCH }, (_, index) => {
        const startedAt = began + (row + index) * 10;
        return aRequest({ startedAt, attempts: [anAttempt({ startedAt })] });
      });
      await source.storage.writeBatch(batchOf(requests));
      if (row % 50_000 === 0) await source.operations.stats.fold();
    }
    let told = 0;
    const before = memory();
    let peak = before;
    const look = () => {
      told += 1;
      peak = Math.max(peak, memory());
    };
    let at = performance.now();
    const pieces = await source.operations.transfer.exportAll({
      secrets: "none",
      actor: "admin",
      progress: look,
    });
    await writePieces(pieces, file);
    figure(`export of ${ROWS} requests, s`, ((performance.now() - at) / 1_000).toFixed(1));
    figure("size of the export, MiB", Math.round(statSync(file).size / MB));
    figure("memory more at its peak in the export, MiB", peak - before);
    expect(told).toBeGreaterThanOrEqual(ROWS / 500);
    expect(peak - before).toBeLessThan(300);

    const beforeImport = memory();
    peak = beforeImport;
    at = performance.now();
    const report = await target.operations.transfer.importFile(file, { actor: "admin", progress: look });
    figure(`import of ${ROWS} requests, s`, ((performance.now() - at) / 1_000).toFixed(1));
    figure("memory more at its peak in the import, MiB", peak - beforeImport);
    expect(report.added.requests).toBe(ROWS);
    expect(peak - beforeImport).toBeLessThan(300);
  } finally {
    rmSync(file, { force: true });
    source.close();
    target.close();
  }
});
