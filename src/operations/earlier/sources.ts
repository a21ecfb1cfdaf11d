import { readFileSync, type Stats, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { type EarlierDatabase, openEarlierDatabase } from "../../storage/earlier-database.ts";
import { InputError } from "../../types.ts";

const DATABASE = "database.db";
const KEYS = "keys.json";
const SETTINGS = "settings.json";
/** A hundred thousand keys have some 40 MB. */
const MAX_JSON_BYTES = 64 * 1024 * 1024;

/** The files of the earlier version that are there; at least one. */
export interface EarlierFiles {
  folder: string;
  database: string | null;
  keys: string | null;
  settings: string | null;
}

/** What they hold, unchecked. */
export interface EarlierData {
  /** Paths of what was read. */
  read: string[];
  database: EarlierDatabase | null;
  /** The entries of `keys.json`. */
  keys: unknown[];
  /** Of the database, otherwise of `settings.json`; null where neither has any. */
  settings: { from: string; values: Record<string, unknown> } | null;
  /** What was left aside, in words. */
  notes: string[];
  close(): void;
}

/** Looks in `dir` and in its folder `data`; null where neither has such a file. */
export function findEarlierFiles(dir: string): EarlierFiles | null {
  for (const folder of [resolve(dir), join(resolve(dir), "data")]) {
    const [database, keys, settings] = [DATABASE, KEYS, SETTINGS].map((name) => {
      const path = join(folder, name);
      return look(path) === null ? null : path;
    }) as [string | null, string | null, string | null];
    if (database !== null || keys !== null || settings !== null) return { folder, database, keys, settings };
  }
  return null;
}

/** @throws InputError where there is nothing of the earlier version. */
export function earlierFilesIn(dir: string): EarlierFiles {
  const path = resolve(dir);
  const found = look(path);
  if (found === null) throw new InputError(`${path} does not exist: ${WHICH_FOLDER}`);
  if (!found.isDirectory()) throw new InputError(`${path} is no folder: ${WHICH_FOLDER}`);
  const files = findEarlierFiles(path);
  if (files !== null) return files;
  throw new InputError(
    `${path} has no ${DATABASE}, ${KEYS} or ${SETTINGS}, nor has ${join(path, "data")}: ${WHICH_FOLDER}`,
  );
}

const WHICH_FOLDER = "give the data folder of the earlier version, or the folder that it stands in.";

/**
 * Reads them all, writing nothing.
 * @param scratch a folder for the copy of a database that is in use.
 * @throws InputError for the first one that cannot be read.
 */
export async function readEarlierData(files: EarlierFiles, scratch: string): Promise<EarlierData> {
  const keys = files.keys === null ? [] : readJson(files.keys);
  if (!Array.isArray(keys)) throw wrongShape(files.keys, "a list of keys");
  const settingsFile = files.settings === null ? null : readObject(files.settings);
  const database =
    files.database === null ? null : await openEarlierDatabase(mustBeFile(files.database), scratch);
  try {
    const stored = database?.settings() ?? null;
    const notes: string[] = [];
    if (stored !== null && settingsFile !== null) {
      notes.push(`${SETTINGS} was left aside: ${DATABASE} has settings, which are the newer ones.`);
    }
    const fromDatabase = { from: DATABASE, text: stored };
    const settings =
      stored === null
        ? settingsFile === null
          ? null
          : { from: SETTINGS, values: settingsFile }
        : {
            from: DATABASE,
            values: objectOf(parse(fromDatabase.text ?? "", files.database ?? ""), files.database),
          };
    const read = [files.database, files.keys, files.settings].filter((path) => path !== null);
    return { read, database, keys, settings, notes, close: () => database?.close() };
  } catch (error) {
    database?.close();
    throw error;
  }
}

function look(path: string): Stats | null {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? null;
  } catch (error) {
    throw unreadable(path, error);
  }
}

function mustBeFile(path: string): string {
  const found = look(path);
  if (found !== null && !found.isFile())
    throw new InputError(`${path} is no file: give the one that the earlier version wrote.`);
  return path;
}

function readObject(path: string): Record<string, unknown> {
  return objectOf(readJson(path), path);
}

function objectOf(value: unknown, path: string | null): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw wrongShape(path, "an object of settings");
  }
  return value as Record<string, unknown>;
}

function readJson(path: string): unknown {
  mustBeFile(path);
  if ((look(path)?.size ?? 0) > MAX_JSON_BYTES) {
    throw new InputError(
      `${path} has more than ${MAX_JSON_BYTES} bytes: it is not what the earlier version wrote.`,
    );
  }
  try {
    return parse(readFileSync(path, "utf8").replace(/^\ufeff/, ""), path);
  } catch (error) {
    throw error instanceof InputError ? error : unreadable(path, error);
  }
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InputError(
      `${path} holds damaged JSON: mend it or put back a copy that is whole. Nothing was changed.`,
    );
  }
}

function wrongShape(path: string | null, shape: string): InputError {
  return new InputError(
    `${basename(path ?? "")} does not hold ${shape} as the earlier version wrote it: put back a copy that does. Nothing was changed.`,
  );
}

function unreadable(path: string, error: unknown): InputError {
  const { code = "", message } = error as { code?: string; message: string };
  return new InputError(
    `${path} cannot be read (${code || message}): give this program's user the right to read it. Nothing was changed.`,
  );
}
