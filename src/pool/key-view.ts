import type { KeyStatus, KeyView } from "../types.ts";
import { dailyLimitOf, dailyUsed, obstacleFor } from "./availability.ts";
import type { Day } from "./day.ts";
import { type Entry, EVERY_MODEL } from "./entry.ts";
import type { KeyGlance } from "./types.ts";

export interface Moment {
  now: number;
  monotonic: number;
  day: Day;
}

/** A key as pages and API show it, at this moment. */
export function viewOf(entry: Entry, moment: Moment): KeyView {
  const { key, state } = entry;
  const { status, until } = statusOf(entry, moment);
  return {
    ...key,
    // Named one by one: a page of 10,000 keys would wait for a copy of all but one.
    requestCount: state.requestCount,
    successCount: state.successCount,
    failureCount: state.failureCount,
    inputTokens: state.inputTokens,
    outputTokens: state.outputTokens,
    costUsd: state.costUsd,
    strikes: state.strikes,
    ejections: state.ejections,
    unstatedLimits: state.unstatedLimits,
    lastUsedAt: state.lastUsedAt,
    condition: state.condition,
    dailyUsed: dailyUsed(entry, moment.day),
    dailyDay: moment.day.name,
    cooldowns: runningCooldowns(entry, moment),
    inFlight: entry.inFlight,
    minuteRequests: entry.minute?.requests.sum(moment.monotonic) ?? null,
    minuteTokens: entry.minute?.tokens.sum(moment.monotonic) ?? null,
    status,
    statusReason: reasonOf(entry, status, moment),
    cooldownUntil: until,
  };
}

export function glanceAt(entry: Entry, moment: Moment): KeyGlance {
  const { key, state, inFlight } = entry;
  const { status } = statusOf(entry, moment);
  return { id: key.id, key, state, status, inFlight, dailyUsed: dailyUsed(entry, moment.day) };
}

export function statusOf(entry: Entry, moment: Moment): { status: KeyStatus; until: number | null } {
  const { condition } = entry.state;
  // A key on trial keeps its status until an answer proves it well.
  if (condition !== null && entry.key.enabled) {
    return { status: condition.status, until: wallTime(entry.trialAt, moment) };
  }
  const obstacle = obstacleFor(entry, EVERY_MODEL, moment.monotonic, moment.day);
  if (obstacle === null || !isStatus(obstacle.status)) return { status: "available", until: null };
  return { status: obstacle.status, until: wallTime(obstacle.until, moment) };
}

function isStatus(status: string): status is KeyStatus {
  return status === "disabled" || status === "cooling" || status === "daily_limit_reached";
}

export function wallTime(monotonic: number, moment: Moment): number | null {
  if (!Number.isFinite(monotonic)) return null;
  return Math.round(moment.now + Math.max(0, monotonic - moment.monotonic));
}

function runningCooldowns(entry: Entry, moment: Moment): KeyView["cooldowns"] {
  const running: KeyView["cooldowns"] = [];
  for (const { untilMonotonic, cooldown } of entry.cooldowns.values()) {
    if (untilMonotonic <= moment.monotonic) continue;
    running.push({ ...cooldown, until: wallTime(untilMonotonic, moment) as number });
  }
  return running;
}

function reasonOf(entry: Entry, status: KeyStatus, moment: Moment): string | null {
  const { state } = entry;
  switch (status) {
    case "disabled":
      return "Switched off by hand.";
    case "invalid":
    case "no_credit":
    case "ejected":
      return state.condition?.reason ?? null;
    case "daily_limit_reached":
      return `${dailyUsed(entry, moment.day)} of ${dailyLimitOf(entry, moment.day)} requests used today.`;
    case "cooling":
      return entry.cooldowns.get(EVERY_MODEL)?.cooldown.reason ?? null;
    case "available":
      return coolingForModels(entry, moment) ?? fullReason(entry, moment);
  }
}

function coolingForModels(entry: Entry, moment: Moment): string | null {
  const cooling = runningCooldowns(entry, moment);
  const first = cooling[0];
  if (first === undefined) return null;
  return cooling.length === 1
    ? `Cooling for ${first.model} only: ${first.reason}`
    : `Cooling for ${cooling.length} models only; the first: ${first.model}: ${first.reason}`;
}

/** Why a key that is well takes no further request just now; null where it does. */
export function fullReason(entry: Entry, moment: Moment): string | null {
  const obstacle = obstacleFor(entry, EVERY_MODEL, moment.monotonic, moment.day);
  if (obstacle?.status !== "full") return null;
  const { key, minute } = entry;
  if (key.maxConcurrency !== null && entry.inFlight >= key.maxConcurrency) {
    return `${entry.inFlight} of ${key.maxConcurrency} requests at once are running.`;
  }
  const freeInS = Math.max(1, Math.ceil((obstacle.until - moment.monotonic) / 1_000));
  const requests = minute?.requests.sum(moment.monotonic) ?? 0;
  if (key.rpmLimit !== null && requests >= key.rpmLimit) {
    return `${requests} of ${key.rpmLimit} requests within a minute are used; the next is free in ${freeInS} s.`;
  }
  return `All ${key.tpmLimit} tokens within a minute are used; some are free in ${freeInS} s.`;
}
