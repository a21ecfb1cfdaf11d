import { afterEach, beforeEach, expect, test } from "bun:test";
import { Reader } from "../../src/storage/reader.ts";
import type { Storage } from "../../src/storage/types.ts";
import { InputError } from "../../src/types.ts";
import { aQuery, aRequest, batchOf, type Folder, open, tempFolder } from "./builders.ts";

let folder: Folder;
let storage: Storage;
let reader: Reader;
beforeEach(async () => {
  folder = tempFolder();
  storage = await open(folder);
  reader = new Reader(folder.database);
});
afterEach(() => {
  reader.close();
  storage.close();
  folder.remove();
});

test("the worker sees what batches wrote, and answers each call with its own result", async () => {
  await storage.writeBatch(
    batchOf([aRequest({ id: "a", startedAt: 1 }), aRequest({ id: "b", startedAt: 2 })]),
  );
  const answers = await Promise.all([
    reader.call("listRequests", aQuery({ limit: 1 })),
    reader.call("readFacts"),
    reader.call("listRequests", aQuery({ to: 2 })),
    reader.call("listRequests", aQuery({ limit: 0 })).catch((error: unknown) => error),
  ]);
  expect(answers[0].data.map(({ id }) => id)).toEqual(["b"]);
  expect(answers[1].oldestRequestAt).toBe(1);
  expect(answers[2].data.map(({ id }) => id)).toEqual(["a"]);
  expect(answers[3]).toBeInstanceOf(InputError);
  expect((answers[3] as InputError).fields.limit).toContain("500");
});

test("more calls than it keeps waiting are refused, the others are answered", async () => {
  const calls = Array.from({ length: 300 }, () =>
    reader.call("readFacts").then(
      () => true,
      (error) => error,
    ),
  );
  const results = await Promise.all(calls);
  expect(results.filter((result) => result === true)).toHaveLength(256);
  expect(String(results.at(-1))).toContain("too much");
});

test("a worker that cannot begin fails its calls", async () => {
  const missing = new Reader(`${folder.path}/nowhere/load-balancer.db`);
  await expect(missing.call("readFacts")).rejects.toThrow("the storage worker ended");
  missing.close();
});

test("after the end nothing is answered any more, and what waited is told", async () => {
  await reader.call("readFacts");
  const waiting = reader.call("readFacts");
  reader.close();
  await expect(waiting).rejects.toThrow("storage is closed");
  await expect(reader.call("readFacts")).rejects.toThrow("storage is closed");
});
