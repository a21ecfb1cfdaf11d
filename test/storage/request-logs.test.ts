import { Database } from "bun:sqlite";
import { beforeEach, describe, expect, test } from "bun:test";
import { systemClock } from "../../src/clock.ts";
import { Sql } from "../../src/storage/database.ts";
import { listKeyEvents } from "../../src/storage/key-events.ts";
import { listRequests } from "../../src/storage/request-query.ts";
import type { LogQuery, Storage } from "../../src/storage/types.ts";
import { InputError, type RequestRecord } from "../../src/types.ts";
import {
  aKey,
  allIds,
  anAttempt,
  anEvent,
  anUpstream,
  aQuery,
  aRequest,
  batchOf,
  type Folder,
  HOSTILE,
  indexAll,
  withFreshStorage,
} from "./builders.ts";

let folder: Folder;
let storage: Storage;
withFreshStorage((fresh) => ({ folder, storage } = fresh));

const write = (...requests: RequestRecord[]) => storage.writeBatch(batchOf(requests));
const idsOf = async (query: Partial<LogQuery>) =>
  (await storage.requestLogs.list(aQuery(query))).data.map((request) => request.id);

/** Turns pages to the end. */
test("a request with its attempts comes back as it was", async () => {
  const request = aRequest({
    model: HOSTILE,
    servedModel: null,
    stream: true,
    poolId: "p1",
    userAgent: HOSTILE,
    status: 502,
    outcome: "upstream_error",
    ttftMs: null,
    inputTokens: null,
    cachedTokens: 3,
    reasoningTokens: 4,
    usageSource: "estimated",
    costUsd: 0.000_012_5,
    requestBytes: 5_000_000_000,
    error: HOSTILE,
    attempts: [
      anAttempt({ status: null, outcome: "upstream_error", error: HOSTILE }),
      anAttempt({ keyId: "k2", waitMs: 3, outcome: "rate_limited", status: 429 }),
    ],
  });
  await write(request, aRequest({ attempts: [] }));
  expect(await storage.requestLogs.get(request.id)).toEqual(request);
  expect((await storage.requestLogs.list(aQuery({ outcome: "upstream_error" }))).data).toEqual([request]);
  expect(await storage.requestLogs.get("nobody")).toBeNull();
});

describe("filters", () => {
  const requests = [
    aRequest({ id: "r0", startedAt: 100 }),
    aRequest({
      id: "r1",
      startedAt: 200,
      model: "gpt-4o",
      attempts: [anAttempt(), anAttempt({ keyId: "k2" }), anAttempt()],
    }),
    aRequest({
      id: "r2",
      startedAt: 300,
      outcome: "rate_limited",
      status: 429,
      attempts: [anAttempt({ keyId: "k2" })],
    }),
    aRequest({ id: "r3", startedAt: 400, outcome: "client_error", status: 400, poolId: "p1", model: null }),
    aRequest({ id: "r4", startedAt: 500, outcome: "no_usable_key", status: 503, attempts: [] }),
  ];
  beforeEach(() => write(...requests));

  const cases: [string, Partial<LogQuery>, string[]][] = [
    ["all", {}, ["r4", "r3", "r2", "r1", "r0"]],
    ["errors", { kind: "error" }, ["r4", "r3", "r2"]],
    ["a key, each request once", { keyId: "k1" }, ["r3", "r1", "r0"]],
    ["a key that came second", { keyId: "k2" }, ["r2", "r1"]],
    ["a key and errors", { keyId: "k1", kind: "error" }, ["r3"]],
    ["a model", { model: "gpt-4o" }, ["r1"]],
    ["a model and an outcome", { model: "gpt-4o-mini", outcome: "rate_limited" }, ["r2"]],
    ["an outcome", { outcome: "no_usable_key" }, ["r4"]],
    ["an outcome that is no error", { kind: "error", outcome: "ok" }, []],
    ["a status", { status: 400 }, ["r3"]],
    ["a pool", { poolId: "p1" }, ["r3"]],
    ["from inclusive, to exclusive", { from: 200, to: 400 }, ["r2", "r1"]],
    ["a key within a time", { keyId: "k1", from: 150, to: 350 }, ["r1"]],
    [
      "everything at once",
      {
        kind: "error",
        keyId: "k2",
        model: "gpt-4o-mini",
        outcome: "rate_limited",
        status: 429,
        from: 1,
        to: 900,
        q: "GPT-4o",
      },
      ["r2"],
    ],
    ["another's model", { model: "' OR 1=1 --" }, []],
  ];
  for (const [name, query, expected] of cases) {
    test(name, async () => {
      expect(await idsOf(query)).toEqual(expected);
      // One by one the same rows come, whichever index is walked.
      expect((await allIds(storage, { ...query, limit: 1 })).ids).toEqual(expected);
    });
  }
});

