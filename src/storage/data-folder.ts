import { lchownSync, lstatSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
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

/**
 * Where root works on the data folder of another user, as with `restore` for a service, what root made there is given
 * to that user: the service could not open it. What has a second name elsewhere is let be.
 */
export function handOver(dir: string): void {
  if (process.getuid?.() !== 0) return;
  const owner = statSync(dir, { throwIfNoEntry: false });
  if (owner === undefined || owner.uid === 0) return;
  for (const name of readdirSync(dir, { recursive: true }) as string[]) {
    const path = join(dir, name);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found?.uid !== 0 || (found.isFile() && found.nlink > 1)) continue;
    lchownSync(path, owner.uid, owner.gid);
  }
}
