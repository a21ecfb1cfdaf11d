/**
 * What the pool costs of a request: `claim` and `release`, each strategy, with few keys and with many; and what it
 * costs to say that no key is there. Requests overlap as they do in truth: some hundred are under way at any time.
 */
import { systemClock } from "../src/clock.ts";
import { type Ask, KeyPool, type Lease } from "../src/pool/pool.ts";
import { verdictOf } from "../src/proxy/verdict.ts";
import { type Key, STRATEGIES, type Strategy } from "../src/types.ts";

const WARM_UPS = 20_000;
/** The quickest round counts: the others tell what else the machine did. */
const ROUNDS = 25;
const STEPS = 4_000;
const UNDER_WAY = 200;
/** What may be spent for one request, in µs. */
const LIMITS_US: Record<number, number> = { 100: 5, 10000: 20 };
/** One answer in so many is a rate limit of one second. */
const LIMITED_EACH = 200;

const OK = { verdict: verdictOf({ outcome: "ok", status: 200, reason: "" }), usage: null, costUsd: null };
const LIMITED = {
  ...OK,
  verdict: verdictOf({ outcome: "rate_limited", status: 429, reason: "limited", waitMs: 1_000 }),
};
const NOTHING_TRIED: ReadonlySet<string> = new Set();

export async function runPoolScene(): Promise<void> {
  console.log("| strategy | keys | µs a claim + release | limit |");
  console.log("|---|---|---|---|");
  for (const strategy of STRATEGIES) {
    for (const [count, limit] of Object.entries(LIMITS_US)) {
      const us = measure(strategy, Number(count));
      console.log(`| ${strategy} | ${count} | ${us.toFixed(2)} | ${limit} |`);
      if (us > limit) process.exitCode = 1;
    }
  }
  for (const count of Object.keys(LIMITS_US)) {
    console.log(`no key of ${count} is available: ${measureRefusal(Number(count)).toFixed(1)} µs an answer`);
  }
}

function measure(strategy: Strategy, count: number): number {
  const pool = poolOf(strategy, count);
  const underWay: Lease[] = [];
  let affinity = 1;
  const step = (index: number) => {
    affinity = Math.imul(affinity, 0x6c078965) + 1;
    const { lease } = pool.claim({ ...asking, affinity: affinity >>> 0 });
    if (lease !== null) underWay[index % UNDER_WAY] = lease;
    const ended = underWay[(index + 1) % UNDER_WAY];
    if (ended === undefined) return;
    delete underWay[(index + 1) % UNDER_WAY];
    pool.answered(ended, 200, null);
    pool.release(ended, index % LIMITED_EACH === 0 ? LIMITED : OK);
  };
  for (let index = 0; index < WARM_UPS; index += 1) step(index);
  return quickest(step);
}

function quickest(step: (index: number) => void): number {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round += 1) {
    const began = systemClock.monotonic();
    for (let index = 0; index < STEPS; index += 1) step(index);
    least = Math.min(least, ((systemClock.monotonic() - began) * 1_000) / STEPS);
  }
  return least;
}

function measureRefusal(count: number): number {
  const pool = poolOf("round_robin", count);
  for (;;) {
    const { lease } = pool.claim(asking);
    if (lease === null) break;
    pool.release(lease, { ...LIMITED, verdict: { ...LIMITED.verdict, cooldownMs: 3_600_000 } });
  }
  return quickest(() => pool.claim(asking));
}

const asking: Ask = { model: "gpt-4o", poolId: null, tried: NOTHING_TRIED };

function poolOf(strategy: Strategy, count: number): KeyPool {
  const settings = {
    strategy,
    rotationRequestCount: 5,
    maxFailureCount: 3,
    rateLimitCooldownS: 60,
    keyProbeIntervalS: 300,
    queueTimeoutMs: 2_000,
    queueSize: 1_000,
    dailyResetTimeZone: "UTC",
    defaultDailyLimit: null,
  };
  const events = { stateChanged() {}, removed() {}, rotated() {}, cooled() {}, conditionChanged() {} };
  const pool = new KeyPool({ clock: systemClock, settings: () => settings, events });
  for (let index = 0; index < count; index += 1) pool.put(keyOf(index), `secret-${index}`);
  return pool;
}

function keyOf(index: number): Key {
  return {
    id: `key-${index}`,
    name: `key-${index}`,
    maskedSecret: "…",
    poolId: null,
    upstreamId: "upstream",
    tags: [],
    weight: 1 + (index % 5),
    priority: 0,
    enabled: true,
    dailyLimit: 1_000_000,
    rpmLimit: 1_000_000,
    tpmLimit: null,
    maxConcurrency: null,
    createdAt: index,
  };
}
