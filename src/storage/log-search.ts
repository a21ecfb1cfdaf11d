import type { Sql } from "./database.ts";
import { waitingTexts } from "./log-texts.ts";
import { along, isIn, type LogIndex, placesOf, type Range, together, type Walk } from "./log-walk.ts";
import { searchWords } from "./log-words.ts";
import { INDEXES } from "./request-indexes.ts";
import type { Scratch } from "./scratch.ts";

/** Models and keys whose name holds the text; of more the first are taken. */
const MAX_NAMES = 50;
/** Model names that a search looks through. */
const MAX_MODELS = 5_000;
/** The beginning of an id with its whole time: the rows of one ms. */
const ID_BEGINNING = /^[0-9a-f]{8}-[0-9a-f]{4}[0-9a-f-]*$/i;

export interface Search {
  /** Leads past every row that is searched for. */
  walk: Walk;
  /** Whether it leads past no others. */
  isExact: boolean;
  /** Which of these places are searched for. */
  holding(places: number[]): Set<number>;
}

/**
 * Requests where an error message has all the words of `q` (the last may be a beginning), or where the model, the name
 * of a key that was tried, or the beginning of the id has the text. No row is read that doesn't hold it, unless the
 * beginning is that of very many words.
 */
export function searchRequests(sql: Sql, scratch: Scratch, q: string, range: Range): Search {
  const words = searchWords(sql, scratch, q, range);
  const indexes = [
    ...modelsWith(sql, q).map(INDEXES.model),
    ...keysNamed(sql, q).map(INDEXES.key),
    ...(ID_BEGINNING.test(q) ? [INDEXES.idBeginning(q.toLowerCase())] : []),
  ];
  const walks = indexes.map((index) => along(sql, index));
  if (words !== null) walks.push(words.walk, waitingWalk(sql, words.holding));
  return {
    walk: together(walks),
    isExact: words?.isExact !== false,
    holding: (places) => new Set([...knownTo(sql, indexes, places), ...(words?.holding(places) ?? [])]),
  };
}

/** Messages that the index doesn't have yet, which are few: looked at one by one, so that the newest are found too. */
function waitingWalk(sql: Sql, holding: (places: number[]) => number[]): Walk {
  const waiting = waitingTexts(sql);
  return {
    next(range, rows) {
      const { places, reached } = waiting.next(range, rows);
      return { places: holding(places), reached };
    },
    reach: waiting.reach,
  };
}

/** Those of the places that one of the indexes has. */
function knownTo(sql: Sql, indexes: LogIndex[], places: number[]): number[] {
  if (indexes.length === 0) return [];
  const conditions = indexes.map((index) => isIn(index, "found.value"));
  const text = `SELECT found.value AS place FROM json_each(?) AS found WHERE ${conditions.map(({ sql: one }) => one).join(" OR ")}`;
  return placesOf(sql.all(text, JSON.stringify(places), ...conditions.flatMap(({ params }) => params)));
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
