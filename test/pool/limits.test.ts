import { describe, expect, test } from "bun:test";
import { newKeyState } from "../../src/pool/entry.ts";
import { MinuteWindow } from "../../src/pool/minute-window.ts";
import type { Lease } from "../../src/pool/pool.ts";
import { ask, keyNamed, testPool, verdict } from "../support/pool.ts";

const OK = { verdict: verdict("ok"), usage: null, costUsd: null };
const usage = (inputTokens: number, outputTokens: number) => ({
  inputTokens,
  outputTokens,
  cachedTokens: null,
  reasoningTokens: null,
});

describe("a window of a minute", () => {
  test("forgets after 61 s at the earliest and 62 s at the latest", () => {
    for (const at of [1_000, 1_400, 1_999]) {
      const window = new MinuteWindow();
      window.add(5, at);
      expect(window.sum(at + 60_999)).toBe(5);
      expect(window.sum(at + 62_000)).toBe(0);
    }
  });

  test("says when it falls to a number, and is right", () => {
    const window = new MinuteWindow();
    for (const [at, amount] of [
      [1_000, 3],
      [5_500, 2],
      [30_000, 4],
    ] as const) {
      window.add(amount, at);
    }
    expect(window.fallsTo(9, 30_000)).toBe(30_000);
    for (const atMost of [8, 6, 5, 4, 3, 0]) {
      const at = window.fallsTo(atMost, 30_000);
      const copy = new MinuteWindow();
      copy.add(3, 1_000);
      copy.add(2, 5_500);
      copy.add(4, 30_000);
      expect(copy.sum(at - 1)).toBeGreaterThan(atMost);
      expect(copy.sum(at)).toBeLessThanOrEqual(atMost);
    }
  });

  test("a long silence empties it, and time that stands still or goes back a little harms nothing", () => {
    const window = new MinuteWindow();
    window.add(1, 10_000_000);
    window.add(1, 9_999_000);
    expect(window.sum(10_000_000)).toBe(2);
    expect(window.sum(20_000_000)).toBe(0);
    window.add(1, 20_000_000);
    expect(window.sum(20_000_000)).toBe(1);
  });
});

describe("requests a minute", () => {
  test("are never passed in any 60 s, and the key is back by itself as soon as it may be", () => {
    const { pool, clock } = testPool([keyNamed("a", { rpmLimit: 7 })]);
    const claims: number[] = [];
    for (let n = 0; n < 4_000; n += 1) {
      clock.advance(97);
      const { lease } = pool.claim(ask());
      if (lease === null) continue;
      pool.release(lease, OK);
      claims.push(clock.monotonic());
    }
    for (const at of claims) {
      expect(claims.filter((other) => other >= at && other < at + 60_000).length).toBeLessThanOrEqual(7);
    }
    expect(claims.length).toBeGreaterThanOrEqual(7 * Math.floor((4_000 * 97) / 62_500));
  });

  test("say how long until the next, and in the key's own words", () => {
    const { pool, clock, use } = testPool([keyNamed("a", { rpmLimit: 2 })]);
    use();
    clock.advance(10_000);
    use();
    const { refusal } = pool.claim(ask());
    expect(refusal?.code).toBe("keys_cooling_down");
    expect(refusal?.retryAfterMs).toBeWithin(50_000, 52_001);
    expect(pool.view("a")).toMatchObject({ status: "available" });
    expect(pool.view("a")?.statusReason).toMatch(
      /^2 of 2 requests within a minute are used; the next is free in 5\d s\.$/,
    );
    clock.advance(refusal?.retryAfterMs ?? 0);
    expect(use()).toBe("a");
  });

  test("count what was begun, though it failed", () => {
    const { pool, use } = testPool([keyNamed("a", { rpmLimit: 2 })]);
    use("upstream_error");
    use("client_error");
    expect(pool.claim(ask()).lease).toBeNull();
  });

  test("may be given, changed and taken away while it runs", () => {
    const { pool, use, claim } = testPool([keyNamed("a")]);
    for (let n = 0; n < 5; n += 1) use();
    pool.put(keyNamed("a", { rpmLimit: 2 }), "s");
    use();
    pool.put(keyNamed("a", { rpmLimit: 1, tpmLimit: 10 }), "s");
    expect(pool.claim(ask()).lease).toBeNull();
    pool.put(keyNamed("a", { rpmLimit: 3 }), "s");
    claim();
    claim();
    expect(pool.claim(ask()).lease).toBeNull();
    pool.put(keyNamed("a"), "s");
    expect(use()).toBe("a");
  });
});

