/** A binary heap of moments at which something must be looked at again. Stale entries are harmless. */
export class WakeQueue<Item> {
  #heap: { at: number; item: Item }[] = [];

  get size(): number {
    return this.#heap.length;
  }

  /** The next moment (same clock as `push`), or Infinity. */
  get nextAt(): number {
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  push(at: number, item: Item): void {
    const heap = this.#heap;
    let place = heap.length;
    heap.push({ at, item });
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (heap[parent]!.at <= at) break;
      [heap[place], heap[parent]] = [heap[parent]!, heap[place]!];
      place = parent;
    }
  }

  /** The item whose moment has come first, or undefined where none is due at `now`. */
  popDue(now: number): Item | undefined {
    const heap = this.#heap;
    const first = heap[0];
    if (first === undefined || first.at > now) return undefined;
    const last = heap.pop()!;
    if (heap.length > 0) {
      heap[0] = last;
      this.#sink(0);
    }
    return first.item;
  }

  #sink(start: number): void {
    const heap = this.#heap;
    let place = start;
    for (;;) {
      const left = place * 2 + 1;
      if (left >= heap.length) return;
      const right = left + 1;
      const child = right < heap.length && heap[right]!.at < heap[left]!.at ? right : left;
      if (heap[place]!.at <= heap[child]!.at) return;
      [heap[place], heap[child]] = [heap[child]!, heap[place]!];
      place = child;
    }
  }
}
