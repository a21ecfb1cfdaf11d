import type { SQLQueryBindings } from "bun:sqlite";
import { InputError } from "../types.ts";
import type { Sql } from "./database.ts";
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
  /** The time and the id by which pages are ordered. */
  at: string;
  id: string;
  /** What an index answers in the order of (at, id). */
  indexed: Condition[];
  /** What is looked at row by row. Must be written so that no other index is chosen for it. */
  scanned: Condition[];
}

const MAX_PAGE_ROWS = 500;
/** Rows that one page may look at: the main thread serves nobody meanwhile (1 to 7 µs a row). */
const MAX_SCANNED_ROWS = 10_000;
const MAX_SEARCH_CHARACTERS = 200;

interface Position {
  at: number;
  id: string;
}

/**
 * One page, newest first. Rows that come while somebody turns pages change nothing behind the cursor.
 * @throws InputError for a limit, cursor or text that cannot be used.
 */
export function readPage(
  sql: Sql,
  source: LogSource,
  query: LogQuery,
): { rows: Row[]; nextCursor: string | null } {
  checkQuery(query);
  const { from, columns, at, id, scanned } = source;
  const indexed = [...source.indexed, ...upperBound(source, query)];
  const order = `ORDER BY ${at} DESC, ${id} DESC LIMIT`;

  let end: Position | null = null;
  if (scanned.length > 0) {
    const walked = [...indexed, ...lowerBound(source, query, null)];
    const text = `SELECT ${at} AS cursor_at, ${id} AS cursor_id FROM ${from} ${where(walked)} ${order} 1 OFFSET ?`;
    const last = sql.get(text, ...params(walked), MAX_SCANNED_ROWS - 1);
    if (last !== null) end = positionOf(last);
  }
  const conditions = [...indexed, ...lowerBound(source, query, end), ...scanned];
  const text = `SELECT ${at} AS cursor_at, ${id} AS cursor_id, ${columns} FROM ${from} ${where(conditions)} ${order} ?`;
  const rows = sql.all(text, ...params(conditions), query.limit + 1);
  if (rows.length > query.limit) {
    rows.pop();
    end = positionOf(rows.at(-1)!);
  }
  return { rows, nextCursor: end === null ? null : writeCursor(end) };
}

/** `text` occurs in one of the columns, whatever its case in ASCII; `%` and `_` mean themselves. */
export function contains(columns: string[], text: string): Condition {
  const pattern = `%${text.replace(/[\\%_]/g, "\\$&")}%`;
  return {
    sql: `(${columns.map((column) => `${column} LIKE ? ESCAPE '\\'`).join(" OR ")})`,
    params: columns.map(() => pattern),
  };
}

/** One condition only, the stricter one: of two SQLite takes either for the index and looks at the rest by row. */
function upperBound({ at, id }: LogSource, { to = Number.MAX_SAFE_INTEGER, cursor }: LogQuery): Condition[] {
  const position = cursor === null ? null : readCursor(cursor);
  if (position !== null && position.at < to) {
    return [{ sql: `(${at}, ${id}) < (?, ?)`, params: [position.at, position.id] }];
  }
  return to === Number.MAX_SAFE_INTEGER ? [] : [{ sql: `${at} < ?`, params: [to] }];
}

/** `end` lies behind `from`. The pair alone would not end the walk along the index: hence its time apart. */
function lowerBound({ at, id }: LogSource, { from }: LogQuery, end: Position | null): Condition[] {
  if (end !== null)
    return [{ sql: `${at} >= ? AND (${at}, ${id}) >= (?, ?)`, params: [end.at, end.at, end.id] }];
  return from === undefined ? [] : [{ sql: `${at} >= ?`, params: [from] }];
}

function positionOf(row: Row): Position {
  return { at: Number(row.cursor_at), id: String(row.cursor_id) };
}

function checkQuery({ limit, q = "" }: LogQuery): void {
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
}

function writeCursor({ at, id }: Position): string {
  return Buffer.from(`${at}.${id}`).toString("base64url");
}

function readCursor(cursor: string): Position {
  const text = /^[\w-]{1,200}$/.test(cursor) ? Buffer.from(cursor, "base64url").toString() : "";
  const [, at, id] = /^(\d{1,15})\.([\x21-\x7e]{1,100})$/.exec(text) ?? [];
  if (at === undefined || id === undefined) {
    throw new InputError("The cursor cannot be used.", { cursor: "give the next_cursor of the page before" });
  }
  return { at: Number(at), id };
}

function where(conditions: Condition[]): string {
  return conditions.length === 0 ? "" : `WHERE ${conditions.map((condition) => condition.sql).join(" AND ")}`;
}

function params(conditions: Condition[]): SQLQueryBindings[] {
  return conditions.flatMap((condition) => condition.params);
}
