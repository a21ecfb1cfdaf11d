import { defaultSettings } from "../../settings.ts";
import type { Upstream } from "../../types.ts";
import type { OperationsParts } from "../deps.ts";
import { identityOf, movedTo } from "../upstream-store.ts";

export interface UpstreamPlan {
  /** Where the keys belong. */
  upstream: Upstream;
  change: "none" | "insert" | "move_default";
}

/**
 * The upstream for the one endpoint that all keys of the earlier version had: one that is here already; otherwise the
 * default one, as long as nobody has used it or set it; otherwise a new one.
 */
export function planUpstream(
  { inventory, settings, pool, clock }: OperationsParts,
  endpoint: string | null,
): UpstreamPlan {
  const baseUrl = endpoint ?? defaultSettings.apiEndpoint;
  const all = [...inventory.upstreams.values()];
  const isTaken = (name: string) => all.some((other) => other.name.toLowerCase() === name.toLowerCase());
  const there = all.find((upstream) => upstream.baseUrl === baseUrl);
  if (there !== undefined) return { upstream: there, change: "none" };
  const standard = inventory.defaultUpstream();
  const isUntouched =
    settings.current.apiEndpoint === defaultSettings.apiEndpoint &&
    !pool.glances().some(({ key }) => key.upstreamId === standard.id);
  if (isUntouched) return { upstream: movedTo(standard, baseUrl, isTaken), change: "move_default" };
  const { name, authStyle } = identityOf(baseUrl);
  let free = name;
  for (let number = 2; isTaken(free); number += 1) free = `${name} ${number}`;
  const made = { id: clock.id(), name: free, baseUrl, authStyle, isDefault: false, createdAt: clock.now() };
  return { upstream: made, change: "insert" };
}
