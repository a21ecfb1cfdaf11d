import { afterEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { RequestRecord } from "../../src/types.ts";
import { type AdminParts, openParts } from "../support/admin-server.ts";
import { manualClock } from "../support/clock.ts";
import {
  EARLIER_NOW,
  type EarlierFile,
  earlierFolder,
  hashes,
  openEarlier,
} from "../support/earlier-version.ts";

const opened: (() => void)[] = [];
afterEach(() => {
  for (const close of opened.splice(0)) close();
});

async function start(): Promise<AdminParts> {
  const parts = await openParts({ clock: manualClock(EARLIER_NOW) });
  opened.push(() => {
    parts.storage.close();
    rmSync(parts.dir, { recursive: true, force: true });
  });
  return parts;
}

function folderWith(...files: EarlierFile[]): string {
  const folder = earlierFolder(...files);
  opened.push(() => rmSync(dirname(folder), { recursive: true, force: true }));
  return folder;
}

const run = (parts: AdminParts, from: string, more: { dryRun?: boolean; maxRequests?: number } = {}) =>
  parts.operations.migration.run({ from, dryRun: false, actor: "admin", ...more });

async function allKeys({ operations }: AdminParts) {
  return (await operations.keys.list({ limit: 500, sort: "created_at" })).data;
}

async function allRequests({ operations }: AdminParts): Promise<RequestRecord[]> {
  return (await operations.logs.requests({ kind: "request", limit: 500, cursor: null })).data;
}

/** Everything that a second run must not change. */
async function everything(parts: AdminParts) {
  return {
    keys: await allKeys(parts),
    pools: await parts.operations.pools.list(),
    upstreams: await parts.operations.upstreams.list(),
    settings: parts.operations.settings.current(),
    requests: await allRequests(parts),
    stats: (await parts.operations.stats.read({ range: "90d", bucket: "day" })).totals,
  };
}

describe("a database of the earlier version", () => {
  test("every key comes over with its state, counters, daily limit and pool", async () => {
    const parts = await start();
    const from = folderWith("database.sql");
    const report = await run(parts, from);
    expect(report.keys).toEqual({ added: 14, disabled: 3, present: 0, skipped: [] });
    const database = openEarlier(from);
    const rows = database.query("SELECT * FROM api_keys ORDER BY rowid").all() as Record<string, unknown>[];
    database.close();
    const keys = await allKeys(parts);
    const pools = new Map((await parts.operations.pools.list()).map(({ id, name }) => [id, name]));
    expect(
      keys.map((key) => ({
        _id: key.id,
        key: parts.secretBox.fingerprint(String(rows.find(({ _id }) => _id === key.id)?.key)),
        name: key.name === "key-01" ? null : key.name,
        profile: key.poolId === null ? "" : (pools.get(key.poolId) ?? "unknown"),
        isActive: key.enabled ? 1 : 0,
        lastUsed: key.lastUsedAt,
        failureCount: key.failureCount,
        requestCount: key.requestCount,
        dailyRateLimit: key.dailyLimit ?? 0,
      })),
    ).toEqual(
      rows.map((row) => ({
        _id: String(row._id),
        key: parts.secretBox.fingerprint(String(row.key)),
        name: row.name as string | null,
        profile: String(row.profile ?? ""),
        isActive: Number(row.isActive),
        lastUsed: Date.parse(String(row.lastUsed)),
        failureCount: Number(row.failureCount),
        requestCount: Number(row.requestCount),
        dailyRateLimit: Number(row.dailyRateLimit ?? 0),
      })),
    );
    const stored = await parts.storage.keys.list();
    expect(stored.map(({ sealedSecret }) => parts.secretBox.open(sealedSecret))).toEqual(
      rows.map(({ key }) => String(key)),
    );
    expect(Object.groupBy(keys, ({ status }) => status)).toMatchObject({
      disabled: [{ name: "Key 2" }, { name: "Key 6" }, { name: "Key 9" }],
      daily_limit_reached: [{ name: "Key 3", dailyUsed: 50, dailyLimit: 50 }],
      cooling: [{ name: "Key 4", cooldownUntil: Date.parse("2026-11-20T12:01:30.000Z") }],
    });
    expect(keys.filter(({ status }) => status === "available")).toHaveLength(9);
  });

  test("profiles become pools, also one without keys; the default one is none", async () => {
    const parts = await start();
    const report = await run(parts, folderWith("database.sql"));
    expect(report.pools).toEqual({ added: ["OpenAI Production", "Groq Free", "Empty Team"], present: [] });
    expect(await parts.operations.pools.list()).toMatchObject([
      { name: "OpenAI Production", description: "Paid keys", color: "#22c55e", icon: "server" },
      { name: "Groq Free", color: "#f97316", icon: "zap" },
      { name: "Empty Team", color: "#6366f1", icon: "key" },
    ]);
    expect(parts.told.pools.at(-1)).toHaveLength(3);
  });

  test("settings come over with the nearest meaning, and say what is different", async () => {
    const parts = await start();
    const report = await run(parts, folderWith("database.sql"));
    expect(parts.operations.settings.current()).toMatchObject({
      apiEndpoint: "https://api.groq.com/openai/v1",
      strategy: "least_connections",
      rotationRequestCount: 7,
      maxFailureCount: 4,
      rateLimitCooldownS: 90,
      maxRetries: 5,
      failoverDelayMs: 0,
      clientRequestsPerMinute: 0,
      logRetentionDays: 0,
    });
    expect(await parts.operations.upstreams.list()).toMatchObject([
      { name: "Groq", baseUrl: "https://api.groq.com/openai/v1", isDefault: true },
    ]);
    expect(report.settings.left).toEqual([
      { earlierName: "requestRateLimit", reason: expect.stringContaining("client_requests_per_minute") },
    ]);
    const note = report.settings.changed.find(({ name }) => name === "log_retention_days")?.note;
    expect(note).toContain("never shortened");
    expect(report.notes.join(" ")).toContain("cors_allowed_origins");
    expect(await parts.storage.settings.all()).toMatchObject({ rotation_request_count: 7 });
  });

  test("every request comes over, with its outcome, its key and its place in the statistics", async () => {
    const parts = await start();
    const report = await run(parts, folderWith("database.sql"));
    expect(report.requests).toEqual({ added: 33, present: 0, skipped: [] });
    const requests = await allRequests(parts);
    const counted = (of: (request: RequestRecord) => string) =>
      Object.fromEntries([...Map.groupBy(requests, of)].map(([name, rows]) => [name, rows.length]));
    expect(counted(({ status, outcome }) => `${status} ${outcome}`)).toEqual({
      "200 ok": 20,
      "400 client_error": 3,
      "401 invalid_key": 2,
      "404 model_unavailable": 1,
      "429 rate_limited": 3,
      "500 upstream_error": 4,
    });
    expect(requests.reduce((sum, { durationMs }) => sum + durationMs, 0)).toBe(131_006);
    expect(requests.filter(({ clientAddress }) => clientAddress === "")).toHaveLength(7);
    expect(requests.some(({ clientAddress }) => clientAddress.includes(","))).toBe(false);
    // Of N/A and UNKNOWN no key was tried.
    expect(counted(({ attempts }) => `${attempts.length}`)).toEqual({ "0": 4, "1": 29 });

    const byModel = await parts.operations.stats.read({ range: "90d", bucket: "day", groupBy: "model" });
    expect(byModel.totals).toMatchObject({ requests: 33, successes: 20, errors: 10, clientErrors: 3 });
    expect(Object.fromEntries(byModel.groups.map(({ id, requests: count }) => [id, count]))).toEqual({
      "": 3,
      "fail-test": 1,
      "gemini-2.0-flash": 9,
      "gpt-4o-mini": 5,
      "limit-test": 1,
      "llama-3.3-70b-versatile": 10,
      "mixtral-8x7b": 4,
    });
    const days = byModel.series.filter((day) => day.requests > 0);
    expect(days.at(-1)).toMatchObject({ at: Date.parse("2026-11-20T00:00:00Z"), requests: 23 });
    const hours = await parts.operations.stats.read({ range: "24h" });
    expect(hours.totals.requests).toBe(23);
    const byKey = await parts.operations.stats.read({ range: "90d", bucket: "day", groupBy: "key" });
    expect(byKey.groups.find(({ label }) => label === "Key 1")).toMatchObject({ requests: 4, attempts: 4 });
  });

  test("its first schema has no profiles", async () => {
    const parts = await start();
    const report = await run(parts, folderWith("database-first.sql"));
    expect(report).toMatchObject({
      keys: { added: 5, disabled: 1, skipped: [] },
      pools: { added: [] },
      requests: { added: 12, skipped: [] },
    });
    expect((await allKeys(parts)).map(({ requestCount }) => requestCount)).toEqual([24, 23, 36, 27, 28]);
    expect(parts.operations.settings.current()).toMatchObject({
      rotationRequestCount: 3,
      maxFailureCount: 5,
      rateLimitCooldownS: 120,
    });
  });
});

describe("keys.json and settings.json", () => {
  test("come over alone", async () => {
    const parts = await start();
    const report = await run(parts, folderWith("keys.json", "settings.json"));
    expect(report.keys).toEqual({ added: 8, disabled: 1, present: 0, skipped: [] });
    expect(await allKeys(parts)).toMatchObject([
      { id: "65f0c0de0000000000000001", name: "Json 1", requestCount: 1200, status: "available" },
      { name: "Json 2", status: "disabled", failureCount: 5 },
      { name: "Json 3", dailyLimit: 100, status: "available" },
      { name: "Json 4", status: "available" },
      { name: "key-01" },
      { name: "Json 6", dailyLimit: null },
      { name: "Json 7", requestCount: 33, failureCount: 2 },
      { name: "Json 8" },
    ]);
    // The first version had one endpoint, and no requests to keep.
    expect(parts.operations.settings.current()).toMatchObject({
      apiEndpoint: "https://generativelanguage.googleapis.com/v1beta/openai",
      rotationRequestCount: 4,
      maxFailureCount: 6,
      rateLimitCooldownS: 75,
      logRetentionDays: 10,
      maxRetries: 2,
    });
  });

  test("beside a database its keys are added, and its settings are the older ones", async () => {
    const parts = await start();
    const report = await run(parts, folderWith("database.sql", "keys.json", "settings.json"));
    expect(report.keys).toMatchObject({ added: 22, disabled: 4 });
    expect(parts.operations.settings.current().maxFailureCount).toBe(4);
    expect(report.notes[0]).toContain("settings.json was left aside");
  });
});

describe("a second time", () => {
  test("nothing is added and nothing changes", async () => {
    const parts = await start();
    const from = folderWith("database.sql", "keys.json", "settings.json");
    await run(parts, from);
    const before = await everything(parts);
    const report = await run(parts, dirname(from));
    expect(report).toMatchObject({
      keys: { added: 0, present: 22 },
      pools: { added: [] },
      settings: { changed: [], left: [] },
      requests: { added: 0, present: 33 },
    });
    expect(await everything(parts)).toEqual(before);
  });

  test("what people changed here in between stays", async () => {
    const parts = await start();
    const from = folderWith("database.sql");
    await run(parts, from);
    await parts.operations.settings.patch({ max_retries: null, strategy: "random" }, "admin");
    await run(parts, from);
    expect(parts.operations.settings.current()).toMatchObject({ maxRetries: 3, strategy: "random" });
  });
});

describe("beside what is here already", () => {
  test("settings that were changed stay, and the keys get an upstream of their own", async () => {
    const parts = await start();
    await parts.operations.settings.patch(
      { api_endpoint: "https://api.openai.com/v1", max_retries: 1 },
      "admin",
    );
    await parts.operations.keys.add({ secret: "sk-own-key-12345" }, "admin");
    const report = await run(parts, folderWith("database.sql"));
    expect(parts.operations.settings.current()).toMatchObject({
      apiEndpoint: "https://api.openai.com/v1",
      maxRetries: 1,
    });
    expect(report.settings.left.map(({ earlierName }) => earlierName)).toEqual([
      "requestRateLimit",
      "maxRetries",
      "endpoint",
    ]);
    const upstreams = await parts.operations.upstreams.list();
    expect(upstreams.map(({ name, isDefault }) => [name, isDefault])).toEqual([
      ["OpenAI", true],
      ["Groq", false],
    ]);
    const keys = await allKeys(parts);
    expect(keys.filter(({ upstreamId }) => upstreamId === upstreams[1]?.id)).toHaveLength(14);
  });

  test("a key that was added by hand stays as it is, and the requests are its own", async () => {
    const parts = await start();
    await parts.operations.settings.patch({ api_endpoint: "https://api.groq.com/openai/v1" }, "admin");
    const own = await parts.operations.keys.add(
      { secret: "sk-test-main-01-abcdef0123456789abcdef0123456789", name: "Mine" },
      "admin",
    );
    const report = await run(parts, folderWith("database.sql"));
    expect(report.keys).toMatchObject({ added: 13, present: 1 });
    expect(await parts.operations.keys.get(own.id)).toMatchObject({ name: "Mine", requestCount: 0 });
    const tried = (await allRequests(parts)).filter(({ attempts }) => attempts[0]?.keyId === own.id);
    expect(tried).toHaveLength(4);
  });
});

describe("the originals", () => {
  test("are only read: nothing is written to them or beside them", async () => {
    const parts = await start();
    const from = folderWith("database.sql", "keys.json", "settings.json");
    const before = hashes(from);
    chmodSync(from, 0o555);
    await run(parts, from);
    chmodSync(from, 0o755);
    expect(hashes(from)).toEqual(before);
  });

  test("may be in use: what only the log of changes has comes over, under the running program's lock", async () => {
    const parts = await start();
    const from = folderWith("database.sql");
    const running = openEarlier(from);
    running.run("UPDATE api_keys SET requestCount = 1000 WHERE name = 'Key 1'");
    running.run("BEGIN IMMEDIATE");
    running.run("UPDATE api_keys SET requestCount = 2000 WHERE name = 'Key 1'");
    const before = hashes(from);
    expect(Object.keys(before)).toEqual(["database.db", "database.db-shm", "database.db-wal"]);
    await run(parts, from);
    expect(hashes(from)).toEqual(before);
    running.run("ROLLBACK");
    running.close();
    expect((await allKeys(parts)).find(({ name }) => name === "Key 1")?.requestCount).toBe(1000);
    expect(readdirSync(parts.dir).filter((name) => name.startsWith("earlier-version"))).toEqual([]);
  });
});

describe("all or nothing", () => {
  test("a dry run tells the same and leaves nothing", async () => {
    const parts = await start();
    const before = await everything(parts);
    const from = folderWith("database.sql", "keys.json", "settings.json");
    const told = await run(parts, from, { dryRun: true });
    expect(await everything(parts)).toEqual(before);
    expect(parts.operations.migration.offer()).toBeNull();
    const done = await run(parts, from);
    expect({ ...done, dryRun: true }).toEqual(told);
  });

  test("a log that breaks off in the middle takes the keys back too", async () => {
    const parts = await start();
    const from = folderWith("database.sql");
    const before = await everything(parts);
    const broken = parts.storage.takeIn;
    parts.storage.takeIn = (load, options) =>
      broken(
        {
          ...load,
          requests: (function* () {
            for (const [index, row] of [...load.requests].entries()) {
              if (index === 20) throw new Error("the disk is gone");
              yield row;
            }
          })(),
        },
        options,
      );
    await expect(run(parts, from)).rejects.toThrow("the disk is gone");
    parts.storage.takeIn = broken;
    expect(await everything(parts)).toEqual(before);
    expect((await run(parts, from)).requests.added).toBe(33);
  });

  test("more requests than may be taken over while serving are refused with the way out", async () => {
    const parts = await start();
    const from = folderWith("database.sql");
    await expect(run(parts, from, { maxRequests: 32 })).rejects.toThrow(
      /33 requests.*`load-balancer migrate --from/,
    );
    expect(await allKeys(parts)).toEqual([]);
  });
});

describe("bad input is one clear error, and nothing is done", () => {
  const cases: { what: string; spoil(folder: string): string; says: string | RegExp }[] = [
    { what: "no such folder", spoil: (folder) => `${folder}/none`, says: "does not exist" },
    { what: "a file for a folder", spoil: (folder) => `${folder}/keys.json`, says: "is no folder" },
    {
      what: "a folder without any of it",
      spoil(folder) {
        mkdirSync(`${folder}/empty`);
        return `${folder}/empty`;
      },
      says: "has no database.db, keys.json or settings.json",
    },
    {
      what: "damaged JSON of keys",
      spoil: (folder) => write(folder, "keys.json", '[{"_id": "1", "key": "sk-'),
      says: /keys\.json holds damaged JSON/,
    },
    {
      what: "an object for the keys",
      spoil: (folder) => write(folder, "keys.json", '{"key": "sk-1"}'),
      says: "keys.json does not hold a list of keys",
    },
    {
      what: "damaged JSON of settings",
      spoil: (folder) => write(folder, "settings.json", "{endpoint: x}"),
      says: /settings\.json holds damaged JSON/,
    },
    {
      what: "a list for the settings",
      spoil: (folder) => write(folder, "settings.json", "[1, 2]"),
      says: "settings.json does not hold an object of settings",
    },
    {
      what: "damaged settings in the database",
      spoil(folder) {
        const database = openEarlier(folder);
        database.run("UPDATE settings SET config = '{half'");
        database.close();
        return folder;
      },
      says: /database\.db holds damaged JSON/,
    },
    {
      what: "a folder for a file",
      spoil(folder) {
        rmSync(join(folder, "keys.json"));
        mkdirSync(join(folder, "keys.json"));
        return folder;
      },
      says: /keys\.json is no file/,
    },
    {
      what: "a file that the system does not give",
      spoil(folder) {
        rmSync(join(folder, "keys.json"));
        symlinkSync("keys.json", join(folder, "keys.json"));
        return folder;
      },
      says: /keys\.json cannot be read \(ELOOP\).*give this program's user the right/,
    },
    {
      what: "a folder for the database",
      spoil(folder) {
        rmSync(join(folder, "database.db"));
        mkdirSync(join(folder, "database.db"));
        return folder;
      },
      says: /database\.db is no file/,
    },
    {
      what: "a text for the database",
      spoil: (folder) =>
        write(folder, "database.db", "this is no database, but a text of some length".repeat(50)),
      says: /database\.db is damaged, or no SQLite database/,
    },
    {
      what: "an empty file for the database",
      spoil: (folder) => write(folder, "database.db", ""),
      says: "is not a database of the earlier version",
    },
    {
      what: "another program's database",
      spoil(folder) {
        const database = openEarlier(folder);
        database.run("ALTER TABLE api_keys RENAME TO something_else");
        database.close();
        return folder;
      },
      says: "is not a database of the earlier version",
    },
    {
      what: "a database with overwritten pages",
      spoil(folder) {
        const path = join(folder, "database.db");
        const bytes = new Uint8Array(4096).fill(0x5a);
        const file = openSync(path, "r+");
        writeSync(file, bytes, 0, bytes.length, 4096);
        closeSync(file);
        return folder;
      },
      says: /database\.db is damaged/,
    },
  ];
  for (const { what, spoil, says } of cases) {
    test(what, async () => {
      const parts = await start();
      const before = await everything(parts);
      const from = spoil(folderWith("database.sql", "keys.json", "settings.json"));
      const error = await run(parts, from).catch((thrown: Error) => thrown);
      expect(error).toBeInstanceOf(Error);
      const { name, message } = error as Error;
      expect(name).toBe("InputError");
      expect(message).toMatch(says);
      expect(message).not.toContain("sk-");
      expect(message.split("\n")).toHaveLength(1);
      expect(await everything(parts)).toEqual(before);
    });
  }

  test.skipIf(process.getuid?.() === 0)("a file without the right to read it", async () => {
    const parts = await start();
    const from = folderWith("keys.json");
    chmodSync(join(from, "keys.json"), 0o000);
    await expect(run(parts, from)).rejects.toThrow(
      /cannot be read \(EACCES\).*give this program's user the right/,
    );
  });
});

describe("entries that cannot be used are left out with the reason, the others come over", () => {
  const SECRET = "sk-good-secret-0123456789";
  const entries: { what: string; entry: unknown; says: string }[] = [
    { what: "null", entry: null, says: "it is no object" },
    { what: "a text", entry: SECRET, says: "it is no object" },
    { what: "no key", entry: { _id: "1" }, says: "key: give 8 to 500 characters" },
    { what: "a key of another type", entry: { key: 12345678 }, says: "key: give text" },
    { what: "a key with spaces inside", entry: { key: "sk with spaces" }, says: "visible ASCII" },
    {
      what: "a word for a boolean",
      entry: { key: SECRET, isActive: "maybe" },
      says: "isActive: give true or false",
    },
    {
      what: "a negative limit",
      entry: { key: SECRET, dailyRateLimit: -1 },
      says: "dailyRateLimit: give a number",
    },
    {
      what: "a text for a count",
      entry: { key: SECRET, requestCount: "12" },
      says: "requestCount: give a number",
    },
    {
      what: "a date that is none",
      entry: { key: SECRET, lastUsed: "yesterday" },
      says: "lastUsed: give a time",
    },
    {
      what: "a date beyond all dates",
      entry: { key: SECRET, lastUsed: 1e18 },
      says: "lastUsed: give a time",
    },
  ];
  test("each", async () => {
    const parts = await start();
    const from = folderWith("keys.json");
    write(
      from,
      "keys.json",
      JSON.stringify([...entries.map(({ entry }) => entry), { key: SECRET, extra: 1 }]),
    );
    const report = await run(parts, from);
    expect(report.keys.added).toBe(1);
    expect(report.keys.skipped).toEqual(
      entries.map(({ says }, index) => ({
        what: `keys.json, entry ${index + 1}`,
        reason: expect.stringContaining(says),
      })),
    );
    expect(report.notes[0]).toBe(
      "Fields of keys that the earlier version did not know were left out: extra.",
    );
  });

  test("the same secret twice is one key", async () => {
    const parts = await start();
    const from = folderWith("keys.json");
    write(
      from,
      "keys.json",
      JSON.stringify([
        { key: SECRET, name: "A" },
        { key: ` ${SECRET} `, name: "B" },
      ]),
    );
    const report = await run(parts, from);
    expect(report.keys).toMatchObject({
      added: 1,
      skipped: [{ what: 'keys.json, entry 2 "B"', reason: "its secret stands in an entry before it" }],
    });
  });

  test("dates in any form are read", async () => {
    const parts = await start();
    const from = folderWith("keys.json");
    const forms = [
      "2025-04-01T12:00:00.000Z",
      "2025-04-01T12:00:00",
      "2025-04-01 12:00:00",
      "2025-04-01T14:00:00+02:00",
    ];
    const numbers = [1_743_508_800_000, 1_743_508_800, "1743508800000.0", "1743508800"];
    const rows = [...forms, ...numbers].map((lastUsed, index) => ({ key: `${SECRET}${index}`, lastUsed }));
    write(from, "keys.json", JSON.stringify(rows));
    await run(parts, from);
    const keys = await allKeys(parts);
    expect(keys.map(({ lastUsedAt }) => lastUsedAt)).toEqual(rows.map(() => 1_743_508_800_000));
  });

  test("settings of the wrong type are left, those out of range go to its end", async () => {
    const parts = await start();
    const from = folderWith("settings.json");
    const settings = {
      keyRotationRequestCount: "many",
      maxFailureCount: 1000,
      rateLimitCooldown: "45",
      maxRetries: 0,
      failoverDelay: 2.5,
      endpoint: "ftp://example.com",
      loadBalancingStrategy: "best",
      newThing: true,
    };
    write(from, "settings.json", JSON.stringify(settings));
    const report = await run(parts, from);
    expect(report.settings.left.map(({ earlierName }) => earlierName)).toEqual([
      "keyRotationRequestCount",
      "endpoint",
      "loadBalancingStrategy",
      "newThing",
    ]);
    expect(parts.operations.settings.current()).toMatchObject({
      maxFailureCount: 100,
      rateLimitCooldownS: 45,
      maxRetries: 3,
      failoverDelayMs: 2_500,
    });
  });

  test("requests without a time are counted, not taken; a key that an error tells is masked", async () => {
    const parts = await start();
    const from = folderWith("database.sql");
    const database = openEarlier(from);
    database.run("UPDATE request_logs SET timestamp = 'soon' WHERE statusCode = 404");
    database.run(
      "UPDATE request_logs SET errorMessage = 'Incorrect API key provided: sk-test-main-01-abcdef0123456789abcdef0123456789.' WHERE statusCode = 401",
    );
    database.close();
    const report = await run(parts, from);
    expect(report.requests).toEqual({
      added: 32,
      present: 0,
      skipped: [{ reason: "its timestamp is none", count: 1 }],
    });
    const refused = (await allRequests(parts)).filter(({ status }) => status === 401);
    expect(refused[0]?.error).toBe("Incorrect API key provided: sk-t…6789.");
  });
});

describe("what the first start offers", () => {
  test("is the earlier version's data in the data folder or beside it, as long as there are no keys", async () => {
    for (const place of ["in it", "beside it"]) {
      const from = folderWith("database.sql");
      const dir = place === "in it" ? from : join(dirname(from), "new");
      mkdirSync(dir, { recursive: true });
      const parts = await openParts({ dir, clock: manualClock(EARLIER_NOW) });
      expect(await parts.operations.migration.look()).toEqual({ folder: from, keys: 14, requests: 33 });
      expect(parts.operations.migration.offer()).toMatchObject({ keys: 14 });
      await run(parts, from);
      expect(parts.operations.migration.offer()).toBeNull();
      parts.storage.close();
    }
  });

  test("is nothing where nothing is, and an error where it cannot be read", async () => {
    const parts = await start();
    expect(await parts.operations.migration.look()).toBeNull();
    write(parts.dir, "keys.json", "[");
    await expect(parts.operations.migration.look()).rejects.toThrow("damaged JSON");
  });
});

function write(folder: string, name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return folder;
}
