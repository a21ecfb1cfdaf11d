import { describe, expect, test } from "bun:test";
import { ask, keyNamed, testPool, verdict } from "../support/pool.ts";

const three = () => [keyNamed("a"), keyNamed("b"), keyNamed("c")];
const MINUTE = 60_000;

describe("round robin", () => {
  test("moves on after rotation_request_count requests", () => {
    const { use } = testPool(three(), { rotationRequestCount: 2 });
    expect(Array.from({ length: 8 }, () => use())).toEqual(["a", "a", "b", "b", "c", "c", "a", "a"]);
  });

  test("passes over a key that is out and comes back to it in its place", () => {
    const { use, clock } = testPool(three());
    expect(use()).toBe("a");
    expect(use("rate_limited", { waitMs: 30_000 })).toBe("b");
    expect([use(), use(), use()]).toEqual(["c", "a", "c"]);
    clock.advance(30_000);
    expect([use(), use(), use()]).toEqual(["a", "b", "c"]);
  });

  test("each pool has a place of its own", () => {
    const keys = [keyNamed("a", { poolId: "p" }), keyNamed("b"), keyNamed("c", { poolId: "p" })];
    const { use } = testPool(keys);
    expect(use("ok", {}, { poolId: "p" })).toBe("a");
    expect(use()).toBe("a");
    expect(use("ok", {}, { poolId: "p" })).toBe("c");
    expect(use()).toBe("b");
  });

  test("a restart goes on from the place that was told", () => {
    const told: [string, string, number][] = [];
    const { use } = testPool(
      three(),
      { rotationRequestCount: 3 },
      { rotated: (...place) => told.push(place) },
    );
    for (let n = 0; n < 5; n += 1) use();
    const again = testPool(three(), { rotationRequestCount: 3 });
    again.pool.restoreRotation(...(told.at(-1) as [string, string, number]));
    expect([again.use(), again.use()]).toEqual(["b", "c"]);
  });
});

describe("cooldowns", () => {
  test("last exactly as long as stated, to the millisecond", () => {
    const { use, pool, clock } = testPool([keyNamed("a")]);
    use("rate_limited", { waitMs: 1_234 });
    clock.advance(1_233);
    const { refusal } = pool.claim(ask());
    expect(refusal).toMatchObject({ code: "keys_cooling_down", retryAfterMs: 1 });
    clock.advance(1);
    expect(use()).toBe("a");
  });

  test("that are over are stored no longer, though nobody asked for the key meanwhile", () => {
    const { use, pool, clock } = testPool([keyNamed("a")]);
    use("rate_limited", { waitMs: 1_000 });
    clock.advance(1_000);
    expect(pool.view("a")?.cooldowns).toEqual([]);
  });

  test("for one model leave the key to the others", () => {
    const { use, pool, claim } = testPool([keyNamed("a")]);
    use("rate_limited", { waitMs: MINUTE, blame: "key_model" });
    expect(pool.claim(ask()).refusal?.code).toBe("keys_cooling_down");
    expect(claim({ model: "other" }).keyId).toBe("a");
    const view = pool.view("a");
    expect(view?.status).toBe("available");
    expect(view?.cooldowns).toMatchObject([{ model: "m" }]);
    expect(view?.statusReason).toContain("Cooling for m only");
  });

  test("without a stated time grow with each one in a row, up to an hour, and a success ends the row", () => {
    const { use, pool, clock } = testPool([keyNamed("a")], { rateLimitCooldownS: 60 });
    const waits: number[] = [];
    const cool = () => {
      const before = clock.now();
      use("rate_limited");
      const until = pool.view("a")?.cooldownUntil as number;
      waits.push((until - before) / 1_000);
      clock.advance(until - before);
    };
    for (let n = 0; n < 9; n += 1) cool();
    use();
    cool();
    const bases = [60, 120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600, 60];
    waits.forEach((wait, index) => {
      expect(wait).toBeGreaterThanOrEqual(bases[index] as number);
      expect(wait).toBeLessThanOrEqual((bases[index] as number) * 1.2 + 0.001);
    });
  });

  test("are not shortened by a shorter one, nor ended by a success that began before", () => {
    const { claim, pool, use, clock } = testPool([keyNamed("a")]);
    const early = claim();
    const second = claim();
    use("rate_limited", { waitMs: 60_000 });
    pool.release(second, { verdict: verdict("rate_limited", { waitMs: 1_000 }), usage: null, costUsd: null });
    pool.release(early, { verdict: verdict("ok"), usage: null, costUsd: null });
    clock.advance(59_999);
    expect(pool.view("a")?.status).toBe("cooling");
    clock.advance(1);
    expect(pool.view("a")?.status).toBe("available");
  });

  test("do not care when the wall clock is set", () => {
    const { use, pool, clock } = testPool([keyNamed("a")]);
    use("rate_limited", { waitMs: 60_000 });
    clock.jump(3_600_000);
    expect(pool.view("a")?.status).toBe("cooling");
    clock.jump(-7_200_000);
    clock.advance(60_000);
    expect(pool.view("a")?.status).toBe("available");
  });

  test("of an absurd length are cut at seven days", () => {
    const { use, pool, clock } = testPool([keyNamed("a")]);
    use("quota_exhausted", { waitMs: 1e15 });
    expect((pool.view("a")?.cooldownUntil as number) - clock.now()).toBe(7 * 86_400_000);
  });
});

