import type { SQLQueryBindings } from "bun:sqlite";
import { systemClock } from "../clock.ts";
import { InputError } from "../types.ts";
import type { Sql } from "./database.ts";
import { placeOf } from "./log-position.ts";
import type { Row } from "./table.ts";
import type { LogQuery } from "./types.ts";

/** Part of a WHERE clause with what its `?` stand for. */
export interface Condition {
  sql: string;
  params: SQLQueryBindings[];
}

export interface LogSource {
  /** Everything behind FROM. */
  from: string;
  columns: string;
  /** The column that holds the row's place (log-position.ts). */
  place: string;
  /** What an index answers in the order of places. */
  indexed: Condition[];
  /** What is looked at row by row. Must be written so that no other index is chosen for it. */
  scanned: Condition[];
}

/** Places: from inclusive, before exclusive. */
export interface Range {
  from: number;
  before: number;
}

const MAX_PAGE_ROWS = 500;
/** Rows looked at in one step, 1 to 30 µs each: few at first, for most pages are full after them. */
const FIRST_STEP = 500;
const LONGEST_STEP = 10_000;
const STEP_GROWTH = 2;
/** A page looks no longer than this for rows that fit; it then ends early, with a cursor that goes on. */
const LONGEST_LOOK_MS = 40;
const MAX_SEARCH_CHARACTERS = 200;

export interface LogPage {
  rows: Row[];
  nextCursor: string | null;
}

/** One page, newest first. Rows that come while somebody turns pages change nothing behind the cursor. */
export function readPage(sql: Sql, source: LogSource, query: LogQuery): LogPage {
  const range = rangeOf(query);
  if (source.scanned.length === 0) return pageOf(readRows(sql, source, range, query.limit + 1), query.limit);
  let step = FIRST_STEP;
  return gather(query.limit, range, (before, missing) => {
    const end = stepEnd(sql, source, { ...range, before }, step);
    step = Math.min(step * STEP_GROWTH, LONGEST_STEP);
    return { rows: readRows(sql, source, { from: end ?? range.from, before }, missing), looked: end };
  });
}

/**
 * Calls `look` for further rows, newest first, until the page is full, the end is reached or the time is up.
 * `look` answers the rows that fit among those before `before`, at most `missing`, and the place down to which it has
 * looked, null for the end of the range.
 */
export function gather(
  limit: number,
  range: Range,
  look: (before: number, missing: number) => { rows: Row[]; looked: number | null },
): LogPage {
  const started = systemClock.monotonic();
  const rows: Row[] = [];
  let { before } = range;
  for (;;) {
    const found = look(before, limit + 1 - rows.length);
    rows.push(...found.rows);
    if (rows.length > limit || found.looked === null) return pageOf(rows, limit);
    before = found.looked;
    if (systemClock.monotonic() - started >= LONGEST_LOOK_MS)
      return { rows, nextCursor: writeCursor(before) };
  }
}

/** The rows of a range, newest first, at most `limit`; each has its place as `place`. */
function readRows(sql: Sql, source: LogSource, range: Range, limit: number): Row[] {
  const conditions = [...source.indexed, bounds(source.place, range), ...source.scanned];
  const text = `SELECT ${source.place} AS place, ${source.columns} FROM ${source.from} ${where(conditions)} ORDER BY ${source.place} DESC LIMIT ?`;
  return sql.all(text, ...params(conditions), limit);
}

/** The place of the last row that one step may look at; null where fewer are left. */
function stepEnd(sql: Sql, source: LogSource, range: Range, rows: number): number | null {
  const conditions = [...source.indexed, bounds(source.place, range)];
  const text = `SELECT ${source.place} AS place FROM ${source.from} ${where(conditions)} ORDER BY ${source.place} DESC LIMIT 1 OFFSET ?`;
  const row = sql.get(text, ...params(conditions), rows - 1);
  return row === null ? null : Number(row.place);
}

/** `rows` may hold one more than the page: then there is a next one. */
function pageOf(rows: Row[], limit: number): LogPage {
  if (rows.length <= limit) return { rows, nextCursor: null };
  const page = rows.slice(0, limit);
  return { rows: page, nextCursor: writeCursor(Number(page.at(-1)!.place)) };
}

/**
 * Where a query looks.
 * @throws InputError for a limit, cursor or text that cannot be used.
 */
export function rangeOf({ limit, cursor, from, to, q = "" }: LogQuery): Range {
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE_ROWS) {
    throw new InputError("The limit cannot be used.", {
      limit: `give a whole number from 1 to ${MAX_PAGE_ROWS}`,
    });
  }
  if (q.length > MAX_SEARCH_CHARACTERS) {
    throw new InputError("The search text is too long.", {
      q: `give at most ${MAX_SEARCH_CHARACTERS} characters`,
    });
  }
  const before = to === undefined ? Number.MAX_SAFE_INTEGER : placeOf(Math.ceil(to));
  return {
    from: from === undefined ? 0 : placeOf(Math.ceil(from)),
    before: cursor === null ? before : Math.min(before, readCursor(cursor)),
  };
}

/** `text` occurs in one of the columns, whatever its case in ASCII; `%` and `_` mean themselves. */
export function contains(columns: string[], text: string): Condition {
  const pattern = `%${text.replace(/[\\%_]/g, "\\$&")}%`;
  return {
    sql: `(${columns.map((column) => `${column} LIKE ? ESCAPE '\\'`).join(" OR ")})`,
    params: columns.map(() => pattern),
  };
}

function bounds(place: string, { from, before }: Range): Condition {
  return { sql: `${place} >= ? AND ${place} < ?`, params: [from, before] };
}

function writeCursor(place: number): string {
  return Buffer.from(String(place)).toString("base64url");
}

function readCursor(cursor: string): number {
  const text = /^[\w-]{1,30}$/.test(cursor) ? Buffer.from(cursor, "base64url").toString() : "";
  const place = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(place)) return place;
  throw new InputError("The cursor cannot be used.", { cursor: "give the next_cursor of the page before" });
}

function where(conditions: Condition[]): string {
  return conditions.length === 0 ? "" : `WHERE ${conditions.map((condition) => condition.sql).join(" AND ")}`;
}

function params(conditions: Condition[]): SQLQueryBindings[] {
  return conditions.flatMap((condition) => condition.params);
}
