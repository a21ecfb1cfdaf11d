import type { Clock } from "../../src/clock.ts";

/** A clock that only moves when told; wall clock and monotonic clock can be moved apart. */
export interface ManualClock extends Clock {
  /** Both clocks go on by this many ms. */
  advance(ms: number): void;
  /** The wall clock alone jumps, as when someone sets it. */
  jump(ms: number): void;
}

export function manualClock(startIso = "2026-11-24T12:00:00Z", seed = 1): ManualClock {
  let wall = Date.parse(startIso);
  let monotonic = 1_000;
  let state = seed >>> 0;
  let ids = 0;
  return {
    now: () => wall,
    monotonic: () => monotonic,
    random() {
      // mulberry32
      state = (state + 0x6d2b79f5) >>> 0;
      let t = state;
      t = Math.imul(t ^ (t >>> 15), t | 1);
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
      return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
    },
    id() {
      ids += 1;
      return `id-${String(ids).padStart(6, "0")}`;
    },
    advance(ms) {
      wall += ms;
      monotonic += ms;
    },
    jump(ms) {
      wall += ms;
    },
  };
}