describe("what is not the key's fault", () => {
  test("client mistakes and closed clients neither strike nor cool", () => {
    const { use, pool } = testPool([keyNamed("a")]);
    for (const outcome of [
      "client_error",
      "content_filtered",
      "client_closed",
      "model_unavailable",
    ] as const) {
      for (let n = 0; n < 10; n += 1) use(outcome);
    }
    expect(pool.view("a")).toMatchObject({
      status: "available",
      strikes: 0,
      cooldowns: [],
      requestCount: 40,
      // A model that the account does not have failed there all the same.
      failureCount: 10,
    });
    use("upstream_error");
    expect(pool.view("a")?.failureCount).toBe(11);
  });

  test("a host that fails for every key ejects none", () => {
    const { use, pool, clock } = testPool(three(), { maxFailureCount: 3 });
    for (let n = 0; n < 18; n += 1) {
      use("upstream_error");
      clock.advance(10);
    }
    expect(pool.views().map(({ status }) => status)).toEqual(["available", "available", "available"]);
  });
});

describe("ejection", () => {
  const failA = (test: ReturnType<typeof testPool>, times: number) => {
    for (let n = 0; n < times; ) {
      const lease = test.claim();
      const fails = lease.keyId === "a";
      test.pool.release(lease, {
        verdict: verdict(fails ? "upstream_error" : "ok"),
        usage: null,
        costUsd: null,
      });
      if (fails) n += 1;
      test.clock.advance(5);
    }
  };

  test("comes where one key fails again and again while others succeed, and says so", () => {
    const scene = testPool(three(), { maxFailureCount: 3 });
    failA(scene, 3);
    const view = scene.pool.view("a");
    expect(view?.status).toBe("ejected");
    expect(view?.statusReason).toContain("3 failures in a row while other keys of this host succeed");
  });

  test("grows by 30 s with each one in a row, at most 10 minutes; a success ends the row", () => {
    const scene = testPool(three(), { maxFailureCount: 2 });
    const lengths: number[] = [];
    failA(scene, 1);
    for (let round = 0; round < 22; round += 1) {
      failA(scene, 1);
      const left = (scene.pool.view("a")?.cooldownUntil as number) - scene.clock.now() + 5;
      lengths.push(left / 1_000);
      scene.clock.advance(left);
    }
    expect(lengths.slice(0, 4)).toEqual([30, 60, 90, 120]);
    expect(lengths.at(-1)).toBe(600);
    for (let n = 0; n < 6; n += 1) scene.use();
    expect(scene.pool.view("a")).toMatchObject({ status: "available", strikes: 0, ejections: 0 });
  });

  test("lets one request through when its time is over, and only one", () => {
    const scene = testPool(three(), { maxFailureCount: 2 });
    failA(scene, 2);
    scene.clock.advance(30_000);
    const first = Array.from({ length: 6 }, () => scene.claim());
    expect(first.filter(({ keyId }) => keyId === "a")).toHaveLength(1);
    for (const lease of first)
      scene.pool.release(lease, { verdict: verdict("ok"), usage: null, costUsd: null });
    expect(scene.pool.view("a")?.status).toBe("available");
  });

  test("never takes more than half of a host's keys", () => {
    const keys = Array.from({ length: 10 }, (_, n) => keyNamed(`k${n}`));
    const { claim, pool, clock } = testPool(keys, { maxFailureCount: 1 });
    for (let n = 0; n < 500; n += 1) {
      const lease = claim();
      const ok = lease.keyId === "k9";
      pool.release(lease, { verdict: verdict(ok ? "ok" : "upstream_error"), usage: null, costUsd: null });
      clock.advance(1);
    }
    expect(pool.views().filter(({ status }) => status === "ejected")).toHaveLength(5);
  });
});

describe("keys that need a person, or money", () => {
  test("an invalid key stays out until it is reset by hand", () => {
    const { use, pool, clock } = testPool([keyNamed("a")]);
    use("invalid_key");
    clock.advance(400 * 86_400_000);
    expect(pool.view("a")).toMatchObject({ status: "invalid", statusReason: "because invalid_key" });
    expect(pool.claim(ask()).refusal).toMatchObject({
      code: "no_usable_key",
      retryAfterMs: null,
      message: "No key can serve this request now: 1 invalid.",
    });
    pool.reset("a");
    expect(use()).toBe("a");
  });

  test("a key without credit gets one real request after 5 minutes, then after twice as long", () => {
    const { use, pool, clock } = testPool([keyNamed("a")]);
    use("no_credit");
    clock.advance(299_999);
    expect(pool.claim(ask()).refusal?.code).toBe("no_usable_key");
    clock.advance(1);
    use("no_credit");
    clock.advance(599_999);
    expect(pool.claim(ask()).lease).toBeNull();
    clock.advance(1);
    expect(pool.view("a")?.status).toBe("no_credit");
    use("ok");
    expect(pool.view("a")?.status).toBe("available");
  });
});

