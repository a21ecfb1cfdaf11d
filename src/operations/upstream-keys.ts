import type { KeyGlance } from "../pool/types.ts";
import { KEY_STATUSES, type Outcome, type Upstream } from "../types.ts";
import type { OperationsParts } from "./deps.ts";
import { createEvent } from "./key-events.ts";
import { configOf, type KeyStore } from "./key-store.ts";
import type { UpstreamOperations } from "./types.ts";

/** Keys that are moved in one write; between two of them everything else goes on. */
const MOVED_AT_ONCE = 500;
const WANTS_A_KEY: ReadonlySet<Outcome> = new Set(["invalid_key", "forbidden_key"]);

/** What people do to an upstream by way of its keys. */
export function createUpstreamKeys(
  { pool, inventory, clock, change, storage, ...parts }: OperationsParts,
  store: KeyStore,
  find: (id: string) => Upstream,
): Pick<UpstreamOperations, "test" | "moveKeys"> {
  const keysOf = (id: string) => pool.glances().filter(({ key }) => key.upstreamId === id);

  return {
    async test(id, actor) {
      const upstream = find(id);
      const best = bestOf(keysOf(id));
      const result = best === null ? await parts.probeUpstream(id) : await parts.probe(best.id);
      if (best === null && WANTS_A_KEY.has(result.outcome)) result.message = "It answers and wants a key.";
      const how = best === null ? "without a key" : `with "${best.key.name}"`;
      const detail = `upstream "${upstream.name}" ${how}: ${result.outcome} in ${Math.round(result.latencyMs)} ms: ${result.message}`;
      await storage.keyEvents.insert(createEvent(clock, actor, "tested", detail, best?.key));
      return { ...result, keyName: best?.key.name ?? null, models: result.models ?? null };
    },

    async moveKeys(id, toId, actor) {
      const from = find(id);
      const ids = keysOf(id).map((key) => key.id);
      let moved = 0;
      for (let at = 0; at < ids.length; at += MOVED_AT_ONCE) {
        moved += await change(async () => {
          const to = find(toId);
          const keys = ids
            .slice(at, at + MOVED_AT_ONCE)
            .filter((keyId) => inventory.hasKey(keyId))
            .map(store.find)
            .filter((key) => key.upstreamId === id && to.id !== id)
            .filter((key) => inventory.holderOf(to.id, store.stored(key.id).fingerprint) === null);
          if (keys.length === 0) return 0;
          const detail = `upstream ${from.name} → ${to.name}`;
          await store.apply(
            keys.map((key) => ({ key: { ...configOf(key), upstreamId: to.id }, fresh: true })),
            keys.map((key) => createEvent(clock, actor, "edited", detail, key)),
          );
          return keys.length;
        });
      }
      return { moved, left: ids.length - moved };
    },
  };
}

/** The one that is most likely to be answered well; none that a person switched off. */
function bestOf(keys: KeyGlance[]): KeyGlance | null {
  const enabled = keys.filter(({ status }) => status !== "disabled");
  const [first, ...others] = enabled;
  if (first === undefined) return null;
  const rank = ({ status }: KeyGlance) => KEY_STATUSES.indexOf(status);
  return others.reduce((best, key) => (rank(key) < rank(best) ? key : best), first);
}
