import type { Clock } from "../clock.ts";

const LOOK_EVERY_MS = 250;
/** The longest lag of the window before and of the one under way is what is told: no scrape misses a peak. */
const WINDOW_MS = 30_000;

/** How much later than asked for timers run: what every stream waits when the program stands still. */
export class LoopLag {
  #longest = 0;
  #longestBefore = 0;
  #windowEnds = 0;
  #expected: number;
  readonly #timer: Timer;

  constructor(private readonly clock: Pick<Clock, "monotonic">) {
    this.#expected = clock.monotonic() + LOOK_EVERY_MS;
    this.#windowEnds = clock.monotonic() + WINDOW_MS;
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
    this.#timer.unref();
  }

  /** The longest of the last 30 to 60 s, in ms. */
  get longestMs(): number {
    return Math.max(this.#longest, this.#longestBefore);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = this.clock.monotonic();
    if (now >= this.#windowEnds) {
      this.#longestBefore = this.#longest;
      this.#longest = 0;
      this.#windowEnds = now + WINDOW_MS;
    }
    this.#longest = Math.max(this.#longest, now - this.#expected);
    this.#expected = now + LOOK_EVERY_MS;
  }
}
