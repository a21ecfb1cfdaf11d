import { describe, expect, test } from "bun:test";
import { systemClock } from "../../src/clock.ts";
import { type Ask, type Claim, KeyPool, type Lease } from "../../src/pool/pool.ts";
import type { Key } from "../../src/types.ts";
import { ask, keyNamed, verdict } from "../support/pool.ts";

const OK = { verdict: verdict("ok"), usage: null, costUsd: null };
const limited = (waitMs: number) => ({ ...OK, verdict: verdict("rate_limited", { waitMs }) });
const FOR_EVER = 60_000;

/** Waiting is done in real time. */
function realPool(keys: Key[], queue: { queueTimeoutMs?: number; queueSize?: number } = {}) {
  const settings = {
    strategy: "round_robin" as const,
    rotationRequestCount: 1,
    maxFailureCount: 3,
    rateLimitCooldownS: 60,
    keyProbeIntervalS: 300,
    queueTimeoutMs: 2_000,
    queueSize: 1_000,
    dailyResetTimeZone: "UTC",
    defaultDailyLimit: null,
    ...queue,
  };
  const events = { stateChanged() {}, removed() {}, rotated() {}, cooled() {}, conditionChanged() {} };
  const pool = new KeyPool({ clock: systemClock, settings: () => settings, events });
  for (const key of keys) pool.put(key, "secret");
  const wait = (more: Partial<Ask> = {}, limitMs = FOR_EVER) => {
    const claim = pool.claimOrWait(ask(more), limitMs);
    if (!("leave" in claim))
      throw new Error(`nothing to wait for: ${claim.refusal?.message ?? "a key came"}`);
    return claim;
  };
  const take = (more: Partial<Ask> = {}) => pool.claim(ask(more)).lease as Lease;
  return { pool, settings, wait, take };
}

const keyIn = async (waiting: { claim: Promise<Claim> }) => (await waiting.claim).lease;

describe("a request waits", () => {
  test("until another one ends, in the order in which they came; no newcomer overtakes", async () => {
    const { pool, wait, take } = realPool([keyNamed("a", { maxConcurrency: 1 })]);
    let held = take();
    const order: number[] = [];
    const waiting = [0, 1, 2].map((index) => wait().claim.then(({ lease }) => ({ index, lease })));
    for (let n = 0; n < 3; n += 1) {
      pool.release(held, OK);
      const late = pool.claimOrWait(ask(), FOR_EVER);
      expect("leave" in late).toBe(true);
      if ("leave" in late) late.leave();
      const { index, lease } = await (waiting[n] as (typeof waiting)[number]);
      order.push(index);
      held = lease as Lease;
      expect(held.keyId).toBe("a");
    }
    expect(order).toEqual([0, 1, 2]);
    pool.release(held, OK);
    expect(take().keyId).toBe("a");
  });

  test("for a cooldown that ends in time, and is served within 50 ms of its end", async () => {
    const { pool, wait, take } = realPool([keyNamed("a")]);
    pool.release(take(), limited(150));
    const began = performance.now();
    expect((await keyIn(wait()))?.keyId).toBe("a");
    expect(performance.now() - began).toBeWithin(140, 250);
  });

  test("for a key that is added, reset or freed of its limit meanwhile", async () => {
    const { pool, wait, take } = realPool([keyNamed("a", { maxConcurrency: 1 })]);
    take();
    const first = wait();
    pool.put(keyNamed("b"), "s");
    expect((await keyIn(first))?.keyId).toBe("b");
    pool.remove("b");
    const second = wait();
    pool.put(keyNamed("a"), "s");
    expect((await keyIn(second))?.keyId).toBe("a");
  });

  test("no longer than queue_timeout_ms, nor than it may; then it is told what holds by then", async () => {
    const { settings, wait, take } = realPool([keyNamed("a", { maxConcurrency: 1 })]);
    settings.queueTimeoutMs = 100;
    take();
    const began = performance.now();
    const { lease, refusal } = await wait().claim;
    expect(performance.now() - began).toBeWithin(95, 180);
    expect(lease).toBeNull();
    expect(refusal).toMatchObject({ code: "keys_cooling_down", retryAfterMs: 1_000 });
    settings.queueTimeoutMs = 5_000;
    const again = performance.now();
    await wait({}, 80).claim;
    expect(performance.now() - again).toBeWithin(75, 160);
  });

  test("each kind by itself: who wants another model or pool is not held up", async () => {
    const { pool, wait, take } = realPool([keyNamed("a", { poolId: "p", maxConcurrency: 1 }), keyNamed("b")]);
    const held = take({ poolId: "p" });
    const inPool = wait({ poolId: "p" });
    expect(take().keyId).toBe("b");
    expect(take({ model: "other" }).keyId).toBe("b");
    pool.release(held, OK);
    expect((await keyIn(inPool))?.keyId).toBe("a");
  });

  test("one that has tried the free key lets those behind it have it", async () => {
    const keys = [keyNamed("a", { maxConcurrency: 1 }), keyNamed("b", { maxConcurrency: 1 })];
    const { pool, wait, take } = realPool(keys);
    const [a, b] = [take(), take()];
    const picky = wait({ tried: new Set(["a"]) });
    const plain = wait();
    pool.release(a, OK);
    expect((await keyIn(plain))?.keyId).toBe("a");
    pool.release(b, OK);
    expect((await keyIn(picky))?.keyId).toBe("b");
  });
});

