import { afterEach, beforeEach, expect, test } from "bun:test";
import type { Settings } from "../../src/settings.ts";
import type { RequestRecord } from "../../src/types.ts";
import { anAttempt, aRequest, batchOf } from "../storage/builders.ts";
import { type AdminServer, startAdmin } from "../support/admin-server.ts";
import { manualClock } from "../support/clock.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 10, 24, 14, 30, 20);

let server: AdminServer;

beforeEach(async () => {
  server = await startAdmin({ clock: manualClock(new Date(NOW).toISOString()) });
});
afterEach(() => server.stop());

const write = (...requests: RequestRecord[]) => server.storage.writeBatch(batchOf(requests));
const read = async (query = "") => {
  const answer = await server.call("GET", `/stats${query}`);
  expect(answer.status).toBe(200);
  return answer.json;
};
const set = (changes: Partial<Settings>) =>
  server.settings.replace({ ...server.settings.current, ...changes });

test("a range has all its buckets, ends with the one of now, and its totals are the series' sums", async () => {
  await write(
    aRequest({ startedAt: NOW }),
    aRequest({ startedAt: NOW - 3 * HOUR, outcome: "upstream_error", usageSource: "none" }),
    aRequest({ startedAt: NOW - 3 * DAY, costUsd: 2 }),
    aRequest({ startedAt: NOW - 400 * DAY }),
  );
  const expected: Record<string, [number, number, number, string]> = {
    "?range=1h": [60, 60, 1, "2026-11-24T13:31:00.000Z"],
    "?range=6h": [60, 360, 2, "2026-11-24T08:31:00.000Z"],
    "": [3_600, 24, 2, "2026-11-23T15:00:00.000Z"],
    "?range=7d": [3_600, 6 * 24 + 15, 3, "2026-11-18T00:00:00.000Z"],
    "?range=7d&bucket=day": [86_400, 7, 3, "2026-11-18T00:00:00.000Z"],
    "?range=30d": [86_400, 30, 3, "2026-10-26T00:00:00.000Z"],
    "?range=90d": [86_400, 90, 3, "2026-08-27T00:00:00.000Z"],
    "?range=1y": [86_400, 365, 3, "2025-11-25T00:00:00.000Z"],
    "?range=all": [86_400, 401, 4, "2025-10-20T00:00:00.000Z"],
  };
  for (const [query, [bucketS, points, requests, from]] of Object.entries(expected)) {
    const stats = await read(query);
    expect([query, stats.bucket_s, stats.series.length, stats.totals.requests, stats.from]).toEqual([
      query,
      bucketS,
      points,
      requests,
      from,
    ]);
    const sum = stats.series.reduce(
      (total: number, point: { requests: number }) => total + point.requests,
      0,
    );
    expect(sum).toBe(requests);
    expect(stats.series[0].at).toBe(from);
    expect(Date.parse(stats.to)).toBeGreaterThan(NOW);
  }
});

test("times of one's own are widened to whole buckets", async () => {
  await write(aRequest({ startedAt: NOW - 2 * HOUR }));
  const stats = await read("?from=2026-11-24T12:10:00Z&to=2026-11-24T12:50:00Z&bucket=hour");
  expect([stats.from, stats.to, stats.series.length, stats.totals.requests]).toEqual([
    "2026-11-24T12:00:00.000Z",
    "2026-11-24T13:00:00.000Z",
    1,
    1,
  ]);
  expect((await read("?from=2026-11-20&to=2026-11-22")).bucket_s).toBe(3_600);
  expect((await read("?from=2024-01-01&to=2024-01-03")).bucket_s).toBe(86_400);
});

test("what cannot be had is a 422 that names its field", async () => {
  for (const [query, field] of [
    ["?range=2d", "range"],
    ["?bucket=week", "bucket"],
    ["?group_by=client", "group_by"],
    ["?range=7d&bucket=minute", "bucket"],
    ["?range=1y&bucket=hour", "bucket"],
    ["?from=2026-11-24&to=2026-11-23", "from"],
    ["?from=yesterday", "from"],
  ] as const) {
    const answer = await server.call("GET", `/stats${query}`);
    expect([query, answer.status, Object.keys(answer.json.error.fields)]).toEqual([query, 422, [field]]);
  }
});

test("groups carry names, and what is gone is said to be", async () => {
  const [upstream] = await server.operations.upstreams.list();
  const pool = await server.operations.pools.add({ name: "Team" }, "admin");
  const key = await server.operations.keys.add({ secret: "sk-0123456789", name: "first" }, "admin");
  const attempt = anAttempt({ keyId: key.id, upstreamId: upstream?.id ?? "" });
  await write(
    aRequest({ startedAt: NOW, poolId: pool.id, attempts: [attempt] }),
    aRequest({
      startedAt: NOW,
      attempts: [{ ...attempt, outcome: "rate_limited" }, anAttempt({ keyId: "deleted-key-id" })],
    }),
    aRequest({ startedAt: NOW, model: null, attempts: [] }),
  );
  const labels = async (by: string) =>
    (await read(`?group_by=${by}`)).groups.map(
      (group: { label: string; requests: number; attempts: number }) => [
        group.label,
        group.requests,
        group.attempts,
      ],
    );
  expect(await labels("key")).toEqual([
    ["first", 1, 2],
    ["deleted-… (deleted)", 1, 1],
  ]);
  expect(await labels("pool")).toEqual([
    ["No pool", 2, 2],
    ["Team", 1, 1],
  ]);
  expect((await labels("upstream"))[0]?.[0]).toBe(upstream?.name);
  expect(await labels("model")).toEqual([
    ["gpt-4o-mini", 2, 3],
    ["None", 1, 0],
  ]);
});

