import { describe, expect, test } from "bun:test";
import { STRATEGIES } from "../../src/types.ts";
import { ask, keyNamed, testPool, verdict } from "../support/pool.ts";

const four = () => ["a", "b", "c", "d"].map((id) => keyNamed(id, { upstreamId: id < "c" ? "one" : "two" }));
/** `c` and `d` first, `b` next, `a` last. */
const rank = (id: string) => (id > "b" ? 0 : id === "b" ? 1 : 2);
const onlyTwo = (_: string, upstreamId: string) => upstreamId === "two";

describe("a rank", () => {
  for (const strategy of STRATEGIES) {
    test(`${strategy}: the first rank alone while it can, then the next, and none is left out`, () => {
      const { use, claim } = testPool(four(), { strategy });
      const used = new Set(Array.from({ length: 40 }, () => use("ok", {}, { rank })));
      expect([...used].every((id) => id > "b")).toBe(true);
      const tried = new Set<string>();
      const order = Array.from({ length: 4 }, () => {
        const { keyId } = claim({ rank, tried: new Set(tried) });
        tried.add(keyId);
        return keyId;
      });
      expect(order.slice(0, 2).toSorted()).toEqual(["c", "d"]);
      expect(order.slice(2)).toEqual(["b", "a"]);
    });
  }

  test("it comes before priority: who can serve matters more than who is preferred", () => {
    const { use } = testPool([keyNamed("a", { priority: 0 }), keyNamed("c", { priority: 9 })]);
    expect(use("ok", {}, { rank })).toBe("c");
    expect(use()).toBe("a");
  });

  test("requests with a rank have a turn of their own and do not upset the others'", () => {
    const { use } = testPool(four());
    const seen: string[] = [];
    for (let n = 0; n < 8; n += 1) {
      seen.push(use());
      use("ok", {}, { rank, model: "guided" });
    }
    expect(seen.join("")).toBe("abcdabcd");
  });

  test("two models on different keys, asked in turn, use all of their keys", () => {
    const { use } = testPool(four());
    const counts = new Map<string, number>();
    for (let n = 0; n < 40; n += 1) {
      const isOne = n % 2 === 0;
      const id = use("ok", {}, { model: isOne ? "m1" : "m2", rank: (key) => (key < "c" === isOne ? 0 : 1) });
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    expect(Object.fromEntries(counts)).toEqual({ a: 10, b: 10, c: 10, d: 10 });
  });
});

describe("a restriction", () => {
  for (const strategy of STRATEGIES) {
    test(`${strategy}: no other key, even where none is left`, () => {
      const { pool, use } = testPool(four(), { strategy });
      for (let n = 0; n < 20; n += 1) expect(["c", "d"]).toContain(use("ok", {}, { mayUse: onlyTwo }));
      use("rate_limited", { waitMs: 50_000 }, { mayUse: (id) => id === "c" });
      use("rate_limited", { waitMs: 30_000 }, { mayUse: (id) => id === "d" });
      const { lease, refusal } = pool.claim(ask({ mayUse: onlyTwo }));
      expect(lease).toBeNull();
      expect(refusal).toMatchObject({ code: "keys_cooling_down", retryAfterMs: 30_000 });
      expect(use("ok")).toMatch(/[ab]/);
    });
  }

  test("that fits no key says so, and not that there are none", () => {
    const { pool } = testPool(four());
    expect(pool.claim(ask({ mayUse: () => false })).refusal).toMatchObject({
      code: "no_usable_key",
      message: "There is no key that may serve this request.",
    });
  });

  test("weighted: who passes a key over does not take its turn away", () => {
    const { use } = testPool(four(), { strategy: "weighted" });
    const counts = new Map<string, number>();
    for (let n = 0; n < 400; n += 1) {
      use("ok", {}, { mayUse: (id) => id === "a" });
      const id = use("ok", {}, { mayUse: (key) => key !== "a" });
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    for (const id of ["b", "c", "d"]) expect(counts.get(id)).toBeGreaterThan(120);
  });

  test("one that waits for its own key holds nobody else up", async () => {
    const { pool } = testPool([keyNamed("a", { maxConcurrency: 1 }), keyNamed("b")]);
    const first = pool.claim(ask({ mayUse: (id) => id === "a" }));
    const waiting = pool.claimOrWait(ask({ mayUse: (id) => id === "a" }), 5_000);
    expect("leave" in waiting).toBe(true);
    const other = pool.claimOrWait(ask({ mayUse: (id) => id === "b" }), 5_000);
    expect("leave" in other ? null : other.lease?.keyId).toBe("b");
    expect(pool.claim(ask()).lease?.keyId).toBe("b");
    if (first.lease === null || !("leave" in waiting)) throw new Error("not as set up");
    pool.release(first.lease, { verdict: verdict("ok"), usage: null, costUsd: null });
    expect((await waiting.claim).lease?.keyId).toBe("a");
  });
});
