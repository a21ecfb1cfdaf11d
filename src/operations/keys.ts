import type { KeyGlance } from "../pool/types.ts";
import { maskSecret } from "../secrets.ts";
import { ConflictError, type Key, type KeyState, NotFoundError } from "../types.ts";
import type { OperationsParts } from "./deps.ts";
import { createKeyBulk } from "./key-bulk.ts";
import { createKeyChanges } from "./key-changes.ts";
import { createEvent } from "./key-events.ts";
import { createKeyImport, tooManyKeys } from "./key-import.ts";
import { KEY_LIMITS, readKeyFields } from "./key-input.ts";
import { countKeysBy, listKeys, usesByPool } from "./key-list.ts";
import { configOf, type KeyStore } from "./key-store.ts";
import { KeyTrash } from "./key-trash.ts";
import { referenceProblems, refuseProblems } from "./references.ts";
import { keyRevision, refuseChanged } from "./revision.ts";
import type { Actor, BulkChange, ExportedKey, KeyOperations, KeyPatch, TagCount } from "./types.ts";

/** Tags are counted over all keys: at most so often. */
const TAGS_FRESH_MS = 10_000;
const MAX_TAGS = 200;
/** More at once were asked about before, and are gone for good. */
const MAX_TRASHED = 1;
const EXPORTED_AT_ONCE = 500;

