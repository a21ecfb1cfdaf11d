import { constants, Database, type Statement } from "bun:sqlite";
import { copyFileSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { InputError } from "../types.ts";
import type { Row } from "./table.ts";

/** What SQLite keeps beside a database that is in use, or was not closed. */
const COMPANIONS = ["-wal", "-journal"];
const COPY_TRIES = 10;
const COPY_REST_MS = 300;
/** Above this size only the table of keys is checked: a log of 10 GB would take minutes. */
const FULL_CHECK_BYTES = 256 * 1024 * 1024;

/** The database of the earlier version, as it lies there. Tables and columns that it lacks are empty. */
export interface EarlierDatabase {
  keys(): Row[];
  profiles(): Row[];
  /** The JSON text; null where there is none. */
  settings(): string | null;
  logCount(): number;
  /** The least `timestamp`, as text sorts; null where there is none. */
  oldestLog(): unknown;
  /** In the order in which they were written. @throws InputError where somebody writes meanwhile. */
  logs(): Generator<Row>;
  close(): void;
}

/**
 * Opens it without writing one byte to it or beside it: a database at rest as an immutable file, one that is in use
 * (it has a log of changes beside it) as a copy of both in `scratch`, which `close` removes.
 * @throws InputError where it cannot be read, is damaged, or is no such database.
 */
export async function openEarlierDatabase(path: string, scratch: string): Promise<EarlierDatabase> {
  const copy = hasCompanion(path) ? await copyAtRest(path, scratch) : null;
  const before = stamp(path);
  let database: Database | null = null;
  const close = () => {
    database?.close();
    if (copy !== null) rmSync(copy.folder, { recursive: true, force: true });
  };
  try {
    database = copy === null ? openImmutable(path) : new Database(copy.path, { readwrite: true });
    check(database, path);
    return reading(database, path, close, () => {
      if (copy === null && stamp(path) !== before) throw isInUse(path);
    });
  } catch (error) {
    close();
    throw asInputError(error, path);
  }
}

function reading(
  database: Database,
  path: string,
  close: () => void,
  mustBeUnchanged: () => void,
): EarlierDatabase {
  const has = (table: string) => columnsOf(database, table).length > 0;
  const all = (table: string) => (has(table) ? ask(database, `SELECT * FROM ${table} ORDER BY rowid`) : []);
  return {
    keys: () => all("api_keys"),
    profiles: () => all("profiles"),
    settings() {
      const config = all("settings")[0]?.config;
      return config === undefined || config === null ? null : String(config);
    },
    logCount: () =>
      has("request_logs") ? Number(ask(database, "SELECT count(*) AS rows FROM request_logs")[0]?.rows) : 0,
    oldestLog: () =>
      has("request_logs")
        ? (ask(database, "SELECT min(timestamp) AS oldest FROM request_logs")[0]?.oldest ?? null)
        : null,
    *logs() {
      if (!has("request_logs")) return;
      const statement: Statement<Row> = database.prepare("SELECT * FROM request_logs ORDER BY rowid");
      try {
        for (const row of statement.iterate()) yield row;
      } catch (error) {
        throw asInputError(error, path);
      } finally {
        statement.finalize();
      }
      mustBeUnchanged();
    },
    close,
  };
}

function check(database: Database, path: string): void {
  const columns = columnsOf(database, "api_keys");
  if (!columns.includes("_id") || !columns.includes("key")) {
    throw new InputError(
      `${path} is not a database of the earlier version: it has no table api_keys with _id and key. Nothing was changed.`,
    );
  }
  const whole = statSync(path).size <= FULL_CHECK_BYTES;
  const answer = ask(database, `PRAGMA quick_check(${whole ? "1" : "api_keys"})`)[0]?.quick_check;
  if (answer !== "ok") throw damaged(path, String(answer));
}

function openImmutable(path: string): Database {
  const { SQLITE_OPEN_READONLY, SQLITE_OPEN_URI } = constants;
  return new Database(`${pathToFileURL(path).href}?immutable=1`, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
}

function columnsOf(database: Database, table: string): string[] {
  return ask(database, `PRAGMA table_info(${table})`).map(({ name }) => String(name));
}

function ask(database: Database, text: string): Row[] {
  const statement = database.prepare(text);
  try {
    return statement.all() as Row[];
  } finally {
    statement.finalize();
  }
}

function hasCompanion(path: string): boolean {
  return COMPANIONS.some((end) => statSync(path + end, { throwIfNoEntry: false }) !== undefined);
}

/** Of a database and what is beside it: when each was written last, and its size. */
function stamp(path: string): string {
  return ["", ...COMPANIONS]
    .map((end) => {
      const found = statSync(path + end, { throwIfNoEntry: false, bigint: true });
      return found === undefined ? "none" : `${found.size} ${found.mtimeNs}`;
    })
    .join(", ");
}

/** Copies the file and its log of changes as of one moment: as long as one was written meanwhile, once more. */
async function copyAtRest(path: string, scratch: string): Promise<{ folder: string; path: string }> {
  const folder = mkdtempSync(join(scratch, "earlier-version-"));
  const copy = join(folder, basename(path));
  try {
    for (let tries = 0; tries < COPY_TRIES; tries += 1) {
      const before = stamp(path);
      for (const end of ["", ...COMPANIONS]) {
        rmSync(copy + end, { force: true });
        if (statSync(path + end, { throwIfNoEntry: false }) !== undefined)
          copyFileSync(path + end, copy + end);
      }
      if (stamp(path) === before) return { folder, path: copy };
      await Bun.sleep(COPY_REST_MS);
    }
    throw isInUse(path);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw asInputError(error, path);
  }
}

function isInUse(path: string): InputError {
  return new InputError(
    `${path} was written while it was read: stop the earlier version, then try again. Nothing was changed.`,
  );
}

function damaged(path: string, detail: string): InputError {
  const [line = ""] = detail.replace(/^\*\*\* .*\n/, "").split("\n");
  return new InputError(
    `${path} is damaged, or no SQLite database (${line}): put back a copy that is whole. Nothing was changed.`,
  );
}

function asInputError(error: unknown, path: string): Error {
  if (error instanceof InputError) return error;
  const { code = "", message } = error as { code?: string; message: string };
  if (/^SQLITE_(CORRUPT|NOTADB)/.test(code)) return damaged(path, message);
  if (code === "ENOSPC") {
    return new InputError(
      `There is no room for a copy of ${path} in the data folder: make some. Nothing was changed.`,
    );
  }
  return new InputError(
    `${path} cannot be read (${code || message}): give this program's user the right to read it. Nothing was changed.`,
  );
}
