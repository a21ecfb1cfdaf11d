import type { Strategy } from "../types.ts";
import type { Choice } from "./choice.ts";
import { type Entry, EVERY_MODEL } from "./entry.ts";
import type { SlotOrder } from "./slot-order.ts";

/** A strategy that ranks looks at no more keys than this, however many there are. */
const SAMPLES = 16;

/** Each picks one acceptable slot of the tier's ready set (never empty), or answers -1 where none is acceptable. */
type Pick = (choice: Choice) => number;

const roundRobin: Pick = ({ tier: { ready }, accepts, rotation, turnLength, isDryRun }) => {
  const { slot } = rotation;
  if (slot >= 0 && rotation.used < turnLength && ready.has(slot) && accepts(slot)) {
    if (!isDryRun) rotation.used += 1;
    return slot;
  }
  let next = slot;
  for (let seen = 0; seen < ready.size; seen += 1) {
    next = ready.nextAfter(next);
    if (!accepts(next)) continue;
    if (!isDryRun) Object.assign(rotation, { slot: next, used: 1 });
    return next;
  }
  return -1;
};

const random: Pick = ({ tier: { ready }, accepts, random }) => {
  const start = Math.floor(random() * ready.size);
  for (let step = 0; step < ready.size; step += 1) {
    const slot = ready.at((start + step) % ready.size);
    if (accepts(slot)) return slot;
  }
  return -1;
};

/** The acceptable key with the lowest rank among up to 16, looked at from a random place on. */
function lowest(choice: Choice, rank: (entry: Entry, choice: Choice) => number): number {
  const { ready } = choice.tier;
  const start = Math.floor(choice.random() * ready.size);
  let best = -1;
  let bestRank = Number.POSITIVE_INFINITY;
  let looked = 0;
  for (let step = 0; step < ready.size && looked < SAMPLES; step += 1) {
    const slot = ready.at((start + step) % ready.size);
    if (!choice.accepts(slot)) continue;
    looked += 1;
    const value = rank(choice.entryAt(slot), choice);
    if (value < bestRank) {
      best = slot;
      bestRank = value;
    }
  }
  return best;
}

const inFlight = (entry: Entry) => entry.inFlight;
const latency = (entry: Entry, { now }: Choice) => entry.latency.cost(entry.inFlight, now);
/** Requests under way break the tie between keys of which nothing is known. */
const usedUp = (entry: Entry, { ask, now }: Choice) => {
  const share = entry.headroom?.share(ask.model ?? EVERY_MODEL, entry.unanswered, now) ?? 1;
  return entry.inFlight * 1e-6 - share;
};

/** The first acceptable one of an order. The others that were looked at go back into it by `putBack`. */
function firstOf(
  choice: Choice,
  order: SlotOrder,
  putBack: (slot: number, rank: number, isTaken: boolean) => void,
): number {
  const { ready } = choice.tier;
  const looked: { slot: number; rank: number }[] = [];
  let taken = -1;
  for (let first = order.pop(); first !== null; first = order.pop()) {
    if (!ready.has(first.slot)) continue;
    looked.push(first);
    if (!choice.accepts(first.slot)) continue;
    taken = first.slot;
    break;
  }
  for (const { slot, rank } of looked) putBack(slot, rank, slot === taken);
  return taken;
}

const weighted: Pick = (choice) => {
  const turns = choice.tier.turns(choice.random);
  return firstOf(choice, turns.order, (slot, due, isTaken) => {
    const entry = choice.entryAt(slot);
    // A turn is forfeited by a key that is out, but not by one that this request alone cannot use again.
    if (choice.isDryRun || (!isTaken && choice.leavesOut(entry))) turns.order.push(slot, due);
    else turns.next(slot, due, entry.key.weight);
  });
};

const fillFirst: Pick = (choice) => {
  const order = choice.tier.byAge();
  return firstOf(choice, order, (slot, rank) => order.push(slot, rank));
};

/** Without a conversation that would have a key of its own, any key will do. */
const promptAffinity: Pick = (choice) => {
  const { affinity } = choice.ask;
  if (affinity === null || affinity === undefined) return random(choice);
  const { ready } = choice.tier;
  return choice.tier.ring().choose(affinity, (slot) => ready.has(slot) && choice.accepts(slot));
};

/** How one of the available keys is chosen. A new strategy is one row here and one in `STRATEGIES`. */
export const strategies: Record<Strategy, Pick> = {
  round_robin: roundRobin,
  random,
  least_connections: (choice) => lowest(choice, inFlight),
  least_latency: (choice) => lowest(choice, latency),
  most_headroom: (choice) => lowest(choice, usedUp),
  weighted,
  fill_first: fillFirst,
  prompt_affinity: promptAffinity,
};
