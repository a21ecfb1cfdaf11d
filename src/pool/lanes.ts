import { type Entry, EVERY_MODEL } from "./entry.ts";
import { Tier } from "./tier.ts";

/** The scope of all keys; every other scope is a pool's id. */
export const ALL_POOLS = "";
/** A model's own lanes are kept after its last cooldown has ended, for the next one; beyond this not. */
const MAX_IDLE_MODELS = 32;

type IsReady = (entry: Entry, model: string) => boolean;

/** The keys of one scope for one model, by priority; the lowest number first. */
class Lane {
  readonly tiers: Tier[] = [];

  set(entry: Entry, ready: boolean): void {
    this.#tierOf(entry.key.priority).set(entry, ready);
  }

  remove(entry: Entry): void {
    const index = this.tiers.findIndex(({ priority }) => priority === entry.key.priority);
    const tier = this.tiers[index];
    tier?.remove(entry.slot);
    if (tier?.isEmpty) this.tiers.splice(index, 1);
  }

  #tierOf(priority: number): Tier {
    let index = 0;
    while (index < this.tiers.length && (this.tiers[index] as Tier).priority < priority) index += 1;
    const found = this.tiers[index];
    if (found?.priority === priority) return found;
    const made = new Tier(priority);
    this.tiers.splice(index, 0, made);
    return made;
  }
}

/**
 * One lane for each scope and, where a model has cooldowns of its own, for each scope and model. Lanes are kept up
 * to date as keys change, never filtered afresh for a request.
 */
export class Lanes {
  #lanes = new Map<string, Map<string, Lane>>();
  /** How many keys cool for a model of their own. */
  #coolingKeys = new Map<string, number>();
  #idleModels = new Set<string>();

  constructor(
    private readonly entries: () => Iterable<Entry>,
    private readonly isReady: IsReady,
  ) {}

  tiers(scope: string, model: string): readonly Tier[] {
    const wanted = this.#coolingKeys.has(model) ? model : EVERY_MODEL;
    let lanes = this.#lanes.get(scope);
    if (lanes === undefined) {
      lanes = new Map();
      this.#lanes.set(scope, lanes);
    }
    let lane = lanes.get(wanted);
    if (lane === undefined) {
      lane = new Lane();
      for (const entry of this.entries()) {
        if (scope === ALL_POOLS || entry.key.poolId === scope) lane.set(entry, this.isReady(entry, wanted));
      }
      lanes.set(wanted, lane);
    }
    return lane.tiers;
  }

  /** To be called after anything changed that decides whether this key may be chosen. */
  refresh(entry: Entry): void {
    for (const lanes of this.#lanesOf(entry)) {
      for (const [model, lane] of lanes) lane.set(entry, this.isReady(entry, model));
    }
  }

  /** Takes the key out of every lane, before its configuration changes or it is removed. */
  remove(entry: Entry): void {
    for (const lanes of this.#lanesOf(entry)) for (const lane of lanes.values()) lane.remove(entry);
  }

  modelCools(model: string): void {
    this.#idleModels.delete(model);
    this.#coolingKeys.set(model, (this.#coolingKeys.get(model) ?? 0) + 1);
  }

  modelCooled(model: string): void {
    const left = (this.#coolingKeys.get(model) ?? 1) - 1;
    if (left > 0) {
      this.#coolingKeys.set(model, left);
      return;
    }
    this.#coolingKeys.delete(model);
    this.#idleModels.add(model);
    if (this.#idleModels.size <= MAX_IDLE_MODELS) return;
    for (const idle of this.#idleModels) for (const lanes of this.#lanes.values()) lanes.delete(idle);
    this.#idleModels.clear();
  }

  #lanesOf(entry: Entry): Map<string, Lane>[] {
    const found: Map<string, Lane>[] = [];
    const ofAll = this.#lanes.get(ALL_POOLS);
    if (ofAll !== undefined) found.push(ofAll);
    const ofPool = entry.key.poolId === null ? undefined : this.#lanes.get(entry.key.poolId);
    if (ofPool !== undefined) found.push(ofPool);
    return found;
  }
}
