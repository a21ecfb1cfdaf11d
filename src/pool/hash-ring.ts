/** A choice looks at so many keys at most; it is exact up to there, and even to some percent beyond. */
const WINDOW = 128;

export interface RingKey {
  slot: number;
  hash: number;
}

/**
 * Which key belongs to which conversation, by rendezvous hashing: each pair of both has a score, the highest wins.
 * A key that goes takes nobody else's conversations with it, and has its own again when it comes back. Of more than
 * 128 keys, those are looked at that follow the conversation's place on a ring of hashes.
 */
export class HashRing {
  readonly #hashes: Uint32Array;
  readonly #slots: Uint32Array;

  constructor(keys: RingKey[]) {
    const sorted = keys.toSorted((a, b) => a.hash - b.hash || a.slot - b.slot);
    this.#hashes = Uint32Array.from(sorted, ({ hash }) => hash);
    this.#slots = Uint32Array.from(sorted, ({ slot }) => slot);
  }

  /** The acceptable slot with the highest score; -1 where none is acceptable. */
  choose(hash: number, accepts: (slot: number) => boolean): number {
    const count = this.#slots.length;
    const start = count <= WINDOW ? 0 : this.#placeOf(hash);
    for (let looked = 0; looked < count; looked += WINDOW) {
      const best = this.#bestOf(start + looked, Math.min(WINDOW, count - looked), hash, accepts);
      if (best >= 0) return best;
    }
    return -1;
  }

  #bestOf(start: number, count: number, hash: number, accepts: (slot: number) => boolean): number {
    const { length } = this.#slots;
    let place = start % length;
    let best = -1;
    let bestScore = -1;
    for (let step = 0; step < count; step += 1) {
      const score = mix(hash ^ Math.imul(this.#hashes[place] as number, 0x9e3779b1));
      // What is acceptable is asked last: it costs more than the score.
      if (score > bestScore && accepts(this.#slots[place] as number)) {
        best = this.#slots[place] as number;
        bestScore = score;
      }
      place = place + 1 === length ? 0 : place + 1;
    }
    return best;
  }

  #placeOf(hash: number): number {
    const at = mix(hash);
    let low = 0;
    let high = this.#hashes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#hashes[middle] as number) < at) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The finalizer of MurmurHash3: each bit of the input changes half of the output's. */
function mix(value: number): number {
  let h = value >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
