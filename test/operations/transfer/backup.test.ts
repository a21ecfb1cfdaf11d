import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../../src/clock.ts";
import { loadConfig } from "../../../src/config.ts";
import { openInstallation } from "../../../src/installation.ts";
import { createLogger } from "../../../src/log.ts";
import { backUp, restore } from "../../../src/operations/transfer/backup.ts";
import { StartError } from "../../../src/types.ts";
import { aRequest, batchOf, type Folder, tempFolder } from "../../storage/builders.ts";
import { smallDisk } from "../../support/small-disk.ts";
import { withoutRights } from "../../support/without-rights.ts";

const SECRET = "sk-backup-0123456789abcdef";
const silent = createLogger({ level: "error", format: "json", write: () => undefined });

let folder: Folder;
let dataDir: string;
let file: string;
beforeEach(() => {
  folder = tempFolder();
  dataDir = join(folder.path, "data");
  file = join(folder.path, "backup.db");
});
afterEach(() => folder.remove());

const here = () => ({ dataDir, encryptionKey: undefined });
const open = () => openInstallation(loadConfig({ DATA_DIR: dataDir }, false), silent, systemClock);

async function fill(keys = 1): Promise<void> {
  const installation = await open();
  for (let key = 0; key < keys; key += 1)
    await installation.operations.keys.add({ secret: `${SECRET}${key}`, name: `k${key}` }, "admin");
  await installation.storage.writeBatch(batchOf([aRequest({ attempts: [] }), aRequest({ attempts: [] })]));
  await installation.close();
}

async function secretsHere(): Promise<string[]> {
  const installation = await open();
  const keys = await installation.storage.keys.list();
  await installation.close();
  return keys.map(({ sealedSecret }) => installation.secretBox.open(sealedSecret));
}

const refusal = async (work: Promise<unknown>) => {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StartError);
  const { message } = error as Error;
  expect(message).not.toContain("\n");
  return message;
};

test("a backup of a running installation, restored, is what was there; what was replaced is kept", async () => {
  await fill();
  const running = await open();
  const made = await backUp(here(), file);
  expect(made).toMatchObject({ file, hasSecretKey: false });
  expect(made.sizeBytes).toBe(statSync(file).size);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  await running.operations.keys.add({ secret: `${SECRET}-later` }, "admin");
  expect(await refusal(restore(here(), file, systemClock))).toContain("running on the data folder");
  await running.close();

  const result = await restore(here(), file, systemClock);
  expect(result).toMatchObject({ keys: 1, requests: 2, secretKeyWritten: false });
  expect(await secretsHere()).toEqual([`${SECRET}0`]);
  const kept = new Database(result.keptAs!, { readonly: true });
  expect(kept.query("SELECT count(*) AS keys FROM keys").get()).toEqual({ keys: 2 });
  kept.close();
  expect(readdirSync(dataDir).filter((name) => name.endsWith(".part"))).toEqual([]);
});

test("into an empty folder: with the secret key inside, or with one that was put there", async () => {
  await fill();
  const bare = join(folder.path, "bare.db");
  await backUp(here(), file, { withSecretKey: true });
  await backUp(here(), bare);
  const key = readFileSync(join(dataDir, "secret.key"), "utf8");
  expect(readFileSync(bare).includes(key.trim())).toBe(false);

  rmSync(dataDir, { recursive: true });
  expect(await refusal(restore(here(), bare, systemClock))).toMatch(/another secret key.*secret\.key/);
  expect(existsSync(join(dataDir, "load-balancer.db"))).toBe(false);
  writeFileSync(join(dataDir, "secret.key"), key, { mode: 0o600 });
  expect(await restore(here(), bare, systemClock)).toMatchObject({ keptAs: null, secretKeyWritten: false });
  expect(await secretsHere()).toEqual([`${SECRET}0`]);

  rmSync(dataDir, { recursive: true });
  expect(await restore(here(), file, systemClock)).toMatchObject({ secretKeyWritten: true });
  expect(await secretsHere()).toEqual([`${SECRET}0`]);
  const restored = new Database(join(dataDir, "load-balancer.db"), { readonly: true });
  expect(restored.query("SELECT * FROM facts WHERE name = 'secret_key'").all()).toEqual([]);
  restored.close();
});

