import { afterEach, beforeEach, expect, test } from "bun:test";
import { openDatabase, type Sql } from "../../src/storage/database.ts";
import { makeBlock } from "../../src/storage/rollup-blocks.ts";
import { blockOf, bucketsIn } from "../../src/storage/rollup-buckets.ts";
import { readGroups, readPoints, readSeries } from "../../src/storage/rollup-read.ts";
import { Rollups } from "../../src/storage/rollups.ts";
import { Sketch } from "../../src/storage/sketch.ts";
import { Turns } from "../../src/storage/turns.ts";
import type { RequestRecord } from "../../src/types.ts";
import { chance } from "../support/chance.ts";
import { anAttempt, aRequest, type Folder, tempFolder } from "./builders.ts";

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 10, 24, 12);
/** Days begin at 18:30 UTC. */
const OFFSET = 5.5 * 3_600_000;
const indianDay = (ms: number) => Math.floor((ms + OFFSET) / DAY) * DAY - OFFSET;

let folder: Folder;
let sql: Sql;
let rollups: Rollups;
const start = () =>
  new Rollups(sql, new Turns(), {
    series: async (query) => readSeries(sql, query),
    groups: async (query) => readGroups(sql, query),
    points: async (query) => readPoints(sql, query),
    makeBlock: async (now) => makeBlock(sql, now),
  });
beforeEach(() => {
  folder = tempFolder();
  sql = openDatabase(folder.database);
  rollups = start();
});
afterEach(() => {
  sql.close();
  folder.remove();
});

const random = chance(5);
const someRequests = (count: number): RequestRecord[] =>
  Array.from({ length: count }, () => {
    const startedAt = NOW - random.below(150 * DAY);
    return aRequest({
      startedAt,
      costUsd: 0.5 * random.below(8),
      durationMs: random.below(60_000),
      ttftMs: random.below(3_000),
      model: random.one(["a", "b", "c"]),
      outcome: random.one(["ok", "overloaded"]),
      attempts: random.some(["k1", "k2", "k3", "k4"], 2).map((keyId) => anAttempt({ keyId, startedAt })),
    });
  });
const past = (requests: RequestRecord[]) => sql.batch(() => rollups.addPast(requests, indianDay, NOW));
async function makeAll(): Promise<number> {
  let made = 0;
  while (await rollups.makeBlock(NOW)) made += 1;
  return made;
}

/** What days alone say. */
async function byDays(dimension: "key" | "model", value: string, from: number, to: number) {
  const days = await rollups.series({ bucketS: 86_400, dimension, values: [value], from, to });
  const [ttft, duration] = [new Sketch(), new Sketch()];
  const sums: Record<string, number> = {};
  for (const { counts, ttft: some, duration: more } of days) {
    for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count;
    ttft.merge(some);
    duration.merge(more);
  }
  return { sums, ttft: ttft.toPairs(), duration: duration.toPairs() };
}
async function expectTheSame(): Promise<void> {
  for (let round = 0; round < 30; round++) {
    const from = NOW - random.below(160) * DAY - random.below(DAY);
    const to = from + random.below(160) * DAY;
    for (const dimension of ["key", "model"] as const) {
      const groups = await rollups.groups({ bucketS: 86_400, dimension, from, to, limit: 10 });
      for (const { value, counts, ttft, duration } of groups) {
        const sums = { ...counts };
        expect({ sums, ttft: ttft.toPairs(), duration: duration.toPairs() }).toEqual(
          (await byDays(dimension, value, from, to)) as never,
        );
      }
    }
  }
}

test("sums over any days are the same with blocks and without, also where requests come later or elsewhere", async () => {
  past(someRequests(1_500));
  expect(await makeAll()).toBe(5);
  await expectTheSame();
  // Fewer rows are read: 5 blocks, and the days around them.
  const buckets = bucketsIn(sql, 86_400, 0, NOW);
  expect(buckets.filter(([bucketS]) => bucketS > 86_400)).toHaveLength(5);
  expect(buckets.length).toBeLessThan(40);

  past(someRequests(300));
  await expectTheSame();
  const committed = sql.batch(() => rollups.add(someRequests(200)));
  committed();
  await rollups.fold(indianDay);
  await expectTheSame();
  // Who starts anew knows which are made.
  rollups = start();
  past(someRequests(100));
  await expectTheSame();
  expect(await makeAll()).toBe(0);
});

test("a block is made when it is over for some days; after a reset there are none", async () => {
  const end = blockOf(NOW) + 32 * DAY;
  past([aRequest({ startedAt: NOW })]);
  expect(await rollups.makeBlock(end + 2 * DAY)).toBe(false);
  expect(await rollups.makeBlock(end + 3 * DAY)).toBe(true);
  expect(await rollups.makeBlock(end + 3 * DAY)).toBe(false);
  await rollups.clear();
  past([aRequest({ startedAt: NOW })]);
  expect(bucketsIn(sql, 86_400, 0, end + DAY)).toEqual([[86_400, indianDay(NOW)]]);
});
