import type { KeyStatus, KeyView } from "../types.ts";
import { dailyUsed, obstacleFor, type Today } from "./availability.ts";
import { type Entry, EVERY_MODEL } from "./entry.ts";

export interface Moment {
  now: number;
  monotonic: number;
  today: Today;
}

/** A key as pages and API show it, at this moment. */
export function viewOf(entry: Entry, moment: Moment): KeyView {
  const { key, state } = entry;
  const { keyId: _, ...counters } = state;
  const { status, until } = statusOf(entry, moment);
  return {
    ...key,
    ...counters,
    dailyUsed: dailyUsed(entry, moment.today),
    dailyDay: moment.today.day,
    cooldowns: runningCooldowns(entry, moment.monotonic),
    inFlight: entry.inFlight,
    status,
    statusReason: reasonOf(entry, status, moment),
    cooldownUntil: until,
  };
}

function statusOf(entry: Entry, moment: Moment): { status: KeyStatus; until: number | null } {
  const obstacle = obstacleFor(entry, EVERY_MODEL, moment.monotonic, moment.today);
  // A key on trial keeps its status until an answer proves it well.
  const onTrial = entry.state.condition !== null && entry.key.enabled;
  if (onTrial) return { status: entry.state.condition!.status, until: wall(entry.trialAtMonotonic, moment) };
  if (obstacle === null || obstacle.status === "full") return { status: "available", until: null };
  return { status: obstacle.status, until: wall(obstacle.untilMonotonic, moment) };
}

function wall(monotonic: number, moment: Moment): number | null {
  if (!Number.isFinite(monotonic)) return null;
  return Math.round(moment.now + Math.max(0, monotonic - moment.monotonic));
}

function runningCooldowns(entry: Entry, monotonic: number): KeyView["cooldowns"] {
  const running: KeyView["cooldowns"] = [];
  for (const { untilMonotonic, cooldown } of entry.cooldowns.values()) {
    if (untilMonotonic > monotonic) running.push(cooldown);
  }
  return running;
}

function reasonOf(entry: Entry, status: KeyStatus, moment: Moment): string | null {
  const { key, state } = entry;
  switch (status) {
    case "disabled":
      return "Switched off by hand.";
    case "invalid":
    case "no_credit":
    case "ejected":
      return state.condition?.reason ?? null;
    case "daily_limit_reached": {
      const limit = key.dailyLimit ?? moment.today.defaultDailyLimit;
      return `${dailyUsed(entry, moment.today)} of ${limit} requests used today.`;
    }
    case "cooling":
      return entry.cooldowns.get(EVERY_MODEL)?.cooldown.reason ?? null;
    case "available": {
      const cooling = runningCooldowns(entry, moment.monotonic);
      const first = cooling[0];
      if (first === undefined) return null;
      return cooling.length === 1
        ? `Cooling for ${first.model} only: ${first.reason}`
        : `Cooling for ${cooling.length} models only; the first: ${first.model}: ${first.reason}`;
    }
  }
}
