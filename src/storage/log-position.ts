import type { Sql } from "./database.ts";

/**
 * Where a row stands in a log: its time in ms and a number among those of the same ms, in one integer that JavaScript
 * still counts exactly (until the year 2109). As the row id it orders the log by time without an index of its own.
 */
const ROWS_A_MS = 2_048;
/** A clock that stands still may bring more rows in one ms; they are then put behind the last of this time. */
const CROWDED_MS = 1_000;
const TRIES_BEFORE_CROWDED = 4;

/** The first place of a moment, epoch ms: every row from then on stands there or behind. */
export function placeOf(ms: number): number {
  return Math.floor(ms) * ROWS_A_MS;
}

/** The moment of a place, epoch ms. */
export function momentOf(place: number): number {
  return Math.floor(place / ROWS_A_MS);
}

/** Gives out places; where one is taken, `isPlaced` says so and the next is tried. */
export class Places {
  #given = 0;
  #moment = 0;

  constructor(
    private readonly sql: Sql,
    private readonly table: string,
    /** Each moment's places are given from its first on. */
    private readonly isInOrder = false,
  ) {}

  /**
   * Within a transaction. Hands `insert` places for a row of this moment until it answers that a row was added, or
   * `exists` that the row is in the log already.
   * @returns the place, null where the row was there.
   */
  place(ms: number, insert: (place: number) => boolean, exists: () => boolean): number | null {
    const first = placeOf(ms);
    if (this.isInOrder && first !== this.#moment) this.#given = -1;
    this.#moment = first;
    for (let tries = 0; tries <= TRIES_BEFORE_CROWDED; tries++) {
      const place = tries < TRIES_BEFORE_CROWDED ? first + this.#next() : this.#behindCrowd(first);
      if (insert(place)) return place;
      if (exists()) return null;
    }
    throw new Error(`no place in ${this.table} for a row of ${ms}`);
  }

  #next(): number {
    this.#given = (this.#given + 1) % ROWS_A_MS;
    return this.#given;
  }

  #behindCrowd(first: number): number {
    const text = `SELECT max(row_id) AS last FROM ${this.table} WHERE row_id >= ? AND row_id < ?`;
    const row = this.sql.get(text, first, first + CROWDED_MS * ROWS_A_MS);
    return Number(row?.last ?? first) + 1;
  }
}
