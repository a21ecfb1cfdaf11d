import { nextChangeAt } from "./availability.ts";
import type { Cooldowns } from "./cooldowns.ts";
import type { Day } from "./day.ts";
import type { Entry } from "./entry.ts";
import type { KeyTable } from "./key-table.ts";
import type { Moment } from "./key-view.ts";
import type { Lanes } from "./lanes.ts";
import type { RefusalMemory } from "./refusal.ts";
import type { PoolOptions } from "./types.ts";
import { WakeQueue } from "./wake-queue.ts";

/** Keeps what is derived from the keys' states up to date, as they change and as time passes. */
export class Upkeep {
  #wake = new WakeQueue<Entry>();

  constructor(
    private readonly options: PoolOptions,
    private readonly keys: KeyTable,
    private readonly lanes: Lanes,
    private readonly cooldowns: Cooldowns,
    private readonly refusals: RefusalMemory,
    private readonly day: Day,
  ) {
    this.readSettings();
  }

  /** To be called before anything is read: what became due by now is done. Answers the time, monotonic ms. */
  passTime(): number {
    const now = this.options.clock.monotonic();
    for (let entry = this.#wake.popDue(now); entry !== undefined; entry = this.#wake.popDue(now)) {
      entry.wakeAt = Number.POSITIVE_INFINITY;
      if (!entry.removed) this.refresh(entry, now);
    }
    if (this.day.pass(this.options.clock.now(), now)) this.refreshAll(now);
    return now;
  }

  /** The present, with all that is due by now. */
  moment(): Moment {
    const monotonic = this.passTime();
    return { now: this.options.clock.now(), monotonic, day: this.day };
  }

  readSettings(): void {
    const { clock, settings } = this.options;
    const { dailyResetTimeZone, defaultDailyLimit } = settings();
    this.day.set(dailyResetTimeZone, defaultDailyLimit, clock.now(), clock.monotonic());
  }

  /** To be called for a key that was known before a restart. */
  restored(entry: Entry, now: number): void {
    if (this.day.resume(entry.state.dailyDay, this.options.clock.now(), now)) this.refreshAll(now);
    else this.refresh(entry, now);
  }

  refreshAll(now: number): void {
    for (const entry of this.keys.all()) this.refresh(entry, now);
  }

  /** To be called after anything about a key changed. */
  refresh(entry: Entry, now: number): void {
    this.refusals.forget();
    if (entry.cooldowns.size > 0) this.cooldowns.endDue(entry, now);
    this.lanes.refresh(entry);
    const at = nextChangeAt(entry, now, this.day);
    if (at >= entry.wakeAt) return;
    entry.wakeAt = at;
    this.#wake.push(at, entry);
  }
}
