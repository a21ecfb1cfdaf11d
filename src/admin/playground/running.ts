const MAX_RUNNING = 50;

/** Answers of the playground that are under way, so that they can be stopped from elsewhere than their own stream. */
export class RunningAnswers {
  #running = new Map<string, AbortController>();

  /** Null where too many run already. */
  begin(id: string): AbortController | null {
    if (this.#running.size >= MAX_RUNNING) return null;
    const controller = new AbortController();
    this.#running.set(id, controller);
    return controller;
  }

  /** False where there is none (any more). */
  stop(id: string): boolean {
    this.#running.get(id)?.abort();
    return this.#running.has(id);
  }

  ended(id: string): void {
    this.#running.delete(id);
  }
}
