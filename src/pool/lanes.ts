import { type Entry, EVERY_MODEL } from "./entry.ts";
import { ReadySet } from "./ready-set.ts";

/** The scope of all keys; every other scope is a pool's id. */
export const ALL_POOLS = "";

type IsReady = (entry: Entry, model: string) => boolean;

/**
 * One ready set for each scope and, where a model has cooldowns of its own, for each scope and model. Sets are
 * kept up to date as keys change, never filtered afresh for a request.
 */
export class Lanes {
  #lanes = new Map<string, Map<string, ReadySet>>();
  /** How many keys cool for a model of their own. */
  #coolingKeys = new Map<string, number>();

  constructor(
    private readonly entries: () => Iterable<Entry>,
    private readonly isReady: IsReady,
  ) {}

  ready(scope: string, model: string): ReadySet {
    const lane = this.#coolingKeys.has(model) ? model : EVERY_MODEL;
    let lanes = this.#lanes.get(scope);
    if (lanes === undefined) {
      lanes = new Map();
      this.#lanes.set(scope, lanes);
    }
    let ready = lanes.get(lane);
    if (ready === undefined) {
      ready = new ReadySet();
      for (const entry of this.entries()) {
        if (inScope(entry, scope)) ready.set(entry.slot, this.isReady(entry, lane));
      }
      lanes.set(lane, ready);
    }
    return ready;
  }

  /** To be called after anything changed that decides whether this key may be chosen. */
  refresh(entry: Entry): void {
    for (const [scope, lanes] of this.#lanes) {
      if (!inScope(entry, scope)) continue;
      for (const [model, ready] of lanes) ready.set(entry.slot, this.isReady(entry, model));
    }
  }

  /** Takes the key out of every set, before its pool changes or it is removed. */
  remove(entry: Entry): void {
    for (const lanes of this.#lanes.values()) {
      for (const ready of lanes.values()) ready.set(entry.slot, false);
    }
  }

  modelCools(model: string): void {
    this.#coolingKeys.set(model, (this.#coolingKeys.get(model) ?? 0) + 1);
  }

  modelCooled(model: string): void {
    const left = (this.#coolingKeys.get(model) ?? 1) - 1;
    if (left > 0) {
      this.#coolingKeys.set(model, left);
      return;
    }
    this.#coolingKeys.delete(model);
    for (const lanes of this.#lanes.values()) lanes.delete(model);
  }
}

function inScope(entry: Entry, scope: string): boolean {
  return scope === ALL_POOLS || entry.key.poolId === scope;
}
