import { type Ask, KeyPool, type Lease, type PoolSettings } from "../../src/pool/pool.ts";
import type { PoolEvents } from "../../src/pool/types.ts";
import { verdictOf } from "../../src/proxy/verdict.ts";
import type { Blame, Key, Outcome, Verdict } from "../../src/types.ts";
import { type ManualClock, manualClock } from "./clock.ts";
import { keyNamed } from "./keys.ts";

/** What a request asks that has tried nothing yet. */
export function ask(more: Partial<Ask> = {}): Ask {
  return { model: "m", poolId: null, tried: new Set(), ...more };
}

export { keyNamed };

const silent: PoolEvents = {
  stateChanged() {},
  removed() {},
  rotated() {},
  cooled() {},
  conditionChanged() {},
};

export interface TestPool {
  pool: KeyPool;
  clock: ManualClock;
  settings: PoolSettings;
  /** Claims, and fails the test where there is no key. */
  claim(ask?: Partial<Ask>): Lease;
  /** Claims and releases with this outcome; answers the key's id. */
  use(outcome?: Outcome, more?: VerdictDetails, ask?: Partial<Ask>): string;
}

export interface VerdictDetails {
  waitMs?: number | null;
  blame?: Blame;
}

export function verdict(outcome: Outcome, details: VerdictDetails = {}): Verdict {
  return verdictOf({
    outcome,
    status: 500,
    reason: outcome === "ok" ? "" : `because ${outcome}`,
    ...details,
  });
}

export function testPool(
  keys: Key[],
  settings: Partial<PoolSettings> = {},
  events: Partial<PoolEvents> = {},
): TestPool {
  const clock = manualClock();
  const all: PoolSettings = {
    strategy: "round_robin",
    rotationRequestCount: 1,
    maxFailureCount: 3,
    rateLimitCooldownS: 60,
    keyProbeIntervalS: 300,
    queueTimeoutMs: 2_000,
    queueSize: 1_000,
    dailyResetTimeZone: "UTC",
    defaultDailyLimit: null,
    ...settings,
  };
  const pool = new KeyPool({ clock, settings: () => all, events: { ...silent, ...events } });
  for (const key of keys) pool.put(key, `secret-${key.id}`);
  const claim = (more: Partial<Ask> = {}): Lease => {
    const { lease, refusal } = pool.claim(ask(more));
    if (lease === null) throw new Error(`no key: ${refusal.code} ${refusal.message}`);
    return lease;
  };
  return {
    pool,
    clock,
    settings: all,
    claim,
    use(outcome = "ok", details = {}, more = {}) {
      const lease = claim(more);
      pool.release(lease, { verdict: verdict(outcome, details), usage: null, costUsd: null });
      return lease.keyId;
    },
  };
}
