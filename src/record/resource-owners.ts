import type { Clock } from "../clock.ts";
import type { Logger } from "../log.ts";

/** A resource that nobody named for so long is looked for anew. */
const LONGEST_MEMORY_MS = 180 * 86_400_000;
const MOST_OWNERS = 500_000;
const WRITE_EVERY_MS = 250;
/** What waits to be written; beyond it new ones are not remembered, and a later GET finds them. */
const MOST_WAITING = 100_000;
/** Known without asking storage. */
const MOST_AT_HAND = 20_000;
const TIDY_EVERY_MS = 3_600_000;

interface Owner {
  id: string;
  keyId: string;
  seenAt: number;
}

/** What this asks of storage. */
export interface OwnerStore {
  find(id: string, notBefore: number): Promise<Owner | null>;
  write(owners: Owner[]): Promise<void>;
  forget(notBefore: number, most: number): Promise<void>;
}

/** Which key made what: remembered at once, written a moment later. */
export class ResourceOwners {
  /** The oldest first. */
  #atHand = new Map<string, string>();
  #waiting = new Map<string, Owner>();
  #timer: Timer | null = null;
  #tidiedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly store: OwnerStore,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {}

  /** The id of the key in whose account it is; null where that is not known. */
  async find(id: string): Promise<string | null> {
    const known = this.#atHand.get(id);
    if (known !== undefined) return known;
    const found = await this.store.find(id, this.clock.now() - LONGEST_MEMORY_MS);
    if (found !== null) this.#keepAtHand(id, found.keyId);
    return found?.keyId ?? null;
  }

  remember(ids: readonly string[], keyId: string): void {
    for (const id of ids) {
      if (this.#atHand.get(id) === keyId || this.#waiting.size >= MOST_WAITING) continue;
      this.#keepAtHand(id, keyId);
      this.#waiting.set(id, { id, keyId, seenAt: this.clock.now() });
    }
    if (this.#waiting.size > 0) this.#timer ??= setTimeout(() => void this.flush(), WRITE_EVERY_MS);
  }

  /** Writes what waits. */
  async flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const batch = [...this.#waiting.values()];
    if (batch.length === 0) return;
    this.#waiting.clear();
    try {
      await this.store.write(batch);
      await this.#tidy();
    } catch (error) {
      this.log.error("it could not be written which key made which resources", {
        count: batch.length,
        error,
      });
    }
  }

  async #tidy(): Promise<void> {
    const now = this.clock.monotonic();
    if (now - this.#tidiedAt < TIDY_EVERY_MS) return;
    this.#tidiedAt = now;
    await this.store.forget(this.clock.now() - LONGEST_MEMORY_MS, MOST_OWNERS);
  }

  #keepAtHand(id: string, keyId: string): void {
    this.#atHand.delete(id);
    if (this.#atHand.size >= MOST_AT_HAND) {
      const [oldest = ""] = this.#atHand.keys();
      this.#atHand.delete(oldest);
    }
    this.#atHand.set(id, keyId);
  }
}
