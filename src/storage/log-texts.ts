import type { Sql } from "./database.ts";
import { type Walk, walkOf } from "./log-walk.ts";

/** One row's words take about 20 µs; a slice must not hold the lock for longer than a few ms. */
const ROWS_A_SLICE = 150;
/** Of the many attempts of one request the messages repeat. */
const MAX_MESSAGES = 8;

/** Takes waiting messages into the full-text index. @returns how many rows are still waiting, roughly: 0 or more. */
export function indexTexts(sql: Sql): { indexed: number; isDone: boolean } {
  const waiting = sql.all("SELECT row_id FROM request_texts_queue ORDER BY row_id LIMIT ?", ROWS_A_SLICE);
  if (waiting.length === 0) return { indexed: 0, isDone: true };
  const texts = textsAt(
    sql,
    waiting.map(({ row_id }) => Number(row_id)),
  );
  sql.batch(() => {
    for (const { place, text } of texts) {
      // A row may wait a second time where an archive was read in again.
      sql.run("INSERT OR REPLACE INTO request_texts (rowid, message) VALUES (?, ?)", place, text);
      sql.run("DELETE FROM request_texts_queue WHERE row_id = ?", place);
    }
  });
  return { indexed: waiting.length, isDone: waiting.length < ROWS_A_SLICE };
}

/** Rows whose words the index doesn't have yet. */
export function waitingTexts(sql: Sql): Walk {
  const text =
    "SELECT row_id AS place FROM request_texts_queue WHERE row_id >= ? AND row_id < ? ORDER BY row_id DESC";
  return walkOf(sql, text, []);
}

/** What the index gets of these places. */
export function textsAt(sql: Sql, places: readonly number[]): { place: number; text: string }[] {
  return places.map((place) => ({ place, text: messagesOf(sql, place) }));
}

function messagesOf(sql: Sql, place: number): string {
  const rows = sql.all(
    `SELECT error FROM requests WHERE row_id = ?1 AND error IS NOT NULL
     UNION SELECT error FROM attempts WHERE request_row = ?1 AND error IS NOT NULL LIMIT ?2`,
    place,
    MAX_MESSAGES,
  );
  return rows.map((row) => String(row.error)).join("\n");
}
