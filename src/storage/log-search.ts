import type { Sql } from "./database.ts";
import { type Condition, gather, type LogPage, type Range } from "./log-query.ts";
import { requestColumns } from "./request-logs.ts";

/** Models and keys whose name holds the text; of more the first are taken. */
const MAX_NAMES = 50;
/** Model names that a search looks through. */
const MAX_MODELS = 5_000;
const FIRST_STEP = 500;
const LONGEST_STEP = 4_000;
/** The beginning of an id with its whole time: the rows of one ms. */
const ID_BEGINNING = /^[0-9a-f]{8}-[0-9a-f]{4}[0-9a-f-]*$/i;

/** Answers the places of rows that hold the text, newest first, within a range, at most `limit`. */
type Finder = (range: Range, limit: number) => number[];

/**
 * Requests where an error message has all the words of `q` (the last may be a beginning), or where the model, the name
 * of a key that was tried, or the beginning of the id has the text. No row is read that doesn't hold it.
 */
export function searchRequests(
  sql: Sql,
  limit: number,
  range: Range,
  q: string,
  conditions: Condition[],
): LogPage {
  const finders = findersFor(sql, q);
  let step = FIRST_STEP;
  return gather(limit, range, (before, missing) => {
    const places = newest(finders, { ...range, before }, step);
    const looked = places.length < step ? null : places.at(-1)!;
    step = Math.min(step * 2, LONGEST_STEP);
    return { rows: readPlaces(sql, places, conditions, missing), looked };
  });
}

function findersFor(sql: Sql, q: string): Finder[] {
  const walk = (text: string, ...params: string[]): Finder => {
    return ({ from, before }, limit) =>
      sql.all(text, ...params, from, before, limit).map((row) => Number(row.place));
  };
  const byModel =
    "SELECT row_id AS place FROM requests INDEXED BY requests_by_model WHERE model = ? AND row_id >= ? AND row_id < ? ORDER BY row_id DESC LIMIT ?";
  const byKey =
    "SELECT request_row AS place FROM attempts INDEXED BY attempts_by_key WHERE key_id = ? AND request_row >= ? AND request_row < ? ORDER BY request_row DESC LIMIT ?";
  const byText =
    "SELECT rowid AS place FROM request_texts WHERE request_texts MATCH ? AND rowid >= ? AND rowid < ? ORDER BY rowid DESC LIMIT ?";
  const byId =
    "SELECT row_id AS place FROM requests WHERE id >= ? AND id < ? AND +row_id >= ? AND +row_id < ? ORDER BY row_id DESC LIMIT ?";
  const words = wordsQuery(q);
  const id = q.toLowerCase();
  return [
    ...(words === null ? [] : [walk(byText, words)]),
    ...modelsWith(sql, q).map((model) => walk(byModel, model)),
    ...keysNamed(sql, q).map((keyId) => walk(byKey, keyId)),
    ...(ID_BEGINNING.test(q) ? [walk(byId, id, `${id}~`)] : []),
  ];
}

/** Every word in quotes, for FTS5's operators are words too. Null where the text has none. */
function wordsQuery(q: string): string | null {
  const words = q.match(/[\p{L}\p{N}]+/gu) ?? [];
  if (words.length === 0) return null;
  return `${words.map((word) => `"${word}"`).join(" AND ")}*`;
}

/** The names in the log, from one name to the next along the index, without reading its rows. */
function modelsInLog(sql: Sql): string[] {
  const rows = sql.all(
    `WITH RECURSIVE names (model) AS (
       SELECT min(model) FROM requests
       UNION ALL
       SELECT (SELECT min(model) FROM requests WHERE model > names.model) FROM names WHERE names.model IS NOT NULL
     ) SELECT model FROM names WHERE model IS NOT NULL LIMIT ?`,
    MAX_MODELS,
  );
  return rows.map((row) => String(row.model));
}

function modelsWith(sql: Sql, q: string): string[] {
  const text = q.toLowerCase();
  return modelsInLog(sql)
    .filter((model) => model.toLowerCase().includes(text))
    .slice(0, MAX_NAMES);
}

function keysNamed(sql: Sql, q: string): string[] {
  const rows = sql.all(
    "SELECT id FROM keys WHERE instr(lower(name), ?) > 0 LIMIT ?",
    q.toLowerCase(),
    MAX_NAMES,
  );
  return rows.map((row) => String(row.id));
}

/** The newest places of all finders together, each once. */
function newest(finders: Finder[], range: Range, limit: number): number[] {
  const places = new Set(finders.flatMap((find) => find(range, limit)));
  return [...places].sort((a, b) => b - a).slice(0, limit);
}

function readPlaces(sql: Sql, places: number[], conditions: Condition[], limit: number) {
  if (places.length === 0) return [];
  const where = ["r.row_id IN (SELECT value FROM json_each(?))", ...conditions.map((one) => one.sql)];
  const text = `SELECT r.row_id AS place, ${requestColumns} FROM requests r WHERE ${where.join(" AND ")} ORDER BY r.row_id DESC LIMIT ?`;
  return sql.all(text, JSON.stringify(places), ...conditions.flatMap((one) => one.params), limit);
}