describe("pages", () => {
  test("stay as they are while rows are added in front, also among equal times", async () => {
    const requests = Array.from({ length: 60 }, (_, index) =>
      aRequest({ id: `r${String(index).padStart(2, "0")}`, startedAt: 1000 + Math.floor(index / 7) }),
    );
    await write(...requests);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await storage.requestLogs.list(aQuery({ limit: 7, cursor }));
      expect(page.data.length).toBeLessThanOrEqual(7);
      seen.push(...page.data.map((request) => request.id));
      cursor = page.nextCursor;
      await write(aRequest({ startedAt: 5000 + seen.length }));
    } while (cursor !== null);
    expect(seen).toEqual(requests.map((request) => request.id).reverse());
  });

  test("the last full page has no cursor", async () => {
    await write(aRequest(), aRequest());
    expect((await storage.requestLogs.list(aQuery({ limit: 2 }))).nextCursor).toBeNull();
    expect((await storage.requestLogs.list(aQuery({ limit: 1 }))).nextCursor).not.toBeNull();
  });

  test("a cursor, a limit or a text that cannot be used is named", async () => {
    const bad: [Partial<LogQuery>, string][] = [
      ...[
        "",
        "x",
        "….",
        "'; DROP TABLE requests",
        "a".repeat(5000),
        btoa("x.y"),
        btoa("-1"),
        btoa("1.5"),
        btoa("99999999999999999999"),
      ].map((cursor): [Partial<LogQuery>, string] => [{ cursor }, "cursor"]),
      ...[0, -1, 501, 1.5, Number.NaN].map((limit): [Partial<LogQuery>, string] => [{ limit }, "limit"]),
      [{ q: "x".repeat(201) }, "q"],
    ];
    for (const [query, field] of bad) {
      const error = await storage.requestLogs.list(aQuery(query)).catch((problem: unknown) => problem);
      expect(error).toBeInstanceOf(InputError);
      expect(Object.keys((error as InputError).fields)).toEqual([field]);
    }
  });

  test("a cursor behind the end of the time asked for gives nothing beyond it", async () => {
    await write(...[1, 2, 3, 4].map((startedAt) => aRequest({ id: `r${startedAt}`, startedAt })));
    const { nextCursor } = await storage.requestLogs.list(aQuery({ limit: 1 }));
    expect(await idsOf({ cursor: nextCursor, to: 3 })).toEqual(["r2", "r1"]);
  });
});

