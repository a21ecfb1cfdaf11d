import type { SQLQueryBindings } from "bun:sqlite";
import type { Sql } from "./database.ts";

/** Places: from inclusive, before exclusive. */
export interface Range {
  from: number;
  before: number;
}

/** Part of a log, newest first. */
export interface Stretch {
  places: number[];
  /** Down to this place there are no others; null: down to the end of the range. */
  reached: number | null;
}

/** Goes back through a log along what an index answers, without reading its rows. */
export interface Walk {
  /** At most `rows` places, newest first. */
  next(range: Range, rows: number): Stretch;
  /** Where the last of so many rows stands; null: there are fewer. */
  reach(range: Range, rows: number): number | null;
}

/** Part of a WHERE clause with what its `?` stand for. */
export interface Condition {
  sql: string;
  params: SQLQueryBindings[];
}

/** What an index knows: the places of one value. */
export interface LogIndex {
  walk: Walk;
  /** Whether it knows a place: `place` is SQL. */
  has(place: string): Condition;
}

/** Rows of one value in the order of their places, as an index of SQLite's own has them. */
export interface IndexRows {
  /** Everything behind FROM, the index named. */
  from: string;
  place: string;
  condition: Condition;
}

/** Entries that tell which of several walks is the shortest: that which comes furthest back with so many. */
const SAMPLE = 2_000;

export function indexOf(sql: Sql, rows: IndexRows): LogIndex {
  return { walk: along(sql, rows), has: (place) => isIn(rows, place) };
}

export function along(sql: Sql, { from, place, condition }: IndexRows): Walk {
  const text = `SELECT DISTINCT ${place} AS place FROM ${from} WHERE ${condition.sql} AND ${place} >= ? AND ${place} < ? ORDER BY ${place} DESC`;
  return walkOf(sql, text, condition.params);
}

/** @param text a SELECT of each `place` between two that are its last `?`, newest first. */
export function walkOf(sql: Sql, text: string, params: readonly SQLQueryBindings[]): Walk {
  return {
    next(range, rows) {
      const found = sql.all(`${text} LIMIT ?`, ...params, range.from, range.before, rows);
      const places = placesOf(found);
      return { places, reached: places.length < rows ? null : places.at(-1)! };
    },
    reach(range, rows) {
      const row = sql.get(`${text} LIMIT 1 OFFSET ?`, ...params, range.from, range.before, rows - 1);
      return row === null ? null : Number(row.place);
    },
  };
}

function isIn({ from, place: own, condition }: IndexRows, place: string): Condition {
  const sql = `EXISTS (SELECT 1 FROM ${from} WHERE ${condition.sql} AND ${own} = ${place})`;
  return { sql, params: condition.params };
}

/** Of places in memory. */
export function listed(places: readonly number[]): Walk {
  const newestFirst = places.toSorted((a, b) => b - a);
  const within = ({ from, before }: Range) => newestFirst.filter((place) => place >= from && place < before);
  return {
    next(range, rows) {
      const found = within(range).slice(0, rows);
      return { places: found, reached: found.length < rows ? null : found.at(-1)! };
    },
    reach: (range, rows) => within(range)[rows - 1] ?? null,
  };
}

/** The places of all, each once. */
export function together(walks: readonly Walk[]): Walk {
  const newest = (ends: readonly (number | null)[]) => {
    const reached = Math.max(...ends.map((end) => end ?? -1));
    return reached < 0 ? null : reached;
  };
  return {
    next(range, rows) {
      const stretches = walks.map((walk) => walk.next(range, rows));
      const reached = newest(stretches.map((stretch) => stretch.reached));
      const places = new Set(stretches.flatMap((stretch) => stretch.places));
      const sorted = [...places].filter((place) => place >= (reached ?? 0)).sort((a, b) => b - a);
      if (sorted.length <= rows) return { places: sorted, reached };
      return { places: sorted.slice(0, rows), reached: sorted[rows - 1]! };
    },
    reach: (range, rows) => newest(walks.map((walk) => walk.reach(range, rows))),
  };
}

/**
 * The one that comes furthest back at the same cost; of equal ones the first.
 * @param choices `cost`: that of a place, default 1.
 */
export function shortest<T extends { walk: Walk; cost?: number }>(
  choices: readonly T[],
  range: Range,
): T | undefined {
  if (choices.length < 2) return choices[0];
  const reached = choices.map(({ walk, cost = 1 }) => walk.reach(range, Math.ceil(SAMPLE / cost)) ?? -1);
  return choices[reached.indexOf(Math.min(...reached))];
}

export function placesOf(rows: readonly Record<string, unknown>[]): number[] {
  return rows.map((row) => Number(row.place));
}
