import type { KeyStatus } from "../types.ts";
import type { Day } from "./day.ts";
import { type Entry, EVERY_MODEL } from "./entry.ts";
import type { Ask } from "./types.ts";

/** Why a key may not be chosen now. */
export interface Obstacle {
  /**
   * Beside the statuses of a key: `full` where it serves as much as it may at once or within a minute, `on_trial`
   * where another request finds out whether it works again, `host` where its host is given a pause, `tried` by this
   * request.
   */
  status: Exclude<KeyStatus, "available"> | "full" | "on_trial" | "host" | "tried";
  /** Monotonic ms; Infinity: not by time alone; `now`: as soon as a request ends. */
  until: number;
}

export function dailyUsed(entry: Entry, day: Day): number {
  return entry.state.dailyDay === day.name ? entry.state.dailyUsed : 0;
}

export function dailyLimitOf(entry: Entry, day: Day): number | null {
  return entry.key.dailyLimit ?? day.defaultLimit;
}

/**
 * What keeps this key from being chosen for `model` (`EVERY_MODEL`: for any), gravest first; null where nothing
 * does. A condition whose time has come lets one request through, and its outcome decides.
 */
export function obstacleFor(entry: Entry, model: string, now: number, day: Day): Obstacle | null {
  const { key, state } = entry;
  if (!key.enabled) return { status: "disabled", until: Number.POSITIVE_INFINITY };
  if (state.condition !== null) {
    if (now < entry.trialAt) return { status: state.condition.status, until: entry.trialAt };
    if (entry.inFlight > 0) return { status: "on_trial", until: now };
  }
  const limit = dailyLimitOf(entry, day);
  if (limit !== null && dailyUsed(entry, day) >= limit) {
    return { status: "daily_limit_reached", until: day.endsAtMonotonic };
  }
  const cooling = cooldownUntil(entry, model);
  if (cooling > now) return { status: "cooling", until: cooling };
  if (key.maxConcurrency !== null && entry.inFlight >= key.maxConcurrency)
    return { status: "full", until: now };
  return entry.minute === null ? null : fullMinute(entry, 1, now);
}

/** What keeps a key that is available from serving this very request. */
export function obstacleForAsk(entry: Entry, ask: Ask, now: number): Obstacle | null {
  if (ask.tried.size > 0 && ask.tried.has(entry.key.id)) {
    return { status: "tried", until: Number.POSITIVE_INFINITY };
  }
  if (!entry.host.admits(now)) return { status: "host", until: entry.host.admitsAt(now) };
  // What costs nothing proves nothing: a trial waits for a real request.
  if (ask.free === true && entry.state.condition !== null) return { status: "on_trial", until: now };
  if (entry.headroom !== null) {
    const until = entry.headroom.fullUntil(ask.model ?? EVERY_MODEL, entry.unanswered, now);
    // The next answer tells anew what is left.
    if (until > 0) return { status: "full", until: entry.unanswered > 0 ? now : until };
  }
  const { tokens = 0 } = ask;
  return entry.minute === null || tokens === 0 ? null : fullMinute(entry, tokens, now);
}

/** A request larger than the whole limit goes to a key whose minute is empty: only its provider can refuse it. */
function fullMinute({ key, minute }: Entry, tokens: number, now: number): Obstacle | null {
  if (minute === null) return null;
  if (key.rpmLimit !== null && minute.requests.sum(now) >= key.rpmLimit) {
    return { status: "full", until: minute.requests.fallsTo(key.rpmLimit - 1, now) };
  }
  if (key.tpmLimit === null) return null;
  const used = minute.tokens.sum(now) + minute.reservedTokens;
  if (used === 0 || used + tokens <= key.tpmLimit) return null;
  const room = Math.max(0, key.tpmLimit - tokens) - minute.reservedTokens;
  return { status: "full", until: room < 0 ? now : minute.tokens.fallsTo(room, now) };
}

function cooldownUntil(entry: Entry, model: string): number {
  if (entry.cooldowns.size === 0) return 0;
  const ofKey = entry.cooldowns.get(EVERY_MODEL)?.untilMonotonic ?? 0;
  const ofModel = model === EVERY_MODEL ? 0 : (entry.cooldowns.get(model)?.untilMonotonic ?? 0);
  return Math.max(ofKey, ofModel);
}

/** The next moment at which time alone changes what `obstacleFor` says; Infinity where none will. */
export function nextChangeAt(entry: Entry, now: number, day: Day): number {
  let at = Number.POSITIVE_INFINITY;
  if (entry.trialAt > now) at = entry.trialAt;
  for (const cooldown of entry.cooldowns.values()) {
    if (cooldown.untilMonotonic > now && cooldown.untilMonotonic < at) at = cooldown.untilMonotonic;
  }
  if (entry.minute === null) return at;
  const full = obstacleFor(entry, EVERY_MODEL, now, day);
  return full?.status === "full" && full.until > now ? Math.min(at, full.until) : at;
}
