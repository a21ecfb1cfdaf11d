/** Time and chance, handed in everywhere, so that a year of traffic runs inside a test. */
export interface Clock {
  /** Wall clock, epoch ms: for records, days and what people read. May jump. */
  now(): number;
  /** Monotonic ms since an arbitrary start: for waits and durations. Never jumps. */
  monotonic(): number;
  /** A number in [0, 1). Never for secrets (see `secrets.ts`). */
  random(): number;
  /** A time-ordered id (UUIDv7). */
  id(): string;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  random: () => Math.random(),
  id: () => Bun.randomUUIDv7(),
};
