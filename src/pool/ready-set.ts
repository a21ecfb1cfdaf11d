/**
 * The keys that may be chosen now, kept incrementally: a bitmap for "the next one after", a dense list for
 * picking at random. Adding, removing and membership are O(1), the next one is O(slots / 32).
 */
export class ReadySet {
  #bits = new Uint32Array(4);
  #dense: number[] = [];
  /** Where a slot stands in the dense list. */
  #place = new Map<number, number>();

  get size(): number {
    return this.#dense.length;
  }

  has(slot: number): boolean {
    return this.#place.has(slot);
  }

  set(slot: number, ready: boolean): void {
    if (ready === this.#place.has(slot)) return;
    if (ready) this.#add(slot);
    else this.#remove(slot);
  }

  /** The smallest slot above `slot`, else the smallest of all; -1 where the set is empty. -1 asks from the start. */
  nextAfter(slot: number): number {
    const found = this.#firstFrom(slot + 1);
    return found >= 0 ? found : this.#firstFrom(0);
  }

  /** The slot at `index` of the dense list, in no particular order. */
  at(index: number): number {
    return this.#dense[index] ?? -1;
  }

  #add(slot: number): void {
    const word = slot >>> 5;
    if (word >= this.#bits.length) {
      const grown = new Uint32Array(Math.max(word + 1, this.#bits.length * 2));
      grown.set(this.#bits);
      this.#bits = grown;
    }
    this.#bits[word] = (this.#bits[word] ?? 0) | (1 << (slot & 31));
    this.#place.set(slot, this.#dense.length);
    this.#dense.push(slot);
  }

  #remove(slot: number): void {
    const word = slot >>> 5;
    this.#bits[word] = (this.#bits[word] ?? 0) & ~(1 << (slot & 31));
    const place = this.#place.get(slot) as number;
    const last = this.#dense.pop() as number;
    if (last !== slot) {
      this.#dense[place] = last;
      this.#place.set(last, place);
    }
    this.#place.delete(slot);
  }

  #firstFrom(slot: number): number {
    let word = slot >>> 5;
    if (word >= this.#bits.length) return -1;
    let bits = (this.#bits[word] ?? 0) & (-1 << (slot & 31));
    while (bits === 0) {
      word += 1;
      if (word >= this.#bits.length) return -1;
      bits = this.#bits[word] ?? 0;
    }
    return word * 32 + (31 - Math.clz32(bits & -bits));
  }
}
