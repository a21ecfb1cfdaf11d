import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { StartError } from "../types.ts";

/**
 * Makes the data folder (mode 0700) where it is missing and proves by writing that it can be written.
 * @throws StartError, one line, otherwise.
 */
export function prepareDataFolder(dir: string): void {
  const path = resolve(dir);
  const probe = join(path, `.write-check-${process.pid}`);
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    writeFileSync(probe, "", { mode: 0o600 });
    rmSync(probe);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartError(
      `The data folder ${path} cannot be written (${code}): set DATA_DIR to a folder that this program's user may write.`,
    );
  }
}
