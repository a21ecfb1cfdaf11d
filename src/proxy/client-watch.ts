/** A client that leaves is noticed after this at the latest: the tenth part of the second that is promised. */
const LOOK_EVERY_MS = 100;

export interface Watched {
  /** Aborts when the client leaves. Asking for it costs, so it is asked for late. */
  readonly signal: AbortSignal;
  /** Called once, when it turns out that the client waits for longer. */
  onLongWait(): void;
  /** Called once, when the client has left. */
  onClientLeft(): void;
}

/**
 * Notices clients that leave before their answer has begun. The runtime makes an abort signal only when it is asked
 * for, and most requests are answered before that would have paid: only those that still wait at the next look get one.
 */
export class ClientWatch {
  #fresh = new Set<Watched>();
  #timer: Timer | null = null;

  add(watched: Watched): void {
    this.#fresh.add(watched);
    this.#timer ??= setInterval(() => this.#look(), LOOK_EVERY_MS).unref();
  }

  /** The answer has begun or ended: from here on the body's stream tells. */
  delete(watched: Watched): void {
    this.#fresh.delete(watched);
  }

  #look(): void {
    if (this.#fresh.size === 0 && this.#timer !== null) {
      clearInterval(this.#timer);
      this.#timer = null;
      return;
    }
    const waiting = [...this.#fresh];
    this.#fresh.clear();
    for (const watched of waiting) {
      const { signal } = watched;
      watched.onLongWait();
      if (signal.aborted) watched.onClientLeft();
      else signal.addEventListener("abort", () => watched.onClientLeft());
    }
  }
}
