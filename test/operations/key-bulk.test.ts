import { afterEach, describe, expect, test } from "bun:test";
import type { BulkChange, KeySelection } from "../../src/operations/types.ts";
import { InputError, NotFoundError } from "../../src/types.ts";
import { type AdminParts, openParts } from "../support/admin-server.ts";
import { keyNamed } from "../support/keys.ts";
import { verdict } from "../support/pool.ts";

let parts: AdminParts;
afterEach(() => parts.close());

const secret = (n: number) => `sk-bulk-${String(n).padStart(8, "0")}`;
async function openWith(keys: number): Promise<string[]> {
  parts = await openParts();
  const text = Array.from({ length: keys }, (_, n) => secret(n)).join("\n");
  const { added } = await parts.operations.keys.addMany(text, {}, "admin");
  return added.map(({ id }) => id);
}
async function bulk(selection: KeySelection, change: BulkChange) {
  const { run, ended } = await parts.operations.keys.bulk(selection, change, "admin");
  await ended;
  return run;
}
const views = () => parts.pool.views();
const eventsOf = async (keyId: string) =>
  (await parts.storage.keyEvents.list({ kind: "key_event", limit: 50, cursor: null, keyId })).data;

describe("a bulk change", () => {
  test("moves, limits, tags, switches, resets and deletes many, each with its event, and survives a start", async () => {
    const ids = await openWith(5);
    const pool = await parts.operations.pools.add({ name: "batch" }, "admin");
    const some = { ids: ids.slice(0, 3) };
    expect(await bulk(some, { action: "move", poolId: pool.id })).toMatchObject({ done: 3, changed: 3 });
    expect(await bulk(some, { action: "move", poolId: pool.id })).toMatchObject({ done: 3, changed: 0 });
    await bulk(some, { action: "set_limits", limits: { dailyLimit: 5, rpmLimit: null } });
    await bulk(some, { action: "add_tags", tags: ["eu", "eu", "x"] });
    await bulk(some, { action: "remove_tags", tags: ["x"] });
    await bulk(some, { action: "disable" });
    await bulk({ ids: [ids[4]!] }, { action: "delete" });
    expect(views().map((key) => [key.enabled, key.poolId, key.dailyLimit, key.tags])).toEqual([
      ...Array.from({ length: 3 }, () => [false, pool.id, 5, ["eu"]]),
      [true, null, null, []],
    ]);
    expect((await eventsOf(ids[0]!)).map(({ event, detail }) => `${event} ${detail}`)).toEqual([
      "disabled ",
      "edited tags: eu, x → eu",
      "edited tags: none → eu, x",
      "edited daily_limit: none → 5",
      "edited pool: none → batch",
      "added imported, row 1",
    ]);
    parts.close("keep");
    parts = await openParts({ dir: parts.dir });
    expect(views().filter(({ enabled }) => !enabled)).toHaveLength(3);
  });

  test("is for all that fit a filter, and its disable can be taken back", async () => {
    const ids = await openWith(40);
    await bulk({ ids: ids.slice(0, 7) }, { action: "add_tags", tags: ["eu"] });
    await bulk({ ids: [ids[0]!] }, { action: "disable" });
    const run = await bulk({ filter: { tag: "eu" } }, { action: "disable" });
    expect(run).toMatchObject({ total: 7, done: 7, changed: 6, stopped: null });
    expect(parts.operations.keys.counts()).toMatchObject({ disabled: 7, available: 33 });
    await (await parts.operations.keys.undoBulk(run.id, "admin")).ended;
    expect(parts.operations.keys.counts()).toMatchObject({ disabled: 1, available: 39 });
    await expect(parts.operations.keys.undoBulk("nothing", "admin")).rejects.toBeInstanceOf(NotFoundError);
  });

  test("with a wrong value or an id that is not there changes nothing", async () => {
    const ids = await openWith(3);
    const { keys } = parts.operations;
    const wrong: [KeySelection, BulkChange][] = [
      [{ ids }, { action: "move", poolId: "nowhere" }],
      [{ ids }, { action: "set_limits", limits: {} }],
      [{ ids }, { action: "set_limits", limits: { dailyLimit: -1 } }],
      [{ ids }, { action: "add_tags", tags: [] }],
      [{ ids }, { action: "add_tags", tags: ["x".repeat(41)] }],
    ];
    for (const [selection, change] of wrong)
      await expect(keys.bulk(selection, change, "admin")).rejects.toBeInstanceOf(InputError);
    await expect(
      keys.bulk({ ids: [...ids, "nobody"] }, { action: "delete" }, "admin"),
    ).rejects.toBeInstanceOf(NotFoundError);
    expect(views()).toHaveLength(3);
    expect(keys.bulkRuns()).toEqual([]);
  });

  test("of thousands goes in slices, tells how far it is, lets other changes in, and can be stopped", async () => {
    const ids = await openWith(3_000);
    const { keys } = parts.operations;
    const { run, ended } = await keys.bulk({ ids }, { action: "disable" }, "admin");
    const seen: number[] = [];
    const timer = setInterval(() => seen.push(run.done), 1);
    await keys.edit(ids[2_999]!, { name: "in between" }, "admin");
    expect(run.endedAt).toBeNull();
    await ended;
    clearInterval(timer);
    expect(new Set(seen).size).toBeGreaterThan(2);
    expect(run).toMatchObject({ done: 3_000, changed: 3_000, stopped: null });
    const second = await keys.bulk({ ids }, { action: "delete" }, "admin");
    keys.stopBulk(second.run.id);
    await second.ended;
    expect(second.run.stopped).toBe("It was stopped.");
    expect(views().length).toBe(3_000 - second.run.done);
    expect(keys.bulkRuns().map(({ action }) => action)).toEqual(["delete", "disable"]);
  });
});