describe("search", () => {
  test("finds words of messages, parts of models and key names, beginnings of ids; any text is harmless", async () => {
    await storage.upstreams.insert(anUpstream());
    await storage.keys.insert([aKey({ id: "k9", name: "Team Search" })], []);
    const uuid = aRequest({ startedAt: 7, model: null, attempts: [anAttempt({ keyId: "k9" })] });
    await write(
      aRequest({ id: "r1", model: "a_b-4x" }),
      aRequest({ id: "r2", model: "axb" }),
      aRequest({ id: "r3", error: "Quota exceeded: 100% sure\\" }),
      aRequest({ id: "r4", error: "quota 1000 sure" }),
      aRequest({ id: "r5", error: "it's 'quoted'; DROP", model: "Ünïcode" }),
      aRequest({ id: "r6", attempts: [anAttempt({ error: "Überlastet: try later" }), anAttempt()] }),
      uuid,
    );
    await indexAll(storage);
    const cases: [string, string[]][] = [
      ["a_b", ["r1"]],
      ["4X", ["r1"]],
      ["SURE", ["r4", "r3"]],
      ["quota 100", ["r4", "r3"]],
      ["quota 100%", ["r4", "r3"]],
      ["sure quota", ["r4", "r3"]],
      ["exceed", ["r3"]],
      ["exceed sure", []],
      ["it's '", ["r5"]],
      ["überl", ["r6"]],
      ["nïc", ["r5"]],
      ["team s", [uuid.id]],
      [uuid.id.slice(0, 20), [uuid.id]],
      ["%", []],
      ['" OR 1 NEAR(*', []],
      [HOSTILE.slice(0, 150), []],
    ];
    for (const [q, expected] of cases) expect([q, await idsOf({ q })]).toEqual([q, expected]);
    expect(await idsOf({ q: "quota", status: 404 })).toEqual([]);
    expect(await idsOf({ q: "quota", keyId: "k1", from: 1000, to: 1001 })).toEqual(["r4", "r3"]);
    expect(await idsOf({ q: "quota", to: 1000 })).toEqual([]);
  });

  test("a whole id is found at once, wherever it is, within the other filters", async () => {
    const old = aRequest({ startedAt: 1 });
    await write(old, ...Array.from({ length: 3_000 }, () => aRequest({ startedAt: 1000, attempts: [] })));
    expect(await idsOf({ q: old.id.toUpperCase() })).toEqual([old.id]);
    expect(await idsOf({ q: old.id, keyId: "k1" })).toEqual([old.id]);
    expect(await idsOf({ q: old.id, keyId: "k2" })).toEqual([]);
    expect(await idsOf({ q: old.id, kind: "error" })).toEqual([]);
    // More rows in one ms than it has places: all are there.
    expect((await allIds(storage, { limit: 500 })).ids.length).toBe(3_001);
  });

  test("a rare message is found at once among many rows; pages of a text give every row once", async () => {
    const rare = aRequest({ id: "rare", startedAt: 1, error: "needle" });
    const many = Array.from({ length: 12_000 }, (_, index) =>
      aRequest({
        startedAt: 1000 + Math.floor(index / 3),
        attempts: [],
        error: index % 20 === 0 ? "in the haystack" : null,
      }),
    );
    await write(rare, ...many);
    await indexAll(storage);
    expect(await allIds(storage, { q: "needle" })).toEqual({ ids: ["rare"], pages: 1 });
    expect((await allIds(storage, { q: "needle", from: 2 })).ids).toEqual([]);
    const found = await allIds(storage, { q: "haystack", limit: 100 });
    expect(found).toMatchObject({ pages: 6 });
    expect(new Set(found.ids).size).toBe(600);
    const everyRow = await allIds(storage, { status: 200, limit: 500 });
    expect(everyRow.ids.length).toBe(12_001);
    expect(new Set(everyRow.ids).size).toBe(12_001);
    expect((await allIds(storage, { q: "gpt-4o-mini", limit: 500 })).ids.length).toBe(12_001);
  });

  test("an unfitting filter gives up after a bounded time, with a cursor that goes on", async () => {
    await write(
      ...Array.from({ length: 20_001 }, (_, index) => aRequest({ startedAt: index, attempts: [] })),
    );
    expect((await allIds(storage, { poolId: "none" })).ids).toEqual([]);
    const { pages } = await allIds(storage, { poolId: "none" });
    expect(pages).toBeLessThanOrEqual(3);
  });
});

