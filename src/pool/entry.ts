import type { Cooldown, Key, KeyState } from "../types.ts";
import type { Host } from "./host.ts";

/** A cooldown on the monotonic clock, which no change of the wall clock can shorten or stretch. */
export interface RunningCooldown {
  untilMonotonic: number;
  cooldown: Cooldown;
}

/** One key in the pool's memory: what people configured, what happened, what runs now. */
export interface Entry {
  /** Its place in the ring; never changes while the key lives. */
  slot: number;
  key: Key;
  secret: string;
  state: KeyState;
  host: Host;
  inFlight: number;
  /** By model; `""` is for every model. */
  cooldowns: Map<string, RunningCooldown>;
  /** When `state.condition` allows a trial, monotonic; Infinity: not by time alone; 0: no condition. */
  trialAtMonotonic: number;
  /** When the present row of strikes began, monotonic. */
  firstStrikeAtMonotonic: number;
  /** The earliest look that is planned in the pool's wake queue; Infinity where none is. */
  wakeAtMonotonic: number;
  removed: boolean;
}

export const EVERY_MODEL = "";

export function newKeyState(keyId: string): KeyState {
  return {
    keyId,
    requestCount: 0,
    successCount: 0,
    failureCount: 0,
    inputTokens: 0,
    outputTokens: 0,
    costUsd: 0,
    strikes: 0,
    ejections: 0,
    unstatedLimits: 0,
    dailyUsed: 0,
    dailyDay: "",
    lastUsedAt: null,
    condition: null,
    cooldowns: [],
  };
}

/** Brings the stored wall-clock times of a state onto the monotonic clock. */
export function createEntry(
  slot: number,
  key: Key,
  secret: string,
  state: KeyState,
  host: Host,
  now: number,
  monotonic: number,
): Entry {
  const condition = state.condition;
  const entry: Entry = {
    slot,
    key,
    secret,
    state,
    host,
    inFlight: 0,
    cooldowns: new Map(),
    trialAtMonotonic:
      condition === null
        ? 0
        : condition.until === null
          ? Number.POSITIVE_INFINITY
          : monotonic + condition.until - now,
    firstStrikeAtMonotonic: 0,
    wakeAtMonotonic: Number.POSITIVE_INFINITY,
    removed: false,
  };
  for (const cooldown of state.cooldowns) {
    if (cooldown.until <= now) continue;
    entry.cooldowns.set(cooldown.model ?? EVERY_MODEL, {
      untilMonotonic: monotonic + cooldown.until - now,
      cooldown,
    });
  }
  return entry;
}
