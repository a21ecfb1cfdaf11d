import type { Slice } from "../storage/types.ts";

/** How long a slice should hold the lock, in ms; streams and batches go on between slices. */
const TARGET_MS = 4;
const FIRST_ROWS = 100;
const MIN_ROWS = 10;
const MAX_ROWS = 4_000;
/** The rest after a slice, in its durations: the other threads need the cores too. */
const REST_FACTOR = 1;
const MIN_REST_MS = 1;

/** Does something in slices of a few ms each, sized by how long the last one took, until one does nothing. */
export class Pace {
  #rows = FIRST_ROWS;

  /** @returns how many rows were done; it ends early where `isEnough` says so, asked after each slice. */
  async run(
    work: (rows: number) => Promise<Slice>,
    isEnough: (done: number) => boolean | Promise<boolean> = () => false,
  ): Promise<number> {
    let done = 0;
    for (;;) {
      const { count, tookMs } = await work(this.#rows);
      if (count === 0) return done;
      done += count;
      const factor = Math.min(Math.max(TARGET_MS / Math.max(tookMs, 0.1), 0.25), 1.5);
      this.#rows = Math.round(Math.min(Math.max(this.#rows * factor, MIN_ROWS), MAX_ROWS));
      if (await isEnough(done)) return done;
      await Bun.sleep(Math.max(tookMs * REST_FACTOR, MIN_REST_MS));
    }
  }
}