test("every page walks along an index in the order of time and sorts nothing", async () => {
  await write(...Array.from({ length: 10_001 }, (_, index) => aRequest({ startedAt: index })));
  const asked: { text: string; params: unknown[] }[] = [];
  class Watched extends Sql {
    override all(text: string, ...params: Parameters<Sql["all"]> extends [string, ...infer P] ? P : never) {
      // What waits for the index is read as a whole, by its own order.
      if (!text.includes("_waiting")) asked.push({ text, params });
      return super.all(text, ...params);
    }
  }
  const database = new Database(folder.database);
  const watched = new Watched(database);
  const { nextCursor: cursor } = await storage.requestLogs.list(aQuery({ limit: 1 }));
  const rowid = "INTEGER PRIMARY KEY \\(rowid>\\? AND rowid<\\?\\)";
  const failed = "requests_failed \\(row_id>\\? AND row_id<\\?\\)";
  const partial = (index: string) =>
    `COVERING INDEX requests_by_${index} \\(${index}=\\? AND rowid>\\? AND rowid<\\?\\)`;
  const valued = "PRIMARY KEY \\(dimension=\\? AND value=\\? AND place>\\? AND place<\\?\\)";
  const queries: [Partial<LogQuery>, string][] = [
    [{}, rowid],
    [{ cursor, to: 9000, from: 5 }, rowid],
    [{ kind: "error", cursor }, failed],
    [{ status: 502 }, partial("status")],
    [{ status: 200 }, rowid],
    [{ poolId: "p1", cursor }, valued],
    [{ keyId: "k1", cursor }, valued],
    [{ model: "gpt-4o-mini", cursor }, valued],
    [{ outcome: "rate_limited" }, partial("outcome")],
    [{ outcome: "ok", cursor }, rowid],
    [{ status: 1, model: "gpt-4o-mini", outcome: "x", kind: "error" }, partial("outcome")],
    [{ q: systemClock.id() }, "sqlite_autoindex_requests_1 \\(id=\\?"],
  ];
  const plan = () =>
    watched
      .all(`EXPLAIN QUERY PLAN ${asked[0]!.text}`, ...(asked[0]!.params as string[]))
      .map((row) => String(row.detail));
  for (const [query, expected] of queries) {
    asked.length = 0;
    listRequests(watched, aQuery(query));
    const steps = plan();
    expect(steps.join("\n")).toMatch(new RegExp(expected));
    expect(steps.join("\n")).not.toContain("TEMP B-TREE");
  }
  for (const [query, index] of [
    [{}, "INTEGER PRIMARY KEY"],
    [{ keyId: "k1" }, "key_events_by_key"],
  ] as const) {
    asked.length = 0;
    listKeyEvents(watched, aQuery(query));
    expect(plan().join("\n")).toContain(index);
  }
  watched.close();
});

test("key events: newest first, by key, time and text, in pages", async () => {
  const events = Array.from({ length: 9 }, (_, index) =>
    anEvent({
      id: `e${index}`,
      at: 100 + index,
      keyId: `k${index % 2}`,
      keyName: index === 4 ? null : `Key_${index}`,
      detail: HOSTILE,
    }),
  );
  for (const event of events) await storage.keyEvents.insert(event);
  const newest = events.toReversed();
  const list = (query: Partial<LogQuery>) => storage.keyEvents.list(aQuery({ kind: "key_event", ...query }));
  const first = await list({ limit: 5 });
  const second = await list({ limit: 5, cursor: first.nextCursor });
  expect([...first.data, ...second.data]).toEqual(newest);
  expect(second.nextCursor).toBeNull();
  expect((await list({ keyId: "k1" })).data).toEqual(newest.filter((event) => event.keyId === "k1"));
  expect((await list({ q: "Key_3" })).data).toEqual([events[3]!]);
  expect((await list({ q: "DROP table" })).data.length).toBe(9);
  expect((await list({ from: 103, to: 105 })).data.map((event) => event.id)).toEqual(["e4", "e3"]);
});
