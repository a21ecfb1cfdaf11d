import { afterEach, beforeEach, expect, test } from "bun:test";
import { DDSketch } from "@datadog/sketches-js";
import { openDatabase, type Sql } from "../../src/storage/database.ts";
import { makeBlock } from "../../src/storage/rollup-blocks.ts";
import { readGroups, readPoints, readSeries } from "../../src/storage/rollup-read.ts";
import { Rollups } from "../../src/storage/rollups.ts";
import { Sketch } from "../../src/storage/sketch.ts";
import { Turns } from "../../src/storage/turns.ts";
import type { RollupDimension, RollupPoint } from "../../src/storage/types.ts";
import type { RequestRecord } from "../../src/types.ts";
import { anAttempt, aRequest, type Folder, tempFolder } from "./builders.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOON = Date.UTC(2026, 10, 24, 12);
const utcDay = (ms: number) => Math.floor(ms / DAY) * DAY;

let folder: Folder;
let sql: Sql;
let rollups: Rollups;

beforeEach(() => {
  folder = tempFolder();
  open();
});
afterEach(() => {
  sql.close();
  folder.remove();
});

function open(): void {
  sql = openDatabase(folder.database);
  rollups = new Rollups(sql, new Turns(), {
    series: async (query) => readSeries(sql, query),
    groups: async (query) => readGroups(sql, query),
    points: async (query) => readPoints(sql, query),
    makeBlock: async (now) => makeBlock(sql, now),
  });
}

/** As a batch does it; `crash`: the process dies after the commit. */
function store(requests: RequestRecord[], crash = false): void {
  const committed = sql.batch(() => rollups.add(requests));
  if (!crash) committed();
}

const total = (bucketS: 60 | 3_600 | 86_400 = 86_400): Promise<RollupPoint[]> =>
  rollups.series({ bucketS, dimension: "total", values: [""], from: 0, to: 2 * NOON });
const groupsOf = (dimension: RollupDimension) =>
  rollups.groups({ bucketS: 86_400, dimension, from: 0, to: 2 * NOON, limit: 1_000 });

test("each dimension has its own row, attempts are their key's, tokens those of the key that answered", async () => {
  const failedOver = aRequest({
    startedAt: NOON,
    poolId: "p1",
    attempts: [
      anAttempt({ keyId: "k1", outcome: "rate_limited" }),
      anAttempt({ keyId: "k2", upstreamId: "u2" }),
    ],
    usageSource: "estimated",
    costUsd: 0.5,
    cachedTokens: 4,
  });
  const refused = aRequest({
    startedAt: NOON + MINUTE,
    model: null,
    outcome: "no_usable_key",
    attempts: [],
    inputTokens: null,
    outputTokens: null,
    ttftMs: null,
    usageSource: "none",
  });
  const mistaken = aRequest({ startedAt: NOON + HOUR, outcome: "client_error", usageSource: "none" });
  store([failedOver, refused, mistaken]);
  await rollups.fold(utcDay);

  const [day] = await total();
  expect(day).toMatchObject({
    at: utcDay(NOON),
    counts: {
      requests: 3,
      successes: 1,
      errors: 1,
      clientErrors: 1,
      attempts: 3,
      failovers: 1,
      inputTokens: 20,
      outputTokens: 40,
      cachedTokens: 4,
      estimatedRequests: 1,
      pricedRequests: 1,
      unpricedRequests: 0,
      costUsd: 0.5,
    },
  });
  expect((await total(60)).map(({ at }) => at - NOON)).toEqual([0, MINUTE, HOUR]);
  expect((await total(3_600)).map(({ at, counts }) => [at - NOON, counts.requests])).toEqual([
    [0, 2],
    [HOUR, 1],
  ]);
  const inGroups = async (dimension: RollupDimension) =>
    (await groupsOf(dimension)).map(({ value, counts }) => [value, counts.requests, counts.attempts]);
  expect(await inGroups("key")).toEqual([
    ["k1", 1, 2],
    ["k2", 1, 1],
  ]);
  expect(await inGroups("upstream")).toEqual([
    ["u1", 1, 2],
    ["u2", 1, 1],
  ]);
  expect(await inGroups("model")).toEqual([
    ["gpt-4o-mini", 2, 3],
    ["", 1, 0],
  ]);
  expect(await inGroups("pool")).toEqual([
    ["", 2, 1],
    ["p1", 1, 2],
  ]);
  expect((await inGroups("outcome")).map(([outcome]) => outcome).toSorted()).toEqual([
    "client_error",
    "no_usable_key",
    "ok",
  ]);
  expect((await groupsOf("key"))[1]?.counts.inputTokens).toBe(10);
  expect(await rollups.minutes(NOON, NOON + HOUR)).toEqual([
    {
      at: NOON,
      requests: 1,
      errors: 0,
      failovers: 1,
      inputTokens: 10,
      outputTokens: 20,
      costUsd: 0.5,
      pricedRequests: 1,
    },
    {
      at: NOON + MINUTE,
      requests: 1,
      errors: 1,
      failovers: 0,
      inputTokens: 0,
      outputTokens: 0,
      costUsd: 0,
      pricedRequests: 0,
    },
  ]);
});

