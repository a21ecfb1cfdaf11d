import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { join, resolve } from "node:path";
import type { Clock } from "../../clock.ts";
import {
  checkSecretKey,
  decodeSecretKey,
  loadSecretKey,
  readSecretKey,
  writeSecretKey,
} from "../../secrets.ts";
import { inspectBackup, replaceDatabase, writeSecretKeyInto } from "../../storage/backup.ts";
import { openDataReader } from "../../storage/data-reader.ts";
import { lockDataFolder, prepareDataFolder } from "../../storage/storage.ts";
import type { DataReader } from "../../storage/types.ts";
import { StartError } from "../../types.ts";
import type { KeptBackup } from "../types.ts";
import { DATABASE, type DataFolder, databaseIn } from "./data-folder.ts";
import { cannotWrite, mayBeReplaced, mustBeFree } from "./write-file.ts";

export interface BackupResult {
  file: string;
  sizeBytes: number;
  hasSecretKey: boolean;
}

/**
 * Writes a consistent copy of the database to a file, also beside a running server.
 * @throws StartError with what to do; then there is no file.
 */
export async function backUp(
  { dataDir, encryptionKey }: DataFolder,
  file: string,
  { withSecretKey = false, overwrite = false } = {},
): Promise<BackupResult> {
  const database = databaseIn(dataDir);
  const target = mustBeFree(file, overwrite);
  if (!mayBeReplaced(target)) throw new StartError(`${target} is no file: a database needs one.`);
  const key = withSecretKey ? readSecretKey(dataDir, encryptionKey) : null;
  const reader = openDataReader(database);
  try {
    await copyTo(reader, target, key);
  } finally {
    await reader.close();
  }
  return { file: target, sizeBytes: statSync(target).size, hasSecretKey: key !== null };
}

/** Written beside and renamed: the file is there as a whole or not at all. @throws StartError with what to do. */
export async function copyTo(
  reader: DataReader,
  target: string,
  secretKey: string | null = null,
): Promise<void> {
  const draft = `${target}.part`;
  try {
    rmSync(draft, { force: true });
    await reader.copyTo(draft);
    if (secretKey !== null) writeSecretKeyInto(draft, secretKey);
    renameSync(draft, target);
  } catch (error) {
    if (existsSync(draft)) rmSync(draft);
    throw cannotWrite(target, error);
  }
}

export interface RestoreResult {
  keys: number;
  requests: number;
  /** Where the database is now that was there before; null where there was none. */
  keptAs: string | null;
  /** The secret key was in the backup and was written beside the database. */
  secretKeyWritten: boolean;
}

/**
 * Puts a backup in the place of the database, once all of it was checked: whole, of this program, of a version that
 * this one knows, and readable with the secret key. What was there is kept beside it.
 * @throws StartError with what to do; then nothing was changed.
 */
export async function restore(
  { dataDir, encryptionKey }: DataFolder,
  file: string,
  clock: Clock,
): Promise<RestoreResult> {
  const source = resolve(file);
  const facts = await inspectBackup(source);
  prepareDataFolder(dataDir);
  const lock = lockDataFolder(dataDir);
  const database = join(resolve(dataDir), DATABASE);
  const stamp = stampOf(clock.now());
  const kept = `${database}.before-restore-${stamp}`;
  const draft = join(resolve(dataDir), `restore-${stamp}.part`);
  try {
    const key = await keyFor({ dataDir, encryptionKey }, facts.secretKey, facts.secretKeyCheck, source);
    const hadDatabase = existsSync(database);
    copyFileSync(source, draft, constants.COPYFILE_EXCL);
    const undo = replaceDatabase(database, draft, kept);
    try {
      if (key !== null) writeSecretKey(dataDir, key, stamp);
    } catch (error) {
      undo();
      throw error;
    }
    flushFolder(resolve(dataDir));
    const { keys, requests } = facts;
    return { keys, requests, keptAs: hadDatabase ? kept : null, secretKeyWritten: key !== null };
  } catch (error) {
    throw cannotWrite(database, error);
  } finally {
    for (const end of ["", "-wal", "-shm"]) rmSync(draft + end, { force: true });
    lock.release();
  }
}

/** The secret key that is to be written beside the database; null where the one that is there fits. */
async function keyFor(
  { dataDir, encryptionKey }: DataFolder,
  inside: string | null,
  check: string | null,
  source: string,
): Promise<string | null> {
  if (check === null) return null;
  const fits = async (box: Parameters<typeof checkSecretKey>[0]) => {
    const facts = { get: async () => check, set: async () => undefined };
    await checkSecretKey(box, facts);
  };
  if (inside !== null) {
    await fits(decodeSecretKey(inside));
    if (encryptionKey === undefined) return inside;
  }
  try {
    await fits(loadSecretKey(dataDir, encryptionKey, true));
    return null;
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    const way =
      encryptionKey === undefined
        ? `put the secret.key that belongs to it into ${resolve(dataDir)} first, or set ENCRYPTION_KEY to what it holds`
        : "set ENCRYPTION_KEY to the one that belongs to it, or unset it";
    throw new StartError(
      `The keys in ${source} were sealed under another secret key than the one here: ${way}. Nothing was changed.`,
    );
  }
}

const SCHEDULED = /^load-balancer-(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)-(\d{3})\.db$/;

/** Backups in the folder, newest first. */
export function listBackups(folder: string): KeptBackup[] {
  if (!existsSync(folder)) return [];
  const found = readdirSync(folder).flatMap((name) => {
    const [, year, month, day, hour, minute, second, ms] = SCHEDULED.exec(name) ?? [];
    if (year === undefined) return [];
    const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`);
    return [{ name, at, sizeBytes: statSync(join(folder, name)).size }];
  });
  return found.sort((one, other) => other.at - one.at);
}

/** A name that `listBackups` knows. */
export function backupName(now: number): string {
  return `load-balancer-${stampOf(now)}.db`;
}

/** `20261124-095758-123`, in UTC. */
function stampOf(now: number): string {
  return new Date(now).toISOString().replace(/[-:Z]/g, "").replace(/[T.]/g, "-");
}

/** Deletes all but the newest `keep`. */
export function pruneBackups(folder: string, keep: number): void {
  for (const { name } of listBackups(folder).slice(keep)) rmSync(join(folder, name), { force: true });
}

export function makeBackupFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
}

function flushFolder(path: string): void {
  if (process.platform === "win32") return;
  const descriptor = openSync(path, "r");
  fsyncSync(descriptor);
  closeSync(descriptor);
}
