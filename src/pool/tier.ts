import type { Entry } from "./entry.ts";
import { HashRing } from "./hash-ring.ts";
import { ReadySet } from "./ready-set.ts";
import { SlotOrder } from "./slot-order.ts";

/** The keys of one priority within a lane. What only one strategy needs is made when that strategy first asks. */
export class Tier {
  readonly ready = new ReadySet();
  #members = new Map<number, Entry>();
  #ring: HashRing | null = null;
  #turns: Turns | null = null;
  #byAge: SlotOrder | null = null;

  constructor(readonly priority: number) {}

  set(entry: Entry, ready: boolean): void {
    const { slot } = entry;
    if (!this.#members.has(slot)) {
      this.#members.set(slot, entry);
      this.#ring = null;
    }
    this.ready.set(slot, ready);
    if (!ready) return;
    this.#turns?.enter(slot);
    this.#byAge?.push(slot, entry.key.createdAt);
  }

  remove(slot: number): void {
    if (!this.#members.delete(slot)) return;
    this.ready.set(slot, false);
    this.#ring = null;
    this.#turns = null;
    this.#byAge = null;
  }

  get isEmpty(): boolean {
    return this.#members.size === 0;
  }

  /** All of its keys, ready or not: who is out for a while keeps its place. */
  ring(): HashRing {
    this.#ring ??= new HashRing(Array.from(this.#members.values(), ({ slot, hash }) => ({ slot, hash })));
    return this.#ring;
  }

  /** For `weighted`. `random` in [0, 1) spreads the first turns, so that equal keys do not come in a bunch. */
  turns(random: () => number): Turns {
    if (this.#turns === null) {
      this.#turns = new Turns();
      for (const { slot, key } of this.#members.values()) this.#turns.join(slot, random() / key.weight);
      for (let index = 0; index < this.ready.size; index += 1) this.#turns.enter(this.ready.at(index));
    }
    return this.#turns;
  }

  /** For `fill_first`: the oldest key first. Some of them may not be ready any more. */
  byAge(): SlotOrder {
    if (this.#byAge === null) {
      this.#byAge = new SlotOrder();
      for (let index = 0; index < this.ready.size; index += 1) {
        const slot = this.ready.at(index);
        this.#byAge.push(slot, (this.#members.get(slot) as Entry).key.createdAt);
      }
    }
    return this.#byAge;
  }
}

/**
 * When each key is due, in a time that goes on by 1 / weight with each of its turns: so shares are exact, and turns
 * are spread evenly (weighted fair queueing). A key that was out is due now and makes up for nothing.
 */
export class Turns {
  readonly order = new SlotOrder();
  #dueBySlot = new Map<number, number>();
  #now = 0;

  join(slot: number, due: number): void {
    this.#dueBySlot.set(slot, due);
  }

  enter(slot: number): void {
    if (this.order.has(slot)) return;
    const due = Math.max(this.#dueBySlot.get(slot) ?? 0, this.#now);
    this.order.push(slot, due);
  }

  /** The turn of this slot is over, used or forfeited. */
  next(slot: number, due: number, weight: number): void {
    this.#now = Math.max(this.#now, due);
    this.#dueBySlot.set(slot, due + 1 / weight);
    this.order.push(slot, due + 1 / weight);
  }
}
