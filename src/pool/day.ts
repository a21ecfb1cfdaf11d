import { dayIn, nextMidnight } from "../time-zone.ts";

/** A wall clock that was set back by no more than this goes on with the day that it had: no day is counted twice. */
const SMALL_STEP_BACK_MS = 26 * 3_600_000;
/** The same for a process that was restarted just then: a stored day may lie this far ahead, and is gone on with. */
const SMALL_STEP_BACK_OVER_RESTART_MS = 3 * 3_600_000;
/** Wall clock and monotonic clock drift a little without anyone setting either. */
const NO_STEP_MS = 500;

/** The calendar day that daily limits count by, in `daily_reset_time_zone`. */
export class Day {
  /** `YYYY-MM-DD` */
  name = "";
  /** When the next one begins. */
  endsAtMonotonic = 0;
  defaultLimit: number | null = null;
  #zone = "";
  #startedAt = 0;
  #endsAt = 0;
  #offset = 0;

  /** Goes by these settings from now on. */
  set(zone: string, defaultLimit: number | null, now: number, monotonic: number): void {
    this.defaultLimit = defaultLimit;
    if (zone === this.#zone) return;
    this.#zone = zone;
    this.#begin(now);
    this.#place(now, monotonic);
  }

  /**
   * Goes on with a day of which use is stored, if that has begun before the clock was set back a little. Answers
   * whether another day has begun.
   */
  resume(stored: string, now: number, monotonic: number): boolean {
    if (stored <= this.name || stored !== dayIn(now + SMALL_STEP_BACK_OVER_RESTART_MS, this.#zone)) {
      return false;
    }
    this.#begin(nextMidnight(now, this.#zone));
    this.#place(now, monotonic);
    return true;
  }

  /** Whether another day has begun. */
  pass(now: number, monotonic: number): boolean {
    if (now >= this.#endsAt || now < this.#startedAt - SMALL_STEP_BACK_MS) {
      this.#begin(now);
      this.#place(now, monotonic);
      return true;
    }
    if (Math.abs(now - monotonic - this.#offset) > NO_STEP_MS) this.#place(now, monotonic);
    return false;
  }

  /** Ms until the next one begins. */
  leftMs(monotonic: number): number {
    return Math.max(0, this.endsAtMonotonic - monotonic);
  }

  #begin(at: number): void {
    this.name = dayIn(at, this.#zone);
    this.#startedAt = at;
    this.#endsAt = nextMidnight(at, this.#zone);
  }

  #place(now: number, monotonic: number): void {
    this.#offset = now - monotonic;
    this.endsAtMonotonic = this.#endsAt - this.#offset;
  }
}