describe("tokens a minute", () => {
  test("are reserved by the estimate and corrected by the true usage", () => {
    const { pool, claim } = testPool([keyNamed("a", { tpmLimit: 1_000 })]);
    const first = claim({ tokens: 600 });
    expect(pool.claim(ask({ tokens: 600 })).lease).toBeNull();
    pool.release(first, { ...OK, usage: usage(100, 100) });
    const second = claim({ tokens: 800 });
    expect(pool.claim(ask({ tokens: 1 })).lease).toBeNull();
    pool.release(second, { ...OK, usage: usage(700, 300) });
    const { refusal } = pool.claim(ask({ tokens: 1 }));
    expect(refusal?.retryAfterMs).toBeWithin(60_000, 62_001);
    expect(pool.view("a")?.statusReason).toStartWith("All 1000 tokens within a minute are used");
  });

  test("are counted as reserved where no usage is told, and not at all where nothing can have run", () => {
    const { pool, claim } = testPool([keyNamed("a", { tpmLimit: 1_000 })]);
    pool.release(claim({ tokens: 900 }), { ...OK, verdict: verdict("upstream_error") });
    pool.release(claim({ tokens: 900 }), OK);
    expect(pool.claim(ask({ tokens: 200 })).lease).toBeNull();
    expect(claim({ tokens: 100 }).keyId).toBe("a");
  });

  test("are neither reserved nor counted where a person tests the key", () => {
    const { pool, claim } = testPool([keyNamed("a", { tpmLimit: 1_000 })]);
    const running = claim({ tokens: 400 });
    pool.release(pool.claimKey("a") as Lease, { ...OK, usage: usage(900, 0) });
    pool.release(claim({ tokens: 600 }), { ...OK, usage: usage(600, 0) });
    pool.release(running, { ...OK, usage: usage(300, 0) });
    expect(claim({ tokens: 100 }).keyId).toBe("a");
    expect(pool.claim(ask({ tokens: 1 })).lease).toBeNull();
  });

  test("a request that is larger than the limit itself goes to a key whose minute is empty", () => {
    const { pool, claim, clock } = testPool([keyNamed("a", { tpmLimit: 1_000 })]);
    const large = claim({ tokens: 5_000 });
    expect(pool.claim(ask({ tokens: 5_000 })).refusal?.freeInMs).toBe(0);
    pool.release(large, { ...OK, usage: usage(10, 0) });
    const { refusal } = pool.claim(ask({ tokens: 5_000 }));
    expect(refusal?.freeInMs).toBeWithin(60_000, 62_001);
    clock.advance(refusal?.freeInMs ?? 0);
    expect(claim({ tokens: 5_000 }).keyId).toBe("a");
  });

  test("are never passed in any 60 s, whether the provider counts at arrival or at the end", () => {
    const limit = 2_000;
    const { pool, clock } = testPool([keyNamed("a", { tpmLimit: limit })]);
    const used: { began: number; ended: number; tokens: number }[] = [];
    const running: { lease: Lease; began: number; tokens: number; until: number }[] = [];
    for (let n = 0; n < 8_000; n += 1) {
      clock.advance(50);
      const now = clock.monotonic();
      for (const one of running.splice(0).filter((each) => each.until > now || end(each, now)))
        running.push(one);
      const tokens = 100 + Math.floor(clock.random() * 200);
      const { lease } = pool.claim(ask({ tokens: tokens + 50 }));
      if (lease !== null) running.push({ lease, began: now, tokens, until: now + clock.random() * 90_000 });
    }
    function end({ lease, began, tokens }: (typeof running)[number], ended: number): false {
      pool.release(lease, { ...OK, usage: usage(tokens, 0) });
      used.push({ began, ended, tokens });
      return false;
    }
    for (const moment of ["began", "ended"] as const) {
      for (const { [moment]: at } of used) {
        const sum = used
          .filter((other) => other[moment] >= at && other[moment] < at + 60_000)
          .reduce((total, { tokens }) => total + tokens, 0);
        expect(sum).toBeLessThanOrEqual(limit);
      }
    }
    expect(used.length).toBeGreaterThan(20);
  });

  test("whether they are worth estimating", () => {
    const { pool } = testPool([keyNamed("a")]);
    expect(pool.countsTokens).toBe(false);
    pool.put(keyNamed("a", { tpmLimit: 5 }), "s");
    expect(pool.countsTokens).toBe(true);
    pool.remove("a");
    expect(pool.countsTokens).toBe(false);
    pool.put(keyNamed("b", { tpmLimit: 5 }), "s");
    expect(pool.countsTokens).toBe(true);
  });
});

