import { afterEach, describe, expect, test } from "bun:test";
import { systemClock } from "../../src/clock.ts";
import { createInventory } from "../../src/operations/inventory.ts";
import { createKeyStore } from "../../src/operations/key-store.ts";
import { createKeyOperations } from "../../src/operations/keys.ts";
import { createOneAtATime } from "../../src/operations/one-at-a-time.ts";
import type { Storage } from "../../src/storage/types.ts";
import { ConflictError, InputError, NotFoundError, StartError } from "../../src/types.ts";
import { type AdminOptions, type AdminParts, openParts } from "../support/admin-server.ts";
import { manualClock } from "../support/clock.ts";

const opened: AdminParts[] = [];
async function open(options: AdminOptions = {}): Promise<AdminParts> {
  const parts = await openParts(options);
  opened.push(parts);
  return parts;
}
afterEach(() => {
  for (const parts of opened.splice(0)) parts.close();
});

const secret = (n: number) => `sk-ops-${String(n).padStart(12, "0")}`;
const eventsOf = async (parts: AdminParts) =>
  (await parts.operations.logs.keyEvents({ kind: "key_event", limit: 500, cursor: null })).data;

describe("a start", () => {
  test("brings back upstreams, pools, keys, secrets, states, settings and names", async () => {
    const clock = manualClock();
    const first = await openParts({ clock });
    const { keys, pools, settings } = first.operations;
    const pool = await pools.add({ name: "p" }, "admin");
    const key = await keys.add({ secret: secret(1), poolId: pool.id, tags: ["t"], dailyLimit: 9 }, "admin");
    await keys.add({ secret: secret(2), enabled: false }, "api");
    await settings.patch({ api_endpoint: "http://127.0.0.1:9/v1", max_retries: 7 }, "admin");
    const cooldown = {
      model: "m",
      until: clock.now() + 60_000,
      reason: "slow",
      outcome: "rate_limited" as const,
    };
    await first.storage.writeBatch({
      requests: [],
      keyStates: [{ ...first.pool.view(key.id)!, keyId: key.id, requestCount: 5, cooldowns: [cooldown] }],
      keyEvents: [],
      rotations: [{ name: "", keyId: key.id, used: 2 }],
    });
    first.close("keep");

    const second = await open({ dir: first.dir, clock });
    const [one, two] = (await second.operations.keys.list({ sort: "name" })).data;
    expect(one).toMatchObject({
      ...key,
      requestCount: 5,
      cooldowns: [cooldown],
      statusReason: expect.any(String),
    });
    expect(two).toMatchObject({ name: "key-02", enabled: false });
    expect(second.operations.settings.current()).toMatchObject({
      apiEndpoint: "http://127.0.0.1:9/v1",
      maxRetries: 7,
    });
    expect(await second.operations.pools.list()).toEqual([pool]);
    const upstreams = await second.operations.upstreams.list();
    expect(upstreams).toMatchObject([
      { name: "127.0.0.1:9", baseUrl: "http://127.0.0.1:9/v1", isDefault: true },
    ]);
    expect(second.told.upstreams.at(-1)).toMatchObject([{ isDefault: true }]);
    const { lease } = second.pool.claim({ model: "other", poolId: pool.id, tried: new Set() });
    expect(lease?.secret).toBe(secret(1));
    expect((await second.operations.keys.add({ secret: secret(3) }, "admin")).name).toBe("key-03");
    await expect(second.operations.keys.add({ secret: secret(2) }, "admin")).rejects.toBeInstanceOf(
      ConflictError,
    );
  });

  test("with api_endpoint and the default upstream apart follows the upstream, whose keys must not go elsewhere", async () => {
    const first = await openParts();
    await first.storage.settings.write({ api_endpoint: "http://127.0.0.1:9/elsewhere" }, null);
    first.close("keep");
    const second = await open({ dir: first.dir, clock: first.clock });
    const [upstream] = await second.operations.upstreams.list();
    expect(upstream!.baseUrl).toContain("generativelanguage");
    expect(second.settings.current.apiEndpoint).toBe(upstream!.baseUrl);
    expect(await second.storage.settings.all()).toEqual({});
  });

  test("refuses where a stored secret can't be opened, and says whose", async () => {
    const first = await openParts();
    const key = await first.operations.keys.add({ secret: secret(1), name: "broken" }, "admin");
    const [stored] = await first.storage.keys.list();
    await first.storage.keys.update([{ ...stored!, sealedSecret: new Uint8Array(60) }], []);
    expect(key.name).toBe("broken");
    first.close("keep");
    const failing = openParts({ dir: first.dir, clock: first.clock });
    await expect(failing).rejects.toBeInstanceOf(StartError);
    await expect(failing).rejects.toThrow('"broken"');
  });

  test("nowhere in the folder stands a secret in the clear", async () => {
    const parts = await open();
    await parts.operations.keys.addMany(`${secret(1)}\nname: ${secret(2)}`, {}, "admin");
    const files = await Array.fromAsync(
      new Bun.Glob("**/*").scan({ cwd: parts.dir, absolute: true, dot: true }),
    );
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      const bytes = Buffer.from(await Bun.file(file).arrayBuffer());
      for (const n of [1, 2]) expect([file, bytes.includes(secret(n))]).toEqual([file, false]);
    }
  });
});

