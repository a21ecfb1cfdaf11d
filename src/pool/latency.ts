/** The weight of what was measured falls to 37 % in this time. */
const MEMORY_MS = 30_000;
/** What a key whose speed is not known yet is taken for while it serves a request. */
const UNKNOWN_MS = 1_000;

/**
 * Time to the first byte as a peak-sensitive moving average (as Finagle's): a worse value counts at once, a better
 * one by and by, and what is not measured again is forgotten, so that a slow key gets another chance.
 */
export class Latency {
  #averageMs = 0;
  #at = Number.NEGATIVE_INFINITY;

  learn(ttftMs: number, now: number): void {
    const old = this.#fadedAt(now);
    const weight = Math.exp(-Math.max(0, now - this.#at) / MEMORY_MS);
    this.#averageMs = ttftMs >= old ? ttftMs : this.#averageMs * weight + ttftMs * (1 - weight);
    this.#at = now;
  }

  /** How long a further request would wait here, about. */
  cost(inFlight: number, now: number): number {
    const average = this.#fadedAt(now);
    if (average === 0) return inFlight * UNKNOWN_MS;
    return average * (inFlight + 1);
  }

  #fadedAt(now: number): number {
    if (this.#averageMs === 0) return 0;
    return this.#averageMs * Math.exp(-Math.max(0, now - this.#at) / MEMORY_MS);
  }
}
