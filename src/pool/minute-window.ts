const BUCKET_MS = 1_000;
/** A count is forgotten at least 61 s after it was made: what arrives upstream late still keeps within its minute. */
const BUCKETS = 62;

/**
 * What was used within the last minute, by the second. Never too low: a limit that is kept here is kept in every
 * 60 s. Times: monotonic ms.
 */
export class MinuteWindow {
  #counts = new Float64Array(BUCKETS);
  #sum = 0;
  /** The second that counts are added to. */
  #second = 0;

  add(amount: number, now: number): void {
    this.#turnTo(now);
    this.#counts[this.#second % BUCKETS]! += amount;
    this.#sum += amount;
  }

  sum(now: number): number {
    this.#turnTo(now);
    return this.#sum;
  }

  /** The first moment from `now` on at which the sum is at most `atMost`. */
  fallsTo(atMost: number, now: number): number {
    this.#turnTo(now);
    let left = this.#sum;
    for (let age = BUCKETS - 1; age >= 0 && left > atMost; age -= 1) {
      left -= this.#counts[(this.#second - age + BUCKETS) % BUCKETS] as number;
      if (left <= atMost) return (this.#second - age + BUCKETS) * BUCKET_MS;
    }
    return now;
  }

  #turnTo(now: number): void {
    const second = Math.max(this.#second, Math.floor(now / BUCKET_MS));
    const steps = Math.min(second - this.#second, BUCKETS);
    for (let step = 0; step < steps; step += 1) {
      const place = (second - step) % BUCKETS;
      this.#sum -= this.#counts[place] as number;
      this.#counts[place] = 0;
    }
    this.#second = second;
  }
}
