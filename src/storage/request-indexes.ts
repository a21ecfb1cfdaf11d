import type { Sql } from "./database.ts";
import { type Condition, indexOf, type LogIndex, listed, together } from "./log-walk.ts";
import { type Dimension, readWaiting, type ValuePlaces } from "./request-values.ts";

/** Model names that a search looks through. */
const MAX_MODELS = 5_000;
const PLACE_IN_INDEX = { from: "requests_by_value i", place: "i.place" };

/** What the log of requests can be walked along, by the value that is looked for. For one page: what waits is read once. */
export class RequestIndexes {
  #waiting: ValuePlaces | null = null;

  constructor(private readonly sql: Sql) {}

  id(id: string): LogIndex {
    return this.#ofRequests("sqlite_autoindex_requests_1", "i.id = ?", id);
  }

  idBeginning(start: string): LogIndex {
    return this.#ofRequests("sqlite_autoindex_requests_1", "i.id >= ? AND i.id < ?", start, `${start}~`);
  }

  failed(): LogIndex {
    return this.#ofRequests("requests_failed", "i.outcome <> 'ok'");
  }

  /** @param outcome any but `ok`. */
  outcome(outcome: string): LogIndex {
    return this.#ofRequests("requests_by_outcome", "i.outcome = ? AND i.outcome <> 'ok'", outcome);
  }

  /** @param status any but 200. */
  status(status: number): LogIndex {
    return this.#ofRequests("requests_by_status", "i.status = ? AND i.status <> 200", status);
  }

  /** Of a key: that of any attempt. */
  value(dimension: Dimension, value: string): LogIndex {
    const condition: Condition = { sql: "i.dimension = ? AND i.value = ?", params: [dimension, value] };
    const sorted = indexOf(this.sql, { ...PLACE_IN_INDEX, condition });
    const places = this.#waitingPlaces.of(dimension, value);
    if (places.length === 0) return sorted;
    return {
      walk: together([sorted.walk, listed(places)]),
      has(place) {
        const known = sorted.has(place);
        return {
          sql: `(${known.sql} OR ${place} IN (SELECT value FROM json_each(?)))`,
          params: [...known.params, JSON.stringify(places)],
        };
      },
    };
  }

  /** The names in the log: from one to the next, without reading where they stand. */
  models(): string[] {
    const rows = this.sql.all(
      `WITH RECURSIVE names (model) AS (
         SELECT min(value) FROM requests_by_value WHERE dimension = 'model'
         UNION ALL
         SELECT (SELECT min(value) FROM requests_by_value WHERE dimension = 'model' AND value > names.model)
         FROM names WHERE names.model IS NOT NULL
       ) SELECT model FROM names WHERE model IS NOT NULL LIMIT ?`,
      MAX_MODELS,
    );
    return [...new Set([...rows.map((row) => String(row.model)), ...this.#waitingPlaces.valuesOf("model")])];
  }

  get #waitingPlaces(): ValuePlaces {
    this.#waiting ??= readWaiting(this.sql);
    return this.#waiting;
  }

  #ofRequests(name: string, sql: string, ...params: (string | number)[]): LogIndex {
    const rows = { from: `requests i INDEXED BY ${name}`, place: "i.row_id", condition: { sql, params } };
    return indexOf(this.sql, rows);
  }
}
