import type { Sql } from "./database.ts";
import { waitingTexts } from "./log-texts.ts";
import { type LogIndex, placesOf, type Range, together, type Walk } from "./log-walk.ts";
import { searchWords } from "./log-words.ts";
import type { RequestIndexes } from "./request-indexes.ts";
import type { Scratch } from "./scratch.ts";

/** Models and keys whose name holds the text; of more the first are taken. */
const MAX_NAMES = 50;
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
export function searchRequests(
  sql: Sql,
  indexes: RequestIndexes,
  scratch: Scratch,
  q: string,
  range: Range,
): Search {
  const words = searchWords(sql, scratch, q, range);
  const named = [
    ...modelsWith(indexes, q).map((model) => indexes.value("model", model)),
    ...keysNamed(sql, q).map((keyId) => indexes.value("key", keyId)),
    ...(ID_BEGINNING.test(q) ? [indexes.idBeginning(q.toLowerCase())] : []),
  ];
  const walks = named.map(({ walk }) => walk);
  if (words !== null) walks.push(words.walk, waitingWalk(sql, words.holding));
  return {
    walk: together(walks),
    isExact: words?.isExact !== false,
    holding: (places) => new Set([...knownTo(sql, named, places), ...(words?.holding(places) ?? [])]),
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
  const conditions = indexes.map((index) => index.has("found.value"));
  const text = `SELECT found.value AS place FROM json_each(?) AS found WHERE ${conditions.map(({ sql: one }) => one).join(" OR ")}`;
  return placesOf(sql.all(text, JSON.stringify(places), ...conditions.flatMap(({ params }) => params)));
}

function modelsWith(indexes: RequestIndexes, q: string): string[] {
  const text = q.toLowerCase();
  return indexes
    .models()
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