describe("a change", () => {
  test("that storage refuses changes nothing in memory", async () => {
    let failing = false;
    const parts = await open({ wrapStorage: (storage) => failingWhen(storage, () => failing) });
    const { keys, pools, upstreams, settings } = parts.operations;
    const key = await keys.add({ secret: secret(1), name: "one" }, "admin");
    const pool = await pools.add({ name: "p" }, "admin");
    const [upstream] = await upstreams.list();
    const state = async () =>
      JSON.stringify([
        (await keys.list({})).data,
        await pools.list(),
        await upstreams.list(),
        settings.current(),
        parts.told,
      ]);
    const before = await state();
    failing = true;
    const changes: (() => Promise<unknown>)[] = [
      () => keys.add({ secret: secret(2) }, "admin"),
      () => keys.addMany(secret(3), {}, "admin"),
      () => keys.edit(key.id, { name: "two", secret: secret(4) }, "admin"),
      () => keys.setEnabled([key.id], false, "admin"),
      () => keys.move([key.id], pool.id, "admin"),
      () => keys.remove([key.id], "admin"),
      () => keys.reset([key.id], "admin"),
      () => pools.add({ name: "q" }, "admin"),
      () => pools.edit(pool.id, { name: "q" }, "admin"),
      () => pools.remove(pool.id, "admin"),
      () => upstreams.add({ name: "u", baseUrl: "http://127.0.0.1:9" }, "admin"),
      () => upstreams.edit(upstream!.id, { baseUrl: "http://127.0.0.1:9" }, "admin"),
      () => settings.patch({ api_endpoint: "http://127.0.0.1:9", max_retries: 1 }, "admin"),
      () => settings.patch({ strategy: "random" }, "admin"),
      () => settings.reset("all", "admin").then(() => settings.patch({ max_retries: 1 }, "admin")),
    ];
    for (const change of changes) {
      expect([String(change), await change().then(() => "done", String)]).toEqual([
        String(change),
        "Error: disk full",
      ]);
      expect([String(change), await state()]).toEqual([String(change), before]);
    }
    failing = false;
    expect((await keys.add({ secret: secret(2), name: "later" }, "admin")).name).toBe("later");
    expect((await keys.edit(key.id, { secret: secret(4) }, "admin")).maskedSecret).toBe("sk-o…0004");
  });

  test("goes one after the other: of many at once none is lost", async () => {
    const parts = await open();
    const { keys } = parts.operations;
    const key = await keys.add({ secret: secret(1) }, "admin");
    const patches = [
      { name: "n" },
      { weight: 7 },
      { priority: 3 },
      { tags: ["a"] },
      { dailyLimit: 5 },
      { rpmLimit: 6 },
    ];
    await Promise.all(patches.map((patch) => keys.edit(key.id, patch, "admin")));
    expect(await keys.get(key.id)).toMatchObject({
      name: "n",
      weight: 7,
      priority: 3,
      tags: ["a"],
      dailyLimit: 5,
      rpmLimit: 6,
    });
    const same = await Promise.allSettled(
      Array.from({ length: 20 }, () => keys.add({ secret: secret(2) }, "api")),
    );
    expect(same.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const names = await Promise.all(
      Array.from({ length: 20 }, (_, n) => keys.add({ secret: secret(10 + n) }, "api")),
    );
    expect(new Set(names.map(({ name }) => name)).size).toBe(20);
  });

  test("leaves an event with what was and what is; one that changes nothing leaves none", async () => {
    const parts = await open();
    const { keys, pools, upstreams } = parts.operations;
    const pool = await pools.add({ name: "Blue" }, "admin");
    const key = await keys.add({ secret: secret(1), name: "one", tags: ["a"] }, "admin");
    await keys.edit(key.id, { name: "two", poolId: pool.id, tags: [], weight: 2, enabled: false }, "api");
    await keys.edit(key.id, { name: "two", secret: secret(1) }, "api");
    await keys.setEnabled([key.id], false, "api");
    await keys.setEnabled([key.id], true, "admin");
    const [upstream] = await upstreams.list();
    await upstreams.edit(upstream!.id, { baseUrl: "http://127.0.0.1:9" }, "admin");
    const told = (await eventsOf(parts)).map(({ event, detail, keyName, actor }) => [
      event,
      keyName,
      actor,
      detail,
    ]);
    expect(told.reverse()).toEqual([
      ["settings_changed", null, "admin", 'pool "Blue" added'],
      ["added", "one", "admin", ""],
      ["edited", "two", "api", "name: one → two; pool: none → Blue; tags: a → none; weight: 1 → 2"],
      ["disabled", "two", "api", ""],
      ["enabled", "two", "admin", ""],
      [
        "settings_changed",
        null,
        "admin",
        'upstream "Google AI Studio": base_url: https://generativelanguage.googleapis.com/v1beta/openai → http://127.0.0.1:9',
      ],
    ]);
  });

  test("of status is durable when it is acknowledged: enabling and resetting clear the stored state too", async () => {
    const parts = await open();
    const { keys } = parts.operations;
    const ids = [
      (await keys.add({ secret: secret(1) }, "admin")).id,
      (await keys.add({ secret: secret(2) }, "admin")).id,
    ];
    for (const id of ids) {
      parts.pool.release(parts.pool.claimKey(id)!, {
        verdict: {
          outcome: "invalid_key",
          blame: "key",
          retry: true,
          cooldownMs: null,
          strike: false,
          clientStatus: 503,
          reason: "revoked",
        },
        usage: null,
        costUsd: null,
      });
    }
    await parts.storage.writeBatch({ requests: [], keyStates: parts.states, keyEvents: [], rotations: [] });
    expect((await parts.storage.keys.states()).map(({ condition }) => condition?.status)).toEqual([
      "invalid",
      "invalid",
    ]);
    expect(keys.counts()).toMatchObject({ invalid: 2, available: 0 });
    await keys.setEnabled([ids[0]!], true, "admin");
    await keys.reset([ids[1]!], "admin");
    const states = await parts.storage.keys.states();
    expect(states.map(({ condition, requestCount }) => [condition, requestCount])).toEqual([
      [null, 1],
      [null, 1],
    ]);
    expect(keys.counts()).toMatchObject({ invalid: 0, available: 2 });
  });

  test("of something that is not there is refused, whatever else the call names", async () => {
    const { operations } = await open();
    const { keys, pools, upstreams, logs } = operations;
    const key = await keys.add({ secret: secret(1) }, "admin");
    const missing = [
      () => keys.get("x"),
      () => keys.edit("x", { name: "n" }, "admin"),
      () => keys.remove([key.id, "x"], "admin"),
      () => keys.reset(["x"], "admin"),
      () => keys.test("x", "admin"),
      () => pools.edit("x", {}, "admin"),
      () => upstreams.remove("x", "admin"),
      () => logs.request("x"),
    ];
    for (const call of missing) await expect(call()).rejects.toBeInstanceOf(NotFoundError);
    expect((await keys.list({})).data).toHaveLength(1);
    const wrong = await keys
      .add({ secret: "short", poolId: "x", upstreamId: "y" }, "admin")
      .catch((error) => error);
    expect(wrong).toBeInstanceOf(InputError);
    expect(Object.keys(wrong.fields).sort()).toEqual(["pool_id", "secret", "upstream_id"]);
  });
});

describe("an import", () => {
  test("of 20,000 keys is quick, lets requests go on meanwhile, and imported again adds nothing", async () => {
    const parts = await open({ clock: { ...systemClock, advance() {}, jump() {} } });
    const text = Array.from({ length: 20_000 }, (_, n) => secret(n)).join("\n");
    const started = performance.now();
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 1);
    const report = await parts.operations.keys.addMany(text, { tags: ["bulk"] }, "admin");
    clearInterval(timer);
    expect(turns).toBeGreaterThan(50);
    const seconds = (performance.now() - started) / 1_000;
    expect(report.added).toHaveLength(20_000);
    expect(report.skipped).toEqual([]);
    expect(seconds).toBeLessThan(15);
    expect(report.added.at(-1)).toMatchObject({ name: "key-20000", tags: ["bulk"] });
    const again = await parts.operations.keys.addMany(text, {}, "admin");
    expect(again.added).toEqual([]);
    expect(again.skipped).toHaveLength(20_000);
    expect(again.skipped[0]).toEqual({ row: 1, reason: "duplicate of key-01" });
    expect(JSON.stringify(again.skipped)).not.toContain("sk-ops");
  });

  test("stops at 100,000 keys and then adds none of the text", async () => {
    const parts = await open();
    const inventory = createInventory();
    const [upstream] = await parts.storage.upstreams.list();
    inventory.upstreams.set(upstream!.id, upstream!);
    for (let n = 0; n < 99_998; n += 1) {
      inventory.putKey(`k${n}`, `k${n}`, { secret: "", fingerprint: String(n), upstreamId: upstream!.id });
    }
    const full = { ...parts.deps, inventory, change: createOneAtATime() };
    const keys = createKeyOperations(full, createKeyStore(full));
    const rows = (from: number) => [from, from + 1, from + 2].map(secret).join("\n");
    await expect(keys.addMany(rows(1), {}, "admin")).rejects.toBeInstanceOf(ConflictError);
    expect(parts.pool.views()).toEqual([]);
    await keys.add({ secret: secret(1) }, "admin");
    await keys.add({ secret: secret(2) }, "admin");
    await expect(keys.add({ secret: secret(3) }, "admin")).rejects.toBeInstanceOf(ConflictError);
  });
});

test("changes that pile up beyond 1,000 are refused, the others are all done", async () => {
  const change = createOneAtATime();
  let done = 0;
  const results = await Promise.allSettled(
    Array.from({ length: 1_200 }, () =>
      change(async () => {
        await Bun.sleep(0);
        done += 1;
      }),
    ),
  );
  expect(results.filter(({ status }) => status === "rejected")).toHaveLength(200);
  expect(done).toBe(1_000);
  await expect(change(async () => "next")).resolves.toBe("next");
});

/** Real storage whose writes fail while told to; reads go on. */
function failingWhen(storage: Storage, isFailing: () => boolean): Storage {
  const READS = new Set(["list", "get", "all", "states", "findByFingerprint", "rotations", "minutes"]);
  const wrap = <Part extends object>(part: Part): Part =>
    new Proxy(part, {
      get(target, name) {
        const value = Reflect.get(target, name);
        if (typeof value === "object" && value !== null) return wrap(value);
        if (typeof value !== "function" || READS.has(String(name)) || name === "close") return value;
        return (...args: unknown[]) =>
          isFailing() ? Promise.reject(new Error("disk full")) : Reflect.apply(value, target, args);
      },
    });
  return wrap(storage);
}
