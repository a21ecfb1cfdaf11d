import { Database } from "bun:sqlite";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const FIXTURES = join(import.meta.dir, "../fixtures/earlier-version");

/** When the earlier version's fixtures were written. */
export const EARLIER_NOW = "2026-11-20T12:00:00.000Z";

export type EarlierFile = "database.sql" | "database-first.sql" | "keys.json" | "settings.json";

/** A data folder as the earlier version left it, with these of its files. */
export function earlierFolder(...files: EarlierFile[]): string {
  const folder = join(mkdtempSync(join(tmpdir(), "lb-earlier-")), "data");
  mkdirSync(folder);
  for (const name of files) {
    if (name.endsWith(".json")) copyFileSync(join(FIXTURES, name), join(folder, name));
    else {
      const database = openEarlier(folder);
      database.run(readFileSync(join(FIXTURES, name), "utf8"));
      database.close();
    }
  }
  return folder;
}

/** As the earlier version itself opens it: its log of changes lies beside it as long as it runs. */
export function openEarlier(folder: string): Database {
  const database = new Database(join(folder, "database.db"), { create: true, readwrite: true });
  database.run("PRAGMA journal_mode = WAL");
  return database;
}

/** Name and hash of every file in a folder. */
export function hashes(folder: string): Record<string, string> {
  const names = readdirSync(folder).toSorted();
  return Object.fromEntries(
    names.map((name) => [name, Bun.hash(readFileSync(join(folder, name))).toString(16)]),
  );
}
