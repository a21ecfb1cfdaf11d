import type { Strategy } from "../types.ts";
import { Choice, type Rotation } from "./choice.ts";
import { type Entry, EVERY_MODEL } from "./entry.ts";
import type { Hosts } from "./host.ts";
import type { KeyTable } from "./key-table.ts";
import { ALL_POOLS, type Lanes } from "./lanes.ts";
import { strategies } from "./strategies.ts";
import { type Ask, LAST_RANK, type PoolOptions } from "./types.ts";

const MAX_GUIDED_ROTATIONS = 500;

export interface Chosen {
  entry: Entry;
  /** For people, in a few words. */
  because: string;
}

/** Leads a request to its lane, through the priorities of it, and has the strategy pick. */
export class Chooser {
  #rotations = new Map<string, Rotation>();
  #guided = new Map<string, Rotation>();
  #choice: Choice;

  constructor(
    private readonly options: PoolOptions,
    private readonly lanes: Lanes,
    private readonly hosts: Hosts,
    keys: KeyTable,
  ) {
    this.#choice = new Choice(keys.bySlot, options.clock);
  }

  /** Null where no key can serve this request now. A dry run changes nothing. */
  choose(ask: Ask, now: number, isDryRun: boolean): Chosen | null {
    if (!this.hosts.someAdmit(now)) return null;
    const settings = this.options.settings();
    const strategy = ask.strategy ?? settings.strategy;
    const scope = ask.poolId ?? ALL_POOLS;
    const isGuided = (ask.rank ?? ask.mayUse ?? null) !== null;
    const choice = this.#choice;
    choice.ask = ask;
    choice.now = now;
    choice.isDryRun = isDryRun;
    choice.turnLength = settings.rotationRequestCount;
    choice.rotation = isGuided ? this.#guidedRotation(scope, ask) : this.#rotation(scope);
    const tiers = this.lanes.tiers(scope, ask.model ?? EVERY_MODEL);
    const firstRank = (ask.rank ?? null) === null ? LAST_RANK : 0;
    for (choice.upToRank = firstRank; choice.upToRank <= LAST_RANK; choice.upToRank += 1) {
      for (const tier of tiers) {
        if (tier.ready.size === 0) continue;
        choice.tier = tier;
        const slot = pick(choice, strategy);
        if (slot < 0) continue;
        const entry = choice.entryAt(slot);
        if (strategy === "round_robin" && !isDryRun && !isGuided) {
          this.options.events.rotated(scope, entry.key.id, choice.rotation.used);
        }
        return { entry, because: because(strategy, choice) };
      }
    }
    return null;
  }

  /** Round robin goes on from where it stood. */
  restoreRotation(scope: string, slot: number, used: number): void {
    this.#rotations.set(scope, { slot, used });
  }

  /** Requests that may go to some of the keys only have a turn of their own, or they would upset the others'. */
  #guidedRotation(scope: string, { model, mayUse }: Ask): Rotation {
    const name = `${scope}\n${model ?? ""}${(mayUse ?? null) === null ? "" : "\nrestricted"}`;
    let rotation = this.#guided.get(name);
    if (rotation === undefined) {
      if (this.#guided.size >= MAX_GUIDED_ROTATIONS) this.#guided.clear();
      rotation = { slot: -1, used: 0 };
      this.#guided.set(name, rotation);
    }
    return rotation;
  }

  #rotation(scope: string): Rotation {
    let rotation = this.#rotations.get(scope);
    if (rotation === undefined) {
      rotation = { slot: -1, used: 0 };
      this.#rotations.set(scope, rotation);
    }
    return rotation;
  }
}

/** Where all that could serve are to be spared, none is. */
function pick(choice: Choice, strategy: Strategy): number {
  choice.spares = true;
  choice.hasSpared = false;
  const slot = strategies[strategy](choice);
  if (slot >= 0 || !choice.hasSpared) return slot;
  choice.spares = false;
  return strategies[strategy](choice);
}

function because(strategy: Strategy, { ask, rotation, turnLength, tier }: Choice): string {
  const turn = strategy === "round_robin" ? ` ${rotation.used}/${turnLength}` : "";
  const priority = tier.priority === 0 ? "" : `, priority ${tier.priority}`;
  const why = `${strategy}${turn}${priority}`;
  return ask.tried.size === 0 ? why : `failover ${ask.tried.size}, ${why}`;
}
