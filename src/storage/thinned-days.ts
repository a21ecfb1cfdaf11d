import type { Sql } from "./database.ts";
import { placeOf } from "./log-position.ts";
import { DAY_S } from "./rollup-buckets.ts";

/** No day is longer, also where a clock is put back. */
const LONGEST_DAY_MS = 25 * 3_600_000;
/** Days begin and end at these, in every time zone. */
const QUARTER_MS = 15 * 60_000;
const BUCKETS = "FROM rollups WHERE bucket_s = ? AND dimension = 'total'";

/**
 * Days of which the statistics count more requests than the log holds: a cleanup has deleted some. Where such requests
 * come back, they are counted already.
 */
export class ThinnedDays {
  /** The beginning of the day by quarter of an hour: one look for many requests. */
  readonly #starts = new Map<number, number | null>();
  readonly #byStart = new Map<number, boolean>();

  constructor(private readonly sql: Sql) {}

  /** To be asked before the first request of its day is added; the answer stays the same. @param at epoch ms. */
  has(at: number): boolean {
    const day = this.#startOf(Math.floor(at / QUARTER_MS) * QUARTER_MS);
    if (day === null) return false;
    let known = this.#byStart.get(day);
    if (known === undefined) {
      known = this.#isThinned(day);
      this.#byStart.set(day, known);
    }
    return known;
  }

  /** Null where the statistics have no such day. */
  #startOf(quarter: number): number | null {
    let start = this.#starts.get(quarter);
    if (start === undefined) {
      const found = this.sql.get(`SELECT max(at) AS at ${BUCKETS} AND at <= ?`, DAY_S, quarter)?.at ?? null;
      start = found === null || Number(found) + LONGEST_DAY_MS <= quarter ? null : Number(found);
      this.#starts.set(quarter, start);
    }
    return start;
  }

  #isThinned(day: number): boolean {
    const next = this.sql.get(`SELECT min(at) AS at ${BUCKETS} AND at > ?`, DAY_S, day)?.at ?? null;
    const end = Math.min(Number(next ?? Number.POSITIVE_INFINITY), day + LONGEST_DAY_MS);
    const counted = this.sql.get(`SELECT requests ${BUCKETS} AND at = ?`, DAY_S, day)?.requests;
    const text =
      "SELECT count(*) AS rows FROM (SELECT 1 FROM requests WHERE row_id >= ? AND row_id < ? LIMIT ?)";
    return Number(this.sql.get(text, placeOf(day), placeOf(end), Number(counted))?.rows) < Number(counted);
  }
}
