import type { Clock } from "../clock.ts";
import type { Cooldown } from "../types.ts";
import { type Entry, EVERY_MODEL } from "./entry.ts";
import type { Lanes } from "./lanes.ts";
import type { CoolReason, PoolEvents } from "./types.ts";

/** Cooldowns for models of their own that a key remembers; beyond it the one that ends first is forgotten. */
const MAX_PER_KEY = 200;
const LONGEST_WAIT_MS = 7 * 86_400_000;

/** Sets and ends the cooldowns of keys. Who calls it refreshes the key afterwards. */
export class Cooldowns {
  constructor(
    private readonly clock: Clock,
    private readonly events: PoolEvents,
    private readonly lanes: Lanes,
  ) {}

  /** A shorter one does not replace a longer one. */
  set(entry: Entry, model: string, waitMs: number, why: CoolReason, isGuess: boolean): void {
    const wait = Math.min(Math.max(0, Math.ceil(waitMs)), LONGEST_WAIT_MS);
    const untilMonotonic = this.clock.monotonic() + wait;
    const before = entry.cooldowns.get(model);
    if (before !== undefined && before.untilMonotonic >= untilMonotonic) return;
    const cooldown: Cooldown = {
      model: model === EVERY_MODEL ? null : model,
      until: this.clock.now() + wait,
      reason: why.reason,
      outcome: why.outcome,
    };
    if (before === undefined && model !== EVERY_MODEL) {
      this.lanes.modelCools(model);
      if (entry.cooldowns.size >= MAX_PER_KEY) this.#forgetShortest(entry);
    }
    entry.cooldowns.set(model, { untilMonotonic, cooldown, isGuess });
    this.#toState(entry);
    this.events.cooled(entry.key.id, cooldown, wait);
  }

  endDue(entry: Entry, now: number): void {
    for (const [model, { untilMonotonic }] of entry.cooldowns) {
      if (untilMonotonic <= now) this.#end(entry, model);
    }
  }

  /** Takes back what was guessed at or after this moment: it turned out not to be the key's fault. */
  forgiveGuesses(entry: Entry, since: number): void {
    if (entry.guessedAt < since) return;
    for (const [model, { isGuess }] of entry.cooldowns) if (isGuess) this.#end(entry, model);
    entry.state.unstatedLimits = Math.max(0, entry.state.unstatedLimits - 1);
  }

  clear(entry: Entry): void {
    for (const model of entry.cooldowns.keys()) this.#end(entry, model);
  }

  #forgetShortest(entry: Entry): void {
    let shortest: string | null = null;
    let at = Number.POSITIVE_INFINITY;
    for (const [model, { untilMonotonic }] of entry.cooldowns) {
      if (model === EVERY_MODEL || untilMonotonic >= at) continue;
      shortest = model;
      at = untilMonotonic;
    }
    if (shortest !== null) this.#end(entry, shortest);
  }

  #end(entry: Entry, model: string): void {
    if (!entry.cooldowns.delete(model)) return;
    if (model !== EVERY_MODEL) this.lanes.modelCooled(model);
    this.#toState(entry);
  }

  #toState(entry: Entry): void {
    entry.state.cooldowns = Array.from(entry.cooldowns.values(), (running) => running.cooldown);
  }
}
