import type { Sql } from "./database.ts";
import { DAY_S } from "./rollup-buckets.ts";
import type { LogFacets } from "./types.ts";

const HOUR_MS = 3_600_000;
const HOUR_S = 3_600;
/** Up to this range the hours are added up, beyond it the days. */
const LONGEST_BY_HOUR_MS = 7 * 24 * HOUR_MS;
const MAX_VALUES = 200;
const DIMENSIONS = { models: "model", keys: "key", outcomes: "outcome", pools: "pool" } as const;

/**
 * What a log can be filtered by, with the requests of each, most first: from the sums by hour or day, so to the hour
 * or day, and never by reading the log.
 */
export function readFacets(sql: Sql, from: number, to: number): LogFacets {
  const isShort = to - from <= LONGEST_BY_HOUR_MS;
  const bucketS = isShort ? HOUR_S : DAY_S;
  // A bucket counts where it overlaps the range; a day may begin at any hour.
  const first = from - bucketS * 1_000 + 1;
  const read = (dimension: string) =>
    sql
      .all(
        `SELECT value, sum(requests) AS requests FROM rollups
         WHERE bucket_s = ? AND dimension = ? AND at >= ? AND at < ? AND value <> ''
         GROUP BY value ORDER BY requests DESC, value LIMIT ?`,
        bucketS,
        dimension,
        first,
        to,
        MAX_VALUES,
      )
      .map((row) => ({ value: String(row.value), requests: Number(row.requests) }));
  return {
    models: read(DIMENSIONS.models),
    keys: read(DIMENSIONS.keys),
    outcomes: read(DIMENSIONS.outcomes),
    pools: read(DIMENSIONS.pools),
  };
}
