import type { Clock } from "../clock.ts";
import type { KeyGlance } from "../pool/types.ts";
import type { Settings } from "../settings.ts";
import type { Upstream } from "../types.ts";
import type { UpstreamClient } from "../upstream/types.ts";
import { Attempt } from "./attempt.ts";
import { headersTo, modelsUrl } from "./upstream-address.ts";

/** An upstream with thousands of keys is not asked with each of them. */
const MAX_KEYS_PER_UPSTREAM = 32;
const LONGEST_CALL_MS = 20_000;

export interface ListCallDeps {
  clock: Clock;
  client: UpstreamClient;
  pool: { secretOf(id: string): string | null };
  settings(): Settings;
}

/**
 * What an upstream answers one key about its models; "" where it gives no list, null where the key is gone. A call on
 * nobody's behalf: what comes of it is held against no key, since a host may serve well and have no list.
 */
export async function listText(
  { clock, client, pool, settings }: ListCallDeps,
  keyId: string,
  upstream: Upstream,
): Promise<string | null> {
  const secret = pool.secretOf(keyId);
  if (secret === null) return null;
  const attempt = new Attempt(client, { now: clock.now, stream: false, secret, isHead: false });
  const { connectTimeoutMs } = settings();
  const { answer, verdict } = await attempt.run(
    {
      method: "GET",
      url: modelsUrl(upstream),
      headers: headersTo(upstream, "/models", secret, [["accept", "application/json"]]),
      body: null,
    },
    { connectTimeoutMs, firstByteTimeoutMs: LONGEST_CALL_MS, idleTimeoutMs: LONGEST_CALL_MS },
  );
  if (answer?.kind === "flowing") answer.source.abort();
  return answer?.kind === "whole" && verdict.outcome === "ok" ? answer.text : "";
}

/** Keys whose lists count, at most so many an upstream and pool. */
export function countingKeys(keys: readonly KeyGlance[], poolId: string | null): KeyGlance[] {
  const counts = new Map<string, Map<string | null, number>>();
  return keys.filter(({ status, key }) => {
    if ((poolId !== null && key.poolId !== poolId) || status === "disabled" || status === "invalid")
      return false;
    const byPool = counts.get(key.upstreamId) ?? new Map<string | null, number>();
    const count = (byPool.get(key.poolId) ?? 0) + 1;
    if (count === 1) counts.set(key.upstreamId, byPool);
    byPool.set(key.poolId, count);
    return count <= MAX_KEYS_PER_UPSTREAM;
  });
}

/** A key that is told to wait is not troubled for a list. */
export function mayBeAsked({ status }: Pick<KeyGlance, "status">): boolean {
  return status === "available" || status === "daily_limit_reached";
}