export function createKeyOperations(parts: OperationsParts, store: KeyStore): KeyOperations {
  const { pool, inventory, secretBox, clock, change } = parts;
  const imports = createKeyImport(parts, store);
  const changes = createKeyChanges(parts, store);
  const trash = new KeyTrash(clock);
  let tags: { counted: TagCount[]; at: number } | null = null;

  function refuseDuplicate(secret: string, upstreamId: string, ownId: string | null): void {
    const holder = inventory.holderOf(upstreamId, secretBox.fingerprint(secret));
    if (holder === null || holder === ownId) return;
    throw new ConflictError(`This secret is there already as "${pool.view(holder)?.name ?? "another key"}".`);
  }

  function checked<Fields extends KeyPatch>(fields: Fields): KeyPatch {
    const { values, problems } = readKeyFields(fields);
    refuseProblems({ ...problems, ...referenceProblems(inventory, values) });
    return values;
  }

  /** One change of several keys, all or none. */
  const changeAll = (ids: string[], what: BulkChange, actor: Actor) =>
    change(async () => {
      await changes.run(store.findAll(ids), what, actor);
    });

  return {
    async list(query) {
      const { data, ...page } = listKeys(pool.glances(), query);
      return { ...page, data: data.map(({ id }) => store.find(id)) };
    },
    counts: () => pool.statusCounts(),
    countsBy: (field) => countKeysBy(pool.glances(), field),
    usesByPool: () => usesByPool(pool.glances()),
    poolOf: (id) => pool.view(id)?.poolId,
    tags() {
      const now = clock.monotonic();
      if (tags === null || now - tags.at > TAGS_FRESH_MS)
        tags = { counted: countTags(pool.glances()), at: now };
      return tags.counted;
    },
    get: async (id) => store.find(id),

    add: (input, actor) =>
      change(async () => {
        const values = checked({ ...input, secret: input.secret ?? "" });
        const secret = values.secret ?? "";
        refuseDuplicate(secret, values.upstreamId ?? inventory.defaultUpstream().id, null);
        if (inventory.keyCount() >= KEY_LIMITS.maxKeys) throw tooManyKeys();
        const key = store.build({ ...values, secret }, inventory.keyNames());
        await store.admit([key], [createEvent(clock, actor, "added", "", key.stored)]);
        return store.find(key.stored.id);
      }),

    addMany: (text, shared, actor) => change(() => imports.addMany(text, shared, actor)),
    checkMany: (text, shared) => change(() => imports.checkMany(text, shared)),

    edit: (id, patch, actor, seen) =>
      change(async () => {
        const before = configOf(store.find(id));
        refuseChanged(seen, keyRevision(before));
        const { secret: given, ...values } = checked(patch);
        const secret = given === inventory.secretOf(id) ? undefined : given;
        const after: Key = { ...before, ...values };
        if (after.name === "") after.name = inventory.keyNames()();
        if (secret !== undefined) after.maskedSecret = maskSecret(secret);

        const moved = secret !== undefined || after.upstreamId !== before.upstreamId;
        if (moved) refuseDuplicate(secret ?? inventory.secretOf(id), after.upstreamId, id);
        const told = [changes.describe(before, after)];
        if (secret !== undefined) told.push(`secret replaced by ${after.maskedSecret}`);
        const detail = told.filter((text) => text !== "").join("; ");

        const switched = after.enabled !== before.enabled;
        const events = detail === "" ? [] : [createEvent(clock, actor, "edited", detail, after)];
        if (switched) events.push(changes.switchEvent(after, actor));
        if (events.length > 0) {
          const fresh = moved || (switched && after.enabled);
          await store.apply([{ key: after, secret, fresh }], events);
        }
        return store.find(id);
      }),

    setEnabled: (ids, enabled, actor) =>
      changeAll(ids, enabled ? { action: "enable" } : { action: "disable" }, actor),

    move: (ids, poolId, actor) =>
      change(async () => {
        refuseProblems(referenceProblems(inventory, { poolId }));
        await changes.run(store.findAll(ids), { action: "move", poolId }, actor);
      }),

    reset: (ids, actor) => changeAll(ids, { action: "reset" }, actor),

    remove: (ids, actor, seen) =>
      change(async () => {
        const keys = store.findAll(ids);
        for (const key of keys) refuseChanged(seen, keyRevision(key));
        const events = keys.map((key) => createEvent(clock, actor, "deleted", key.maskedSecret, key));
        if (keys.length === 0) return;
        const stored = keys.map(({ id }) => (keys.length <= MAX_TRASHED ? store.stored(id) : null));
        const states = await store.remove(
          keys.map(({ id }) => id),
          events,
        );
        for (const [index, key] of stored.entries()) {
          if (key !== null) trash.put({ stored: key, state: states[index] as KeyState });
        }
      }),

    restore: (id, actor) =>
      change(async () => {
        const removed = trash.find(id);
        if (removed === null) throw new NotFoundError("It was deleted too long ago to be brought back.");
        const { stored } = removed;
        const holder = inventory.holderOf(stored.upstreamId, stored.fingerprint);
        if (holder !== null)
          throw new ConflictError(`Its secret was added again as "${pool.view(holder)?.name ?? holder}".`);
        if (Object.keys(referenceProblems(inventory, stored)).length > 0)
          throw new ConflictError("Its pool or its upstream was deleted meanwhile: add the key again.");
        await store.putBack(removed, createEvent(clock, actor, "restored", stored.maskedSecret, stored));
        trash.forget(id);
        return store.find(id);
      }),

    ...createKeyBulk(parts, store, changes),

    async reveal(id, actor) {
      const key = store.find(id);
      await parts.storage.keyEvents.insert(createEvent(clock, actor, "revealed", key.maskedSecret, key));
      return inventory.secretOf(id);
    },

    async exportAll(withSecrets, actor) {
      const ids = pool.glances().map(({ id }) => id);
      const detail = `${ids.length} keys with their secrets`;
      if (withSecrets) await parts.storage.keyEvents.insert(createEvent(clock, actor, "exported", detail));
      return exportSlices(parts, ids, withSecrets);
    },

    async test(id, actor) {
      const key = store.find(id);
      const result = await parts.probe(id);
      const detail = `${result.outcome} in ${Math.round(result.latencyMs)} ms: ${result.message}`;
      await parts.storage.keyEvents.insert(createEvent(clock, actor, "tested", detail, key));
      return result;
    },
  };
}

function countTags(keys: KeyGlance[]): TagCount[] {
  const counts = new Map<string, number>();
  for (const { key } of keys) for (const tag of key.tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  return Array.from(counts, ([tag, amount]) => ({ tag, keys: amount }))
    .sort((a, b) => b.keys - a.keys || (a.tag < b.tag ? -1 : 1))
    .slice(0, MAX_TAGS);
}

/** Those that are deleted meanwhile are left out. */
function* exportSlices(
  { pool, inventory }: OperationsParts,
  ids: string[],
  withSecrets: boolean,
): Iterable<ExportedKey[]> {
  for (let from = 0; from < ids.length; from += EXPORTED_AT_ONCE) {
    const views = ids.slice(from, from + EXPORTED_AT_ONCE).flatMap((id) => pool.view(id) ?? []);
    yield views.map((key) => ({
      key,
      secret: withSecrets ? inventory.secretOf(key.id) : null,
      pool: key.poolId === null ? null : (inventory.pools.get(key.poolId)?.name ?? null),
      upstream: inventory.upstreams.get(key.upstreamId)?.name ?? "",
    }));
  }
}
