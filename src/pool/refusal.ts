import { type Obstacle, obstacleFor, obstacleForAsk } from "./availability.ts";
import type { Day } from "./day.ts";
import { type Entry, EVERY_MODEL } from "./entry.ts";
import type { Ask, Refusal } from "./types.ts";

export type { Refusal } from "./types.ts";

/** A full key is free again as soon as a request ends; nobody knows when. */
const FULL_RETRY_MS = 1_000;

/** Refusals that are remembered, one for each pool and model asked for, and for how long at most. */
const MAX_REMEMBERED = 100;
const LONGEST_MEMORY_MS = 1_000;

type Status = Obstacle["status"] | "forbidden";
const WORDS: Record<Status, string> = {
  cooling: "cooling down",
  ejected: "ejected after failures",
  daily_limit_reached: "at the daily limit",
  full: "at a limit of requests at once or a minute",
  on_trial: "being tried out after a failure",
  host: "of a host that does not answer",
  tried: "tried already",
  disabled: "disabled",
  invalid: "invalid",
  no_credit: "without credit",
  forbidden: "not allowed to serve this",
};
/** Money and proof do not come back by time, though a trial may be planned. */
const BACK_BY_THEMSELVES: ReadonlySet<Status> = new Set([
  "cooling",
  "ejected",
  "daily_limit_reached",
  "full",
  "on_trial",
]);

/** Looks at every key of the scope: slow beside a claim, but only where no key can be had. */
export function refuse(entries: readonly Entry[], ask: Ask, now: number, day: Day): Refusal {
  const counts = new Map<Status, number>();
  let backMs = Number.POSITIVE_INFINITY;
  let hostBackMs = Number.POSITIVE_INFINITY;
  let freeInMs = Number.POSITIVE_INFINITY;
  for (const entry of entries) {
    const found = firstObstacle(entry, ask, now, day);
    const status = found.status === "cooling" && isForbidden(entry, ask, now) ? "forbidden" : found.status;
    counts.set(status, (counts.get(status) ?? 0) + 1);
    const waitMs = found.until - now;
    if (status === "host") hostBackMs = Math.min(hostBackMs, waitMs > 0 ? waitMs : FULL_RETRY_MS);
    else if (BACK_BY_THEMSELVES.has(status)) {
      backMs = Math.min(backMs, waitMs > 0 ? waitMs : FULL_RETRY_MS);
    } else continue;
    freeInMs = Math.min(freeInMs, waitMs);
  }
  const waits = { freeInMs: Number.isFinite(freeInMs) ? Math.max(0, freeInMs) : null };
  if (counts.has("host") && hostBackMs <= backMs) {
    return {
      ...waits,
      code: "upstream_unavailable",
      retryAfterMs: Math.max(1, Math.ceil(hostBackMs)),
      message: "The upstream host has failed many times in a row and is given a pause.",
    };
  }
  const comesBack = Number.isFinite(backMs);
  return {
    ...waits,
    code: comesBack ? "keys_cooling_down" : "no_usable_key",
    retryAfterMs: comesBack ? Math.max(1, Math.ceil(backMs)) : null,
    message: entries.length === 0 ? noKeys(ask) : sentence(counts),
  };
}

/** A key tried by this request stands for nothing else, whatever else keeps it out. */
function firstObstacle(entry: Entry, ask: Ask, now: number, day: Day): Obstacle {
  if (ask.tried.has(entry.key.id)) return { status: "tried", until: Number.POSITIVE_INFINITY };
  return (
    obstacleFor(entry, ask.model ?? EVERY_MODEL, now, day) ??
    obstacleForAsk(entry, ask, now) ?? { status: "full", until: now }
  );
}

/** What a provider does not allow waits for a person, although the key is asked again some day. */
function isForbidden(entry: Entry, ask: Ask, now: number): boolean {
  return [EVERY_MODEL, ask.model ?? EVERY_MODEL].some((model) => {
    const running = entry.cooldowns.get(model);
    return (
      running !== undefined && running.untilMonotonic > now && running.cooldown.outcome === "forbidden_key"
    );
  });
}

function noKeys(ask: Ask): string {
  return isRestricted(ask)
    ? "There is no key that may serve this request."
    : "There are no keys yet: add one on the Keys page.";
}

function isRestricted({ mayUse }: Ask): boolean {
  return mayUse !== null && mayUse !== undefined;
}

function sentence(counts: Map<Status, number>): string {
  const parts = Array.from(counts, ([why, count]) => `${count} ${WORDS[why]}`);
  return `No key can serve this request now: ${parts.join(", ")}.`;
}

/**
 * Remembers the refusals of the present moment. While all keys are out, every request gets one, and to look at
 * thousands of keys for each would be the most costly thing that the pool does.
 */
export class RefusalMemory {
  #known = new Map<string, { at: number; until: number; refusal: Refusal }>();

  /** To be called whenever anything about a key or a host changes. */
  forget(): void {
    if (this.#known.size > 0) this.#known.clear();
  }

  recall(ask: Ask, now: number, find: () => Refusal): Refusal {
    // What a request has tried, and how much it wants, is its own.
    if (ask.tried.size > 0 || (ask.tokens ?? 0) > 0 || isRestricted(ask)) return find();
    const name = `${ask.poolId ?? ""}\n${ask.model ?? ""}\n${ask.free === true}`;
    const known = this.#known.get(name);
    if (known !== undefined && now < known.until) return aged(known.refusal, now - known.at);
    const refusal = find();
    if (this.#known.size >= MAX_REMEMBERED) this.#known.clear();
    const holdsMs = Math.min(refusal.freeInMs ?? LONGEST_MEMORY_MS, LONGEST_MEMORY_MS);
    this.#known.set(name, { at: now, until: now + holdsMs, refusal });
    return refusal;
  }
}

function aged(refusal: Refusal, ms: number): Refusal {
  const { freeInMs, retryAfterMs } = refusal;
  return {
    ...refusal,
    freeInMs: freeInMs === null ? null : Math.max(0, freeInMs - ms),
    retryAfterMs: retryAfterMs === null ? null : Math.max(1, Math.ceil(retryAfterMs - ms)),
  };
}
