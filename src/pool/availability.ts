import type { KeyStatus } from "../types.ts";
import { type Entry, EVERY_MODEL } from "./entry.ts";

/** Why a key may not be chosen now. */
export interface Obstacle {
  /** `full` is no status of a key: it serves as many requests as it may at once. */
  status: Exclude<KeyStatus, "available"> | "full";
  /** Monotonic ms; Infinity: not by time alone. */
  untilMonotonic: number;
}

export interface Today {
  /** `YYYY-MM-DD` in `daily_reset_time_zone`. */
  day: string;
  endsAtMonotonic: number;
  defaultDailyLimit: number | null;
}

export function dailyUsed(entry: Entry, today: Today): number {
  return entry.state.dailyDay === today.day ? entry.state.dailyUsed : 0;
}

/**
 * What keeps this key from being chosen for `model` (`EVERY_MODEL`: for any), gravest first; null where nothing
 * does. A condition whose time has come lets one request through, and its outcome decides.
 */
export function obstacleFor(entry: Entry, model: string, now: number, today: Today): Obstacle | null {
  const { key, state } = entry;
  if (!key.enabled) return { status: "disabled", untilMonotonic: Number.POSITIVE_INFINITY };
  if (state.condition !== null) {
    if (now < entry.trialAtMonotonic) {
      return { status: state.condition.status, untilMonotonic: entry.trialAtMonotonic };
    }
    if (entry.inFlight > 0) return { status: "full", untilMonotonic: now };
  }
  const limit = key.dailyLimit ?? today.defaultDailyLimit;
  if (limit !== null && dailyUsed(entry, today) >= limit) {
    return { status: "daily_limit_reached", untilMonotonic: today.endsAtMonotonic };
  }
  const untilMonotonic = cooldownUntil(entry, model);
  if (untilMonotonic > now) return { status: "cooling", untilMonotonic };
  if (key.maxConcurrency !== null && entry.inFlight >= key.maxConcurrency) {
    return { status: "full", untilMonotonic: now };
  }
  return null;
}

function cooldownUntil(entry: Entry, model: string): number {
  if (entry.cooldowns.size === 0) return 0;
  const ofKey = entry.cooldowns.get(EVERY_MODEL)?.untilMonotonic ?? 0;
  const ofModel = model === EVERY_MODEL ? 0 : (entry.cooldowns.get(model)?.untilMonotonic ?? 0);
  return Math.max(ofKey, ofModel);
}

/** The next moment at which time alone changes what `obstacleFor` says; Infinity where none will. */
export function nextChangeAt(entry: Entry, now: number): number {
  let at = Number.POSITIVE_INFINITY;
  if (entry.trialAtMonotonic > now) at = entry.trialAtMonotonic;
  for (const cooldown of entry.cooldowns.values()) {
    if (cooldown.untilMonotonic > now && cooldown.untilMonotonic < at) at = cooldown.untilMonotonic;
  }
  return at;
}
