import { mkdirSync } from "node:fs";
import { join } from "node:path";

export interface SmallDisk extends Disposable {
  path: string;
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
    [Symbol.dispose]: () => {
      Bun.spawnSync(["umount", "-l", path]);
    },
  };
}