describe("limits", () => {
  test("a daily limit is never passed and ends at midnight of the zone", () => {
    const { use, pool, clock, settings } = testPool([keyNamed("a", { dailyLimit: 3 })]);
    settings.dailyResetTimeZone = "America/New_York";
    pool.settingsChanged();
    for (let n = 0; n < 3; n += 1) use();
    expect(pool.view("a")).toMatchObject({ status: "daily_limit_reached", dailyUsed: 3 });
    expect(pool.view("a")?.cooldownUntil).toBe(Date.parse("2026-11-25T05:00:00Z"));
    clock.advance(17 * 3_600_000 - 1);
    expect(pool.claim(ask()).lease).toBeNull();
    clock.advance(1);
    expect(use()).toBe("a");
    expect(pool.view("a")?.dailyUsed).toBe(1);
  });

  test("requests under way count against the daily limit at once", () => {
    const { claim, pool } = testPool([keyNamed("a", { dailyLimit: 2 })]);
    claim();
    claim();
    expect(pool.claim(ask()).lease).toBeNull();
  });

  test("max_concurrency holds, and a released place is free at once", () => {
    const { claim, pool } = testPool([keyNamed("a", { maxConcurrency: 2 })]);
    const first = claim();
    claim();
    expect(pool.claim(ask()).refusal?.code).toBe("keys_cooling_down");
    expect(pool.view("a")?.status).toBe("available");
    pool.release(first, { verdict: verdict("ok"), usage: null, costUsd: null });
    expect(claim().keyId).toBe("a");
  });
});

describe("changes while requests run", () => {
  test("a removed key finishes its requests and gets no new one", () => {
    const { claim, pool, use } = testPool([keyNamed("a"), keyNamed("b")]);
    const lease = claim();
    pool.remove(lease.keyId);
    pool.release(lease, { verdict: verdict("rate_limited", { waitMs: 1_000 }), usage: null, costUsd: null });
    expect(Array.from({ length: 4 }, () => use())).toEqual(["b", "b", "b", "b"]);
  });

  test("a lease is released once", () => {
    const { claim, pool } = testPool([keyNamed("a")]);
    const lease = claim();
    pool.release(lease, { verdict: verdict("ok"), usage: null, costUsd: null });
    expect(() => pool.release(lease, { verdict: verdict("ok"), usage: null, costUsd: null })).toThrow(
      "twice",
    );
  });

  test("state comes back after a restart, its waits by the wall clock", () => {
    const scene = testPool([keyNamed("a"), keyNamed("b")]);
    scene.use("rate_limited", { waitMs: 60_000 });
    scene.use("no_credit");
    const states = scene.pool.views().map((view) => structuredClone(view));
    const again = testPool([]);
    again.clock.advance(20_000);
    for (const view of states) again.pool.restore(view, "s", { ...view, keyId: view.id });
    expect(again.pool.view("a")).toMatchObject({ status: "cooling", requestCount: 1 });
    expect(again.pool.view("b")).toMatchObject({ status: "no_credit" });
    again.clock.advance(40_000);
    expect(again.use()).toBe("a");
  });
});

describe("a host's breaker", () => {
  test("opens after 20 failures in a row over 3 keys, tries again soon and closes with one success", () => {
    const { use, pool, clock } = testPool(three());
    for (let n = 0; n < 20; n += 1) use("upstream_error");
    const { refusal } = pool.claim(ask());
    expect(refusal?.code).toBe("upstream_unavailable");
    expect(pool.upstreamHealth("upstream")).toMatchObject({ breaker: "open", failuresInARow: 20 });
    expect(pool.views().every(({ status }) => status === "available")).toBe(true);
    clock.advance(refusal?.retryAfterMs ?? 0);
    const trials = [0, 1, 2, 3].map(() => pool.claim(ask()).lease);
    expect(trials.filter((lease) => lease !== null)).toHaveLength(3);
    pool.release(trials[0]!, { verdict: verdict("ok"), usage: null, costUsd: null });
    expect(pool.upstreamHealth("upstream").breaker).toBe("closed");
    expect(use()).toBeString();
  });

  test("rate limits never open it", () => {
    const keys = Array.from({ length: 50 }, (_, n) => keyNamed(`k${n}`));
    const { use, pool } = testPool(keys);
    for (let n = 0; n < 49; n += 1) use("rate_limited", { waitMs: 1_000 });
    expect(pool.upstreamHealth("upstream").breaker).toBe("closed");
    expect(use()).toBe("k49");
  });
});
