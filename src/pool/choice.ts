import type { Clock } from "../clock.ts";
import { obstacleForAsk } from "./availability.ts";
import type { Entry } from "./entry.ts";
import type { Tier } from "./tier.ts";
import { type Ask, LAST_RANK } from "./types.ts";

/** A key that came back after failures has a tenth of its share at first, and all of it after this. */
const RAMP_MS = 10_000;
const FIRST_SHARE = 0.1;

/** Where round robin stands among one group of keys. */
export interface Rotation {
  slot: number;
  /** Requests that the present key has had in this turn. */
  used: number;
}

/** What a strategy sees of one request. There is one of it for the whole pool: nothing is made anew for a request. */
export class Choice {
  tier!: Tier;
  ask!: Ask;
  rotation!: Rotation;
  /** `rotation_request_count`. */
  turnLength = 1;
  /** Monotonic ms. */
  now = 0;
  /** Keys of a higher rank are left out as yet. */
  upToRank = LAST_RANK;
  /** Nothing is to change by it: somebody only wants to know. */
  isDryRun = false;
  /** Keys that came back just now, or that failed last, are to be spared. */
  spares = true;
  /** Whether one was. */
  hasSpared = false;
  readonly random: () => number;

  constructor(
    private readonly entries: readonly (Entry | undefined)[],
    clock: Clock,
  ) {
    this.random = clock.random;
  }

  entryAt(slot: number): Entry {
    return this.entries[slot] as Entry;
  }

  /** False for ready keys that cannot serve this very request: tried by it, of a host that is out, … */
  readonly accepts = (slot: number): boolean => {
    const entry = this.entries[slot] as Entry;
    if (this.leavesOut(entry) || obstacleForAsk(entry, this.ask, this.now) !== null) return false;
    if (!this.spares || !this.#isSpared(entry)) return true;
    this.hasSpared = true;
    return false;
  };

  /** This request alone cannot use the key, or not yet. */
  leavesOut({ key }: Entry): boolean {
    const { tried, mayUse, rank } = this.ask;
    if (tried.has(key.id)) return true;
    if (mayUse !== null && mayUse !== undefined && !mayUse(key.id, key.upstreamId)) return true;
    return rank !== null && rank !== undefined && rank(key.id, key.upstreamId) > this.upToRank;
  }

  #isSpared(entry: Entry): boolean {
    // Who has just failed elsewhere is led to a key that is known to be well.
    if (this.ask.tried.size > 0 && entry.state.strikes > 0) return true;
    const sinceMs = this.now - entry.recoveredAt;
    return sinceMs < RAMP_MS && this.random() >= Math.max(FIRST_SHARE, sinceMs / RAMP_MS);
  }
}
