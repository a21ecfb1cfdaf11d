import type { Clock } from "../clock.ts";

/** Something with a deadline; `due` may be moved at any time by plain assignment. */
export interface Watched {
  /** On the ticker's time (`Ticker.now`); `Infinity` for none. */
  due: number;
  expire(): void;
}

/** The loop stood still if a tick comes this many intervals late. */
const LATE_TICKS = 3;

/**
 * One coarse timer for all deadlines: moving a deadline costs an addition, not a timer and not even a
 * look at the clock. It runs only while something is watched and never keeps the process alive.
 * Deadlines are met late by at most two ticks, never early.
 */
export class Ticker {
  /** Monotonic ms as of the last tick. */
  now: number;
  #watched = new Set<Watched>();
  #timer: Timer | null = null;
  #forgiven = false;

  constructor(
    private readonly clock: Clock,
    private readonly tickMs: number,
  ) {
    this.now = clock.monotonic();
  }

  watch(watched: Watched): void {
    this.#watched.add(watched);
    if (this.#timer) return;
    this.now = this.clock.monotonic();
    this.#timer = setInterval(() => this.#tick(), this.tickMs);
    this.#timer.unref();
  }

  unwatch(watched: Watched): void {
    this.#watched.delete(watched);
  }

  /** The moment `ms` from now; a tick is added because `now` may lag by one. */
  after(ms: number): number {
    if (!this.#timer) this.now = this.clock.monotonic();
    return this.now + ms + this.tickMs;
  }

  #tick(): void {
    const now = this.clock.monotonic();
    const late = now - this.now > LATE_TICKS * this.tickMs;
    this.now = now;
    if (this.#watched.size === 0) {
      clearInterval(this.#timer!);
      this.#timer = null;
      return;
    }
    // After a standstill what arrived meanwhile is read before anybody is told that nothing came.
    this.#forgiven = late && !this.#forgiven;
    if (this.#forgiven) return;
    for (const watched of this.#watched) if (watched.due <= now) watched.expire();
  }
}
