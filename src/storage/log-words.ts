import type { Sql } from "./database.ts";
import { textsAt } from "./log-texts.ts";
import { type Range, shortest, type Walk, walkOf } from "./log-walk.ts";
import type { Scratch } from "./scratch.ts";

/**
 * Words in the log that a beginning is looked up for. The full-text index walks along whole words, but of a beginning it
 * would gather all rows, however many, before it answers the first.
 */
const MAX_WORDS = 40;
/** Sorts behind a word itself and before every longer one. */
const NEXT_WORD = "\u0001";

/** Of a term that is so many times as frequent it costs less to look at the messages than to walk along it. */
const DENSER = 20;

/** A search for error messages with all of some words, the last of which may be a beginning. */
export interface WordSearch {
  /** Leads past every row that has the words. */
  walk: Walk;
  /** Whether it leads past no others. */
  isExact: boolean;
  /** Which of these places have the words. */
  holding(places: number[]): number[];
}

/** Null where the text has no word. */
export function searchWords(sql: Sql, scratch: Scratch, q: string, range: Range): WordSearch | null {
  const words = scratch.wordsOf(q);
  const last = words.pop();
  if (last === undefined) return null;
  const beginnings = wordsBeginning(sql, last);
  const isExact = beginnings.length <= MAX_WORDS;
  const terms = words.map(quoted);
  if (isExact)
    terms.push(beginnings.length === 0 ? quoted(last) : `(${beginnings.map(quoted).join(" OR ")})`);
  const whole = [...words.map(quoted), `${quoted(last)}*`].join(" AND ");
  const holding = (places: number[]) => scratch.matching(textsAt(sql, places), whole);
  return { walk: termsWalk(sql, terms, range, holding), isExact, holding };
}

/** Every word in quotes, for FTS5's operators are words too. */
function quoted(word: string): string {
  return `"${word}"`;
}

/** From one word of the index to the next, without reading where they stand; one more than `MAX_WORDS` at most. */
function wordsBeginning(sql: Sql, beginning: string): string[] {
  const found: string[] = [];
  for (let from = beginning; found.length <= MAX_WORDS; from = found.at(-1)! + NEXT_WORD) {
    const word = sql.get("SELECT term FROM request_texts_words WHERE term >= ? LIMIT 1", from)?.term;
    if (typeof word !== "string" || !word.startsWith(beginning)) break;
    found.push(word);
  }
  return found;
}

/**
 * Along the rarest term, stretch by stretch, to where all terms meet. FTS5's own AND would not do: it stops at the end of
 * a stretch only where the terms meet there, and else goes on through the whole log.
 */
function termsWalk(sql: Sql, terms: string[], range: Range, holding: WordSearch["holding"]): Walk {
  const choices = terms.map((term) => ({ walk: termWalk(sql, term) }));
  const rarest = shortest(choices, range);
  if (rarest === undefined) return termWalk(sql, null);
  const others = choices.filter((choice) => choice !== rarest);
  function meeting(places: number[], stretch: Range): number[] {
    let left = places;
    for (const { walk } of others) {
      if (left.length === 0) break;
      const other = walk.next(stretch, left.length * DENSER);
      if (other.reached !== null) return holding(left);
      const known = new Set(other.places);
      left = left.filter((place) => known.has(place));
    }
    return left;
  }
  return {
    next({ from, before }, rows) {
      const { places, reached } = rarest.walk.next({ from, before }, rows);
      return { places: meeting(places, { from: reached ?? from, before }), reached };
    },
    reach: rarest.walk.reach,
  };
}

/** Null: along all rows with messages. */
function termWalk(sql: Sql, term: string | null): Walk {
  const match = term === null ? "" : "request_texts MATCH ? AND";
  const text = `SELECT rowid AS place FROM request_texts WHERE ${match} rowid >= ? AND rowid < ? ORDER BY rowid DESC`;
  return walkOf(sql, text, term === null ? [] : [term]);
}
