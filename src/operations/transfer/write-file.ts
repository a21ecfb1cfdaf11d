import { existsSync, renameSync, rmSync, type Stats, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { StartError, StorageError } from "../../types.ts";

/** @throws StartError where nothing may be written to this name. */
export function mustBeFree(file: string, overwrite: boolean): string {
  const target = resolve(file);
  const found = statOf(target);
  if (found?.isDirectory()) throw new StartError(`${target} is a folder: name a file in it.`);
  if (found?.isFile() && !overwrite)
    throw new StartError(`${target} is there already: name another file, or give --force to replace it.`);
  return target;
}

/** False for a device or a pipe: what is there must stay. */
export function mayBeReplaced(target: string): boolean {
  return statOf(target)?.isFile() ?? true;
}

/** Undefined where nothing is there. @throws StorageError in a folder that may not be entered. */
function statOf(target: string): Stats | undefined {
  try {
    return statSync(target, { throwIfNoEntry: false });
  } catch (error) {
    throw cannotWrite(target, error);
  }
}

/**
 * Writes a file of mode 0600 that is there as a whole or not at all; a device or a pipe is written to as it is.
 * @returns its bytes.
 * @throws StartError with what to do.
 */
export async function writePieces(pieces: AsyncIterable<string>, target: string): Promise<number> {
  const isFile = mayBeReplaced(target);
  const draft = isFile ? `${target}.part` : target;
  let written = 0;
  try {
    const file = await open(draft, "w", 0o600);
    try {
      for await (const piece of pieces) written += (await file.write(piece)).bytesWritten;
      if (isFile) await file.sync();
    } finally {
      await file.close();
    }
    if (isFile) renameSync(draft, target);
    return written;
  } catch (error) {
    if (isFile && existsSync(draft)) rmSync(draft);
    throw cannotWrite(target, error);
  }
}

const REASONS: [RegExp, (target: string) => string][] = [
  [/ENOSPC|SQLITE_FULL|disk is full|No space/i, () => "the disk is full: make room"],
  [
    /EACCES|EPERM|EROFS|permission|readonly/i,
    (target) => `this program's user may not write to ${dirname(target)}`,
  ],
  [/ENOENT|ENOTDIR|no such file/i, (target) => `there is no folder ${dirname(target)}`],
];

export function cannotWrite(target: string, error: unknown): StartError {
  if (error instanceof StartError) return error;
  const { code = "", message } = error as { code?: string; message: string };
  const known = REASONS.find(([pattern]) => pattern.test(`${code} ${message}`));
  const reason = known === undefined ? message : known[1](target);
  return new StorageError(`${basename(target)} could not be written: ${reason}. Nothing was changed.`);
}
