import type { Clock } from "../clock.ts";
import type { RemovedKey } from "./key-store.ts";

/** The pages offer to undo for 10 s, longer while a hand rests on the notice; without scripts until the page is left. */
const KEPT_MS = 120_000;
const MAX_KEPT = 100;

/** Keys that were deleted one at a time just now, sealed, in memory only: a restart empties it. */
export class KeyTrash {
  #kept = new Map<string, RemovedKey & { until: number }>();

  constructor(private readonly clock: Pick<Clock, "monotonic">) {}

  put(removed: RemovedKey): void {
    this.#forgetOld();
    if (this.#kept.size >= MAX_KEPT) this.#kept.delete(this.#kept.keys().next().value as string);
    this.#kept.set(removed.stored.id, { ...removed, until: this.clock.monotonic() + KEPT_MS });
  }

  find(id: string): RemovedKey | null {
    this.#forgetOld();
    return this.#kept.get(id) ?? null;
  }

  forget(id: string): void {
    this.#kept.delete(id);
  }

  #forgetOld(): void {
    const now = this.clock.monotonic();
    for (const [id, { until }] of this.#kept) if (until <= now) this.#kept.delete(id);
  }
}
