import { maskSecret } from "../../secrets.ts";
import { Problem } from "../../setting-types.ts";
import type { StoredKey } from "../../storage/types.ts";
import type { KeyEvent, KeyState, Pool } from "../../types.ts";
import type { OperationsParts } from "../deps.ts";
import { createEvent } from "../key-events.ts";
import { KEY_LIMITS } from "../key-input.ts";
import type { Actor, MigrationReport } from "../types.ts";
import { type EarlierKey, readEarlierKey, stateOf, unknownFields } from "./keys.ts";

/** How many entries that were passed over a report names one by one. */
const MAX_TOLD = 1_000;

export interface KeyPlan {
  keys: { stored: StoredKey; secret: string; state: KeyState }[];
  events: KeyEvent[];
  report: MigrationReport["keys"];
  notes: string[];
  /** Our ids by the earlier version's. */
  ids: Map<string, string>;
  /** The masks of all secrets that were read, for texts in which they occur. */
  masks: Map<string, string>;
}

/** Which of these entries become keys, and why the others don't. Nothing is changed. */
export function planKeys(
  parts: OperationsParts,
  sources: { name: string; rows: readonly unknown[] }[],
  to: { upstreamId: string; poolOf(profile: string | null): Pool | null; actor: Actor },
): KeyPlan {
  const { inventory, pool, clock, secretBox, settings } = parts;
  const plan: KeyPlan = {
    keys: [],
    events: [],
    report: { added: 0, disabled: 0, present: 0, skipped: [] },
    notes: [],
    ids: new Map(),
    masks: new Map(),
  };
  const now = clock.now();
  const nextName = inventory.keyNames();
  const chosen = new Map<string, string>();
  const usedIds = new Set<string>();
  const holderOf = (fingerprint: string): string | null => {
    for (const { id } of inventory.upstreams.values()) {
      const holder = inventory.holderOf(id, fingerprint);
      if (holder !== null) return holder;
    }
    return null;
  };
  const skip = (what: string, reason: string) => {
    if (plan.report.skipped.length < MAX_TOLD) plan.report.skipped.push({ what, reason });
  };

  function take(key: EarlierKey, what: string): void {
    plan.masks.set(key.secret, maskSecret(key.secret));
    const fingerprint = secretBox.fingerprint(key.secret);
    const earlier = chosen.get(fingerprint);
    const holder = earlier ?? holderOf(fingerprint);
    if (holder !== null) {
      if (key.id !== null && !plan.ids.has(key.id)) plan.ids.set(key.id, holder);
      if (earlier === undefined) plan.report.present += 1;
      else skip(what, "its secret stands in an entry before it");
      return;
    }
    const isFree = key.id !== null && !usedIds.has(key.id) && pool.view(key.id) === null;
    const id = key.id !== null && isFree ? key.id : clock.id();
    const stored: StoredKey = {
      id,
      name: key.name ?? nextName(),
      maskedSecret: maskSecret(key.secret),
      sealedSecret: secretBox.seal(key.secret),
      fingerprint,
      poolId: to.poolOf(key.profile)?.id ?? null,
      upstreamId: to.upstreamId,
      tags: [],
      weight: KEY_LIMITS.weight.default,
      priority: KEY_LIMITS.priority.default,
      enabled: key.enabled,
      dailyLimit: key.dailyLimit,
      rpmLimit: null,
      tpmLimit: null,
      maxConcurrency: null,
      // One after the other, so that they stay in their order.
      createdAt: now + plan.keys.length,
    };
    const state = stateOf(key, id, now, settings.current.dailyResetTimeZone);
    chosen.set(fingerprint, id);
    usedIds.add(id);
    if (key.id !== null) plan.ids.set(key.id, id);
    plan.keys.push({ stored, secret: key.secret, state });
    plan.events.push(createEvent(clock, to.actor, "added", "taken over from the earlier version", stored));
    if (!key.enabled) plan.report.disabled += 1;
  }

  const unknown = new Set<string>();
  for (const { name, rows } of sources) {
    for (const [index, row] of rows.entries()) {
      const what = `${name}, entry ${index + 1}`;
      const key = readEarlierKey(row);
      for (const field of unknownFields(row)) unknown.add(field);
      if (key instanceof Problem) skip(what, key.text);
      else take(key, key.name === null ? what : `${what} "${key.name}"`);
    }
  }
  plan.report.added = plan.keys.length;
  if (unknown.size > 0) {
    const names = [...unknown].slice(0, 20).join(", ");
    plan.notes.push(`Fields of keys that the earlier version did not know were left out: ${names}.`);
  }
  return plan;
}
