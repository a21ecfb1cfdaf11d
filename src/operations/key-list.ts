import { KEY_STATUSES, type KeyView, type Page } from "../types.ts";
import { listPage, occursIn, type Sorts } from "./list-page.ts";
import type { KeyQuery } from "./types.ts";

/** A key that was never used stands before all that were. */
export const KEY_SORTS: Sorts<KeyView> = {
  created_at: (key) => key.createdAt,
  name: (key) => key.name.toLowerCase(),
  status: (key) => KEY_STATUSES.indexOf(key.status),
  last_used_at: (key) => key.lastUsedAt ?? -1,
  request_count: (key) => key.requestCount,
  success_count: (key) => key.successCount,
  failure_count: (key) => key.failureCount,
  daily_used: (key) => key.dailyUsed,
  in_flight: (key) => key.inFlight,
  weight: (key) => key.weight,
  priority: (key) => key.priority,
};

export function listKeys(keys: KeyView[], query: KeyQuery): Page<KeyView> {
  return listPage(
    keys.filter((key) => matches(key, query)),
    KEY_SORTS,
    query,
  );
}

function matches(key: KeyView, query: KeyQuery): boolean {
  if (query.status !== undefined && key.status !== query.status) return false;
  if (query.poolId !== undefined && key.poolId !== query.poolId) return false;
  if (query.upstreamId !== undefined && key.upstreamId !== query.upstreamId) return false;
  if (query.tag !== undefined && !key.tags.includes(query.tag)) return false;
  return occursIn(query.q, [key.name, key.maskedSecret, key.id, ...key.tags]);
}
