import { describe, expect, test } from "bun:test";
import { ask, keyNamed, testPool, verdict } from "../support/pool.ts";

const OK = { verdict: verdict("ok"), usage: null, costUsd: null };

describe("what is counted for a key", () => {
  test("its tokens and its cost, where they are known", () => {
    const { pool, claim } = testPool([keyNamed("a")]);
    const usage = { inputTokens: 70, outputTokens: 5, cachedTokens: null, reasoningTokens: null };
    pool.release(claim(), { ...OK, usage, costUsd: 0.25 });
    pool.release(claim(), { ...OK, usage, costUsd: null });
    pool.release(claim(), OK);
    expect(pool.view("a")).toMatchObject({
      requestCount: 3,
      successCount: 3,
      inputTokens: 140,
      outputTokens: 10,
      costUsd: 0.25,
    });
  });
});

describe("what people see of the keys", () => {
  const scene = () => testPool(["a", "b", "c", "d"].map((id) => keyNamed(id)));

  test("how many are in each status", () => {
    const { pool, use } = scene();
    use("rate_limited", { waitMs: 60_000 });
    use("invalid_key");
    pool.put(keyNamed("c", { enabled: false }), "s");
    expect(pool.statusCounts()).toEqual({
      available: 1,
      cooling: 1,
      ejected: 0,
      daily_limit_reached: 0,
      no_credit: 0,
      invalid: 1,
      disabled: 1,
    });
  });

  test("which enabled ones are invalid, and since when", () => {
    const { pool, use, clock } = scene();
    use("invalid_key");
    clock.advance(5_000);
    use("invalid_key");
    use("no_credit");
    pool.put(keyNamed("a", { enabled: false }), "s");
    expect(pool.invalidKeys()).toEqual([{ id: "b", since: clock.now() }]);
  });

  test("why one that cools for some models only, or for all, is as it is", () => {
    const { pool, use } = testPool([keyNamed("a")]);
    use("rate_limited", { waitMs: 60_000, blame: "key_model" }, { model: "m" });
    use("rate_limited", { waitMs: 60_000, blame: "key_model" }, { model: "n" });
    expect(pool.view("a")?.statusReason).toStartWith("Cooling for 2 models only; the first: m: ");
    use("rate_limited", { waitMs: 60_000 }, { model: "o" });
    expect(pool.view("a")).toMatchObject({ status: "cooling", statusReason: "because rate_limited" });
  });

  test("why one that is well takes no more for now", () => {
    const { pool, claim } = testPool([keyNamed("a", { maxConcurrency: 1, rpmLimit: 1 })]);
    const lease = claim();
    expect(pool.view("a")?.statusReason).toBe("1 of 1 requests at once are running.");
    pool.release(lease, OK);
    expect(pool.view("a")?.statusReason).toStartWith("1 of 1 requests within a minute are used;");
  });

  test("nothing of one that does not exist", () => {
    const { pool } = scene();
    expect([pool.view("x"), pool.secretOf("x"), pool.claimKey("x"), pool.remove("x")]).toEqual([
      null,
      null,
      null,
      null,
    ]);
    expect(pool.secretOf("a")).toBe("secret-a");
  });
});

describe("cooldowns for models of their own", () => {
  test("are at most 200 a key: the one that ends first is forgotten, never that of the whole key", () => {
    const { pool, use } = testPool([keyNamed("a")]);
    const cool = (model: string, waitMs: number) =>
      use("rate_limited", { waitMs, blame: "key_model" }, { model });
    cool("long", 90_000);
    cool("shortest", 10_000);
    for (let n = 0; n < 198; n += 1) cool(`m${n}`, 20_000 + n);
    expect(pool.view("a")?.cooldowns).toHaveLength(200);
    cool("one more", 80_000);
    const left = pool.view("a")?.cooldowns.map(({ model }) => model) ?? [];
    expect(left).toHaveLength(200);
    expect(left).toContain("long");
    expect(left).toContain("one more");
    expect(left).not.toContain("shortest");
    expect(pool.claim(ask({ model: "shortest" })).lease?.keyId).toBe("a");
  });
});
