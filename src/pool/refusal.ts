import { obstacleFor, type Today } from "./availability.ts";
import { type Entry, EVERY_MODEL } from "./entry.ts";

/** Why no key may serve a request now. */
export interface Refusal {
  code: "keys_cooling_down" | "no_usable_key" | "upstream_unavailable";
  /** Until the first key comes back by time alone, in ms; null where none does. */
  retryAfterMs: number | null;
  /** For people: how many keys are out, and why. */
  message: string;
}

/** A full key is free again as soon as a request ends; nobody knows when. */
const FULL_RETRY_MS = 1_000;

const WORDS: Record<string, string> = {
  cooling: "cooling down",
  ejected: "ejected after failures",
  daily_limit_reached: "at the daily limit",
  full: "at the limit of concurrent requests",
  host: "of a host that does not answer",
  tried: "tried already",
  disabled: "disabled",
  invalid: "invalid",
  no_credit: "without credit",
  forbidden: "not allowed to serve this",
};
const BACK_BY_THEMSELVES = ["cooling", "ejected", "daily_limit_reached", "full"];

/** Looks at every key of the scope: slow beside a claim, but only where no key can be had. */
export function refuse(
  entries: readonly Entry[],
  model: string,
  tried: readonly string[],
  now: number,
  today: Today,
): Refusal {
  const counts = new Map<string, number>();
  let comesBackMs = Number.POSITIVE_INFINITY;
  let hostBackMs = Number.POSITIVE_INFINITY;
  for (const entry of entries) {
    const obstacle = obstacleFor(entry, model, now, today);
    let why: string;
    if (obstacle !== null) {
      why = obstacle.status === "cooling" && isForbidden(entry, model, now) ? "forbidden" : obstacle.status;
      const waitMs = why === "full" ? FULL_RETRY_MS : obstacle.untilMonotonic - now;
      if (BACK_BY_THEMSELVES.includes(why)) comesBackMs = Math.min(comesBackMs, Math.max(1, waitMs));
    } else if (!entry.host.admits(now)) {
      why = "host";
      hostBackMs = Math.min(hostBackMs, entry.host.pauseLeftMs(now));
    } else {
      why = tried.includes(entry.key.id) ? "tried" : "full";
    }
    counts.set(why, (counts.get(why) ?? 0) + 1);
  }
  if (counts.has("host") && hostBackMs <= comesBackMs) {
    return {
      code: "upstream_unavailable",
      retryAfterMs: Math.ceil(hostBackMs),
      message: "The upstream host has failed many times in a row and is given a pause.",
    };
  }
  const comesBack = Number.isFinite(comesBackMs);
  return {
    code: comesBack ? "keys_cooling_down" : "no_usable_key",
    retryAfterMs: comesBack ? Math.ceil(comesBackMs) : null,
    message: entries.length === 0 ? "There are no keys yet: add one on the Keys page." : sentence(counts),
  };
}

/** What a provider does not allow waits for a person, although the key is asked again after a day. */
function isForbidden(entry: Entry, model: string, now: number): boolean {
  const running = [entry.cooldowns.get(EVERY_MODEL), entry.cooldowns.get(model)].filter(
    (one) => one !== undefined && one.untilMonotonic > now,
  );
  return running.some((one) => one?.cooldown.outcome === "forbidden_key");
}

function sentence(counts: Map<string, number>): string {
  const parts = Array.from(counts, ([why, count]) => `${count} ${WORDS[why] ?? why}`);
  return `No key can serve this request now: ${parts.join(", ")}.`;
}