describe("a request does not wait", () => {
  const told = (claim: ReturnType<KeyPool["claimOrWait"]>) =>
    "leave" in claim ? "waits" : claim.refusal?.code;

  test("where no key comes back in time, or none by itself", () => {
    const { pool, take } = realPool([keyNamed("a"), keyNamed("b")]);
    pool.release(take(), limited(3_000));
    pool.release(take(), { ...OK, verdict: verdict("invalid_key") });
    expect(told(pool.claimOrWait(ask(), FOR_EVER))).toBe("keys_cooling_down");
    pool.remove("a");
    expect(told(pool.claimOrWait(ask(), FOR_EVER))).toBe("no_usable_key");
    pool.remove("b");
    expect(told(pool.claimOrWait(ask(), FOR_EVER))).toBe("no_usable_key");
  });

  test("where it may not wait so long, or nobody may", () => {
    const { pool, take, settings } = realPool([keyNamed("a")]);
    pool.release(take(), limited(500));
    expect(told(pool.claimOrWait(ask(), 400))).toBe("keys_cooling_down");
    settings.queueTimeoutMs = 0;
    expect(told(pool.claimOrWait(ask(), FOR_EVER))).toBe("keys_cooling_down");
    settings.queueTimeoutMs = 2_000;
    settings.queueSize = 0;
    expect(told(pool.claimOrWait(ask(), FOR_EVER))).toBe("keys_cooling_down");
  });

  test("where too many wait already", () => {
    const { pool, take, wait } = realPool([keyNamed("a", { maxConcurrency: 1 })], { queueSize: 2 });
    take();
    const waiting = [wait(), wait()];
    const third = pool.claimOrWait(ask(), FOR_EVER);
    expect(told(third)).toBe("queue_full");
    waiting[0]?.leave();
    expect(told(pool.claimOrWait(ask(), FOR_EVER))).toBe("waits");
  });
});

test("who leaves is taken out, and the next one is served", async () => {
  const { pool, take, wait } = realPool([keyNamed("a", { maxConcurrency: 1 })]);
  const held = take();
  const gone = wait();
  const next = wait();
  gone.leave();
  gone.leave();
  expect((await gone.claim).lease).toBeNull();
  pool.release(held, OK);
  expect((await keyIn(next))?.keyId).toBe("a");
  expect(pool.view("a")?.inFlight).toBe(1);
});

test("a host that comes back with 1,000 waiting is probed by few and opened gradually", async () => {
  const keys = Array.from({ length: 20 }, (_, n) => keyNamed(`k${n}`));
  const { pool, take, wait } = realPool(keys, { queueTimeoutMs: 10_000 });
  for (let n = 0; n < 20; n += 1) pool.release(take(), { ...OK, verdict: verdict("upstream_error") });
  const running: Lease[] = [];
  let served = 0;
  const waiting = Array.from({ length: 1_000 }, () =>
    wait().claim.then(({ lease }) => {
      if (lease !== null) running.push(lease);
      served += 1;
    }),
  );
  await Bun.sleep(900);
  expect(running).toHaveLength(0);
  await Bun.sleep(300);
  expect(running).toHaveLength(3);
  const mostAtOnce: number[] = [];
  const began = performance.now();
  while (served < 1_000 || running.length > 0) {
    mostAtOnce.push(running.length);
    for (const lease of running.splice(0)) pool.release(lease, OK);
    await Bun.sleep(40);
  }
  await Promise.all(waiting);
  expect(mostAtOnce[0]).toBe(3);
  expect(mostAtOnce[1]).toBeLessThanOrEqual(12);
  expect(mostAtOnce[2]).toBeLessThanOrEqual(40);
  expect(performance.now() - began).toBeLessThan(5_000);
}, 20_000);
