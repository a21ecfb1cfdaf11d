import type { Clock } from "../../src/clock.ts";
import { WakeQueue } from "../../src/pool/wake-queue.ts";

/** A clock and what is to happen on it: time goes from one event to the next. */
export class SimClock implements Clock {
  #wall: number;
  #monotonic = 1_000;
  #ids = 0;
  #events = new WakeQueue<() => void>();

  constructor(
    startIso: string,
    readonly random: () => number,
  ) {
    this.#wall = Date.parse(startIso);
  }

  now = () => this.#wall;
  monotonic = () => this.#monotonic;
  id = () => `id-${++this.#ids}`;

  /** Someone sets the wall clock. */
  jump(ms: number): void {
    this.#wall += ms;
  }

  after(ms: number, event: () => void): void {
    this.#events.push(this.#monotonic + ms, event);
  }

  /** Again and again; `nextMs` says how long until the next time. */
  repeat(nextMs: () => number, event: () => void): void {
    this.after(nextMs(), () => {
      event();
      this.repeat(nextMs, event);
    });
  }

  run(ms: number): void {
    const until = this.#monotonic + ms;
    for (;;) {
      const at = this.#events.nextAt;
      if (at > until) break;
      this.#moveTo(at);
      this.#events.popDue(at)?.();
    }
    this.#moveTo(until);
  }

  #moveTo(at: number): void {
    const ms = Math.max(0, at - this.#monotonic);
    this.#wall += ms;
    this.#monotonic += ms;
  }
}
