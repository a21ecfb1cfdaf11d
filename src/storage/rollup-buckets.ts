import type { Sql } from "./database.ts";

export const DAY_S = 86_400;
const BLOCK_DAYS = 32;
/** Days that began in a block's time are summed up once more, so that years by a thousand keys are few rows to read. */
export const BLOCK_S = BLOCK_DAYS * DAY_S;
export const BLOCK_MS = BLOCK_S * 1_000;

export const RANGE = "bucket_s = ? AND dimension = ? AND at >= ? AND at < ?";

/** The block of a day that began at `at`, by the block's own beginning. */
export function blockOf(at: number): number {
  return Math.floor(at / BLOCK_MS) * BLOCK_MS;
}

/** Beginnings, oldest first. */
export function blocksMade(sql: Sql): number[] {
  return bucketsFrom(sql, BLOCK_S, 0, Number.MAX_SAFE_INTEGER);
}

/**
 * The buckets that together are a range, as pairs of length in s and beginning: of days, whole blocks in place of theirs.
 * Wherever a value has a bucket, the total has one too.
 */
export function bucketsIn(sql: Sql, bucketS: number, from: number, to: number): [number, number][] {
  const buckets = bucketsFrom(sql, bucketS, from, to).map((at): [number, number] => [bucketS, at]);
  if (bucketS !== DAY_S) return buckets;
  const blocks = bucketsFrom(sql, BLOCK_S, from, to - BLOCK_MS + 1);
  const known = new Set(blocks);
  return [
    ...blocks.map((at): [number, number] => [BLOCK_S, at]),
    ...buckets.filter(([, at]) => !known.has(blockOf(at))),
  ];
}

/** The beginnings of buckets that have requests, oldest first. */
export function bucketsFrom(sql: Sql, bucketS: number, from: number, to: number): number[] {
  const text = `SELECT at FROM rollups WHERE ${RANGE} ORDER BY at`;
  return sql.all(text, bucketS, "total", from, to).map(({ at }) => Number(at));
}
