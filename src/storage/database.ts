import { Database, SQLiteError, type SQLQueryBindings, type Statement } from "bun:sqlite";
import { closeSync, openSync, statSync } from "node:fs";
import { ConflictError, StartError, StorageError } from "../types.ts";
import { type Migration, migrations } from "./migrations.ts";
import type { Row } from "./table.ts";

/** The ends of all indexes that a batch of logs writes to stay in memory. */
const CACHE_KIB = 8_192;
/** While the program starts another command may just be writing; nobody is served yet, so there is time. */
const START_BUSY_TIMEOUT_MS = 5000;
/** Afterwards a wait stands still for every stream: rather fail, the recorder tries again. */
const BUSY_TIMEOUT_MS = 200;
/** Statements kept prepared; log queries come in some hundred shapes. */
const MAX_STATEMENTS = 128;
/** 64 MiB: the storage worker empties the log of changes long before; without it a batch does. */
const WAL_PAGES_AT_MOST = 16_384;
/** Above this size the check at the start reads the small tables only: a log of 10 GB would take minutes. */
const FULL_CHECK_BYTES = 256 * 1024 * 1024;
/** With what stands behind the full-text index: its tables begin with its name. */
const LOG_TABLES = ["requests", "attempts", "key_events", "request_texts", "request_bodies"];

const EMPTY_WAL_TRIES = 5;
const EMPTY_WAL_PAUSE_MS = 20;

type Params = readonly SQLQueryBindings[];

/** One connection, its prepared statements and its transactions. The only user of bun:sqlite's `Database`. */
export class Sql {
  readonly #database: Database;
  readonly #statements = new Map<string, Statement>();

  /** @param isOwner it empties the -wal file as it closes. */
  constructor(
    database: Database,
    private readonly isOwner = false,
  ) {
    this.#database = database;
  }

  /** Prepared once and kept; to be used at once, not across an await: the oldest are let go. */
  statement(text: string): Statement {
    const kept = this.#statements.get(text);
    if (kept !== undefined) return kept;
    if (this.#statements.size >= MAX_STATEMENTS) {
      const [oldest, statement] = this.#statements.entries().next().value!;
      this.#statements.delete(oldest);
      statement.finalize();
    }
    const statement = this.#database.prepare(text);
    this.#statements.set(text, statement);
    return statement;
  }

  all(text: string, ...params: Params): Row[] {
    return this.statement(text).all(params) as Row[];
  }

  get(text: string, ...params: Params): Row | null {
    return this.statement(text).get(params) as Row | null;
  }

  /** @returns how many rows were changed. */
  run(text: string, ...params: Params): number {
    return this.statement(text).run(params).changes;
  }