describe("the day", () => {
  test("the default daily limit counts where a key has none, and a change holds at once", () => {
    const { pool, use, settings } = testPool([keyNamed("a"), keyNamed("b", { dailyLimit: 5 })]);
    settings.defaultDailyLimit = 1;
    pool.settingsChanged();
    const picks = Array.from({ length: 6 }, () => use());
    expect(picks.filter((id) => id === "a")).toHaveLength(1);
    expect(pool.claim(ask()).refusal?.message).toBe(
      "No key can serve this request now: 2 at the daily limit.",
    );
    settings.defaultDailyLimit = null;
    pool.settingsChanged();
    expect(use()).toBe("a");
  });

  test("does not begin a second time where the wall clock is set back over midnight", () => {
    const { pool, use, clock } = testPool([keyNamed("a", { dailyLimit: 2 })]);
    clock.advance(12 * 3_600_000);
    use();
    clock.jump(-3_600_000);
    use();
    expect(pool.view("a")).toMatchObject({ dailyDay: "2026-11-25", dailyUsed: 2 });
    clock.jump(3_600_000);
    expect(pool.claim(ask()).lease).toBeNull();
    expect(pool.claim(ask()).refusal?.retryAfterMs).toBe(24 * 3_600_000);
  });

  test("does not begin a second time where the process is restarted after the wall clock was set back", () => {
    const before = testPool([keyNamed("a", { dailyLimit: 2 }), keyNamed("b", { dailyLimit: 1 })]);
    before.clock.advance(12 * 3_600_000);
    for (let count = 0; count < 3; count += 1) before.use();
    const { pool, clock } = testPool([]);
    clock.advance(11 * 3_600_000);
    for (const view of before.pool.views()) pool.restore(view, "secret", { ...view, keyId: view.id });
    expect(pool.views()).toMatchObject([
      { dailyDay: "2026-11-25", dailyUsed: 2 },
      { dailyDay: "2026-11-25", dailyUsed: 1 },
    ]);
    expect(pool.claim(ask()).refusal?.retryAfterMs).toBe(25 * 3_600_000);
    clock.advance(24 * 3_600_000);
    expect(pool.claim(ask()).lease).toBeNull();
    clock.advance(3_600_000);
    expect(pool.claim(ask()).lease).not.toBeNull();
  });

  test("is the clock's own where a stored day lies further ahead than a clock is set back", () => {
    const { pool, clock } = testPool([]);
    clock.advance(8 * 3_600_000);
    const key = keyNamed("a", { dailyLimit: 1 });
    for (const dailyDay of ["2026-11-25", "2026-11-26", "9999-99-99", "yesterday"]) {
      pool.restore(key, "secret", { ...newKeyState("a"), dailyDay, dailyUsed: 1 });
      expect(pool.view("a")).toMatchObject({ dailyDay: "2026-11-24", dailyUsed: 0 });
      pool.remove("a");
    }
  });

  test("follows a wall clock that was far off", () => {
    const { pool, use, clock } = testPool([keyNamed("a", { dailyLimit: 1 })]);
    clock.jump(400 * 86_400_000);
    use();
    expect(pool.view("a")?.dailyDay).toBe("2027-12-29");
    clock.jump(-400 * 86_400_000);
    expect(use()).toBe("a");
    expect(pool.view("a")?.dailyDay).toBe("2026-11-24");
  });

  test("what the provider refused for the key's sake is not used up; a probe never is", () => {
    const { pool, use, clock } = testPool([keyNamed("a", { dailyLimit: 2 })]);
    use("rate_limited", { waitMs: 1_000 });
    clock.advance(1_000);
    use("upstream_error");
    expect(pool.view("a")?.dailyUsed).toBe(1);
    const probe = pool.claimKey("a") as Lease;
    pool.release(probe, OK);
    expect(pool.view("a")).toMatchObject({ dailyUsed: 1, requestCount: 3 });
    const refused = pool.claimKey("a") as Lease;
    pool.release(refused, { ...OK, verdict: verdict("rate_limited", { waitMs: 1 }) });
    expect(pool.view("a")?.dailyUsed).toBe(1);
  });
});
