import { maskSecret } from "../secrets.ts";
import type { Durability, StoredKey } from "../storage/types.ts";
import { type Key, type KeyEvent, type KeyState, type KeyView, NotFoundError } from "../types.ts";
import type { OperationsParts } from "./deps.ts";
import { KEY_LIMITS } from "./key-input.ts";
import type { KeyPatch } from "./types.ts";

interface KeyChange {
  key: Key;
  /** Given where it replaces the old one. */
  secret?: string;
  /** The key begins anew: cooldowns, strikes and condition are cleared, counters stay. */
  fresh: boolean;
}

/** Every write of keys: into storage first, then into memory. Called one at a time (`one-at-a-time.ts`). */
export interface KeyStore {
  find(id: string): KeyView;
  /** Each once, whatever order and repetition; NotFoundError where one is missing. */
  findAll(ids: string[]): KeyView[];
  /** A new key; ids in `values` exist, its secret is new at its upstream. */
  build(values: KeyPatch & { secret: string }, nextName: () => string): { stored: StoredKey; secret: string };
  admit(
    keys: { stored: StoredKey; secret: string }[],
    events: KeyEvent[],
    durability?: Durability,
  ): Promise<void>;
  apply(changes: KeyChange[], events: KeyEvent[], durability?: Durability): Promise<void>;
  clear(keys: KeyView[], events: KeyEvent[]): Promise<void>;
  /** The key as storage has it. */
  stored(id: string): StoredKey;
  /** Answers what was known of each, in which requests still in flight go on to count. */
  remove(ids: string[], events: KeyEvent[], durability?: Durability): Promise<KeyState[]>;
  putBack(removed: RemovedKey, event: KeyEvent): Promise<void>;
}

/** All that is needed to bring a key back. */
export interface RemovedKey {
  stored: StoredKey;
  state: KeyState;
}

export function createKeyStore(parts: OperationsParts): KeyStore {
  const { storage, pool, inventory, secretBox, clock } = parts;

  const find = (id: string): KeyView => {
    const view = pool.view(id);
    if (view === null) throw new NotFoundError("There is no such key.");
    return view;
  };
  const remember = (key: Key, secret: string, fingerprint: string) => {
    inventory.putKey(key.id, key.name, { secret, fingerprint, upstreamId: key.upstreamId });
    pool.put(key, secret);
  };
  const sealed = (key: Key, secret: string): StoredKey => ({
    ...key,
    maskedSecret: maskSecret(secret),
    sealedSecret: secretBox.seal(secret),
    fingerprint: secretBox.fingerprint(secret),
  });
  const writeCleared = (keys: KeyView[], events: KeyEvent[]) =>
    storage.writeBatch({ requests: [], keyStates: keys.map(clearedState), keyEvents: events, rotations: [] });

  return {
    find,
    findAll: (ids) => [...new Set(ids)].map(find),
    build(values, nextName) {
      const { secret } = values;
      const key: Key = {
        id: clock.id(),
        name: values.name || nextName(),
        maskedSecret: "",
        poolId: values.poolId ?? null,
        upstreamId: values.upstreamId ?? inventory.defaultUpstream().id,
        tags: values.tags ?? [],
        weight: values.weight ?? KEY_LIMITS.weight.default,
        priority: values.priority ?? KEY_LIMITS.priority.default,
        enabled: values.enabled ?? true,
        dailyLimit: values.dailyLimit ?? null,
        rpmLimit: values.rpmLimit ?? null,
        tpmLimit: values.tpmLimit ?? null,
        maxConcurrency: values.maxConcurrency ?? null,
        createdAt: clock.now(),
      };
      return { stored: sealed(key, secret), secret };
    },
    async admit(keys, events, durability) {
      await storage.keys.insert(
        keys.map(({ stored }) => stored),
        events,
        durability,
      );
      for (const { stored, secret } of keys) remember(configOf(stored), secret, stored.fingerprint);
    },
    async apply(changes, events, durability) {
      const fresh = changes.filter((change) => change.fresh);
      if (fresh.length > 0) {
        await writeCleared(
          fresh.map(({ key }) => find(key.id)),
          [],
        );
      }
      await storage.keys.update(
        changes.map(({ key, secret }) => (secret === undefined ? key : sealed(key, secret))),
        events,
        durability,
      );
      for (const { key, secret = inventory.secretOf(key.id), fresh: begins } of changes) {
        remember(configOf(key), secret, secretBox.fingerprint(secret));
        if (begins) pool.reset(key.id);
      }
    },
    async clear(keys, events) {
      await writeCleared(keys, events);
      for (const key of keys) pool.reset(key.id);
    },
    stored: (id) => sealed(configOf(find(id)), inventory.secretOf(id)),
    async remove(ids, events, durability) {
      await storage.keys.delete(ids, events, durability);
      return ids.map((id) => {
        inventory.removeKey(id);
        return pool.remove(id) as KeyState;
      });
    },
    async putBack({ stored, state }, event) {
      const secret = secretBox.open(stored.sealedSecret);
      await storage.keys.insert([stored], [event]);
      await storage.writeBatch({ requests: [], keyStates: [state], keyEvents: [], rotations: [] });
      const { id, name, fingerprint, upstreamId } = stored;
      inventory.putKey(id, name, { secret, fingerprint, upstreamId });
      pool.restore(configOf(stored), secret, state);
    },
  };
}

/** What people configured, without state and without anything sealed. */
export function configOf(key: Key): Key {
  return {
    id: key.id,
    name: key.name,
    maskedSecret: key.maskedSecret,
    poolId: key.poolId,
    upstreamId: key.upstreamId,
    tags: key.tags,
    weight: key.weight,
    priority: key.priority,
    enabled: key.enabled,
    dailyLimit: key.dailyLimit,
    rpmLimit: key.rpmLimit,
    tpmLimit: key.tpmLimit,
    maxConcurrency: key.maxConcurrency,
    createdAt: key.createdAt,
  };
}

function clearedState(key: KeyView): KeyState {
  return {
    keyId: key.id,
    requestCount: key.requestCount,
    successCount: key.successCount,
    failureCount: key.failureCount,
    inputTokens: key.inputTokens,
    outputTokens: key.outputTokens,
    costUsd: key.costUsd,
    strikes: 0,
    ejections: 0,
    unstatedLimits: 0,
    dailyUsed: key.dailyUsed,
    dailyDay: key.dailyDay,
    lastUsedAt: key.lastUsedAt,
    condition: null,
    cooldowns: [],
  };
}
