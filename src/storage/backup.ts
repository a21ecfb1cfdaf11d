import { Database } from "bun:sqlite";
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { StartError } from "../types.ts";
import { openDatabase, type Sql } from "./database.ts";
import { migrations } from "./migrations.ts";

const COMPANIONS = ["-wal", "-shm"];
const MAGIC = "SQLite format 3\0";
const SECRET_KEY_FACT = "secret_key";
const CHECK_FACT = "secret_key_check";

/** See `DataReader.copyTo`. */
export function copyDatabase(sql: Sql, path: string): void {
  // Made here rather than by SQLite, for its mode.
  closeSync(openSync(path, "wx", 0o600));
  try {
    sql.run("VACUUM INTO ?", path);
    flush(path);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  }
}

/** Before it is read beside whoever serves it. @throws StartError where another version of this program did last. */
export function mustBeThisSchema(path: string): void {
  const database = new Database(path, { readwrite: true });
  try {
    const [row] = database.prepare<{ user_version: number }, []>("PRAGMA user_version").all();
    if (row?.user_version === migrations.at(-1)?.version) return;
  } finally {
    database.close();
  }
  throw new StartError(`${path} belongs to another version of this program: use that version's command.`);
}

/** Puts the secret key into a backup. @param key in base64. */
export function writeSecretKeyInto(path: string, key: string): void {
  const database = new Database(path, { readwrite: true });
  try {
    database.run("PRAGMA journal_mode = OFF");
    database.run("INSERT INTO facts (name, value) VALUES (?, ?)", [SECRET_KEY_FACT, key]);
  } finally {
    database.close();
  }
  flush(path);
}

/** Whether the secret key was put into a backup. @throws what SQLite says of a file that is none. */
export function holdsSecretKey(path: string): boolean {
  const database = new Database(path, { readonly: true });
  try {
    return database.query("SELECT 1 FROM facts WHERE name = ?").get(SECRET_KEY_FACT) !== null;
  } finally {
    database.close();
  }
}

/** What is known of a backup whose integrity was checked. */
export interface BackupFacts {
  keys: number;
  requests: number;
  /** The constant that the secret key of that installation sealed; null where it never sealed anything. */
  secretKeyCheck: string | null;
  /** In base64, where it was put in. */
  secretKey: string | null;
}

/**
 * Checks a file, all of it, without writing to it.
 * @throws StartError with what it is instead of a backup that can be used.
 */
export async function inspectBackup(path: string): Promise<BackupFacts> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw new StartError(`${path} does not exist: name the file of a backup.`);
  if (!found.isFile()) throw new StartError(`${path} is no file: name the file of a backup.`);
  if ((await startOf(path)) !== MAGIC)
    throw new StartError(`${path} is no database: name a file that \`load-balancer backup\` wrote.`);
  if ((statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0) {
    throw new StartError(
      `${path} is in use, changes of it still stand in ${path}-wal: name a file that \`load-balancer backup\` wrote.`,
    );
  }
  const database = new Database(path, { readonly: true });
  try {
    return readFacts(database, path);
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw damaged(path, (error as Error).message);
  } finally {
    database.close();
  }
}

function readFacts(database: Database, path: string): BackupFacts {
  const ask = (text: string, ...params: string[]) => {
    const statement = database.prepare<Record<string, unknown>, string[]>(text);
    try {
      return Object.values(statement.get(...params) ?? {})[0] ?? null;
    } finally {
      statement.finalize();
    }
  };
  const tables = Number(
    ask(
      "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('keys', 'facts', 'key_states')",
    ),
  );
  if (tables < 3)
    throw new StartError(`${path} is a database, but not this program's: name a backup of this program.`);
  const version = Number(ask("PRAGMA user_version"));
  const known = migrations.at(-1)?.version ?? 0;
  if (version > known) {
    throw new StartError(
      `${path} was made by a newer version of this program (schema ${version}, this one knows up to ${known}): use that version.`,
    );
  }
  const problem = String(ask("PRAGMA quick_check(1)"));
  if (problem !== "ok") throw damaged(path, problem);
  const fact = (name: string) => {
    const value = ask("SELECT value FROM facts WHERE name = ?", name);
    return value === null ? null : String(value);
  };
  return {
    keys: Number(ask("SELECT count(*) FROM keys")),
    requests: Number(ask("SELECT count(*) FROM requests")),
    secretKeyCheck: fact(CHECK_FACT),
    secretKey: fact(SECRET_KEY_FACT),
  };
}

/**
 * Puts `next`, a copy of a backup that lies in the same folder, in the database's place; what is there now is kept
 * beside it under `kept`. `next` is brought to this version's schema before, and loses the secret key.
 * @returns what takes it back.
 */
export function replaceDatabase(path: string, next: string, kept: string): () => void {
  const sql = openDatabase(next);
  sql.run("DELETE FROM facts WHERE name = ?", SECRET_KEY_FACT);
  sql.all("PRAGMA wal_checkpoint(TRUNCATE)");
  sql.close();
  flush(next);
  const moved: [string, string][] = [];
  const undo = () => {
    for (const [from, to] of moved.reverse()) renameSync(to, from);
  };
  try {
    for (const end of ["", ...COMPANIONS]) {
      if (!existsSync(path + end)) continue;
      renameSync(path + end, kept + end);
      moved.push([path + end, kept + end]);
    }
    renameSync(next, path);
    return undo;
  } catch (error) {
    undo();
    throw error;
  }
}

async function startOf(path: string): Promise<string> {
  try {
    return Buffer.from(await Bun.file(path).slice(0, MAGIC.length).arrayBuffer()).toString("latin1");
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    throw new StartError(`${path} cannot be read (${code ?? message}): check its rights.`);
  }
}

function flush(path: string): void {
  const descriptor = openSync(path, "r+");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function damaged(path: string, problem: string): StartError {
  const [line = ""] = problem.replace(/^\*\*\* .*\n/, "").split("\n");
  return new StartError(`${path} is damaged (${line}): use another backup.`);
}
