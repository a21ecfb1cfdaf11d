import { existsSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { lockDataFolder } from "../../storage/storage.ts";
import { StartError } from "../../types.ts";

export const DATABASE = "load-balancer.db";

/** What a command knows of an installation that it has not opened. */
export interface DataFolder {
  dataDir: string;
  encryptionKey: string | undefined;
}

/** Whether a server, or another command, works on the data folder now. */
export function isInUse(dataDir: string): boolean {
  if (!existsSync(dataDir)) return false;
  try {
    lockDataFolder(dataDir).release();
    return false;
  } catch (error) {
    if (error instanceof StartError && error.message.startsWith("Another")) return true;
    throw error;
  }
}

/** @throws StartError where there is none. */
export function databaseIn(dataDir: string): string {
  const path = join(resolve(dataDir), DATABASE);
  try {
    if (statSync(path, { throwIfNoEntry: false }) !== undefined) return path;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartError(
      `${resolve(dataDir)} cannot be entered (${code}): run this as the user of the server, or as root.`,
    );
  }
  throw new StartError(
    `There is no database in ${resolve(dataDir)}: set DATA_DIR to the data folder of the server.`,
  );
}