test("a crash between a batch and its folding loses nothing and counts nothing twice", async () => {
  store([aRequest({ startedAt: NOON })]);
  await rollups.fold(utcDay);
  store([aRequest({ startedAt: NOON, ttftMs: 700 })], true);
  store([aRequest({ startedAt: NOON + HOUR })], true);
  sql.close();
  open();
  await rollups.fold(utcDay);
  const [day] = await total();
  expect(day?.counts.requests).toBe(3);
  expect(day?.ttft.count).toBe(3);
  expect(day?.ttft.quantiles([1])[0]).toBeWithin(693, 707);
  sql.close();
  open();
  await rollups.fold(utcDay);
  expect((await total())[0]?.counts.requests).toBe(3);
  expect(await total(3_600)).toHaveLength(2);
});

test("a batch that is rolled back is counted nowhere", async () => {
  const fail = () =>
    sql.batch(() => {
      rollups.add([aRequest({ startedAt: NOON })]);
      throw new Error("disk full");
    });
  expect(fail).toThrow("disk full");
  await rollups.fold(utcDay);
  expect(await total()).toEqual([]);
  sql.close();
  open();
  await rollups.fold(utcDay);
  expect(await total()).toEqual([]);
});

test("made-up models become other, and leave room for those that answer", async () => {
  const named = (prefix: string, count: number, outcome: string) =>
    Array.from({ length: count }, (_, index) =>
      aRequest({ startedAt: NOON, model: `${prefix}-${index}`, outcome }),
    );
  store(named("made-up", 500, "model_unavailable"));
  store(named("real", 150, "ok"));
  store(named("made-up", 500, "model_unavailable"));
  await rollups.fold(utcDay);
  const models = await groupsOf("model");
  expect(models).toHaveLength(201);
  expect(models.filter(({ value }) => value.startsWith("real"))).toHaveLength(100);
  expect(models.find(({ value }) => value === "other")?.counts.requests).toBe(400 + 400 + 50);
  // After a restart the names of the day are the same.
  sql.close();
  open();
  store([...named("real", 101, "ok")]);
  await rollups.fold(utcDay);
  expect((await groupsOf("model")).find(({ value }) => value === "other")?.counts.requests).toBe(851);
});

test("old minutes and hours go, days stay", async () => {
  store([
    aRequest({ startedAt: NOON - 100 * DAY }),
    aRequest({ startedAt: NOON - 3 * DAY }),
    aRequest({ startedAt: NOON }),
  ]);
  await rollups.fold(utcDay);
  expect(await rollups.prune(NOON)).toBeGreaterThan(0);
  while ((await rollups.prune(NOON)) > 0);
  expect((await total(60)).map(({ at }) => at)).toEqual([NOON]);
  expect((await total(3_600)).map(({ at }) => at)).toEqual([NOON - 3 * DAY, NOON]);
  expect(await total()).toHaveLength(3);
  expect(await rollups.oldest()).toBe(utcDay(NOON - 100 * DAY));
  await rollups.clear();
  expect(await total()).toEqual([]);
  expect(await rollups.oldest()).toBeNull();
});

test("quantiles are those of Datadog's sketch, within 1 % of the exact ones, after any merging and coding", () => {
  const theirs = new DDSketch({ relativeAccuracy: 0.01 });
  const parts = Array.from({ length: 50 }, () => new Sketch());
  const values: number[] = [];
  let state = 42;
  for (let index = 0; index < 20_000; index += 1) {
    state = (state * 48_271) % 2_147_483_647;
    const ms = index % 100 === 0 ? 0 : Math.round(Math.exp((state / 2_147_483_647) * 12));
    values.push(ms);
    theirs.accept(ms);
    parts[index % parts.length]!.add(ms);
  }
  const merged = new Sketch();
  for (const part of parts) merged.mergeEncoded(part.encode());
  const ours = new Sketch();
  ours.mergeEncoded(merged.encode());
  values.sort((a, b) => a - b);
  const wanted = [0, 0.005, 0.25, 0.5, 0.95, 0.99, 0.999, 1];
  ours.quantiles(wanted).forEach((value, index) => {
    const quantile = wanted[index] as number;
    expect(value).toBeCloseTo(theirs.getValueAtQuantile(quantile), 4);
    const exact = values[Math.floor(quantile * (values.length - 1))] as number;
    expect(Math.abs((value as number) - exact)).toBeLessThanOrEqual(exact * 0.01 + 1e-9);
  });
  expect(ours.encode().length).toBeLessThan(4 * (ours.toPairs().length / 2));
  expect(new Sketch().quantiles([0.5])).toEqual([null]);
});
