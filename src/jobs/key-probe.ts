import type { Clock } from "../clock.ts";
import type { Settings } from "../settings.ts";
import type { Job } from "./scheduler.ts";

const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;
/** Probes at once; an upstream that hangs holds up no more than these. */
const PROBES_AT_ONCE = 4;
/** Keys probed in one round; the others follow in the next. */
const MAX_PROBES_A_ROUND = 100;

export interface InvalidKey {
  id: string;
  since: number;
}

export interface KeyProbeDeps {
  clock: Clock;
  settings(): Pick<Settings, "keyProbeIntervalS">;
  /** Those that are enabled, and since when they are known to be invalid; wall clock. */
  invalidKeys(): InvalidKey[];
  /** One call that costs nothing, with this key; the pool learns what came of it. */
  probe(keyId: string): Promise<unknown>;
}

/**
 * Finds out whether invalid keys work again: a first time after `key_probe_interval_s`, then after twice as long each
 * time, up to a day. Others are not asked: a list of models succeeds without credit too, so keys that were ejected or
 * ran out of credit come back by a real request that the pool lets through.
 */
export function createKeyProbe(deps: KeyProbeDeps): Job {
  /** When each invalid key was probed last; wall clock. */
  const probedAt = new Map<string, number>();
  return {
    name: "key probe",
    everyMs: SECOND_MS,
    async run() {
      const intervalMs = deps.settings().keyProbeIntervalS * SECOND_MS;
      if (intervalMs === 0) return;
      const now = deps.clock.now();
      const invalid = deps.invalidKeys();
      forgetOthers(probedAt, invalid);
      const due = invalid
        .filter((key) => now >= nextProbeAt(key, probedAt.get(key.id) ?? null, intervalMs))
        .slice(0, MAX_PROBES_A_ROUND);
      await inParallel(due, async ({ id }) => {
        probedAt.set(id, now);
        await deps.probe(id);
      });
    },
  };
}

/** Twice as long out, twice as long until the next: that also holds over a restart, when no probe is remembered. */
function nextProbeAt({ since }: InvalidKey, probedAt: number | null, intervalMs: number): number {
  if (probedAt === null || probedAt < since) return since + intervalMs;
  return probedAt + Math.min(Math.max(probedAt - since, intervalMs), DAY_MS);
}

function forgetOthers(probedAt: Map<string, number>, invalid: InvalidKey[]): void {
  if (probedAt.size === 0) return;
  const kept = new Set(invalid.map(({ id }) => id));
  for (const id of probedAt.keys()) if (!kept.has(id)) probedAt.delete(id);
}

async function inParallel<Item>(items: Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const worker = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: PROBES_AT_ONCE }, worker));
}
