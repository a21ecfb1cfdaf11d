import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { openDatabase, Sql } from "../../src/storage/database.ts";
import { migrations } from "../../src/storage/migrations.ts";
import { StartError } from "../../src/types.ts";
import { aKey, anUpstream, aQuery, aRequest, batchOf, type Folder, open, tempFolder } from "./builders.ts";

let folder: Folder;
beforeEach(() => {
  folder = tempFolder();
});
afterEach(() => folder.remove());

async function makeDatabase(): Promise<void> {
  const storage = await open(folder);
  await storage.upstreams.insert(anUpstream());
  await storage.keys.insert(
    Array.from({ length: 200 }, (_, index) => aKey({ id: `k${index}`, name: "x".repeat(200) })),
    [],
  );
  await storage.writeBatch(batchOf(Array.from({ length: 300 }, () => aRequest())));
  storage.close();
}

function userVersion(): number {
  const database = new Database(folder.database, { readonly: true });
  const { user_version } = database.query("PRAGMA user_version").get() as { user_version: number };
  database.close();
  return user_version;
}

function failure(action: () => unknown): Error {
  try {
    action();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}

describe("migrations", () => {
  test("count from 1 without gaps", () => {
    expect(migrations.map((step) => step.version)).toEqual(migrations.map((_, index) => index + 1));
  });

  test("bring an empty file to the newest version, and opening again changes nothing", async () => {
    await makeDatabase();
    expect(userVersion()).toBe(migrations.length);
    const storage = await open(folder);
    expect((await storage.keys.list()).length).toBe(200);
    storage.close();
    expect(userVersion()).toBe(migrations.length);
  });

  test("add only the steps that are missing", () => {
    openDatabase(folder.database).close();
    const next = {
      version: migrations.length + 1,
      sql: "CREATE TABLE added (x TEXT) STRICT; INSERT INTO added VALUES ('a')",
    };
    for (let round = 0; round < 2; round++) {
      const sql = openDatabase(folder.database, [...migrations, next]);
      expect(sql.all("SELECT x FROM added")).toEqual([{ x: "a" }]);
      sql.close();
    }
  });

  test("a step that fails half way leaves the version before it whole", async () => {
    await makeDatabase();
    const broken = {
      version: migrations.length + 1,
      sql: "DROP TABLE attempts; CREATE TABLE half (x TEXT); INSERT INTO nowhere VALUES (1)",
    };
    expect(failure(() => openDatabase(folder.database, [...migrations, broken]))).toBeInstanceOf(StartError);
    expect(userVersion()).toBe(migrations.length);
    const storage = await open(folder);
    expect((await storage.requestLogs.list(aQuery({ limit: 1 }))).data[0]?.attempts.length).toBe(1);
    storage.close();
  });
});

describe("the file", () => {
  test("is for its owner alone, and so are those beside it", async () => {
    const storage = await open(folder);
    await storage.upstreams.insert(anUpstream());
    const modes = readdirSync(folder.path).map((name) => statSync(`${folder.path}/${name}`).mode & 0o777);
    expect(modes.length).toBe(3);
    if (process.platform !== "win32") expect(new Set(modes)).toEqual(new Set([0o600]));
    storage.close();
    // Nothing is left open, or a backup by copying would miss what stands in the -wal file.
    expect(readdirSync(folder.path)).toEqual(["load-balancer.db"]);
  });

  test("holds everything once it is closed, also while the worker has not let go of it yet", async () => {
    const storage = await open(folder);
    await storage.writeBatch(batchOf([aRequest({ id: "a" })]));
    expect((await storage.requestLogs.list(aQuery())).data).toHaveLength(1);
    storage.close();
    const wal = statSync(`${folder.database}-wal`, { throwIfNoEntry: false });
    expect(wal?.size ?? 0).toBe(0);
  });

  test("waits for the disk after what people changed, not after a batch", () => {
    const sql = openDatabase(folder.database);
    const mode = () => sql.get("PRAGMA synchronous")?.synchronous;
    expect(sql.write(mode)).toBe(2);
    expect(sql.batch(mode)).toBe(1);
    expect(() => sql.batch(() => sql.run("INSERT INTO facts VALUES (NULL, NULL)"))).toThrow("NOT NULL");
    expect(sql.write(mode)).toBe(2);
    expect(sql.get("PRAGMA journal_mode")?.journal_mode).toBe("wal");
    expect(sql.get("PRAGMA foreign_keys")?.foreign_keys).toBe(1);
    sql.close();
  });

  test("that is full fails the change alone: reads go on, and so do writes once there is room", () => {
    openDatabase(folder.database).close();
    const database = new Database(folder.database);
    const sql = new Sql(database);
    const insert = () => sql.run("INSERT INTO facts VALUES (?, ?)", crypto.randomUUID(), "x".repeat(50_000));
    database.run("PRAGMA max_page_count = 1");
    expect(() => sql.batch(insert)).toThrow("full");
    expect(() => sql.write(insert)).toThrow("full");
    expect(sql.get("SELECT count(*) AS rows FROM facts")?.rows).toBe(0);
    database.run("PRAGMA max_page_count = 100000");
    sql.batch(insert);
    sql.write(insert);
    expect(sql.get("SELECT count(*) AS rows FROM facts")?.rows).toBe(2);
    sql.close();
  });

  test("of a newer version is refused with both numbers, unchanged", async () => {
    await makeDatabase();
    const database = new Database(folder.database);
    database.run(`PRAGMA user_version = ${migrations.length + 7}`);
    database.close();
    const before = readFileSync(folder.database);
    const { message } = failure(() => openDatabase(folder.database));
    expect(message).toContain(`schema ${migrations.length + 7}`);
    expect(message).toContain(`up to ${migrations.length})`);
    expect(readFileSync(folder.database).equals(before)).toBe(true);
  });

  test("in a folder that does not exist gives one line", () => {
    const error = failure(() => openDatabase(`${folder.path}/none/load-balancer.db`));
    expect(error).toBeInstanceOf(StartError);
    expect(error.message).toContain("ENOENT");
    expect(error.message).not.toContain("\n");
  });
});

describe("a damaged database", () => {
  const PAGE = 4096;
  /** Each changes the bytes in place. */
  const damages: Record<string, (bytes: Buffer) => unknown> = {
    "a header that was overwritten": (bytes) => bytes.fill(0xff, 0, 16),
    "a page whose kind was changed": (bytes) => bytes.fill(0x77, PAGE * 5, PAGE * 5 + 1),
    "a page full of noise": (bytes) => crypto.getRandomValues(bytes.subarray(PAGE * 7, PAGE * 8)),
    "a page of zeros": (bytes) => bytes.fill(0, PAGE * 9, PAGE * 10),
    "ten pages out of place": (bytes) => bytes.copy(bytes, PAGE * 20, PAGE * 40, PAGE * 50),
    "another program's text": (bytes) => bytes.fill("this is no database, but somebody's notes\n"),
  };
  for (const [name, damage] of Object.entries(damages)) {
    test(`refuses to start and changes nothing: ${name}`, async () => {
      await makeDatabase();
      const damaged = readFileSync(folder.database);
      damage(damaged);
      writeFileSync(folder.database, damaged);
      const error = failure(() => openDatabase(folder.database));
      expect(error).toBeInstanceOf(StartError);
      expect(error.message).toMatch(/is damaged \(.+\)\. Nothing was changed\. Put a backup in its place/);
      expect(error.message).not.toContain("\n");
      expect(readFileSync(folder.database).equals(damaged)).toBe(true);
      expect(existsSync(`${folder.database}-wal`) && statSync(`${folder.database}-wal`).size > 0).toBe(false);
    });
  }

  test("keeps its -wal file too: what it holds may still be saved", async () => {
    await makeDatabase();
    const writer = Bun.spawnSync([
      process.execPath,
      "-e",
      `const { Database } = require("bun:sqlite"); const d = new Database(process.argv[1]);
       d.run("INSERT INTO facts VALUES ('a', 'b')"); process.kill(process.pid, "SIGKILL")`,
      folder.database,
    ]);
    expect(writer.signalCode).toBe("SIGKILL");
    const wal = readFileSync(`${folder.database}-wal`);
    expect(wal.length).toBeGreaterThan(0);
    truncateSync(folder.database, PAGE * 8);
    const before = readFileSync(folder.database);
    expect(failure(() => openDatabase(folder.database))).toBeInstanceOf(StartError);
    expect(readFileSync(folder.database).equals(before)).toBe(true);
    expect(readFileSync(`${folder.database}-wal`).equals(wal)).toBe(true);
  });
});
