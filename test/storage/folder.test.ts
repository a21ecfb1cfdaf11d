import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chownSync, linkSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { lockDataFolder, prepareDataFolder } from "../../src/storage/storage.ts";
import { StartError } from "../../src/types.ts";
import { type Folder, tempFolder } from "./builders.ts";

const CHILD = fileURLToPath(import.meta.resolve("./child.ts"));

let folder: Folder;
beforeEach(() => {
  folder = tempFolder();
});
afterEach(() => folder.remove());

describe("the data folder", () => {
  test("is made with its parents, for its owner alone, and left empty", () => {
    const path = join(folder.path, "a", "b");
    prepareDataFolder(path);
    prepareDataFolder(path);
    if (process.platform !== "win32") expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(readdirSync(path)).toEqual([]);
  });

  test("that cannot be made or written gives one line with what to do", () => {
    const file = join(folder.path, "file");
    writeFileSync(file, "");
    for (const path of [file, join(file, "below")]) {
      expect(() => prepareDataFolder(path)).toThrow(StartError);
      expect(() => prepareDataFolder(path)).toThrow(
        /^The data folder .* cannot be written \(E\w+\): set DATA_DIR/,
      );
    }
  });
});

describe("the folder's lock", () => {
  async function holdInChild() {
    const child = Bun.spawn([process.execPath, CHILD, "lock", folder.path], {
      stdout: "pipe",
    });
    const reader = child.stdout.getReader();
    const { value } = await reader.read();
    expect(new TextDecoder().decode(value)).toBe("locked\n");
    return child;
  }

  test("refuses a second holder in the same process, until it is released", () => {
    const lock = lockDataFolder(folder.path);
    expect(() => lockDataFolder(folder.path)).toThrow("Another load-balancer is running");
    lock.release();
    lockDataFolder(folder.path).release();
  });

  test("refuses a second process, and dies with the first even on kill -9", async () => {
    const child = await holdInChild();
    expect(() => lockDataFolder(folder.path)).toThrow("Another load-balancer is running");
    child.kill("SIGKILL");
    await child.exited;
    const lock = lockDataFolder(folder.path);
    expect(readdirSync(folder.path)).toEqual(["load-balancer.lock"]);
    const refused = Bun.spawnSync([process.execPath, CHILD, "lock", folder.path]);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr.toString()).toContain("Another load-balancer is running");
    lock.release();
  });

  test("says when the folder takes no file", () => {
    expect(() => lockDataFolder(join(folder.path, "missing"))).toThrow(/cannot be locked \(SQLITE_CANTOPEN/);
  });
});

test.skipIf(process.getuid?.() !== 0)(
  "what root makes in the folder of another user becomes that user's",
  () => {
    const path = join(folder.path, "data");
    prepareDataFolder(path);
    mkdirSync(join(path, "backups"));
    chownSync(path, 65_532, 65_533);
    const outside = join(folder.path, "outside");
    writeFileSync(outside, "");
    linkSync(outside, join(path, "linked"));
    symlinkSync(outside, join(path, "pointer"));
    const lock = lockDataFolder(path);
    for (const name of ["load-balancer.db", "backups/one.db"]) writeFileSync(join(path, name), "");
    lock.release();
    for (const name of ["load-balancer.db", "load-balancer.lock", "backups", "backups/one.db"])
      expect([name, statSync(join(path, name))]).toMatchObject([name, { uid: 65_532, gid: 65_533 }]);
    expect(statSync(outside).uid).toBe(0);
  },
);
