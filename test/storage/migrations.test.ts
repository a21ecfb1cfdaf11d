import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { openDatabase } from "../../src/storage/database.ts";
import { migrations } from "../../src/storage/migrations.ts";
import { temporaryFolder } from "../support/process.ts";

interface Column {
  name: string;
  type: string;
}

/** Every table that a step's schema has, without those that SQLite keeps for itself and for full-text search. */
function tablesOf(database: Database): string[] {
  const rows = database
    .query(
      "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%'",
    )
    .all() as { name: string }[];
  return rows.map(({ name }) => name);
}

/** One row in each; all texts are the same, so that every reference finds what it names. */
function fill(database: Database): void {
  database.run("PRAGMA foreign_keys = OFF");
  const values: Record<string, unknown> = { TEXT: "x", BLOB: new Uint8Array([1]), REAL: 1.5, INTEGER: 1 };
  for (const table of tablesOf(database)) {
    const columns = database.query(`PRAGMA table_info(${table})`).all() as Column[];
    const marks = columns.map(() => "?").join(", ");
    const row = columns.map(({ type }) => values[type] ?? "x") as (string | number | Uint8Array)[];
    database.run(`INSERT INTO ${table} VALUES (${marks})`, row);
  }
}

for (const { version } of migrations) {
  test(`a filled database of step ${version} is brought to the newest, and nothing is lost`, () => {
    const folder = temporaryFolder();
    const path = join(folder, "load-balancer.db");
    try {
      openDatabase(path, migrations.slice(0, version)).close();
      const before = new Database(path);
      fill(before);
      const tables = tablesOf(before);
      before.close();

      openDatabase(path).close();
      const after = new Database(path);
      expect(after.query("PRAGMA user_version").get()).toEqual({ user_version: migrations.length });
      expect(after.query("PRAGMA integrity_check").all()).toEqual([{ integrity_check: "ok" }]);
      expect(after.query("PRAGMA foreign_key_check").all()).toEqual([]);
      expect(tables.length).toBeGreaterThan(8);
      const kept = tables.filter((table) => after.query(`SELECT 1 FROM ${table}`).get() !== null);
      expect(kept).toEqual(tables);
      after.close();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}
