import type { RequestRecord } from "../types.ts";
import type { Sql } from "./database.ts";
import type { RollupDimension } from "./types.ts";

/*
 * The index of the log by key, model and pool. Entries of one value stand together, so a batch would touch a page for
 * each of its keys, which costs more than storing its requests. Therefore a batch leaves its entries as one row that
 * waits, and the storage worker sorts those of many batches in at once. Whoever looks something up looks at both.
 */

export type Dimension = Extract<RollupDimension, "key" | "model" | "pool">;
/** A value, and the places of requests that have it. */
type Entry = [dimension: Dimension, value: string, places: number[]];

/** Sorted in at once, for some tens of ms, in which batches wait. */
const MAX_BATCHES = 16;
/** Batches that a search looks at; they wait for a second or two. */
const MAX_WAITING = 1_000;
/** About 1 ms. */
const PLACES_A_TRANSACTION = 500;
/** Between two transactions, so that what a person changes meanwhile finds its way in: the main thread stands still. */
const PAUSE_MS = 2;

const ADD = `INSERT OR IGNORE INTO requests_by_value (dimension, value, place)
  SELECT ?, ?, value FROM json_each(?)`;

/** Where requests stand, by what they have. */
export class ValuePlaces {
  readonly #places: Readonly<Record<Dimension, Map<string, number[]>>> = {
    key: new Map(),
    model: new Map(),
    pool: new Map(),
  };

  add({ model, poolId, attempts }: RequestRecord, place: number): void {
    if (model !== null) this.#put("model", model, place);
    if (poolId !== null) this.#put("pool", poolId, place);
    for (const { keyId } of attempts) this.#put("key", keyId, place);
  }

  merge([dimension, value, more]: Entry): void {
    const places = this.#places[dimension].get(value);
    if (places === undefined) this.#places[dimension].set(value, more);
    else for (const place of more) places.push(place);
  }

  of(dimension: Dimension, value: string): readonly number[] {
    return this.#places[dimension].get(value) ?? [];
  }

  valuesOf(dimension: Dimension): string[] {
    return [...this.#places[dimension].keys()];
  }

  entries(): Entry[] {
    return Object.entries(this.#places).flatMap(([dimension, values]) =>
      [...values].map(([value, places]): Entry => [dimension as Dimension, value, places]),
    );
  }

  #put(dimension: Dimension, value: string, place: number): void {
    const places = this.#places[dimension].get(value);
    if (places === undefined) this.#places[dimension].set(value, [place]);
    else places.push(place);
  }
}

/** Within the transaction that stores these requests. */
export function addWaiting(sql: Sql, places: ValuePlaces): void {
  const entries = places.entries();
  if (entries.length === 0) return;
  sql.run("INSERT INTO requests_by_value_waiting (entries) VALUES (?)", JSON.stringify(entries));
}

/** Within the transaction that stores these requests, which are so many that nothing is gained by waiting. */
export function addAtOnce(sql: Sql, places: ValuePlaces): void {
  addEntries(sql, places.entries().sort(inOrderOfIndex));
}

function addEntries(sql: Sql, entries: readonly Entry[]): void {
  for (const [dimension, value, places] of entries) sql.run(ADD, dimension, value, JSON.stringify(places));
}

/** What waits. */
export function readWaiting(sql: Sql): ValuePlaces {
  const text = "SELECT entries FROM requests_by_value_waiting ORDER BY id DESC LIMIT ?";
  return placesIn(sql.all(text, MAX_WAITING));
}

/**
 * Sorts in what waits, in several transactions. An entry may be added twice, so what waits is deleted last, and
 * nothing is lost wherever this ends.
 */
export function indexValues(sql: Sql): { isDone: boolean } {
  const text = "SELECT id, entries FROM requests_by_value_waiting ORDER BY id LIMIT ?";
  const waiting = sql.all(text, MAX_BATCHES);
  const last = waiting.at(-1)?.id;
  if (last === undefined) return { isDone: true };
  // A cleanup may have deleted requests meanwhile: it begins with the oldest.
  const oldest = Number(sql.get("SELECT min(row_id) AS place FROM requests")?.place ?? Infinity);
  const entries = placesIn(waiting).entries().sort(inOrderOfIndex);
  for (const slice of slicesOf(entries, oldest)) {
    sql.batch(() => addEntries(sql, slice));
    Bun.sleepSync(PAUSE_MS);
  }
  sql.batch(() => sql.run("DELETE FROM requests_by_value_waiting WHERE id <= ?", Number(last)));
  return { isDone: waiting.length < MAX_BATCHES };
}

/** Within the transaction that deletes the requests up to the place `last`, before it does. */
export function deleteValues(sql: Sql, last: number): void {
  const values = sql.all(
    `SELECT DISTINCT 'key' AS dimension, key_id AS value FROM attempts WHERE request_row <= ?1
     UNION SELECT 'model', model FROM requests WHERE row_id <= ?1 AND model IS NOT NULL
     UNION SELECT 'pool', pool_id FROM requests WHERE row_id <= ?1 AND pool_id IS NOT NULL`,
    last,
  );
  for (const { dimension, value } of values) {
    const text = "DELETE FROM requests_by_value WHERE dimension = ? AND value = ? AND place <= ?";
    sql.run(text, String(dimension), String(value), last);
  }
}

function placesIn(rows: { entries?: unknown }[]): ValuePlaces {
  const found = new ValuePlaces();
  for (const { entries } of rows)
    for (const entry of JSON.parse(String(entries)) as Entry[]) found.merge(entry);
  return found;
}

function* slicesOf(entries: readonly Entry[], oldest: number): Generator<Entry[]> {
  let slice: Entry[] = [];
  let room = PLACES_A_TRANSACTION;
  for (const [dimension, value, all] of entries) {
    const places = all.filter((place) => place >= oldest);
    for (let from = 0; from < places.length; ) {
      const some = places.slice(from, from + room);
      slice.push([dimension, value, some]);
      from += some.length;
      room -= some.length;
      if (room > 0) continue;
      yield slice;
      slice = [];
      room = PLACES_A_TRANSACTION;
    }
  }
  if (slice.length > 0) yield slice;
}

function inOrderOfIndex([a, first]: Entry, [b, second]: Entry): number {
  if (a !== b) return a < b ? -1 : 1;
  return first < second ? -1 : 1;
}
