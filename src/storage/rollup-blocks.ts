import type { Sql } from "./database.ts";
import { BLOCK_MS, BLOCK_S, blockOf, blocksMade, bucketsFrom, DAY_S, RANGE } from "./rollup-buckets.ts";
import { counts, DIMENSIONS, type PackedGroup, readGroups } from "./rollup-read.ts";
import type { RollupDimension } from "./types.ts";

/** A block is made when all that belongs into it is likely there; what comes later is added to it. */
const LATE_MS = 3 * 86_400_000;
const VALUES_A_READ = 200;

/** Makes the oldest block that is over and not made yet. Nobody else may write statistics meanwhile. Null: none. */
export function makeBlock(sql: Sql, now: number): number | null {
  const made = new Set(blocksMade(sql));
  const end = blockOf(now - LATE_MS);
  const block = bucketsFrom(sql, DAY_S, 0, end)
    .map(blockOf)
    .find((one) => !made.has(one));
  if (block === undefined) return null;
  const groups = DIMENSIONS.map((dimension) => ({ dimension, groups: sumUp(sql, dimension, block) }));
  const text = `INSERT INTO rollups (bucket_s, dimension, at, value, ${counts.columns}, ttft, duration) VALUES (?, ?, ?, ?, ${counts.placeholders}, ?, ?)`;
  sql.batch(() => {
    for (const { dimension, groups: sums } of groups) {
      for (const { value, counts: added, ttft, duration } of sums)
        sql.run(text, BLOCK_S, dimension, block, value, ...counts.encode(added), ttft, duration);
    }
  });
  return block;
}

function sumUp(sql: Sql, dimension: RollupDimension, block: number): PackedGroup[] {
  const range = { bucketS: DAY_S, dimension, from: block, to: block + BLOCK_MS } as const;
  const text = `SELECT DISTINCT value FROM rollups WHERE ${RANGE}`;
  const values = sql.all(text, DAY_S, dimension, range.from, range.to).map(({ value }) => String(value));
  const groups: PackedGroup[] = [];
  for (let first = 0; first < values.length; first += VALUES_A_READ) {
    const some = values.slice(first, first + VALUES_A_READ);
    groups.push(...readGroups(sql, { ...range, values: some, limit: some.length }));
  }
  return groups;
}
