import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExportSecrets, ImportOptions } from "../../../src/operations/types.ts";
import { ConflictError, InputError } from "../../../src/types.ts";
import { anAttempt, aRequest, HOSTILE } from "../../storage/builders.ts";
import { type AdminParts, openParts } from "../../support/admin-server.ts";

const UNPACK = join(import.meta.dir, "unpack-child.ts");
const EARLIER_EXPORT = join(import.meta.dir, "../../fixtures/earlier-version/full-export.json");

let folder: string;
let file: string;
const opened: AdminParts[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lb-import-"));
  file = join(folder, "export.json");
});
afterEach(() => {
  for (const parts of opened.splice(0)) parts.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(): Promise<AdminParts> {
  const parts = await openParts();
  opened.push(parts);
  return parts;
}

const secretOf = (index: number) => `sk-import-${String(index).padStart(16, "0")}`;

/** Keys with states, pools, settings, statistics and a log with rows of the same moment. */
async function filled(requests = 5_000): Promise<AdminParts> {
  const parts = await open();
  const { operations, storage, clock } = parts;
  const pool = await operations.pools.add({ name: "Main", strategy: "random" }, "admin");
  await operations.settings.patch(
    { api_endpoint: "http://127.0.0.1:9/v1", max_retries: 7, alert_webhook_secret: "hook-secret-1" },
    "admin",
  );
  const key = await operations.keys.add(
    { secret: secretOf(1), poolId: pool.id, tags: ["a"], weight: 3 },
    "admin",
  );
  await operations.keys.add({ secret: secretOf(2), enabled: false }, "api");
  const state = { ...parts.pool.view(key.id)!, keyId: key.id, requestCount: 5, dailyDay: "2026-11-24" };
  const cooldown = {
    model: "m",
    until: clock.now() + 60_000,
    reason: HOSTILE,
    outcome: "rate_limited" as const,
  };
  await storage.writeBatch({
    requests: Array.from({ length: requests }, (_, index) => {
      const startedAt = clock.now() - 7_200_000 + Math.floor(index / 3_000);
      return aRequest({
        startedAt,
        poolId: pool.id,
        costUsd: 0.001 * index,
        error: index % 7 === 0 ? HOSTILE : null,
        outcome: index % 7 === 0 ? "upstream_error" : "ok",
        attempts: [anAttempt({ keyId: key.id, startedAt })],
      });
    }),
    keyStates: [{ ...state, cooldowns: [cooldown] }],
    keyEvents: [],
    rotations: [{ name: "all", keyId: key.id, used: 2 }],
  });
  await storage.resourceOwners.write([{ id: "file-1", keyId: key.id, seenAt: clock.now() }]);
  return parts;
}

async function exported(parts: AdminParts, secrets: ExportSecrets = "plain"): Promise<string> {
  let text = "";
  for await (const piece of await parts.operations.transfer.exportAll({ secrets, actor: "admin" }))
    text += piece;
  return text;
}

const take = (parts: AdminParts, path = file, options: Partial<ImportOptions> = {}) =>
  parts.operations.transfer.importFile(path, { actor: "admin", ...options });
/** Without what an export itself leaves: its time and its event. */
function comparable(text: string) {
  const { exported_at: _, key_events, ...rest } = JSON.parse(text);
  const events = key_events.filter(({ event }: { event: string }) => event !== "exported");
  return { ...rest, key_events: events };
}

test("export, import into an empty one, export: the same; a second import adds nothing", async () => {
  const source = await filled();
  const text = await exported(source);
  writeFileSync(file, text);
  const target = await open();
  const report = await take(target);
  expect(report).toMatchObject({
    added: { upstreams: 1, pools: 1, keys: 2, requests: 5_000 },
    present: { requests: 0, requests_in_statistics: 0 },
    skipped: [],
  });
  expect(comparable(await exported(target))).toEqual(comparable(text));
  const again = await take(target);
  expect(again.added).toMatchObject({ upstreams: 0, pools: 0, keys: 0, settings: 0, requests: 0 });
  expect(again.present).toEqual({ requests: 5_000, requests_in_statistics: 0 });
  expect(again.skipped.map(({ place }) => place)).toContain("keys, row 1");
  expect(comparable(await exported(target))).toEqual(comparable(text));
  // It serves at once with what came.
  expect(target.pool.views().map(({ requestCount }) => requestCount)).toContain(5);
  expect(target.settings.current.maxRetries).toBe(7);
});

test("sealed secrets come in with their passphrase only; without secrets keys are left aside", async () => {
  const source = await filled(10);
  writeFileSync(file, await exported(source, { passphrase: "correct horse battery" }));
  const target = await open();
  for (const passphrase of [undefined, "a wrong passphrase"]) {
    const error = await take(target, file, { passphrase }).catch((reason: unknown) => reason);
    expect((error as InputError).fields).toHaveProperty("passphrase");
  }
  expect(target.pool.views()).toEqual([]);
  expect((await take(target, file, { passphrase: "correct horse battery" })).added.keys).toBe(2);
  const plain = JSON.parse(await exported(target));
  expect(plain.keys.map(({ secret }: { secret: string }) => secret)).toEqual([secretOf(1), secretOf(2)]);
  expect(plain.settings.alert_webhook_secret).toBe("hook-secret-1");

  writeFileSync(file, await exported(source, "none"));
  const other = await open();
  const report = await take(other);
  expect(report.added).toMatchObject({ keys: 0, requests: 10 });
  expect(report.skipped.map(({ reason }) => reason)).toEqual(
    Array(2).fill(expect.stringContaining("not in the file")),
  );
});

test("to an installation with keys it only adds, under the ids that are here", async () => {
  const source = await filled(10);
  writeFileSync(file, await exported(source));
  const target = await open();
  await target.operations.settings.patch({ max_retries: 2, api_endpoint: "http://127.0.0.1:9/v1" }, "admin");
  const mine = await target.operations.keys.add({ secret: secretOf(1), name: "mine" }, "admin");
  const report = await take(target);
  expect(report.added).toMatchObject({ upstreams: 0, keys: 1, requests: 10 });
  expect(report.skipped).toContainEqual({ place: "keys, row 1", reason: "it is here already as mine" });
  expect(report.skipped).toContainEqual({ place: "settings, max_retries", reason: "it is set here already" });
  expect(target.settings.current.maxRetries).toBe(2);
  const { data } = await target.storage.requestLogs.list({ kind: "request", limit: 1, cursor: null });
  expect(data[0]?.attempts[0]?.keyId).toBe(mine.id);
});

test("packed, with a byte order mark, as lines of an archive; a dry run changes nothing", async () => {
  const source = await filled(300);
  const text = `\ufeff${await exported(source)}`;
  for (const [name, bytes] of [
    ["a.json.gz", Bun.gzipSync(Buffer.from(text))],
    ["a.json.zst", Bun.zstdCompressSync(Buffer.from(text))],
  ] as const) {
    const target = await open();
    writeFileSync(join(folder, name), bytes);
    expect((await take(target, join(folder, name), { dryRun: true })).added.requests).toBe(300);
    expect((await target.storage.requestLogs.list({ kind: "request", limit: 1, cursor: null })).data).toEqual(
      [],
    );
    expect((await take(target, join(folder, name))).added.requests).toBe(300);
    expect(readdirSync(target.dir).filter((entry) => entry.endsWith(".part"))).toEqual([]);
  }
  const before = await exported(source);
  await source.operations.cleanup.run({ olderThanDays: 0, archive: true }, "admin");
  const [archive] = readdirSync(join(source.dir, "archive"));
  expect((await take(source, join(source.dir, "archive", archive!))).added.requests).toBe(300);
  expect(JSON.parse(await exported(source)).requests).toEqual(JSON.parse(before).requests);
  const again = await take(source, join(source.dir, "archive", archive!));
  expect([again.added.requests, again.present.requests]).toEqual([0, 300]);
});

test("what a cleanup archived comes back without being counted a second time; rows of elsewhere are counted", async () => {
  const source = await filled(300);
  const { cleanup } = source.operations;
  const counted = async (parts: AdminParts) => {
    const { totals, groups } = await parts.operations.stats.read({ range: "7d", groupBy: "key" });
    return [totals.requests, totals.attempts, totals.outputTokens, ...groups.map(({ attempts }) => attempts)];
  };
  const before = await counted(source);
  expect(before[0]).toBe(300);
  await cleanup.run({ olderThanDays: 0, archive: true }, "admin");
  const archive = join(source.dir, "archive", readdirSync(join(source.dir, "archive"))[0]!);

  const report = await take(source, archive);
  expect([report.added.requests, report.present.requests_in_statistics]).toEqual([300, 300]);
  expect(await counted(source)).toEqual(before);

  // Days that the log has in full are another's too: both are counted.
  const other = await filled(40);
  expect((await take(other, archive)).present.requests_in_statistics).toBe(0);
  expect((await counted(other))[0]).toBe(340);

  // After a reset nothing of them is counted any more.
  await cleanup.run({ olderThanDays: 0, archive: false }, "admin");
  await source.storage.rollups.clear();
  await take(source, archive);
  expect(await counted(source)).toEqual(before);
});

test("a packed file is unpacked with flat memory", async () => {
  const [members, bytes] = [40, 16 * 2 ** 20];
  const plain = Buffer.alloc(bytes, "a line of a log, which is much like the one before\n");
  for (let at = 0; at < bytes; at += 512) plain.writeUInt32LE((at * 2_654_435_761) % 2 ** 32, at);
  for (const pack of [Bun.gzipSync, Bun.zstdCompressSync]) {
    const packed = pack(plain);
    writeFileSync(file, Buffer.concat(Array.from({ length: members }, () => packed)));
    const child = Bun.spawn([process.execPath, UNPACK, file], { stdout: "pipe" });
    const { bytes: unpacked, peakMiB } = await new Response(child.stdout).json();
    expect(unpacked).toBe(members * bytes);
    expect(peakMiB).toBeLessThan(400);
  }
});

test("the earlier version's full export, with its booleans as 0 and 1 or as such; twice adds nothing", async () => {
  const earlier = await Bun.file(EARLIER_EXPORT).json();
  const target = await open();
  const report = await take(target, EARLIER_EXPORT);
  expect(report.added).toMatchObject({
    keys: earlier.data.api_keys.length,
    requests: earlier.data.request_logs.length,
  });
  expect((await take(target, EARLIER_EXPORT)).added).toMatchObject({ keys: 0, requests: 0 });
  const disabled = (parts: AdminParts) => parts.pool.views().filter(({ enabled }) => !enabled).length;
  expect(disabled(target)).toBe(
    earlier.data.api_keys.filter(({ isActive }: { isActive: number }) => isActive === 0).length,
  );
  for (const key of earlier.data.api_keys) {
    key.isActive = key.isActive === 1;
    key.isDisabledByRateLimit = key.isDisabledByRateLimit === 1;
  }
  writeFileSync(file, JSON.stringify(earlier));
  const other = await open();
  expect((await take(other)).added).toEqual(report.added);
  expect(disabled(other)).toBe(disabled(target));
  writeFileSync(file, JSON.stringify({ ...earlier, version: 3 }));
  await expect(take(await open())).rejects.toThrow(/version 3/);
});

test("keys in any form go the way of a paste; a dry run adds none", async () => {
  const target = await open();
  writeFileSync(file, `# keys\nfirst=${secretOf(1)}\n${secretOf(1)}\nno good\n`);
  expect((await take(target, file, { dryRun: true })).added).toEqual({ keys: 1 });
  expect(target.pool.views()).toEqual([]);
  const report = await take(target);
  expect(report.added).toEqual({ keys: 1 });
  expect(report.skipped.map(({ place }) => place)).toEqual(["row 3", "row 4"]);
});

test("one key under two ids comes in once, and what it did is told of the one", async () => {
  const json = JSON.parse(await exported(await filled(10)));
  json.keys.unshift({ ...json.keys[0], id: "another-id" });
  writeFileSync(file, JSON.stringify(json));
  const target = await open();
  const report = await take(target);
  expect(report.added).toMatchObject({ keys: 2, requests: 10 });
  expect(report.skipped).toEqual([{ place: "keys, row 2", reason: "the same key stands in row 1" }]);
  const { data } = await target.storage.requestLogs.list({ kind: "request", limit: 1, cursor: null });
  expect(data[0]?.attempts[0]?.keyId).toBe("another-id");
});

test("while it serves, a long log is refused with the way out", async () => {
  const source = await filled(20);
  writeFileSync(file, await exported(source));
  const target = await open();
  const error = await take(target, file, { maxRows: 10 }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ConflictError);
  expect((error as Error).message).toContain("load-balancer import FILE");
});

describe("bad input: one clear error, nothing half done", () => {
  // biome-ignore lint/suspicious/noExplicitAny: what is broken has any shape
  const changed = (change: (json: any) => unknown) => (text: string) => {
    const json = JSON.parse(text);
    change(json);
    return JSON.stringify(json, null, 1);
  };
  const cases: [string, RegExp, (text: string) => string | Uint8Array][] = [
    ["nothing", /it is empty/, () => "  "],
    ["half a file", /ends in the middle \(requests, row \d+\)/, (text) => text.slice(0, text.length - 300)],
    ["damaged JSON", /requests, row 3/, (text) => text.replace(/("requests": \[\n.*\n.*\n)/, "$1oops ")],
    ["a newer version", /version 2, and this program reads version 1/, changed((json) => (json.version = 2))],
    ["another program's", /format is not/, changed((json) => (json.format = "other"))],
    ["no format", /does not say "format"/, changed((json) => delete json.format)],
    ["an unknown list", /more, row 1|more: there is no such list/, changed((json) => (json.more = [1]))],
    [
      "an unknown field",
      /requests, row 2: colour: there is no such field/,
      changed((json) => (json.requests[1].colour = 1)),
    ],
    [
      "a wrong type",
      /requests, row 1: status: give a whole number/,
      changed((json) => (json.requests[0].status = "200")),
    ],
    ["no date", /started_at: give a time/, changed((json) => (json.requests[0].started_at = "yesterday"))],
    ["a date as a number", /started_at: give a time/, changed((json) => (json.requests[0].started_at = 1))],
    [
      "a day that is not there",
      /no such time|give a time/,
      changed((json) => (json.requests[0].started_at = "2026-13-45T00:00:00Z")),
    ],
    [
      "a key with a space",
      /keys, row 1: secret: give visible ASCII/,
      changed((json) => (json.keys[0].secret = "sk with a space in it")),
    ],
    [
      "an id twice",
      /keys, row 2: its id occurs twice/,
      changed((json) => (json.keys[1].id = json.keys[0].id)),
    ],
    ["an unknown pool", /there is no such pool in the file/, changed((json) => (json.keys[0].pool_id = "x"))],
    [
      "an unknown setting",
      /settings, colour: there is no such setting/,
      changed((json) => (json.settings.colour = 1)),
    ],
    [
      "a setting out of range",
      /settings, max_retries: give a whole number/,
      changed((json) => (json.settings.max_retries = 99)),
    ],
    ["a null as a row", /keys, row 1/, changed((json) => (json.keys[0] = null))],
    ["no UTF-8", /not UTF-8/, (text) => Buffer.from(text.replace("Main", "M\u00e4in"), "latin1")],
    ["a cut gzip", /damaged or cut off/, (text) => Bun.gzipSync(Buffer.from(text)).subarray(0, 200)],
    [
      "a zip bomb",
      /unpacks to more than 250 times/,
      () => Bun.gzipSync(Buffer.alloc(200 * 1024 * 1024, 0x20)),
    ],
    [
      "a huge value",
      /more than 16777216 bytes/,
      () => Buffer.from(`{"format":"${"x".repeat(17 * 1024 * 1024)}"}`),
    ],
    ["a huge list of no keys", /may have at most/, () => Buffer.alloc(6 * 1024 * 1024, 0x61)],
  ];
  for (const [name, message, spoil] of cases) {
    test(name, async () => {
      const source = await filled(20);
      writeFileSync(file, spoil(await exported(source)));
      const target = await open();
      const before = comparable(await exported(target));
      const error = await take(target).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(InputError);
      expect((error as Error).message).toMatch(message);
      expect((error as Error).message).not.toContain("\n");
      expect((error as Error).message).not.toContain(secretOf(1));
      expect(comparable(await exported(target))).toEqual(before);
      expect(readdirSync(target.dir).filter((entry) => entry.endsWith(".part"))).toEqual([]);
    });
  }

  test("a folder, a file that is not there", async () => {
    const target = await open();
    mkdirSync(join(folder, "sub"));
    await expect(take(target, join(folder, "sub"))).rejects.toThrow(/it is a folder/);
    await expect(take(target, join(folder, "none"))).rejects.toThrow(/there is no such file/);
  });
});
