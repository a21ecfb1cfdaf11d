import { systemClock } from "../clock.ts";
import type { Sql } from "./database.ts";
import { momentOf, placeOf } from "./log-position.ts";
import { deleteValues } from "./request-values.ts";
import { DAY_S } from "./rollup-buckets.ts";
import type { DatabaseFacts, LogBound, Slice } from "./types.ts";

/** Beyond it rows are not counted one by one. */
const MAX_COUNTED = 20_000;

/**
 * Deletes the oldest requests before a time or place, with their attempts, words and bodies, at most `rows`.
 * One short transaction: the caller sizes the next slice by how long this one took.
 */
export function deleteRequests(sql: Sql, before: LogBound, rows: number): Slice {
  return slice(() => {
    const end = "at" in before ? placeOf(before.at) : before.place;
    const last = lastOfSlice(sql, "requests", end, rows);
    if (last === null) return 0;
    return sql.batch(() => {
      deleteValues(sql, last);
      sql.run("DELETE FROM request_texts WHERE rowid <= ?", last);
      sql.run("DELETE FROM request_texts_queue WHERE row_id <= ?", last);
      sql.run("DELETE FROM request_bodies WHERE row_id <= ?", last);
      sql.run("DELETE FROM attempts WHERE request_row <= ?", last);
      return sql.run("DELETE FROM requests WHERE row_id <= ?", last);
    });
  });
}

/** The same for key events. */
export function deleteKeyEvents(sql: Sql, before: number, rows: number): Slice {
  return slice(() => {
    const last = lastOfSlice(sql, "key_events", placeOf(before), rows);
    return last === null ? 0 : sql.batch(() => sql.run("DELETE FROM key_events WHERE row_id <= ?", last));
  });
}

/** Gives free pages at the end of the file back to the disk, at most `rows` of them. */
export function giveBackPages(sql: Sql, rows: number): Slice {
  return slice(() => {
    const free = pragma(sql, "freelist_count");
    // The statement frees a page a step, and `run` takes one step only.
    if (free > 0) sql.batch(() => sql.all(`PRAGMA incremental_vacuum(${Math.floor(rows)})`));
    return free - pragma(sql, "freelist_count");
  });
}

/** Moves committed changes into the file as far as nobody reads them; waits for nobody. */
export function checkpoint(sql: Sql): void {
  sql.all("PRAGMA wal_checkpoint(PASSIVE)");
}

export function readFacts(sql: Sql): DatabaseFacts {
  const pageBytes = pragma(sql, "page_size");
  const oldest = sql.get("SELECT min(row_id) AS place FROM requests")?.place ?? null;
  return {
    sizeBytes: pragma(sql, "page_count") * pageBytes,
    freeBytes: pragma(sql, "freelist_count") * pageBytes,
    oldestRequestAt: oldest === null ? null : momentOf(Number(oldest)),
  };
}

/** How many requests of the log began before a time: few are counted, of many the sums by day tell. */
export function countRequests(sql: Sql, before: number): number {
  const text = "SELECT count(*) AS rows FROM (SELECT 1 FROM requests WHERE row_id < ? LIMIT ?)";
  const counted = Number(sql.get(text, placeOf(before), MAX_COUNTED)?.rows);
  if (counted < MAX_COUNTED) return counted;
  const oldest = readFacts(sql).oldestRequestAt ?? before;
  const sums =
    "SELECT sum(requests) AS rows FROM rollups WHERE bucket_s = ? AND dimension = 'total' AND at >= ? AND at < ?";
  return Math.max(counted, Number(sql.get(sums, DAY_S, oldest - DAY_S * 1_000, before)?.rows ?? 0));
}

/** The place of the last row that one slice deletes; null where there is none. */
function lastOfSlice(sql: Sql, table: string, before: number, rows: number): number | null {
  const text = `SELECT max(row_id) AS place FROM (SELECT row_id FROM ${table} WHERE row_id < ? ORDER BY row_id LIMIT ?)`;
  const place = sql.get(text, before, rows)?.place ?? null;
  return place === null ? null : Number(place);
}

function slice(work: () => number): Slice {
  const started = systemClock.monotonic();
  const count = work();
  return { count, tookMs: systemClock.monotonic() - started };
}

function pragma(sql: Sql, name: string): number {
  return Number(Object.values(sql.get(`PRAGMA ${name}`) ?? {})[0] ?? 0);
}
