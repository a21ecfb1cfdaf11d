import type { Sql } from "./database.ts";
import type { COUNT_NAMES } from "./rollup-delta.ts";
import { Sketch } from "./sketch.ts";
import { defineTable, plain, type Row, whole } from "./table.ts";
import type { RollupCounts, RollupGroupQuery, RollupSeriesQuery } from "./types.ts";

/** In the order of `COUNT_NAMES`. */
export const counts = defineTable<RollupCounts>("rollups", {
  requests: whole(),
  successes: whole(),
  errors: whole(),
  clientErrors: whole(),
  attempts: whole(),
  failovers: whole(),
  inputTokens: whole(),
  outputTokens: whole(),
  cachedTokens: whole(),
  reasoningTokens: whole(),
  estimatedRequests: whole(),
  pricedRequests: whole(),
  unpricedRequests: whole(),
  costUsd: plain<number>(),
} satisfies Record<(typeof COUNT_NAMES)[number], unknown>);
export const RANGE = "bucket_s = ? AND dimension = ? AND at >= ? AND at < ?";
const SUMS = counts.columns.replace(/\w+/g, "sum($&) AS $&");

/** Sketches as bytes: so they go from the storage worker to the main thread. */
interface Packed {
  counts: RollupCounts;
  ttft: Uint8Array;
  duration: Uint8Array;
}
export type PackedPoint = Packed & { at: number };
export type PackedGroup = Packed & { value: string };

export function readSeries(sql: Sql, query: RollupSeriesQuery): PackedPoint[] {
  const { bucketS, dimension, value, from, to } = query;
  const rows = sql.all(
    `SELECT at, ${counts.columns}, ttft, duration FROM rollups WHERE ${RANGE} AND value = ? ORDER BY at`,
    bucketS,
    dimension,
    from,
    to,
    value,
  );
  return rows.map((row) => ({
    at: Number(row.at),
    counts: counts.decode(row),
    ttft: row.ttft as Uint8Array,
    duration: row.duration as Uint8Array,
  }));
}

export function readGroups(sql: Sql, query: RollupGroupQuery): PackedGroup[] {
  const { bucketS, dimension, from, to, limit } = query;
  const range = [bucketS, dimension, from, to];
  const sums = sql.all(
    `SELECT value, ${SUMS} FROM rollups WHERE ${RANGE} GROUP BY value
     ORDER BY sum(requests) DESC, sum(attempts) DESC, value LIMIT ?`,
    ...range,
    limit,
  );
  const sketches = new Map(
    sums.map(({ value }) => [String(value), { ttft: new Sketch(), duration: new Sketch() }]),
  );
  const rows = sql.all(
    `SELECT value, ttft, duration FROM rollups WHERE ${RANGE} AND value IN (SELECT value FROM json_each(?))`,
    ...range,
    JSON.stringify([...sketches.keys()]),
  );
  for (const row of rows) mergeSketches(sketches.get(String(row.value))!, row);
  return sums.map((row) => {
    const value = String(row.value);
    const { ttft, duration } = sketches.get(value)!;
    return { value, counts: counts.decode(row), ttft: ttft.encode(), duration: duration.encode() };
  });
}

export function mergeSketches(into: { ttft: Sketch; duration: Sketch }, row: Row): void {
  into.ttft.mergeEncoded(row.ttft as Uint8Array);
  into.duration.mergeEncoded(row.duration as Uint8Array);
}