describe("a deleted key", () => {
  test("comes back with its secret, its state and what was still in flight", async () => {
    const [id] = await openWith(1);
    const { keys } = parts.operations;
    const ask = { model: "m", poolId: null, tried: new Set<string>() };
    const { lease } = parts.pool.claim(ask);
    await keys.remove([id!], "admin");
    expect(views()).toEqual([]);
    parts.pool.release(lease!, { verdict: verdict("ok"), usage: null, costUsd: 1 });
    const back = await keys.restore(id!, "admin");
    expect(back).toMatchObject({ id, requestCount: 1, successCount: 1, costUsd: 1, dailyUsed: 1 });
    expect(await keys.reveal(id!, "admin")).toBe(secret(0));
    expect((await eventsOf(id!)).map(({ event }) => event)).toEqual([
      "revealed",
      "restored",
      "deleted",
      "added",
    ]);
    parts.close("keep");
    parts = await openParts({ dir: parts.dir });
    expect(views()[0]).toMatchObject({ id, requestCount: 1 });
    expect(parts.pool.claim(ask).lease?.secret).toBe(secret(0));
  });

  test("does not come back too late, twice, or where its secret was added anew", async () => {
    const [id, other] = await openWith(2);
    const { keys } = parts.operations;
    await keys.remove([id!], "admin");
    await keys.restore(id!, "admin");
    await expect(keys.restore(id!, "admin")).rejects.toBeInstanceOf(NotFoundError);
    await keys.remove([id!], "admin");
    await keys.add({ secret: secret(0), name: "again" }, "admin");
    await expect(keys.restore(id!, "admin")).rejects.toThrow('added again as "again"');
    await keys.remove([other!], "admin");
    parts.clock.advance(180_000);
    await expect(keys.restore(other!, "admin")).rejects.toBeInstanceOf(NotFoundError);
  });
});

test("a glance and the counts agree with the views", async () => {
  const ids = await openWith(3);
  parts.pool.put(keyNamed("off", { enabled: false, upstreamId: views()[0]!.upstreamId }), "x");
  const glances = parts.pool.glances().map(({ id, status }) => [id, status]);
  expect(glances).toEqual(views().map(({ id, status }) => [id, status]));
  expect(parts.operations.keys.counts()).toMatchObject({ available: ids.length, disabled: 1 });
});
