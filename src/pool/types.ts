import type { Clock } from "../clock.ts";
import type {
  Condition,
  Cooldown,
  Key,
  KeyState,
  KeyStatus,
  KeyView,
  Outcome,
  Strategy,
  Usage,
  Verdict,
} from "../types.ts";

/** What a request wants of the pool. */
export interface Ask {
  model: string | null;
  /** Null: the keys of all pools under the global strategy. */
  poolId: string | null;
  /** The pool's own strategy, where it has one. */
  strategy?: Strategy | null;
  /** Key ids that this request has tried. */
  tried: ReadonlySet<string>;
  /** About how many tokens it will use, reserved from a key's tokens a minute. */
  tokens?: number;
  /** A 32-bit number that is the same for the same conversation, for `prompt_affinity`; null: none is known. */
  affinity?: number | null;
  /** It costs nothing upstream (a list of models), so its success proves neither credit nor health. */
  free?: boolean;
  /** Which keys come first, 0 before 1 before `LAST_RANK`: a guide that leaves none out. Null: all alike. */
  rank?: ((keyId: string, upstreamId: string) => number) | null;
  /** Only these may serve it. Null: all of the scope. */
  mayUse?: ((keyId: string, upstreamId: string) => boolean) | null;
}

/** The last that `Ask.rank` may give. */
export const LAST_RANK = 2;

/** A claimed key during one attempt. Whoever holds it releases it, exactly once. */
export interface Lease {
  readonly keyId: string;
  readonly upstreamId: string;
  readonly secret: string;
  readonly chosenBecause: string;
}

/** Why no key may serve a request now. */
export interface Refusal {
  code: "keys_cooling_down" | "no_usable_key" | "upstream_unavailable" | "queue_full";
  /** Until the first key comes back by time alone, in ms; null where none does. */
  retryAfterMs: number | null;
  /** Until a key may come free, in ms: 0 where that is when some request ends. Null: none does. */
  freeInMs: number | null;
  /** For people: how many keys are out, and why. */
  message: string;
}

export type Claim = { lease: Lease; refusal: null } | { lease: null; refusal: Refusal };

/** What is left of one of a provider's own limits, as an answer's headers tell. */
export interface Room {
  remaining: number;
  limit: number | null;
  /** Until it is whole again, in ms; null where it is not told. */
  resetMs: number | null;
}

export interface Headroom {
  requests: Room | null;
  tokens: Room | null;
}

/** How an attempt ended. */
export interface Ending {
  verdict: Verdict;
  usage: Usage | null;
  costUsd: number | null;
}

/** The settings that the pool goes by (`settings.ts` tells their ranges). */
export interface PoolSettings {
  strategy: Strategy;
  rotationRequestCount: number;
  maxFailureCount: number;
  rateLimitCooldownS: number;
  keyProbeIntervalS: number;
  queueTimeoutMs: number;
  queueSize: number;
  dailyResetTimeZone: string;
  defaultDailyLimit: number | null;
}

export interface PoolOptions {
  clock: Clock;
  settings: () => PoolSettings;
  events: PoolEvents;
}

/** What operations and pages may ask of the pool in memory. */
export interface PoolControl {
  /** Adds a key or replaces its configuration; the state stays. Requests in flight on it go on. */
  put(key: Key, secret: string): void;
  /** What was known of it, in which requests still in flight go on to count; null where there is no such key. */
  remove(id: string): KeyState | null;
  /** Clears cooldowns, strikes, ejection, `invalid` and `no_credit`. */
  reset(id: string): void;
  view(id: string): KeyView | null;
  /** All of every key: 50 ms of 100,000. Nothing that runs by itself or for a request needs so much. */
  views(): KeyView[];
  /** Every key as far as lists choose and order by it: a tenth of what `views` costs. */
  glances(): KeyGlance[];
  /** How many keys have each status; all statuses are present. */
  statusCounts(): Record<KeyStatus, number>;
}

export interface KeyGlance {
  id: string;
  key: Key;
  state: Readonly<KeyState>;
  status: KeyStatus;
  inFlight: number;
  dailyUsed: number;
}

/** The pool tells of changes through this; storage writes them behind, and nothing on a request's way waits. */
export interface PoolEvents {
  /** The key's counters, cooldowns or condition changed. Called often: the listener gathers. */
  stateChanged(state: KeyState): void;
  /** The key is gone: nothing of it is to be written any more. */
  removed(keyId: string): void;
  /** Round robin moved on. */
  rotated(name: string, keyId: string, used: number): void;
  cooled(keyId: string, cooldown: Cooldown, waitMs: number): void;
  /** The key went out of turn for longer than a cooldown, or came back. */
  conditionChanged(keyId: string, condition: Condition | null, verdict: Verdict | null): void;
}

/** Why a cooldown is set. */
export interface CoolReason {
  reason: string;
  outcome: Outcome;
}
