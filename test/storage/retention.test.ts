import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Storage } from "../../src/storage/types.ts";
import {
  anAttempt,
  anEvent,
  aQuery,
  aRequest,
  batchOf,
  type Folder,
  indexAll,
  withFreshStorage,
} from "./builders.ts";

const DAY_MS = 86_400_000;
const START = Date.parse("2026-03-01T00:00:00Z");

let folder: Folder;
let storage: Storage;
withFreshStorage((fresh) => ({ folder, storage } = fresh));

/** Requests in days of March, each with a failed attempt of its own words. */
async function fill(days: number, rowsADay: number): Promise<void> {
  for (let day = 0; day < days; day++) {
    const requests = Array.from({ length: rowsADay }, (_, row) =>
      aRequest({
        id: `d${day}-${row}`,
        startedAt: START + day * DAY_MS + row * 1_000,
        userAgent: "x".repeat(200),
        attempts: [anAttempt({ outcome: "rate_limited", error: `slow down day${day}` }), anAttempt()],
      }),
    );
    await storage.writeBatch(batchOf(requests));
  }
  await indexAll(storage);
}

const ids = async (query = {}) =>
  (await storage.requestLogs.list(aQuery({ limit: 500, ...query }))).data.map(({ id }) => id);

/** What stands in each table of the log. */
function counts() {
  const database = new Database(folder.database, { readonly: true });
  const count = (table: string) =>
    (database.query(`SELECT count(*) AS rows FROM ${table}`).get() as { rows: number }).rows;
  const tables = ["requests", "attempts", "request_texts", "request_texts_docsize", "key_events"];
  const found = tables.map(count);
  database.close();
  return found;
}

test("the oldest go first, in slices, with attempts and words; what began at the bound stays", async () => {
  await fill(3, 100);
  const { maintenance } = storage;
  expect(counts()).toEqual([300, 600, 300, 300, 0]);
  expect(await maintenance.deleteRequests({ at: START + DAY_MS }, 30)).toMatchObject({ count: 30 });
  expect(counts()).toEqual([270, 540, 270, 270, 0]);
  expect((await ids({ to: START + DAY_MS })).at(-1)).toBe("d0-30");
  let deleted = 0;
  for (let count = -1; count !== 0; deleted += count) {
    ({ count } = await maintenance.deleteRequests({ at: START + DAY_MS }, 30));
  }
  expect(deleted).toBe(70);
  expect(counts()).toEqual([200, 400, 200, 200, 0]);
  expect((await ids()).at(-1)).toBe("d1-0");
  expect(await ids({ q: "day0" })).toEqual([]);
  expect(await ids({ q: "day1" })).toHaveLength(100);
  expect(await maintenance.facts()).toMatchObject({ oldestRequestAt: START + DAY_MS });
  expect(await maintenance.countRequests(START + 2 * DAY_MS)).toBe(100);
});

test("key events go by the same bound", async () => {
  for (const at of [1, 2, 3]) await storage.keyEvents.insert(anEvent({ id: `e${at}`, at }));
  expect(await storage.maintenance.deleteKeyEvents(3, 100)).toMatchObject({ count: 2 });
  expect((await storage.keyEvents.list(aQuery())).data.map(({ id }) => id)).toEqual(["e3"]);
});

test("free pages are given back to the disk in slices", async () => {
  await fill(2, 2_000);
  const { maintenance } = storage;
  await maintenance.deleteRequests({ at: START + 9 * DAY_MS }, 10_000);
  const before = await maintenance.facts();
  expect(before.freeBytes).toBeGreaterThan(before.sizeBytes / 2);
  expect(await maintenance.giveBackPages(10)).toMatchObject({ count: 10 });
  while ((await maintenance.giveBackPages(200)).count > 0);
  const after = await maintenance.facts();
  expect(after.freeBytes).toBe(0);
  expect(after.sizeBytes).toBeLessThan(before.sizeBytes / 2);
  await maintenance.upkeep();
  expect(statSync(folder.database).size).toBe(after.sizeBytes);
});

test("an archive holds a day each, readable as one file, with every request as it was", async () => {
  await fill(2, 1_100);
  const all = await storage.requestLogs.list(aQuery({ limit: 500 }));
  const archive = join(folder.path, "archive");
  const bound = START + 2 * DAY_MS;
  const { maintenance } = storage;
  const chunks = [];
  for (let from = 0; ; ) {
    const chunk = await maintenance.archiveChunk(archive, from, bound);
    if (chunk === null) break;
    chunks.push(chunk);
    from = chunk.next;
  }
  expect(chunks.map(({ file, rows }) => [file, rows])).toEqual([
    ["requests-2026-03-01.jsonl.zst", 1_000],
    ["requests-2026-03-01.jsonl.zst", 100],
    ["requests-2026-03-02.jsonl.zst", 1_000],
    ["requests-2026-03-02.jsonl.zst", 100],
  ]);
  const files = readdirSync(archive).sort();
  expect(files).toEqual(["requests-2026-03-01.jsonl.zst", "requests-2026-03-02.jsonl.zst"]);
  const linesOf = (path: string) =>
    Bun.zstdDecompressSync(readFileSync(path)).toString().trimEnd().split("\n");
  expect(linesOf(join(archive, files[0]!))).toHaveLength(1_100);
  expect(statSync(join(archive, files[0]!)).mode & 0o777).toBe(0o600);

  await maintenance.deleteRequests({ place: chunks.at(-1)!.next }, 10_000);
  expect(counts()).toEqual([0, 0, 0, 0, 0]);
  const archived = files.flatMap((file) => linesOf(join(archive, file)).map((line) => JSON.parse(line)));
  expect(archived.slice(-500).reverse()).toEqual(all.data);
});

test("facets count by model, key, outcome and pool within a time, from the sums", async () => {
  const at = START + 12 * 3_600_000;
  await storage.writeBatch(
    batchOf([
      aRequest({ startedAt: at, model: "b" }),
      aRequest({
        startedAt: at,
        model: "a",
        poolId: "p1",
        attempts: [anAttempt({ keyId: "k2" }), anAttempt()],
      }),
      aRequest({ startedAt: at, model: "a", outcome: "rate_limited", attempts: [anAttempt()] }),
      aRequest({ startedAt: at - 20 * DAY_MS, model: "old" }),
    ]),
  );
  await storage.rollups.fold((ms) => Math.floor(ms / DAY_MS) * DAY_MS);
  const short = await storage.requestLogs.facets(at - 1, at + 1);
  expect(short).toMatchObject({
    models: [
      { value: "a", requests: 2 },
      { value: "b", requests: 1 },
    ],
    outcomes: [
      { value: "ok", requests: 2 },
      { value: "rate_limited", requests: 1 },
    ],
    pools: [{ value: "p1", requests: 1 }],
  });
  expect(short.keys.map(({ value }) => value).sort()).toEqual(["k1", "k2"]);
  const long = await storage.requestLogs.facets(at - 30 * DAY_MS, at + 1);
  expect(long.models.map(({ value }) => value)).toEqual(["a", "b", "old"]);
  expect((await storage.requestLogs.facets(0, 1)).models).toEqual([]);
});
