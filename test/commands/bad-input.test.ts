import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { systemClock } from "../../src/clock.ts";
import { loadConfig } from "../../src/config.ts";
import { openInstallation } from "../../src/installation.ts";
import { createLogger } from "../../src/log.ts";
import { type Folder, tempFolder } from "../storage/builders.ts";
import { command, type Ran } from "../support/command.ts";
import { type EarlierFile, earlierFolder, hashes } from "../support/earlier-version.ts";
import { smallDisk } from "../support/small-disk.ts";
import { withoutRights } from "../support/without-rights.ts";

/** What import, migrate and restore say to a file that is none, and to a disk that ends in the middle. */
const EARLIER_EXPORT = join(import.meta.dir, "../fixtures/earlier-version/full-export.json");
const LARGE_KIB = 64 * 1024;
/** Less than what comes in takes, and enough to open a database. */
const SMALL_KIB = 80;

let folder: Folder;
let env: Record<string, string>;
beforeEach(() => {
  folder = tempFolder();
  env = { DATA_DIR: inFolder("data") };
});
const earlier: string[] = [];
afterEach(() => {
  folder.remove();
  for (const path of earlier.splice(0)) rmSync(dirname(path), { recursive: true });
});

const openThere = (there: Record<string, string>) => {
  const log = createLogger({ level: "error", format: "json", write: () => undefined });
  return openInstallation(loadConfig(there, false), log, systemClock);
};
const leftBehind = (...files: EarlierFile[]) => {
  const path = earlierFolder(...files);
  earlier.push(path);
  return path;
};
const inFolder = (name: string) => join(folder.path, name);
function expectOneLine({ exitCode, stdout, stderr }: Ran, message: RegExp): void {
  expect([exitCode, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(message);
  expect(stderr).not.toContain("\n");
}

test("import: what is no file makes no data folder, and a problem is told once", async () => {
  mkdirSync(inFolder("folder"));
  const cases: [string, RegExp][] = [
    [inFolder("none"), /^The file cannot be read: there is no such file \(\S+\)\.$/],
    [inFolder("folder"), /^The file cannot be read: it is a folder: name a file in it \(\S+\)\.$/],
  ];
  for (const [file, message] of cases) expectOneLine(await command(["import", file], env), message);
  expect(existsSync(env.DATA_DIR!)).toBe(false);
});

test("import --dry-run on a machine without data leaves none behind", async () => {
  writeFileSync(inFolder("keys.txt"), "sk-one-0123456789\n");
  const { exitCode, stdout } = await command(["import", inFolder("keys.txt"), "--dry-run"], env);
  expect([exitCode, stdout]).toEqual([0, "Would add: 1 key."]);
  expect(existsSync(env.DATA_DIR!)).toBe(false);
});

test("import: a gigabyte that is no export is refused at a named limit, without being read", async () => {
  const file = inFolder("huge");
  writeFileSync(file, "sk-one-0123456789\n");
  truncateSync(file, 2 ** 30);
  const before = process.memoryUsage().rss;
  expectOneLine(await command(["import", file], env), /a list of keys may have at most 5 MiB/);
  expect(process.memoryUsage().rss - before).toBeLessThan(150 * 2 ** 20);
});

test("migrate: a wrong folder makes no data folder", async () => {
  mkdirSync(inFolder("folder"));
  writeFileSync(inFolder("file"), "");
  const cases: [string, RegExp][] = [
    [inFolder("none"), /none does not exist: give the data folder of the earlier version/],
    [inFolder("file"), /file is no folder: give the data folder/],
    [inFolder("folder"), /folder has no database\.db, keys\.json or settings\.json/],
  ];
  for (const [from, message] of cases)
    expectOneLine(await command(["migrate", "--from", from], env), message);
  expect(existsSync(env.DATA_DIR!)).toBe(false);
});

test("a file that this user may not read: import, restore and migrate say so and make nothing", async () => {
  const file = inFolder("closed");
  writeFileSync(file, "sk-one-0123456789\n", { mode: 0o000 });
  const from = leftBehind("database.sql");
  chmodSync(from, 0o755);
  chmodSync(dirname(from), 0o755);
  chmodSync(join(from, "database.db"), 0o000);
  if (process.getuid?.() === 0) chownSync(folder.path, 65_534, 65_534);
  const cases: [string[], RegExp][] = [
    [["import", file], /may not read it \(\S+\)\.$/],
    [["restore", file], /closed cannot be read \(EACCES\): check its rights/],
    [["migrate", "--from", from], /database\.db cannot be read .*the right to read it/],
  ];
  for (const [args, message] of cases) {
    expectOneLine(await withoutRights(() => command(args, env)), message);
    const { stdout } = await withoutRights(() => command(["export"], env));
    expect(JSON.parse(stdout || '{"keys":[]}')).toMatchObject({ keys: [] });
  }
  chmodSync(join(from, "database.db"), 0o600);
});

test("a data folder of somebody else: every command says so", async () => {
  await (await openThere({ DATA_DIR: env.DATA_DIR! })).close();
  chmodSync(env.DATA_DIR!, 0o000);
  if (process.getuid?.() === 0) chmodSync(folder.path, 0o755);
  const commands = [["backup", inFolder("b.db")], ["export"], ["reset-password"], ["import", EARLIER_EXPORT]];
  for (const args of commands) {
    const ran = await withoutRights(() => command(args, env));
    expectOneLine(ran, /data\S* cannot be (entered|opened|written) \(EACCES\): /);
  }
  chmodSync(env.DATA_DIR!, 0o700);
});

/** Fails on the full disk and says so, leaves nothing, and goes through once there is room. */
async function expectAllOrNothing(args: string[], added: RegExp): Promise<void> {
  using disk = smallDisk(folder.path, LARGE_KIB);
  if (disk === null) return;
  const there = { DATA_DIR: join(disk.path, "data") };
  await (await openThere(there)).close();
  disk.leave(SMALL_KIB);
  const failed = await command(args, there);
  const stderr = failed.stderr.split("\n").at(-1)!;
  expectOneLine({ ...failed, stderr }, /the disk is full.*\. Nothing was (taken in|changed)\.$/);
  expect(readdirSync(there.DATA_DIR).filter((name) => name.endsWith(".part"))).toEqual([]);
  disk.leave(LARGE_KIB);
  const { stdout: nothing } = await command(["export"], there);
  expect(JSON.parse(nothing)).toMatchObject({ keys: [], requests: [], key_events: [] });
  const { exitCode, stdout } = await command(args, there);
  expect([exitCode, stdout]).toEqual([0, expect.stringMatching(added)]);
}

test("migrate: a disk that is full in the middle", async () => {
  const from = leftBehind("database.sql", "keys.json", "settings.json");
  const before = hashes(from);
  await expectAllOrNothing(["migrate", "--from", dirname(from)], /keys +22 added/);
  expect(hashes(from)).toEqual(before);
});

test("import: a disk that is full in the middle, of a file as it is", async () => {
  await command(["import", EARLIER_EXPORT], env);
  const file = inFolder("all.json");
  await command(["export", "--secrets", "--out", file], env);
  await expectAllOrNothing(["import", file], /Added: .*14 keys/);
});

test("import: a disk that is full while a packed file is unpacked", async () => {
  const padded = `${await Bun.file(EARLIER_EXPORT).text()}${" ".repeat(2 ** 20)}`;
  writeFileSync(inFolder("all.json.gz"), Bun.gzipSync(padded));
  await expectAllOrNothing(["import", inFolder("all.json.gz")], /Added: .*14 keys/);
});

test("restore: a disk that is full in the middle", async () => {
  await command(["import", EARLIER_EXPORT], env);
  const file = inFolder("backup.db");
  await command(["backup", file, "--with-secret-key"], env);
  await expectAllOrNothing(["restore", file], /Restored: 14 keys/);
});
