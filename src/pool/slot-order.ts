/** Slots by rank, the lowest first and of equal ones the lowest slot: a binary heap in which each slot stands once. */
export class SlotOrder {
  #slots: number[] = [];
  #ranks: number[] = [];
  #inside = new Set<number>();

  has(slot: number): boolean {
    return this.#inside.has(slot);
  }

  /** A slot that is in already stays where it is. */
  push(slot: number, rank: number): void {
    if (this.#inside.has(slot)) return;
    this.#inside.add(slot);
    let place = this.#slots.length;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!this.#before(slot, rank, parent)) break;
      this.#put(place, this.#slots[parent] as number, this.#ranks[parent] as number);
      place = parent;
    }
    this.#put(place, slot, rank);
  }

  /** Takes the first one out; null where there is none. */
  pop(): { slot: number; rank: number } | null {
    const slot = this.#slots[0];
    if (slot === undefined) return null;
    const rank = this.#ranks[0] as number;
    this.#inside.delete(slot);
    const lastSlot = this.#slots.pop() as number;
    const lastRank = this.#ranks.pop() as number;
    if (this.#slots.length > 0) this.#sink(lastSlot, lastRank);
    return { slot, rank };
  }

  #sink(slot: number, rank: number): void {
    const { length } = this.#slots;
    let place = 0;
    for (let child = 1; child < length; child = place * 2 + 1) {
      const right = child + 1;
      if (right < length && this.#before(this.#slots[right] as number, this.#ranks[right] as number, child)) {
        child = right;
      }
      if (this.#before(slot, rank, child)) break;
      this.#put(place, this.#slots[child] as number, this.#ranks[child] as number);
      place = child;
    }
    this.#put(place, slot, rank);
  }

  #before(slot: number, rank: number, place: number): boolean {
    const other = this.#ranks[place] as number;
    return rank < other || (rank === other && slot < (this.#slots[place] as number));
  }

  #put(place: number, slot: number, rank: number): void {
    this.#slots[place] = slot;
    this.#ranks[place] = rank;
  }
}
