import type { Durability } from "../storage/types.ts";
import type { Key, KeyEvent, KeyView } from "../types.ts";
import type { OperationsParts } from "./deps.ts";
import { createEvent, describeChanges } from "./key-events.ts";
import { KEY_FIELDS, KEY_LIMITS } from "./key-input.ts";
import { configOf, type KeyStore } from "./key-store.ts";
import type { Actor, BulkAction, BulkChange } from "./types.ts";

/** The fields whose change an event tells value by value. */
const TOLD_FIELDS = Object.entries(KEY_FIELDS)
  .filter(([field]) => field !== "secret" && field !== "enabled")
  .map(([field, { wireName }]) => ({ field: field as keyof Key, wireName: wireName.replace(/_id$/, "") }));

/** Does one kind of change to these keys, in one write. Answers the ids that it changed. */
type Work<Change> = (
  keys: KeyView[],
  change: Change,
  actor: Actor,
  durability?: Durability,
) => Promise<string[]>;

export interface KeyChanges {
  /** What an event tells of an edit: the fields that differ, ids replaced by names. */
  describe(before: Key, after: Key): string;
  switchEvent(key: Key, actor: Actor): KeyEvent;
  run: Work<BulkChange>;
}

/** What can be done to several keys at once; called one at a time, with what was checked (`keys.ts`). */
export function createKeyChanges(parts: OperationsParts, store: KeyStore): KeyChanges {
  const { inventory, clock } = parts;

  const told = (key: Key): Key => ({
    ...key,
    poolId: key.poolId === null ? null : (inventory.pools.get(key.poolId)?.name ?? key.poolId),
    upstreamId: inventory.upstreams.get(key.upstreamId)?.name ?? key.upstreamId,
  });
  const describe = (before: Key, after: Key) => describeChanges(told(before), told(after), TOLD_FIELDS);
  const switchEvent = (key: Key, actor: Actor) =>
    createEvent(clock, actor, key.enabled ? "enabled" : "disabled", "", key);
  const idsOf = (keys: Pick<Key, "id">[]) => keys.map(({ id }) => id);

  /** Writes those that `edit` makes different. */
  async function editAll(
    keys: KeyView[],
    edit: (key: Key) => Key,
    actor: Actor,
    durability?: Durability,
  ): Promise<string[]> {
    const edits = keys
      .map((view) => ({ before: configOf(view), after: edit(configOf(view)) }))
      .map((pair) => ({ ...pair, detail: describe(pair.before, pair.after) }))
      .filter(({ detail }) => detail !== "");
    if (edits.length === 0) return [];
    await store.apply(
      edits.map(({ after }) => ({ key: after, fresh: false })),
      edits.map(({ after, detail }) => createEvent(clock, actor, "edited", detail, after)),
      durability,
    );
    return idsOf(edits.map(({ after }) => after));
  }

  async function switchAll(keys: KeyView[], enabled: boolean, actor: Actor, durability?: Durability) {
    const switched = keys.filter((key) => key.enabled !== enabled);
    // Enabling one that is enabled clears what holds it back.
    const touched = enabled ? keys : switched;
    if (touched.length > 0) {
      await store.apply(
        touched.map((key) => ({ key: { ...configOf(key), enabled }, fresh: enabled })),
        switched.map((key) => switchEvent({ ...key, enabled }, actor)),
        durability,
      );
    }
    return idsOf(touched);
  }

  const work: { [Action in BulkAction]: Work<Extract<BulkChange, { action: Action }>> } = {
    enable: (keys, _, actor, durability) => switchAll(keys, true, actor, durability),
    disable: (keys, _, actor, durability) => switchAll(keys, false, actor, durability),
    async delete(keys, _, actor, durability) {
      const events = keys.map((key) => createEvent(clock, actor, "deleted", key.maskedSecret, key));
      if (keys.length > 0) await store.remove(idsOf(keys), events, durability);
      return idsOf(keys);
    },
    async reset(keys, _, actor) {
      const events = keys.map((key) => createEvent(clock, actor, "reset", key.statusReason ?? "", key));
      if (keys.length > 0) await store.clear(keys, events);
      return idsOf(keys);
    },
    move: (keys, { poolId }, actor, durability) =>
      editAll(keys, (key) => ({ ...key, poolId }), actor, durability),
    set_limits: (keys, { limits }, actor, durability) =>
      editAll(keys, (key) => ({ ...key, ...limits }), actor, durability),
    add_tags: (keys, { tags }, actor, durability) =>
      editAll(keys, (key) => ({ ...key, tags: withTags(key.tags, tags) }), actor, durability),
    remove_tags: (keys, { tags }, actor, durability) =>
      editAll(
        keys,
        (key) => ({ ...key, tags: key.tags.filter((tag) => !tags.includes(tag)) }),
        actor,
        durability,
      ),
  };

  return {
    describe,
    switchEvent,
    run: (keys, change, actor, durability) =>
      (work[change.action] as Work<BulkChange>)(keys, change, actor, durability),
  };
}

/** A key that has as many tags as it may keeps those that it has. */
function withTags(tags: string[], more: string[]): string[] {
  return [...new Set([...tags, ...more])].slice(0, Math.max(KEY_LIMITS.maxTags, tags.length));
}
