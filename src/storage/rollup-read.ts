import type { Sql } from "./database.ts";
import type { COUNT_NAMES } from "./rollup-delta.ts";
import { Sketch } from "./sketch.ts";
import { defineTable, plain, type Row, whole } from "./table.ts";
import type {
  RollupCounts,
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
export const RANGE = "bucket_s = ? AND dimension = ? AND at >= ? AND at < ?";
/** By primary key alone: wherever a value has a bucket, the total has one too. */
const PLACES =
  "bucket_s = ? AND dimension = ? AND " +
  "at IN (SELECT at FROM rollups WHERE bucket_s = ? AND dimension = 'total' AND at >= ? AND at < ?) AND " +
  "value IN (SELECT value FROM json_each(?))";
const SUMS = counts.columns.replace(/\w+/g, "sum($&) AS $&");

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
  const values = query.values ?? largest(sql, query);
  const asked = places(bucketS, dimension, from, to, values);
  const sums = sql.all(
    `SELECT value, ${SUMS} FROM rollups WHERE ${PLACES} GROUP BY value
     ORDER BY sum(requests) DESC, sum(attempts) DESC, value LIMIT ?`,
    ...asked,
    limit,
  );
  const sketches = new Map(
    sums.map(({ value }) => [String(value), { ttft: new Sketch(), duration: new Sketch() }]),
  );
  const rows = sql.all(`SELECT value, ttft, duration FROM rollups WHERE ${PLACES}`, ...asked);
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

function largest(sql: Sql, { bucketS, dimension, from, to, limit }: RollupGroupQuery): string[] {
  return sql
    .all(
      `SELECT value FROM rollups WHERE ${RANGE} GROUP BY value
       ORDER BY sum(requests) DESC, sum(attempts) DESC, value LIMIT ?`,
      bucketS,
      dimension,
      from,
      to,
      limit,
    )
    .map(({ value }) => String(value));
}

function places(bucketS: number, dimension: string, from: number, to: number, values: readonly string[]) {
  return [bucketS, dimension, bucketS, from, to, JSON.stringify(values)];
}

export function mergeSketches(into: { ttft: Sketch; duration: Sketch }, row: Row): void {
  into.ttft.mergeEncoded(row.ttft as Uint8Array);
  into.duration.mergeEncoded(row.duration as Uint8Array);
}
