import type { Sql } from "./database.ts";
import type { Storage } from "./types.ts";

export function createFacts(sql: Sql): Storage["facts"] {
  return {
    async get(name) {
      const row = sql.get("SELECT value FROM facts WHERE name = ?", name);
      return row === null ? null : String(row.value);
    },
    async set(name, value) {
      sql.write(() => writeFact(sql, name, value));
    },
  };
}

/** Within a transaction. */
export function writeFact(sql: Sql, name: string, value: string): void {
  const text =
    "INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
  sql.run(text, name, value);
}
