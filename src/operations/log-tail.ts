import type { RequestRecord } from "../types.ts";

/** Each costs the main thread a little for every request. */
const MAX_LISTENERS = 20;

/** Hands ended requests to those who watch the log; costs nothing while nobody does. */
export class LogTail {
  readonly #listeners = new Set<(request: RequestRecord) => void>();

  publish(request: RequestRecord): void {
    for (const listener of this.#listeners) listener(request);
  }

  /** @returns a function that ends it, null where too many listen already. */
  listen(listener: (request: RequestRecord) => void): (() => void) | null {
    if (this.#listeners.size >= MAX_LISTENERS) return null;
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
