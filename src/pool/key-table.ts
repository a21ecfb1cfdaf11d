import type { Entry } from "./entry.ts";

/** The keys in memory, by id and by slot: a small number that stays with a key while it lives. */
export class KeyTable {
  readonly bySlot: (Entry | undefined)[] = [];
  #byId = new Map<string, Entry>();
  #freeSlots: number[] = [];

  get size(): number {
    return this.#byId.size;
  }

  get(id: string): Entry | undefined {
    return this.#byId.get(id);
  }

  all(): Iterable<Entry> {
    return this.#byId.values();
  }

  /** Of one pool; null: of all. */
  within(poolId: string | null): Entry[] {
    const found: Entry[] = [];
    for (const entry of this.#byId.values()) {
      if (poolId === null || entry.key.poolId === poolId) found.push(entry);
    }
    return found;
  }

  /** Takes in what `make` makes for a free slot. */
  add(make: (slot: number) => Entry): Entry {
    const slot = this.#freeSlots.pop() ?? this.bySlot.length;
    const entry = make(slot);
    this.bySlot[slot] = entry;
    this.#byId.set(entry.key.id, entry);
    return entry;
  }

  remove(entry: Entry): void {
    entry.removed = true;
    this.#byId.delete(entry.key.id);
    this.bySlot[entry.slot] = undefined;
    this.#freeSlots.push(entry.slot);
  }
}
