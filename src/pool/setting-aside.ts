import type { Condition, Verdict } from "../types.ts";
import type { Cooldowns } from "./cooldowns.ts";
import type { Day } from "./day.ts";
import { type Entry, monotonicOf } from "./entry.ts";
import type { HealthContext } from "./health.ts";
import type { CoolReason, PoolOptions, PoolSettings } from "./types.ts";

/** The hands of `health`: what it decides is done here. There is one for the whole pool. */
export class SettingAside implements HealthContext {
  settings: PoolSettings;
  now = 0;
  monotonic = 0;

  constructor(
    private readonly options: PoolOptions,
    private readonly cooldowns: Cooldowns,
    private readonly day: Day,
  ) {
    this.settings = options.settings();
  }

  /** To be called before each use: the settings and the time that hold for it. */
  at(monotonic: number): this {
    this.settings = this.options.settings();
    this.now = this.options.clock.now();
    this.monotonic = monotonic;
    return this;
  }

  get untilDailyResetMs(): number {
    return this.day.leftMs(this.monotonic);
  }

  random(): number {
    return this.options.clock.random();
  }

  cool(entry: Entry, model: string, waitMs: number, why: CoolReason, isGuess: boolean): void {
    this.cooldowns.set(entry, model, waitMs, why, isGuess);
  }

  setCondition(entry: Entry, condition: Condition | null, verdict: Verdict): void {
    const isNews = entry.state.condition?.status !== condition?.status || condition?.status === "ejected";
    if (condition === null) entry.recoveredAt = this.monotonic;
    this.change(entry, condition);
    if (isNews) this.options.events.conditionChanged(entry.key.id, condition, verdict);
  }

  change(entry: Entry, condition: Condition | null): void {
    const { clock } = this.options;
    countAtHost(entry, -1);
    entry.state.condition = condition;
    entry.trialAt = condition === null ? 0 : monotonicOf(condition.until, clock.now(), clock.monotonic());
    countAtHost(entry, 1);
  }

  /** All is forgotten but the counters. */
  clear(entry: Entry): void {
    this.cooldowns.clear(entry);
    this.change(entry, null);
    Object.assign(entry.state, { strikes: 0, ejections: 0, unstatedLimits: 0, cooldowns: [] });
    entry.ownStrikes = 0;
    entry.headroom = null;
  }
}

/** Adds a key to its host's counts, or takes it out of them before something about it changes. */
export function countAtHost({ key, state, host }: Entry, by: 1 | -1): void {
  if (!key.enabled) return;
  host.enabledKeys += by;
  if (state.condition?.status === "ejected") host.ejectedKeys += by;
}
