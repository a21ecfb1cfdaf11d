import type { Sql } from "./database.ts";
import { bucketsIn } from "./rollup-buckets.ts";
import type { COUNT_NAMES } from "./rollup-delta.ts";
import { Sketch } from "./sketch.ts";
import { defineTable, plain, type Row, whole } from "./table.ts";
import type {
  RollupCounts,
  RollupDimension,
  RollupGroupQuery,
  RollupPointsQuery,
  RollupSeriesQuery,
  RollupValuePoint,
} from "./types.ts";

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
export const DIMENSIONS: readonly RollupDimension[] = [
  "total",
  "key",
  "model",
  "pool",
  "upstream",
  "outcome",
];
/** By primary key alone: wherever a value has a bucket, the total has one too. */
const PLACES =
  "bucket_s = ? AND dimension = ? AND " +
  "at IN (SELECT at FROM rollups WHERE bucket_s = ? AND dimension = 'total' AND at >= ? AND at < ?) AND " +
  "value IN (SELECT value FROM json_each(?))";
/** The rows of a dimension in some buckets, one bucket after the other. */
const BUCKETS =
  "json_each(?) AS bucket CROSS JOIN rollups AS r " +
  "ON r.bucket_s = bucket.value ->> 0 AND r.dimension = ? AND r.at = bucket.value ->> 1";
const AMONG = "r.value IN (SELECT value FROM json_each(?))";
const LARGEST_FIRST = "ORDER BY sum(r.requests) DESC, sum(r.attempts) DESC, r.value";
const SUMS = counts.columns.replace(/\w+/g, "sum(r.$&) AS $&");

/** Sketches as bytes: so they go from the storage worker to the main thread. */
interface Packed {
  counts: RollupCounts;
  ttft: Uint8Array;
  duration: Uint8Array;
}
export type PackedPoint = Packed & { at: number; value: string };
export type PackedGroup = Packed & { value: string };

/** The buckets of some values, by value; those without requests are absent. */
export function readSeries(sql: Sql, query: RollupSeriesQuery): PackedPoint[] {
  const { bucketS, dimension, values, from, to } = query;
  const rows = sql.all(
    `SELECT at, value, ${counts.columns}, ttft, duration FROM rollups WHERE ${PLACES} ORDER BY at`,
    ...places(bucketS, dimension, from, to, values),
  );
  return rows.map((row) => ({
    at: Number(row.at),
    value: String(row.value),
    counts: counts.decode(row),
    ttft: row.ttft as Uint8Array,
    duration: row.duration as Uint8Array,
  }));
}

/** Which values count is one pass over the range; the sums and sketches are looked up for those alone. */
export function readPoints(sql: Sql, query: RollupPointsQuery): RollupValuePoint[] {
  const rows = sql.all(
    // CROSS JOIN keeps the order: each pair of value and beginning is looked up by the primary key.
    `SELECT r.value, r.at, r.attempts, r.successes, r.client_errors
     FROM json_each(?) AS wanted CROSS JOIN json_each(?) AS starts CROSS JOIN rollups AS r
     WHERE r.bucket_s = ? AND r.dimension = ? AND r.at = starts.value AND r.value = wanted.value`,
    JSON.stringify(query.values),
    JSON.stringify(query.starts),
    query.bucketS,
    query.dimension,
  );
  return rows.map((row) => ({
    value: String(row.value),
    at: Number(row.at),
    attempts: Number(row.attempts),
    successes: Number(row.successes),
    clientErrors: Number(row.client_errors),
  }));
}

export function readGroups(sql: Sql, query: RollupGroupQuery): PackedGroup[] {
  const { bucketS, dimension, from, to, limit } = query;
  const buckets = JSON.stringify(bucketsIn(sql, bucketS, from, to));
  const values = query.values ?? largest(sql, buckets, dimension, limit);
  const asked = [buckets, dimension, JSON.stringify(values)];
  const sums = sql.all(
    `SELECT r.value, ${SUMS} FROM ${BUCKETS} AND ${AMONG} GROUP BY r.value ${LARGEST_FIRST} LIMIT ?`,
    ...asked,
    limit,
  );
  const sketches = new Map(
    sums.map(({ value }) => [String(value), { ttft: new Sketch(), duration: new Sketch() }]),
  );
  const rows = sql.all(`SELECT r.value, r.ttft, r.duration FROM ${BUCKETS} AND ${AMONG}`, ...asked);
  for (const row of rows) {
    const into = sketches.get(String(row.value));
    if (into !== undefined) mergeSketches(into, row);
  }
  return sums.map((row) => {
    const value = String(row.value);
    const { ttft, duration } = sketches.get(value)!;
    return { value, counts: counts.decode(row), ttft: ttft.encode(), duration: duration.encode() };
  });
}

function largest(sql: Sql, buckets: string, dimension: string, limit: number): string[] {
  const text = `SELECT r.value FROM ${BUCKETS} GROUP BY r.value ${LARGEST_FIRST} LIMIT ?`;
  return sql.all(text, buckets, dimension, limit).map(({ value }) => String(value));
}

function places(bucketS: number, dimension: string, from: number, to: number, values: readonly string[]) {
  return [bucketS, dimension, bucketS, from, to, JSON.stringify(values)];
}

export function mergeSketches(into: { ttft: Sketch; duration: Sketch }, row: Row): void {
  into.ttft.mergeEncoded(row.ttft as Uint8Array);
  into.duration.mergeEncoded(row.duration as Uint8Array);
}
