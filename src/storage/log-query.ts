import { systemClock } from "../clock.ts";
import { InputError } from "../types.ts";
import type { Sql } from "./database.ts";
import { momentOf, placeOf } from "./log-position.ts";
import type { Condition, Range, Walk } from "./log-walk.ts";
import type { Row } from "./table.ts";
import type { LogPage, LogQuery } from "./types.ts";

/** Where the rows of a page come from, and which of them fit. */
export interface LogSource {
  table: string;
  columns: string;
  walk: Walk;
  /** About a row `r` of the table, or `found.value`, its place: those of the place alone are looked at before the row is read. */
  conditions: Condition[];
  /** Which of these places fit, where SQL alone cannot tell. */
  holding?: (places: number[]) => Set<number>;
}

const MAX_PAGE_ROWS = 500;
/** Places looked at in one step, 1 to 50 µs each: few at first, for most pages are full after them. */
const FIRST_STEP = 500;
const SHORTEST_STEP = 100;
const LONGEST_STEP = 10_000;
const STEP_GROWTH = 4;
/** A page looks no longer than this for rows that fit; it then ends early, with a cursor that goes on. */
const LONGEST_LOOK_MS = 40;
/** A step is meant to take at most this part of the time that is left: the next rows may cost more than the last. */
const STEP_SHARE = 0.5;
const MAX_SEARCH_CHARACTERS = 200;

/** `LogPage` before it is decoded. */
interface PageRows extends Omit<LogPage<never>, "data"> {
  rows: Row[];
}

/** One page, newest first. Rows that come while somebody turns pages change nothing behind the cursor. */
export function readPage(sql: Sql, source: LogSource, range: Range, limit: number): PageRows {
  const { walk, conditions, holding } = source;
  const { from } = range;
  const isEachFit = conditions.length === 0 && holding === undefined;
  const started = systemClock.monotonic();
  const rows: Row[] = [];
  let { before } = range;
  let step = isEachFit ? limit + 1 : holding === undefined ? FIRST_STEP : SHORTEST_STEP;
  let began = started;
  for (;;) {
    const { places, reached } = walk.next({ from, before }, step);
    const found = readRows(sql, source, places, holding === undefined ? limit + 1 - rows.length : step);
    const holds = holding?.(found.map((row) => Number(row.place)));
    rows.push(...(holds === undefined ? found : found.filter((row) => holds.has(Number(row.place)))));
    if (rows.length > limit || reached === null) return { ...pageOf(rows, limit), searchedTo: null };
    before = reached;
    const now = systemClock.monotonic();
    const left = started + LONGEST_LOOK_MS - now;
    if (left <= 0) return { rows, nextCursor: writeCursor(before), searchedTo: momentOf(before) };
    const growth = Math.min(STEP_GROWTH, (left * STEP_SHARE) / (now - began));
    step = Math.round(Math.min(LONGEST_STEP, Math.max(SHORTEST_STEP, step * growth)));
    began = now;
  }
}

/** The rows of these places that fit, in their order, at most `limit`; each has its place as `place`. */
function readRows(
  sql: Sql,
  { table, columns, conditions }: LogSource,
  places: number[],
  limit: number,
): Row[] {
  if (places.length === 0) return [];
  // CROSS JOIN keeps the order, also that in which conditions are looked at.
  const text = `SELECT r.row_id AS place, ${columns} FROM json_each(?) AS found CROSS JOIN ${table} AS r ON r.row_id = found.value ${where(conditions)} ORDER BY found.rowid LIMIT ?`;
  return sql.all(text, JSON.stringify(places), ...conditions.flatMap(({ params }) => params), limit);
}

/** `rows` may hold one more than the page: then there is a next one. */
function pageOf(rows: Row[], limit: number): Omit<PageRows, "searchedTo"> {
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