describe("what is no backup changes nothing", () => {
  const cases: [string, RegExp, (path: string) => void][] = [
    ["nothing", /does not exist/, (path) => rmSync(path)],
    [
      "a folder",
      /is no file/,
      (path) => {
        rmSync(path);
        mkdirSync(path);
      },
    ],
    ["an empty file", /is no database/, (path) => truncateSync(path, 0)],
    ["text", /is no database/, (path) => writeFileSync(path, "hello, I am no database at all")],
    ["half of it", /is damaged/, (path) => truncateSync(path, Math.floor(statSync(path).size / 2))],
    [
      "another program's database",
      /not this program's/,
      (path) => {
        rmSync(path);
        const other = new Database(path, { create: true });
        other.run("CREATE TABLE notes (text TEXT)");
        other.close();
      },
    ],
    [
      "a newer version's",
      /newer version/,
      (path) => {
        const newer = new Database(path, { readwrite: true });
        newer.run("PRAGMA user_version = 9999");
        newer.close();
      },
    ],
    [
      "overwritten in the middle",
      /is damaged/,
      (path) => {
        const bytes = readFileSync(path);
        bytes.fill(0xaa, 4_096, Math.min(bytes.length, 60_000));
        writeFileSync(path, bytes);
      },
    ],
  ];
  for (const [name, message, spoil] of cases) {
    test(name, async () => {
      await fill(3);
      await backUp(here(), file);
      spoil(file);
      expect(await refusal(restore(here(), file, systemClock))).toMatch(message);
      expect(await secretsHere()).toHaveLength(3);
      expect(readdirSync(dataDir).filter((entry) => /part|before/.test(entry))).toEqual([]);
    });
  }

  test("one that was sealed under another secret key", async () => {
    await fill();
    await backUp(here(), file);
    rmSync(dataDir, { recursive: true });
    await fill(2);
    expect(await refusal(restore(here(), file, systemClock))).toContain("another secret key");
    expect(await secretsHere()).toHaveLength(2);
  });

  test("a database that is in use, copied without its log of changes", async () => {
    await fill();
    copyFileSync(join(dataDir, "load-balancer.db"), file);
    writeFileSync(`${file}-wal`, "changes");
    expect(await refusal(restore(here(), file, systemClock))).toContain("in use");
  });
});

describe("a backup that cannot be written leaves nothing behind", () => {
  test("no data folder, a file that is there, a folder, no such folder", async () => {
    expect(await refusal(backUp(here(), file))).toContain("There is no database");
    await fill();
    writeFileSync(file, "mine");
    expect(await refusal(backUp(here(), file))).toContain("there already");
    expect(readFileSync(file, "utf8")).toBe("mine");
    await backUp(here(), file, { overwrite: true });
    expect(statSync(file).size).toBeGreaterThan(4_096);
    expect(await refusal(backUp(here(), dataDir))).toContain("is a folder");
    expect(await refusal(backUp(here(), join(folder.path, "no/such.db")))).toContain("there is no folder");
  });

  test("a full disk", async () => {
    await fill();
    using disk = smallDisk(folder.path, 64);
    if (disk === null) return;
    const target = join(disk.path, "x.db");
    expect(await refusal(backUp(here(), target))).toMatch(/x\.db could not be written: the disk is full/);
    expect(readdirSync(disk.path)).toEqual([]);
  });

  test("a folder without rights", async () => {
    await fill();
    const closed = join(folder.path, "closed");
    mkdirSync(closed);
    chmodSync(closed, 0o500);
    if (process.getuid?.() === 0) {
      Bun.spawnSync(["chown", "-R", "65534:65534", folder.path]);
      chownSync(closed, 0, 0);
    }
    const told = withoutRights(() => refusal(backUp(here(), join(closed, "x.db"))));
    expect(await told).toContain("may not write");
  });
});
