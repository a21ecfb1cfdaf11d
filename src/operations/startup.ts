import type { StoredKey } from "../storage/types.ts";
import { StartError, type Upstream } from "../types.ts";
import type { OperationsParts } from "./deps.ts";
import { configOf } from "./key-store.ts";
import { identityOf, type UpstreamStore } from "./upstream-store.ts";

export interface Loaded {
  upstreams: number;
  pools: number;
  keys: number;
}

/**
 * Fills memory from storage, once, before anything is served: upstreams (the default one is made from
 * `api_endpoint` where there is none; where both differ the upstream counts), pools, keys with their states, round robin's places.
 * @throws StartError where a stored secret can't be opened.
 */
export async function loadAll(parts: OperationsParts, upstreamStore: UpstreamStore): Promise<Loaded> {
  const { storage, inventory, pool } = parts;
  for (const upstream of await storage.upstreams.list()) inventory.upstreams.set(upstream.id, upstream);
  for (const group of await storage.pools.list()) inventory.pools.set(group.id, group);
  await ensureDefault(parts, upstreamStore);

  const states = new Map((await storage.keys.states()).map((state) => [state.keyId, state]));
  const keys = await storage.keys.list();
  for (const stored of keys) {
    const secret = openSecret(parts, stored);
    const { id, name, upstreamId, fingerprint } = stored;
    inventory.putKey(id, name, { secret, fingerprint, upstreamId });
    const state = states.get(id);
    if (state === undefined) pool.put(configOf(stored), secret);
    else pool.restore(configOf(stored), secret, state);
  }
  for (const { name, keyId, used } of await storage.rotations()) pool.restoreRotation(name, keyId, used);
  parts.upstreamsChanged([...inventory.upstreams.values()]);
  parts.poolsChanged([...inventory.pools.values()]);
  return { upstreams: inventory.upstreams.size, pools: inventory.pools.size, keys: keys.length };
}

async function ensureDefault(parts: OperationsParts, upstreamStore: UpstreamStore): Promise<void> {
  const { inventory, settings, clock } = parts;
  const all = [...inventory.upstreams.values()];
  const baseUrl = settings.current.apiEndpoint;
  const chosen =
    all.find(({ isDefault }) => isDefault) ?? all.find((upstream) => upstream.baseUrl === baseUrl) ?? all[0];
  if (chosen === undefined) {
    const made: Upstream = {
      id: clock.id(),
      ...identityOf(baseUrl),
      baseUrl,
      isDefault: true,
      createdAt: clock.now(),
    };
    await upstreamStore.insert(made, null);
  } else if (!chosen.isDefault || chosen.baseUrl !== baseUrl) {
    await upstreamStore.save({ ...chosen, isDefault: true }, {}, null);
  }
}

function openSecret({ secretBox }: OperationsParts, stored: StoredKey): string {
  try {
    return secretBox.open(stored.sealedSecret);
  } catch {
    throw new StartError(
      `The secret of key "${stored.name}" cannot be opened: the secret key is not the one that sealed it, or the ` +
        "database is damaged. Put both back from the same backup.",
    );
  }
}
