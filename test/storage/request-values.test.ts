import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import fc from "fast-check";
import { openDatabase, Sql } from "../../src/storage/database.ts";
import { placeOf } from "../../src/storage/log-position.ts";
import { migrations } from "../../src/storage/migrations.ts";
import { indexValues } from "../../src/storage/request-values.ts";
import type { LogQuery, Storage } from "../../src/storage/types.ts";
import type { RequestRecord } from "../../src/types.ts";
import {
  allIds,
  anAttempt,
  aRequest,
  batchOf,
  type Folder,
  indexAll,
  open,
  tempFolder,
  withFreshStorage,
} from "./builders.ts";

let folder: Folder;
let storage: Storage;
withFreshStorage((fresh) => ({ folder, storage } = fresh));

async function idsOf(query: Partial<LogQuery>, of = storage): Promise<string[]> {
  return (await allIds(of, { limit: 7, ...query })).ids;
}

function rows(text: string): unknown[] {
  const database = new Database(folder.database);
  const found = database.query(text).all();
  database.close();
  return found;
}

const few = fc.constantFrom("a", "b", "c\u0000'%", "key");
const requests = fc.array(
  fc.record({
    startedAt: fc.integer({ min: 1, max: 40 }),
    model: fc.option(few),
    poolId: fc.option(few),
    keys: fc.array(few, { maxLength: 3 }),
  }),
  { maxLength: 30 },
);

test("requests are found by key, model and pool, each once and newest first, whether they wait or are sorted in", async () => {
  let made = 0;
  const all: RequestRecord[] = [];
  await fc.assert(
    fc.asyncProperty(requests, fc.boolean(), async (given, isSortedIn) => {
      const records = given.map(({ keys, ...rest }) =>
        aRequest({ ...rest, id: `r${made++}`, attempts: keys.map((keyId) => anAttempt({ keyId })) }),
      );
      await storage.writeBatch(batchOf(records));
      all.push(...records);
      if (isSortedIn) await indexAll(storage);
      const fits: [Partial<LogQuery>, (record: RequestRecord) => boolean][] = [
        "a",
        "c\u0000'%",
        "key",
      ].flatMap((value) => [
        [{ keyId: value }, ({ attempts }) => attempts.some(({ keyId }) => keyId === value)],
        [{ model: value }, ({ model }) => model === value],
        [{ poolId: value, model: "a" }, ({ poolId, model }) => poolId === value && model === "a"],
      ]);
      for (const [query, isFit] of fits) {
        const found = await idsOf(query);
        expect(found.toSorted()).toEqual(
          all
            .filter(isFit)
            .map(({ id }) => id)
            .toSorted(),
        );
        const times = found.map((id) => all.find((record) => record.id === id)?.startedAt ?? 0);
        expect(times).toEqual(times.toSorted((a, b) => b - a));
      }
    }),
    { numRuns: 25 },
  );
});

test("a search by the name of a model finds what waits", async () => {
  await storage.writeBatch(batchOf([aRequest({ id: "r1", model: "brand-new" }), aRequest({ id: "r2" })]));
  expect(await idsOf({ q: "and-ne" })).toEqual(["r1"]);
});

test("sorting in that ends half way begins anew and leaves nothing twice", async () => {
  const many = Array.from({ length: 1_500 }, (_, index) =>
    aRequest({ id: `r${index}`, startedAt: 1 + index }),
  );
  await storage.writeBatch(batchOf(many));
  class Dying extends Sql {
    #batches = 0;
    override batch<T>(change: () => T): T {
      this.#batches += 1;
      if (this.#batches > 4) throw new Error("the power is gone");
      return super.batch(change);
    }
  }
  const dying = new Dying(new Database(folder.database));
  expect(() => indexValues(dying)).toThrow("the power is gone");
  dying.close();
  expect(rows("SELECT 1 FROM requests_by_value")).toHaveLength(2_000);
  expect(await idsOf({ keyId: "k1", limit: 500 })).toHaveLength(1_500);
  await indexAll(storage);
  expect(rows("SELECT 1 FROM requests_by_value")).toHaveLength(3_000);
  expect(rows("SELECT 1 FROM requests_by_value_waiting")).toEqual([]);
  expect(await idsOf({ keyId: "k1", limit: 500 })).toHaveLength(1_500);
});

test("what a cleanup deletes leaves the index too, also where it was still waiting", async () => {
  const at = (startedAt: number) => aRequest({ id: `r${startedAt}`, startedAt, poolId: "p" });
  await storage.writeBatch(batchOf([at(1), at(2), at(3)]));
  await indexAll(storage);
  await storage.writeBatch(batchOf([at(4), at(5), at(6)]));
  await storage.maintenance.deleteRequests({ at: 5 }, 100);
  await indexAll(storage);
  expect(await idsOf({ keyId: "k1" })).toEqual(["r6", "r5"]);
  const places = rows("SELECT place FROM requests_by_value") as { place: number }[];
  expect(places).toHaveLength(2 * 3);
  for (const { place } of places) expect(place).toBeGreaterThanOrEqual(placeOf(5));
});

test("a log of the schema before is found by key, model and pool", async () => {
  const old = tempFolder();
  openDatabase(old.database, migrations.slice(0, 6)).close();
  const before = new Database(old.database);
  const columns = (before.query("PRAGMA table_info(requests)").all() as { name: string; type: string }[])
    .map(({ name, type }) =>
      name === "row_id" ? "?1" : name === "id" ? "'r' || ?1" : type === "TEXT" ? "'x'" : "0",
    )
    .join(", ");
  for (const place of [4_096, 8_192]) {
    before.query(`INSERT INTO requests VALUES (${columns})`).run(place);
    for (const position of [0, 1]) {
      before
        .query("INSERT INTO attempts VALUES (?, ?, 'k', 'u', 0, 0, 0, 0, 'ok', 'x', NULL)")
        .run(place, position);
    }
  }
  before.close();
  const opened = await open(old);
  for (const query of [{ keyId: "k" }, { model: "x" }, { poolId: "x" }])
    expect(await idsOf(query, opened)).toEqual(["r8192", "r4096"]);
  opened.close();
  old.remove();
});
