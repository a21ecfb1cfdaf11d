import { openInMemory, type Sql } from "./database.ts";

/** A full-text index in memory, which takes texts apart as that of the log does. */
export class Scratch implements Disposable {
  readonly #sql: Sql;

  constructor() {
    this.#sql = openInMemory(`
CREATE VIRTUAL TABLE texts USING fts5 (message, content = '', tokenize = 'unicode61');
CREATE VIRTUAL TABLE words USING fts5vocab (texts, instance);`);
  }

  /** The words of a text in their order. */
  wordsOf(text: string): string[] {
    this.#fill([{ place: 1, text }]);
    return this.#sql.all("SELECT term FROM words ORDER BY offset").map((row) => String(row.term));
  }

  /** The places of the texts that fit a query in FTS5's language. */
  matching(texts: readonly { place: number; text: string }[], query: string): number[] {
    this.#fill(texts);
    return this.#sql
      .all("SELECT rowid AS place FROM texts WHERE texts MATCH ?", query)
      .map((row) => Number(row.place));
  }

  [Symbol.dispose](): void {
    this.#sql.close();
  }

  #fill(texts: readonly { place: number; text: string }[]): void {
    this.#sql.run("INSERT INTO texts (texts) VALUES ('delete-all')");
    this.#sql.run(
      "INSERT INTO texts (rowid, message) SELECT value ->> 'place', value ->> 'text' FROM json_each(?)",
      JSON.stringify(texts),
    );
  }
}
