import { Database } from "bun:sqlite";
import { dirname, join, resolve } from "node:path";
import { StartError } from "../types.ts";
import { handOver } from "./data-folder.ts";

const LOCK_FILE = "load-balancer.lock";

export interface FolderLock {
  release(): void;
}

/**
 * Keeps every other process that asks the same off the data folder, until `release` or the end of this process,
 * however it ends: SQLite's own file lock is held by an open exclusive transaction, and the system drops it with
 * the process. This works alike on Linux, macOS and Windows; the file itself stays and means nothing.
 * @throws StartError where another process holds it.
 */
export function lockDataFolder(dir: string): FolderLock {
  const lock = tryLockDataFolder(dir);
  if (lock !== null) return lock;
  throw new StartError(
    `Another load-balancer is running on the data folder ${resolve(dir)}: stop it, or set another DATA_DIR.`,
  );
}

/** The same, but null where another process holds it. */
export function tryLockDataFolder(dir: string): FolderLock | null {
  const path = join(resolve(dir), LOCK_FILE);
  let database: Database | null = null;
  try {
    database = new Database(path, { create: true, readwrite: true });
    database.run("PRAGMA busy_timeout = 0");
    // No journal file: nothing is ever written.
    database.run("PRAGMA journal_mode = MEMORY");
    database.run("BEGIN EXCLUSIVE");
  } catch (error) {
    database?.close();
    const { code } = error as { code?: string };
    if (code?.startsWith("SQLITE_BUSY") || code?.startsWith("SQLITE_LOCKED")) return null;
    throw new StartError(
      `${path} cannot be locked (${code ?? String(error)}): the data folder must be on a disk with file locks.`,
    );
  }
  const held = database;
  return {
    release() {
      held.close();
      handOver(dirname(path));
    },
  };
}
