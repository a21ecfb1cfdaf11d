import type { Strategy } from "../types.ts";
import type { Entry } from "./entry.ts";
import type { ReadySet } from "./ready-set.ts";

/** Where round robin stands among one group of keys. */
export interface Rotation {
  slot: number;
  /** Requests that the present key has had in this turn. */
  used: number;
}

export interface Choice {
  /** Never empty. */
  ready: ReadySet;
  entryAt(slot: number): Entry;
  /** False for keys that this request has tried, and for those of a host that is out. */
  accepts(slot: number): boolean;
  rotation: Rotation;
  /** `rotation_request_count`. */
  turnLength: number;
  random(): number;
}

/** A strategy that ranks looks at no more keys than this, however many there are. */
const SAMPLES = 16;

/** Each picks one acceptable slot of the ready set, or answers -1 where none is acceptable. */
type Pick = (choice: Choice) => number;

const roundRobin: Pick = ({ ready, accepts, rotation, turnLength }) => {
  const { slot } = rotation;
  if (slot >= 0 && rotation.used < turnLength && ready.has(slot) && accepts(slot)) {
    rotation.used += 1;
    return slot;
  }
  let next = slot;
  for (let seen = 0; seen < ready.size; seen += 1) {
    next = ready.nextAfter(next);
    if (!accepts(next)) continue;
    rotation.slot = next;
    rotation.used = 1;
    return next;
  }
  return -1;
};

const random: Pick = ({ ready, accepts, random }) => {
  const start = Math.floor(random() * ready.size);
  for (let step = 0; step < ready.size; step += 1) {
    const slot = ready.at((start + step) % ready.size);
    if (accepts(slot)) return slot;
  }
  return -1;
};

/** The acceptable key with the lowest rank among up to 16, looked at from a random place on. */
function lowest(choice: Choice, rank: (entry: Entry) => number): number {
  const { ready } = choice;
  const start = Math.floor(choice.random() * ready.size);
  let best = -1;
  let bestRank = Number.POSITIVE_INFINITY;
  let looked = 0;
  for (let step = 0; step < ready.size && looked < SAMPLES; step += 1) {
    const slot = ready.at((start + step) % ready.size);
    if (!choice.accepts(slot)) continue;
    looked += 1;
    const value = rank(choice.entryAt(slot));
    if (value < bestRank) {
      best = slot;
      bestRank = value;
    }
  }
  return best;
}

const leastConnections: Pick = (choice) => lowest(choice, (entry) => entry.inFlight);

/** How one of the available keys is chosen. A new strategy is one row here and one in `STRATEGIES`. */
export const strategies: Partial<Record<Strategy, Pick>> & { round_robin: Pick } = {
  round_robin: roundRobin,
  random,
  least_connections: leastConnections,
};
