import type { KeyGlance } from "../pool/types.ts";
import { KEY_STATUSES } from "../types.ts";
import { listPage, occursIn, type PlacedPage, type Sorts } from "./list-page.ts";
import type { KeyCounts, KeyFilter, KeyQuery, KeyUses } from "./types.ts";

/** A key that was never used stands before all that were. */
export const KEY_SORTS: Sorts<KeyGlance> = {
  created_at: ({ key }) => key.createdAt,
  name: ({ key }) => key.name.toLowerCase(),
  status: ({ status }) => KEY_STATUSES.indexOf(status),
  last_used_at: ({ state }) => state.lastUsedAt ?? -1,
  request_count: ({ state }) => state.requestCount,
  success_count: ({ state }) => state.successCount,
  failure_count: ({ state }) => state.failureCount,
  cost_usd: ({ state }) => state.costUsd,
  daily_used: ({ dailyUsed }) => dailyUsed,
  in_flight: ({ inFlight }) => inFlight,
  weight: ({ key }) => key.weight,
  priority: ({ key }) => key.priority,
};

export function listKeys(keys: KeyGlance[], query: KeyQuery): PlacedPage<KeyGlance> {
  return listPage(selectKeys(keys, query), KEY_SORTS, query);
}

/** Those that fit all that is asked. */
export function* selectKeys(keys: Iterable<KeyGlance>, filter: KeyFilter): Iterable<KeyGlance> {
  const wanted = filter.q?.trim() === "" ? undefined : filter.q;
  for (const glance of keys) if (fits(glance, filter, wanted)) yield glance;
}

/** How many keys of each status each pool (null: none) or upstream has; all statuses are present. */
export function countKeysBy(
  keys: Iterable<KeyGlance>,
  field: "poolId" | "upstreamId",
): Map<string | null, KeyCounts> {
  const counts = new Map<string | null, KeyCounts>();
  for (const { key, status } of keys) {
    const ofGroup = counts.get(key[field]) ?? noKeys();
    ofGroup[status] += 1;
    counts.set(key[field], ofGroup);
  }
  return counts;
}

export function usesByPool(keys: Iterable<KeyGlance>): Map<string | null, KeyUses> {
  const uses = new Map<string | null, KeyUses>();
  for (const { key, state } of keys) {
    const ofPool = uses.get(key.poolId) ?? { requests: 0, lastUsedAt: null };
    ofPool.requests += state.requestCount;
    if (state.lastUsedAt !== null) ofPool.lastUsedAt = Math.max(ofPool.lastUsedAt ?? 0, state.lastUsedAt);
    uses.set(key.poolId, ofPool);
  }
  return uses;
}

function noKeys(): KeyCounts {
  return Object.fromEntries(KEY_STATUSES.map((status) => [status, 0])) as KeyCounts;
}

function fits({ key, status }: KeyGlance, filter: KeyFilter, wanted: string | undefined): boolean {
  if (filter.status !== undefined && status !== filter.status) return false;
  if (filter.poolId !== undefined && key.poolId !== filter.poolId) return false;
  if (filter.outsidePoolId !== undefined && key.poolId === filter.outsidePoolId) return false;
  if (filter.upstreamId !== undefined && key.upstreamId !== filter.upstreamId) return false;
  if (filter.tag !== undefined && !key.tags.includes(filter.tag)) return false;
  return wanted === undefined || occursIn(wanted, [key.name, key.maskedSecret, key.id, ...key.tags]);
}
