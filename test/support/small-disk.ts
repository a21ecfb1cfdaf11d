import { mkdirSync, statfsSync } from "node:fs";
import { join } from "node:path";

export interface SmallDisk extends Disposable {
  path: string;
  /** Makes it larger or smaller, so that this many KiB are free. */
  leave(kib: number): void;
}

/** A file system of so many KiB, to be filled; null where this user may not mount one. */
export function smallDisk(within: string, kib: number): SmallDisk | null {
  const path = join(within, "small-disk");
  mkdirSync(path);
  const mount = Bun.spawnSync(["mount", "-t", "tmpfs", "-o", `size=${kib}k`, "tmpfs", path], {
    stdout: "ignore",
    stderr: "ignore",
  });
  if (!mount.success) return null;
  return {
    path,
    leave(free) {
      const { blocks, bfree, bsize } = statfsSync(path);
      const size = ((blocks - bfree) * bsize) / 1_024 + free;
      Bun.spawnSync(["mount", "-o", `remount,size=${size}k`, path]);
    },
    [Symbol.dispose]: () => {
      Bun.spawnSync(["umount", "-l", path]);
    },
  };
}
