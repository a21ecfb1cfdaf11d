import type { Clock } from "../clock.ts";
import type { Refusal } from "./refusal.ts";
import type { Ask, Claim, Lease } from "./types.ts";

/** While someone waits, time is looked at this often: keys come back by it. */
const LOOK_EVERY_MS = 10;
/** Of those who wait for one kind of key, so many are looked at past a first that needs another one. */
const LONGEST_LOOK = 32;

export interface QueueDeps {
  clock: Clock;
  claim(ask: Ask): Lease | null;
  refusal(ask: Ask): Refusal;
}

/** A request that waits for a key. */
export interface Waiting {
  /** Settles with a lease, or with the refusal that holds when its time is over. */
  claim: Promise<Claim>;
  /** The client is gone. */
  leave(): void;
}

class Waiter {
  constructor(
    readonly ask: Ask,
    /** Monotonic ms. */
    readonly until: number,
    readonly settle: (claim: Claim) => void,
  ) {}
}

/**
 * Who waits for a key: first come, first served among those who want the same, and no newcomer overtakes. Those who
 * want something else do not wait for them.
 */
export class KeyQueue {
  /** By pool and model, in the order in which they came. */
  #groups = new Map<string, Set<Waiter>>();
  #size = 0;
  #timer: Timer | null = null;

  constructor(private readonly deps: QueueDeps) {}

  get size(): number {
    return this.#size;
  }

  hasWaiterLike(ask: Ask): boolean {
    return this.#size > 0 && !isRestricted(ask) && this.#groups.has(groupOf(ask));
  }

  enter(ask: Ask, limitMs: number): Waiting {
    const { promise, resolve } = Promise.withResolvers<Claim>();
    const waiter = new Waiter(ask, this.deps.clock.monotonic() + limitMs, resolve);
    const name = groupOf(ask);
    const group = this.#groups.get(name);
    if (group === undefined) this.#groups.set(name, new Set([waiter]));
    else group.add(waiter);
    this.#size += 1;
    this.#timer ??= setInterval(() => this.look(), LOOK_EVERY_MS);
    return {
      claim: promise,
      leave: () => this.#settle(name, waiter, () => ({ lease: null, refusal: this.deps.refusal(ask) })),
    };
  }

  /** To be called when a key may have come free. */
  look(): void {
    if (this.#size === 0) return;
    const now = this.deps.clock.monotonic();
    for (const [name, group] of this.#groups) {
      this.#serve(name, group);
      for (const waiter of group) {
        if (waiter.until > now) continue;
        this.#settle(name, waiter, () => ({ lease: null, refusal: this.deps.refusal(waiter.ask) }));
      }
    }
  }

  #serve(name: string, group: Set<Waiter>): void {
    let looked = 0;
    for (const waiter of group) {
      const lease = this.deps.claim(waiter.ask);
      if (lease !== null) {
        this.#settle(name, waiter, () => ({ lease, refusal: null }));
        continue;
      }
      looked += 1;
      // What the first cannot have, those behind it can only if it asks for more than they do.
      const isPlain =
        waiter.ask.tried.size === 0 && (waiter.ask.tokens ?? 0) === 0 && !isRestricted(waiter.ask);
      if (isPlain || looked >= LONGEST_LOOK) return;
    }
  }

  #settle(name: string, waiter: Waiter, claim: () => Claim): void {
    const group = this.#groups.get(name);
    if (group === undefined || !group.delete(waiter)) return;
    if (group.size === 0) this.#groups.delete(name);
    this.#size -= 1;
    if (this.#size === 0 && this.#timer !== null) {
      clearInterval(this.#timer);
      this.#timer = null;
    }
    waiter.settle(claim());
  }
}

function groupOf(ask: Ask): string {
  const kind = `${ask.free === true ? "\nfree" : ""}${isRestricted(ask) ? "\nrestricted" : ""}`;
  return `${ask.poolId ?? ""}\n${ask.model ?? ""}${kind}`;
}

/** Each of these wants a key of its own: none stands in the way of another. */
function isRestricted({ mayUse }: Ask): boolean {
  return mayUse !== null && mayUse !== undefined;
}
