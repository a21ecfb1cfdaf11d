import { NotFoundError, type Pool, type Upstream } from "../types.ts";

/** What operations must know of a key beside what the pool shows. */
interface KeptKey {
  secret: string;
  fingerprint: string;
  upstreamId: string;
}

/**
 * What storage holds of upstreams, pools and secrets, in memory. Written only after storage has taken a change;
 * states and configuration of keys live in the pool.
 */
export interface Inventory {
  upstreams: Map<string, Upstream>;
  pools: Map<string, Pool>;
  keyCount(): number;
  hasKey(id: string): boolean;
  /** Also replaces: a new secret, another upstream, another name. */
  putKey(id: string, name: string, kept: KeptKey): void;
  removeKey(id: string): void;
  secretOf(id: string): string;
  /** The key that has this secret at this upstream. */
  holderOf(upstreamId: string, fingerprint: string): string | null;
  /** Numbers for keys without a name, beginning after the highest in use: `key-01`. */
  keyNames(): () => string;
  defaultUpstream(): Upstream;
}

const NUMBERED_NAME = /^key-(\d{1,7})$/;

export function createInventory(): Inventory {
  const upstreams = new Map<string, Upstream>();
  const pools = new Map<string, Pool>();
  const keys = new Map<string, KeptKey>();
  const holders = new Map<string, string>();
  let highestNumber = 0;

  const kept = (id: string): KeptKey => {
    const key = keys.get(id);
    if (key === undefined) throw new NotFoundError("There is no such key.");
    return key;
  };
  const place = (upstreamId: string, fingerprint: string) => `${upstreamId} ${fingerprint}`;
  const removeKey = (id: string) => {
    const key = keys.get(id);
    if (key === undefined) return;
    holders.delete(place(key.upstreamId, key.fingerprint));
    keys.delete(id);
  };

  return {
    upstreams,
    pools,
    keyCount: () => keys.size,
    hasKey: (id) => keys.has(id),
    putKey(id, name, key) {
      removeKey(id);
      keys.set(id, key);
      holders.set(place(key.upstreamId, key.fingerprint), id);
      highestNumber = Math.max(highestNumber, Number(NUMBERED_NAME.exec(name)?.[1] ?? 0));
    },
    removeKey,
    secretOf: (id) => kept(id).secret,
    holderOf: (upstreamId, fingerprint) => holders.get(place(upstreamId, fingerprint)) ?? null,
    keyNames() {
      let number = highestNumber;
      return () => {
        number += 1;
        return `key-${String(number).padStart(2, "0")}`;
      };
    },
    defaultUpstream() {
      for (const upstream of upstreams.values()) if (upstream.isDefault) return upstream;
      throw new NotFoundError("There is no default upstream.");
    },
  };
}
