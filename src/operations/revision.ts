import { type Settings, toJson } from "../settings.ts";
import { ChangedError, type Key, type Pool, type Prompt, type Upstream } from "../types.ts";

const REVISION_CHARS = 22;

/** What somebody saw of a thing before changing it; undefined: they did not say. */
export type Seen = readonly string[] | undefined;

/** Tells one state of a thing from another, by what people can change of it: counters and statuses are no part. */
function revisionOf(...fields: unknown[]): string {
  return new Bun.CryptoHasher("sha256")
    .update(JSON.stringify(fields))
    .digest("base64url")
    .slice(0, REVISION_CHARS);
}

export function keyRevision(key: Key): string {
  const { id, name, maskedSecret, poolId, upstreamId, tags, weight, priority, enabled } = key;
  const { dailyLimit, rpmLimit, tpmLimit, maxConcurrency } = key;
  const limits = [dailyLimit, rpmLimit, tpmLimit, maxConcurrency];
  return revisionOf(id, name, maskedSecret, poolId, upstreamId, tags, weight, priority, enabled, limits);
}

export function poolRevision({ id, name, description, color, icon, strategy }: Pool): string {
  return revisionOf(id, name, description, color, icon, strategy);
}

export function upstreamRevision({ id, name, baseUrl, authStyle, isDefault }: Upstream): string {
  return revisionOf(id, name, baseUrl, authStyle, isDefault);
}

export function promptRevision({ id, name, text, system, model, parameters }: Prompt): string {
  return revisionOf(id, name, text, system, model, parameters);
}

export function settingsRevision(settings: Settings): string {
  return revisionOf(toJson(settings));
}

/** @throws ChangedError where the thing is not any more as it was seen. */
export function refuseChanged(seen: Seen, revision: string): void {
  if (seen !== undefined && !seen.includes(revision)) throw new ChangedError();
}
