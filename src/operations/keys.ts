import { maskSecret } from "../secrets.ts";
import { ConflictError, KEY_STATUSES, type Key, type KeyStatus } from "../types.ts";
import type { OperationsParts } from "./deps.ts";
import { createEvent, describeChanges } from "./key-events.ts";
import { createKeyImport, tooManyKeys } from "./key-import.ts";
import { KEY_FIELDS, KEY_LIMITS, readKeyFields } from "./key-input.ts";
import { listKeys } from "./key-list.ts";
import { configOf, type KeyStore } from "./key-store.ts";
import { referenceProblems, refuseProblems } from "./references.ts";
import { keyRevision, refuseChanged } from "./revision.ts";
import type { Actor, KeyOperations, KeyPatch } from "./types.ts";

/** The fields whose change an event tells value by value. */
const TOLD_FIELDS = Object.entries(KEY_FIELDS)
  .filter(([field]) => field !== "secret" && field !== "enabled")
  .map(([field, { wireName }]) => ({ field: field as keyof Key, wireName: wireName.replace(/_id$/, "") }));

export function createKeyOperations(parts: OperationsParts, store: KeyStore): KeyOperations {
  const { pool, inventory, secretBox, clock, change } = parts;
  const importKeys = createKeyImport(parts, store);

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

  /** Ids replaced by names, for the event. */
  const told = (key: Key): Key => ({
    ...key,
    poolId: key.poolId === null ? null : (inventory.pools.get(key.poolId)?.name ?? key.poolId),
    upstreamId: inventory.upstreams.get(key.upstreamId)?.name ?? key.upstreamId,
  });
  const switchEvent = (key: Key, actor: Actor) =>
    createEvent(clock, actor, key.enabled ? "enabled" : "disabled", "", key);

  return {
    list: async (query) => listKeys(pool.views(), query),
    counts() {
      const counts = Object.fromEntries(KEY_STATUSES.map((status) => [status, 0])) as Record<
        KeyStatus,
        number
      >;
      for (const { status } of pool.views()) counts[status] += 1;
      return counts;
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

    addMany: (text, shared, actor) => change(() => importKeys(text, shared, actor)),

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
        const changes = [describeChanges(told(before), told(after), TOLD_FIELDS)];
        if (secret !== undefined) changes.push(`secret replaced by ${after.maskedSecret}`);
        const detail = changes.filter((text) => text !== "").join("; ");

        const switched = after.enabled !== before.enabled;
        const events = detail === "" ? [] : [createEvent(clock, actor, "edited", detail, after)];
        if (switched) events.push(switchEvent(after, actor));
        if (events.length > 0) {
          const fresh = moved || (switched && after.enabled);
          await store.apply([{ key: after, secret, fresh }], events);
        }
        return store.find(id);
      }),

    setEnabled: (ids, enabled, actor) =>
      change(async () => {
        const keys = store.findAll(ids);
        const switched = keys.filter((key) => key.enabled !== enabled);
        const touched = enabled ? keys : switched;
        if (touched.length === 0) return;
        await store.apply(
          touched.map((key) => ({ key: { ...configOf(key), enabled }, fresh: enabled })),
          switched.map((key) => switchEvent({ ...key, enabled }, actor)),
        );
      }),

    move: (ids, poolId, actor) =>
      change(async () => {
        refuseProblems(referenceProblems(inventory, { poolId }));
        const moves = store
          .findAll(ids)
          .filter((key) => key.poolId !== poolId)
          .map((key) => ({ before: configOf(key), after: { ...configOf(key), poolId } }));
        if (moves.length === 0) return;
        await store.apply(
          moves.map(({ after }) => ({ key: after, fresh: false })),
          moves.map(({ before, after }) =>
            createEvent(
              clock,
              actor,
              "edited",
              describeChanges(told(before), told(after), TOLD_FIELDS),
              after,
            ),
          ),
        );
      }),

    remove: (ids, actor, seen) =>
      change(async () => {
        const keys = store.findAll(ids);
        for (const key of keys) refuseChanged(seen, keyRevision(key));
        const events = keys.map((key) => createEvent(clock, actor, "deleted", key.maskedSecret, key));
        if (keys.length > 0)
          await store.remove(
            keys.map(({ id }) => id),
            events,
          );
      }),

    reset: (ids, actor) =>
      change(async () => {
        const keys = store.findAll(ids);
        const events = keys.map((key) => createEvent(clock, actor, "reset", key.statusReason ?? "", key));
        if (keys.length > 0) await store.clear(keys, events);
      }),

    async test(id, actor) {
      const key = store.find(id);
      const result = await parts.probe(id);
      const detail = `${result.outcome} in ${Math.round(result.latencyMs)} ms: ${result.message}`;
      await parts.storage.keyEvents.insert(createEvent(clock, actor, "tested", detail, key));
      return result;
    },
  };
}
