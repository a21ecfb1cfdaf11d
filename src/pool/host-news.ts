import type { Verdict } from "../types.ts";
import type { Entry } from "./entry.ts";
import type { LeaseFacts } from "./lease.ts";

/** A rate limit counts as one of the host only on keys that were served well within this time. */
const SERVED_LATELY_MS = 60_000;

/**
 * Tells a host what came of an attempt. Where it turns out by it that all its keys are limited at once, answers since
 * when: what was guessed of the keys since then was wrong. Otherwise null.
 * @param chance in [0, 1).
 */
export function tellHost(
  entry: Entry,
  lease: LeaseFacts,
  verdict: Verdict,
  now: number,
  chance: () => number,
): number | null {
  const { host } = lease;
  const { id } = entry.key;
  host.ended(lease.hostTicket);
  if (verdict.outcome === "ok") {
    host.succeeded(id, now);
    entry.lastOkAt = now;
    return null;
  }
  if (verdict.blame === "host" && verdict.strike) {
    host.failed(id, now, verdict.reason);
    if ((verdict.cause ?? verdict.outcome) === "overloaded") host.overloaded(now, chance());
    return null;
  }
  if (verdict.outcome !== "rate_limited" || entry.lastOkAt <= now - SERVED_LATELY_MS) return null;
  return host.limited(id, now, verdict.reason) ? host.rowBeganAt : null;
}
