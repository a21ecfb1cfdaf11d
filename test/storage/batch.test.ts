import { afterEach, beforeEach, expect, test } from "bun:test";
import { renameSync, rmSync } from "node:fs";
import { systemClock } from "../../src/clock.ts";
import { createLogger } from "../../src/log.ts";
import { openStorage } from "../../src/storage/storage.ts";
import type { Storage } from "../../src/storage/types.ts";
import {
  aKey,
  anAttempt,
  anEvent,
  anUpstream,
  aQuery,
  aRequest,
  aState,
  batchOf,
  type Folder,
  tempFolder,
} from "./builders.ts";

let folder: Folder;
let storage: Storage;
let log: string;

async function openIt(): Promise<void> {
  log = "";
  const write = (text: string) => {
    log += text;
  };
  const logger = createLogger({ level: "warn", format: "json", write });
  storage = await openStorage({ path: folder.database, clock: systemClock, logger });
}
beforeEach(async () => {
  folder = tempFolder();
  await openIt();
  await storage.upstreams.insert(anUpstream());
  await storage.keys.insert([aKey(), aKey({ id: "k2" })], []);
});
afterEach(() => {
  storage.close();
  folder.remove();
});

test("a batch brings requests, states, events and rotations, and all is there after a restart", async () => {
  const state = aState({
    requestCount: 12,
    costUsd: 0.0125,
    dailyUsed: 3,
    lastUsedAt: 1_795_501_527_422,
    condition: { status: "ejected", reason: "5 failures in a row", since: 1, until: 9 },
    cooldowns: [{ model: null, until: 5, reason: "429", outcome: "rate_limited" }],
  });
  const request = aRequest();
  const event = anEvent({ event: "cooled", actor: "pool" });
  const rotations = [{ name: "global", keyId: "k2", used: 3 }];
  await storage.writeBatch({ requests: [request], keyStates: [state], keyEvents: [event], rotations });
  await storage.writeBatch({
    ...batchOf([], [aState({ keyId: "k2" })]),
    rotations: [{ ...rotations[0]!, used: 4 }],
  });
  storage.close();
  await openIt();
  expect(await storage.keys.states()).toEqual([state, aState({ keyId: "k2" })]);
  expect(await storage.rotations()).toEqual([{ name: "global", keyId: "k2", used: 4 }]);
  expect((await storage.requestLogs.list(aQuery())).data).toEqual([request]);
  expect((await storage.keyEvents.list(aQuery())).data).toEqual([event]);
});

test("a state replaces the one before", async () => {
  await storage.writeBatch(batchOf([], [aState({ strikes: 2 })]));
  await storage.writeBatch(batchOf([], [aState({ strikes: 0, dailyUsed: 7 })]));
  expect(await storage.keys.states()).toEqual([aState({ strikes: 0, dailyUsed: 7 })]);
});

test("a key deleted meanwhile does not fail the batch", async () => {
  await storage.keys.delete(["k1"], []);
  const request = aRequest();
  await storage.writeBatch(batchOf([request], [aState(), aState({ keyId: "k2" })]));
  expect((await storage.keys.states()).map((state) => state.keyId)).toEqual(["k2"]);
  expect(await storage.requestLogs.get(request.id)).toEqual(request);
});

test("the same batch given again changes nothing", async () => {
  const batch = { ...batchOf([aRequest()], [aState({ requestCount: 1 })]), keyEvents: [anEvent()] };
  await storage.writeBatch(batch);
  await storage.writeBatch(batch);
  expect((await storage.requestLogs.list(aQuery())).data).toEqual(batch.requests);
  expect((await storage.keyEvents.list(aQuery())).data.length).toBe(1);
});

test("durations in fractions are rounded", async () => {
  const request = aRequest({
    durationMs: 40.6,
    ttftMs: 19.4,
    attempts: [anAttempt({ waitMs: 0.04, durationMs: 40.51 })],
  });
  await storage.writeBatch(batchOf([request]));
  const stored = await storage.requestLogs.get(request.id);
  expect([stored?.durationMs, stored?.ttftMs]).toEqual([41, 19]);
  expect(stored?.attempts).toEqual([anAttempt({ waitMs: 0, durationMs: 41 })]);
});

test("a row that the schema refuses is left out and told, the rest is written", async () => {
  const good = aRequest();
  await storage.writeBatch(
    batchOf([aRequest({ durationMs: Number.NaN }), good], [aState({ costUsd: Number.NaN })]),
  );
  expect((await storage.requestLogs.list(aQuery())).data).toEqual([good]);
  expect(await storage.keys.states()).toEqual([]);
  expect(JSON.parse(log)).toMatchObject({
    level: "error",
    count: 2,
    first: expect.stringContaining("duration_ms"),
  });
});

test("checkWritable tells of a database that was deleted, and that it is back", async () => {
  await storage.checkWritable();
  renameSync(folder.database, `${folder.database}.away`);
  await expect(storage.checkWritable()).rejects.toThrow("deleted or replaced");
  renameSync(`${folder.database}.away`, folder.database);
  await storage.checkWritable();
  rmSync(folder.database);
  await expect(storage.checkWritable()).rejects.toThrow("deleted or replaced");
});

test("checkWritable and batches fail while another program holds the database, and work again afterwards", async () => {
  const holder = Bun.spawn(
    [
      process.execPath,
      "-e",
      `const { Database } = require("bun:sqlite"); const d = new Database(process.argv[1]);
       d.run("BEGIN IMMEDIATE"); console.log("held"); process.stdin.once("data", () => { d.run("ROLLBACK"); process.exit() })`,
      folder.database,
    ],
    { stdin: "pipe", stdout: "pipe" },
  );
  await holder.stdout.getReader().read();
  const batch = batchOf([aRequest()]);
  await expect(storage.checkWritable()).rejects.toThrow("locked");
  await expect(storage.writeBatch(batch)).rejects.toThrow("locked");
  holder.stdin.write("go\n");
  holder.stdin.end();
  await holder.exited;
  await storage.writeBatch(batch);
  expect((await storage.requestLogs.list(aQuery())).data).toEqual(batch.requests);
});
