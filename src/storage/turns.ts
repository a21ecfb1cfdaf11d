/**
 * Who may write next: the batches of the main thread and the slices of the storage worker take turns, so that neither
 * meets the other's lock and stands still. First come, first served; a turn that nobody holds begins at once.
 */
export class Turns {
  #waiting: (() => void)[] = [];
  #held = false;

  async take<T>(work: () => T | Promise<T>): Promise<T> {
    if (this.#held) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#held = true;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#held = false;
      else next();
    }
  }
}
