import { ConflictError, InputError } from "../types.ts";
import type { Inventory } from "./inventory.ts";

/** Problems by field where a pool or an upstream that is named does not exist. */
export function referenceProblems(
  inventory: Inventory,
  { poolId, upstreamId }: { poolId?: string | null; upstreamId?: string },
): Record<string, string> {
  const problems: Record<string, string> = {};
  if (poolId != null && !inventory.pools.has(poolId)) problems.pool_id = "give the id of a pool that exists";
  if (upstreamId !== undefined && !inventory.upstreams.has(upstreamId)) {
    problems.upstream_id = "give the id of an upstream that exists";
  }
  return problems;
}

/** @throws InputError where there is any. */
export function refuseProblems(problems: Record<string, string>): void {
  const names = Object.keys(problems);
  if (names.length > 0) throw new InputError(`Check ${names.join(", ")}; nothing was changed.`, problems);
}

/** @throws ConflictError while keys belong to it. */
export function refuseWithKeys(what: string, keys: number): void {
  if (keys === 0) return;
  const counted = keys === 1 ? "1 key: move or delete it" : `${keys} keys: move or delete them`;
  throw new ConflictError(`${what} has ${counted} first.`);
}