  /** One transaction that is on the disk when this returns: what people changed must survive a power cut. */
  write<T>(change: () => T): T {
    return immediately(this.#database, change);
  }

  /**
   * One transaction that survives the death of the process, but waits for no disk: for logs and counters. On the
   * same connection with `synchronous` switched (0.01 ms) rather than on a second one, whose writes would meet the
   * first one's locks; the durable mode is what stands, so that nobody can forget it.
   */
  batch<T>(change: () => T): T {
    this.#database.run("PRAGMA synchronous = NORMAL");
    try {
      return this.write(change);
    } finally {
      this.#database.run("PRAGMA synchronous = FULL");
    }
  }

  close(): void {
    for (const statement of this.#statements.values()) statement.finalize();
    this.#statements.clear();
    if (this.isOwner) emptyWal(this.#database);
    this.#database.close();
  }
}

/**
 * The last connection does that as it closes, but the worker may let go of the file a little later, or die with the
 * process before; nobody should find half of the data in the -wal file of a program that has ended. Where something
 * reads on, the file stays: it is whole.
 */
function emptyWal(database: Database): void {
  for (let tries = 0; tries < EMPTY_WAL_TRIES; tries += 1) {
    if (triedToEmptyWal(database)) return;
    // Another connection moves changes into the file right now; for that SQLite does not wait by itself.
    Bun.sleepSync(EMPTY_WAL_PAUSE_MS);
  }
}

function triedToEmptyWal(database: Database): boolean {
  try {
    return ask(database, "PRAGMA wal_checkpoint(TRUNCATE)")[0]?.busy === 0;
  } catch (error) {
    if (error instanceof SQLiteError) return false;
    throw error;
  }
}

/**
 * Opens the database, makes it where it is missing, and brings its schema up to date.
 * @throws StartError where it is damaged, of a newer version, or cannot be opened; then nothing was changed.
 */
export function openDatabase(path: string, steps: readonly Migration[] = migrations): Sql {
  try {
    // Made here rather than by SQLite, for its mode; the -wal and -shm files take it over.
    closeSync(openSync(path, "a", 0o600));
    if (statSync(path).size > 0) checkDatabase(path, steps);
    const database = new Database(path, { readwrite: true });
    try {
      database.run(`PRAGMA busy_timeout = ${START_BUSY_TIMEOUT_MS}`);
      // Before the first table: a new file keeps account of its free pages, so that they can be given back in slices.
      database.run("PRAGMA auto_vacuum = INCREMENTAL");
      database.run("PRAGMA journal_mode = WAL");
      database.run("PRAGMA synchronous = FULL");
      database.run(`PRAGMA wal_autocheckpoint = ${WAL_PAGES_AT_MOST}`);
      database.run(`PRAGMA cache_size = -${CACHE_KIB}`);
      migrate(database, steps);
      // After the migrations: rebuilding a table that others point at needs them off.
      database.run("PRAGMA foreign_keys = ON");
      database.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
      return new Sql(database, true);
    } catch (error) {
      database.close();
      throw error;
    }
  } catch (error) {
    throw asStartError(error, path);
  }
}

/**
 * A connection of another process beside a server that may be running on the database: nothing is brought up to date.
 * @throws StartError where there is none, it is damaged, or of another schema than this program's.
 */
export function openDatabaseBeside(path: string, mode: "read" | "write"): Sql {
  let database: Database | null = null;
  try {
    if (statSync(path, { throwIfNoEntry: false }) === undefined) {
      throw new StartError(
        `There is no database ${path}: start the server once, or set DATA_DIR to where it is.`,
      );
    }
    database = new Database(path, mode === "read" ? { readonly: true } : { readwrite: true });
    database.run(`PRAGMA busy_timeout = ${START_BUSY_TIMEOUT_MS}`);
    if (mode === "write") database.run("PRAGMA synchronous = FULL");
    const known = migrations.at(-1)?.version ?? 0;
    const found = schemaVersion(database);
    if (found !== known) {
      throw new StartError(
        `The database ${path} has schema ${found}, this program knows ${known}: start the server of this version once, ` +
          "which brings an older one up to date.",
      );
    }
    return new Sql(database);
  } catch (error) {
    database?.close();
    throw asStartError(error, path);
  }
}

/**
 * The storage worker's own connection, to a database that `openDatabase` has opened before. What it writes, it writes
 * in its turn (see turns.ts), and its `checkpoint` task is what moves changes into the file.
 */
export function openWorkerDatabase(path: string): Sql {
  const database = new Database(path, { readwrite: true });
  database.run(`PRAGMA busy_timeout = ${START_BUSY_TIMEOUT_MS}`);
  database.run("PRAGMA wal_autocheckpoint = 0");
  database.run(`PRAGMA cache_size = -${CACHE_KIB}`);
  return new Sql(database);
}

/** A database of its own that lives until it is closed. */
export function openInMemory(schema: string): Sql {
  const database = new Database(":memory:");
  database.run(schema);
  return new Sql(database);
}

/** Read-only, because a connection that may write tidies up the file as it closes. */
function checkDatabase(path: string, steps: readonly Migration[]): void {
  const database = new Database(path, { readonly: true });
  try {
    database.run(`PRAGMA busy_timeout = ${START_BUSY_TIMEOUT_MS}`);
    const known = steps.at(-1)?.version ?? 0;
    const found = schemaVersion(database);
    if (found > known) {
      throw new StartError(
        `The database ${path} was made by a newer version of this program (schema ${found}, this one knows up to ` +
          `${known}): start that version. Nothing was changed.`,
      );
    }
    for (const table of tablesToCheck(database, path)) {
      const answers = ask(database, `PRAGMA quick_check(${table})`).map((row) => String(row.quick_check));
      const problem = answers.find((answer) => answer !== "ok");
      if (problem !== undefined) throw damaged(path, problem);
    }
  } finally {
    database.close();
  }
}

/** What SQLite's own check finds wrong, at most one thing; null: nothing. */
export function firstProblem(sql: Sql): string | null {
  const answer = String(sql.get("PRAGMA quick_check(1)")?.quick_check);
  return answer === "ok" ? null : answer;
}

/** Names for `quick_check`: a table, or how many problems it lists of the whole file. */
function tablesToCheck(database: Database, path: string): string[] {
  if (statSync(path).size <= FULL_CHECK_BYTES) return ["1"];
  return ask(database, "SELECT name FROM sqlite_schema WHERE type = 'table'")
    .map(({ name }) => String(name))
    .filter((name) => /^[a-z_]+$/.test(name) && !LOG_TABLES.some((table) => name.startsWith(table)));
}

function migrate(database: Database, steps: readonly Migration[]): void {
  for (const { version, sql } of steps) {
    immediately(database, () => {
      if (schemaVersion(database) >= version) return;
      database.run(sql);
      database.run(`PRAGMA user_version = ${version}`);
    });
  }
}

/** `Database.transaction` keeps statements of its own open, and the file with them beyond `close`. */
function immediately<T>(database: Database, change: () => T): T {
  database.run("BEGIN IMMEDIATE");
  try {
    const result = change();
    database.run("COMMIT");
    return result;
  } catch (error) {
    // A full disk ends the transaction by itself.
    if (database.inTransaction) database.run("ROLLBACK");
    throw asStorageError(error);
  }
}

const NOT_WRITTEN: [RegExp, string][] = [
  [/^SQLITE_FULL/, "the disk is full, make room on it"],
  [/^SQLITE_(READONLY|CANTOPEN|PERM)/, "this program's user may not write to its file, check its rights"],
  [/^SQLITE_IOERR/, "the disk fails"],
];

/** What the disk did not take is no fault of this program; anything else stays what it is. */
function asStorageError(error: unknown): unknown {
  const code = error instanceof SQLiteError ? (error.code ?? "") : "";
  const known = NOT_WRITTEN.find(([pattern]) => pattern.test(code));
  if (known === undefined) return error;
  return new StorageError(`The database cannot be written: ${known[1]} (${code}).`, { cause: error });
}

function schemaVersion(database: Database): number {
  return Number(ask(database, "PRAGMA user_version")[0]?.user_version);
}

/** Closes its statement: one that is left open keeps the file open beyond `close`. */
function ask(database: Database, text: string): Row[] {
  const statement = database.prepare(text);
  try {
    return statement.all() as Row[];
  } finally {
    statement.finalize();
  }
}

function asStartError(error: unknown, path: string): StartError {
  if (error instanceof StartError) return error;
  const { code = "", message } = error as { code?: string; message: string };
  if (/^SQLITE_(CORRUPT|NOTADB)/.test(code)) return damaged(path, message);
  if (/^SQLITE_(BUSY|LOCKED)/.test(code)) {
    return new StartError(`The database ${path} is in use by another program: end that one and start again.`);
  }
  return new StartError(
    `The database ${path} cannot be opened (${code || message}): check its rights and the disk.`,
  );
}

function damaged(path: string, detail: string): StartError {
  const [line = ""] = detail.replace(/^\*\*\* .*\n/, "").split("\n");
  return new StartError(
    `The database ${path} is damaged (${line}). Nothing was changed. Put a backup in its place and remove the files ` +
      "that end in -wal and -shm beside it, or move all three away to begin with an empty one.",
  );
}

/** What SQLite's broken constraints mean to the caller; anything else stays what it is. */
export function conflictsAs(messages: { unique?: string; reference?: string }, change: () => void): void {
  try {
    change();
  } catch (error) {
    const code = error instanceof SQLiteError ? error.code : undefined;
    const isUnique = code === "SQLITE_CONSTRAINT_UNIQUE" || code === "SQLITE_CONSTRAINT_PRIMARYKEY";
    if (isUnique && messages.unique !== undefined) throw new ConflictError(messages.unique);
    if (code === "SQLITE_CONSTRAINT_FOREIGNKEY" && messages.reference !== undefined) {
      throw new ConflictError(messages.reference);
    }
    throw error;
  }
}