test("the period before has the same buckets and groups, and the first groups have series of their own", async () => {
  await write(
    ...Array.from({ length: 3 }, () => aRequest({ startedAt: NOW, model: "first" })),
    ...Array.from({ length: 2 }, () => aRequest({ startedAt: NOW - HOUR, model: "second" })),
    aRequest({ startedAt: NOW - 2 * HOUR, model: "third" }),
    aRequest({ startedAt: NOW - DAY, model: "second" }),
    aRequest({ startedAt: NOW - 25 * HOUR, model: "third" }),
    aRequest({ startedAt: NOW - 8 * DAY, model: "first" }),
  );
  const { stats } = server.operations;
  const day = await stats.read({ groupBy: "model", groups: 2, groupSeries: 1, compare: true });
  expect(day.groups.map(({ id, requests, series }) => [id, requests, series.length])).toEqual([
    ["first", 3, 24],
    ["second", 2, 0],
  ]);
  expect(day.groups[0]?.series.at(-1)).toMatchObject({ at: NOW - (NOW % HOUR), requests: 3 });
  expect(day.before?.series.map(({ at }) => at + DAY)).toEqual(day.series.map(({ at }) => at));
  expect(day.before?.totals.requests).toBe(2);
  expect(day.before?.groups.map(({ id, requests }) => [id, requests])).toEqual([["second", 1]]);
  const week = await stats.read({ range: "7d", compare: true });
  expect([week.before?.to, week.before?.totals.requests]).toEqual([week.to - 7 * DAY, 1]);
  const month = await stats.read({ range: "30d", compare: true });
  expect([month.before?.series.length, month.before?.to]).toEqual([30, month.from]);
  expect((await stats.read({ range: "all", compare: true })).before).toBeNull();
  const old = await stats.read({ from: NOW - 80 * DAY, to: NOW - 75 * DAY, compare: true });
  expect([old.bucketS, old.before?.bucketS]).toEqual([3_600, 3_600]);
  const older = await stats.read({ from: NOW - 88 * DAY, to: NOW - 83 * DAY, compare: true });
  expect([older.bucketS, older.before?.series.length]).toEqual([86_400, 6]);
});

test("a cost not known is null; where some are, their sum is told with how many are missing", async () => {
  await write(
    aRequest({ startedAt: NOW - HOUR, model: "dear" }),
    aRequest({ startedAt: NOW, costUsd: 0.25 }),
  );
  const { totals, series, groups } = await read("?group_by=model");
  expect([totals.cost_usd, totals.unpriced_requests]).toEqual([0.25, 1]);
  expect(series.at(-2).cost_usd).toBeNull();
  expect(series.at(0).cost_usd).toBe(0);
  expect(groups.find(({ id }: { id: string }) => id === "dear").cost_usd).toBeNull();
});

test("percentiles are within 2 % of the exact ones, over any number of buckets", async () => {
  const exact: number[] = [];
  const requests = Array.from({ length: 3_000 }, (_, index) => {
    const ms = Math.round(Math.exp(((index * 7_919) % 3_000) / 300));
    exact.push(ms);
    return aRequest({ startedAt: NOW - (index % 20) * HOUR, ttftMs: ms, durationMs: 2 * ms });
  });
  await write(...requests);
  exact.sort((a, b) => a - b);
  const { totals, groups } = await read("?group_by=model");
  for (const [name, quantile] of [
    ["p50", 0.5],
    ["p95", 0.95],
    ["p99", 0.99],
  ] as const) {
    const value = exact[Math.floor(quantile * (exact.length - 1))] as number;
    for (const sums of [totals, groups[0]]) {
      expect(Math.abs(sums.ttft_ms[name] - value)).toBeLessThanOrEqual(value * 0.02);
      expect(Math.abs(sums.duration_ms[name] - 2 * value)).toBeLessThanOrEqual(2 * value * 0.02);
    }
  }
});

test("days are those of daily_reset_time_zone, with 23 and 25 hours where the clocks change", async () => {
  set({ dailyResetTimeZone: "Europe/Berlin" });
  // The clocks went back on 25 October 2026 at 01:00 UTC: that day has 25 hours.
  const midnight = Date.UTC(2026, 9, 24, 22);
  await write(
    aRequest({ startedAt: midnight - 1 }),
    aRequest({ startedAt: midnight }),
    aRequest({ startedAt: midnight + 25 * HOUR - 1 }),
    aRequest({ startedAt: midnight + 25 * HOUR }),
  );
  const { series } = await read("?range=90d");
  const days = series.filter(({ requests }: { requests: number }) => requests > 0);
  expect(days.map(({ at, requests }: { at: string; requests: number }) => [at, requests])).toEqual([
    ["2026-10-23T22:00:00.000Z", 1],
    ["2026-10-24T22:00:00.000Z", 2],
    ["2026-10-25T23:00:00.000Z", 1],
  ]);
  // Another zone: what was counted stays counted once.
  set({ dailyResetTimeZone: "America/New_York" });
  expect((await read("?range=90d")).totals.requests).toBe(4);
});

test("a reset forgets statistics and nothing else", async () => {
  await server.operations.keys.add({ secret: "sk-0123456789" }, "admin");
  const request = aRequest({ startedAt: NOW });
  await write(request);
  expect((await read()).totals.requests).toBe(1);
  expect((await server.call("POST", "/stats/reset")).status).toBe(204);
  expect((await read()).totals.requests).toBe(0);
  expect(await server.storage.requestLogs.get(request.id)).not.toBeNull();
  expect(await server.storage.keys.list()).toHaveLength(1);
  await write(aRequest({ startedAt: NOW }));
  expect((await read()).totals.requests).toBe(1);
});
