import type { RequestRecord } from "../types.ts";
import type { Sql } from "./database.ts";
import { BLOCK_S, blockOf, blocksMade, DAY_S, RANGE } from "./rollup-buckets.ts";
import { addRequest, type Delta, Deltas, MINUTE_MS, ModelNames } from "./rollup-delta.ts";
import { counts, DIMENSIONS, mergeSketches, type PackedGroup, type PackedPoint } from "./rollup-read.ts";
import { Sketch } from "./sketch.ts";
import type { Turns } from "./turns.ts";
import type {
  RollupDimension,
  RollupGroup,
  RollupGroupQuery,
  RollupPoint,
  RollupPointsQuery,
  RollupSeriesQuery,
  RollupStorage,
  RollupValuePoint,
  StatisticRow,
} from "./types.ts";

const HOUR_MS = 3_600_000;
const MINUTE_S = 60;
const HOUR_S = 3_600;
/** Days are kept for ever. */
const KEPT_MS: ReadonlyMap<number, number> = new Map([
  [MINUTE_S, 48 * HOUR_MS],
  [HOUR_S, 90 * 24 * HOUR_MS],
]);
/** Rows deleted, and values folded, in one go: some ms, in which nobody is served. */
const ROWS_A_SLICE = 500;
const VALUES_A_SLICE = 64;

const columns = counts.columns.split(", ");
const PLACE = "bucket_s = ? AND dimension = ? AND at = ? AND value = ?";
const ADD_PENDING = "INSERT INTO rollup_pending (deltas) VALUES (?)";
const READ_SKETCHES = `SELECT ttft, duration FROM rollups WHERE ${PLACE}`;
const WRITE =
  `INSERT INTO rollups (bucket_s, dimension, at, value, ${counts.columns}, ttft, duration) ` +
  `VALUES (?, ?, ?, ?, ${counts.placeholders}, ?, ?) ON CONFLICT DO UPDATE SET ` +
  `${columns.map((column) => `${column} = ${column} + excluded.${column}`).join(", ")}, ` +
  "ttft = excluded.ttft, duration = excluded.duration";

/** What is long goes to the storage worker. */
interface RollupReads {
  series(query: RollupSeriesQuery): Promise<PackedPoint[]>;
  groups(query: RollupGroupQuery): Promise<PackedGroup[]>;
  points(query: RollupPointsQuery): Promise<RollupValuePoint[]>;
  makeBlock(now: number): Promise<number | null>;
}

/**
 * Sums by minute (kept 48 h), hour (90 days), day and block of days (for ever), one row a bucket and value of a
 * dimension, never their product.
 *
 * What a batch of requests adds is written as one row of `rollup_pending` in the batch's own transaction, and some
 * seconds' worth of that is folded into the buckets in another one, which also empties `rollup_pending`. So a crash
 * anywhere counts every stored request exactly once, and a batch costs one row more.
 */
export class Rollups implements RollupStorage {
  #pending = new Deltas();
  readonly #models: ModelNames;
  /** Those that are made. */
  readonly #blocks: Set<number>;

  constructor(
    private readonly sql: Sql,
    private readonly turns: Turns,
    private readonly reads: RollupReads,
  ) {
    this.#blocks = new Set(blocksMade(sql));
    this.#models = new ModelNames((from, to) =>
      sql
        .all(`SELECT DISTINCT value FROM rollups WHERE ${RANGE}`, HOUR_S, "model", from, to)
        .map(({ value }) => String(value)),
    );
    for (const { deltas } of sql.all("SELECT deltas FROM rollup_pending ORDER BY id")) {
      for (const delta of decodeDeltas(String(deltas))) this.#pending.merge(delta);
    }
  }

  /**
   * Within the transaction that stores these requests. The answer is to be called once it is committed: only then do
   * they count in memory too.
   */
  add(requests: readonly RequestRecord[]): () => void {
    if (requests.length === 0) return () => {};
    const deltas = new Deltas();
    for (const request of requests) addRequest(deltas, request, this.#models);
    this.sql.run(ADD_PENDING, encodeDeltas(deltas));
    return () => {
      for (const delta of deltas.all()) this.#pending.merge(delta);
    };
  }

  /**
   * Within the transaction that stores these requests, which are of the past: straight into the buckets that are kept
   * so long. Nothing waits for `fold`, so that any number of them takes no memory.
   */
  addPast(requests: readonly RequestRecord[], dayOf: (ms: number) => number, now: number): void {
    const deltas = new Deltas();
    for (const request of requests) addRequest(deltas, request, this.#models);
    for (const [bucketS, level] of this.#levelsOf(deltas, dayOf)) {
      const before = now - (KEPT_MS.get(bucketS) ?? Number.POSITIVE_INFINITY);
      for (const delta of level.all()) if (delta.at >= before) this.#upsert(bucketS, delta);
    }
  }

  /** After a transaction with `addPast` that came to nothing. */
  forgetNames(): void {
    this.#models.forget();
  }

  async fold(dayOf: (ms: number) => number): Promise<void> {
    let left = this.#pending.size;
    while (left > 0) {
      left = await this.turns.take(() => this.#foldSome(dayOf));
      if (left > 0) await Bun.sleep(0);
    }
  }

  /** Some values with all their buckets, in one transaction; the rest is written as pending again. */
  #foldSome(dayOf: (ms: number) => number): number {
    const folded = this.#pending.some(VALUES_A_SLICE);
    const left = new Deltas();
    for (const delta of this.#pending.all()) if (!folded.has(delta)) left.put(delta);
    this.sql.batch(() => {
      for (const [bucketS, deltas] of this.#levelsOf(folded, dayOf)) {
        for (const delta of deltas.all()) this.#upsert(bucketS, delta);
      }
      this.sql.run("DELETE FROM rollup_pending");
      if (left.size > 0) this.sql.run(ADD_PENDING, encodeDeltas(left));
    });
    this.#pending = left;
    return left.size;
  }

  async series(query: RollupSeriesQuery): Promise<RollupPoint[]> {
    const points = await this.reads.series(query);
    return points.map(({ at, value, counts: sums, ...packed }) => ({
      at,
      value,
      counts: sums,
      ...unpacked(packed),
    }));
  }

  points(query: RollupPointsQuery): Promise<RollupValuePoint[]> {
    return this.reads.points(query);
  }

  async groups(query: RollupGroupQuery): Promise<RollupGroup[]> {
    const groups = await this.reads.groups(query);
    return groups.map(({ value, counts: sums, ...packed }) => ({ value, counts: sums, ...unpacked(packed) }));
  }

  async minutes(from: number, to: number) {
    const rows = this.sql.all(
      `SELECT at, requests, errors, failovers, input_tokens, output_tokens, cost_usd, priced_requests FROM rollups WHERE ${RANGE} AND value = '' ORDER BY at`,
      MINUTE_S,
      "total",
      from,
      to,
    );
    return rows.map((row) => ({
      at: Number(row.at),
      requests: Number(row.requests),
      errors: Number(row.errors),
      failovers: Number(row.failovers),
      inputTokens: Number(row.input_tokens),
      outputTokens: Number(row.output_tokens),
      costUsd: Number(row.cost_usd),
      pricedRequests: Number(row.priced_requests),
    }));
  }

  async oldest(): Promise<number | null> {
    const row = this.sql.get(
      "SELECT min(at) AS at FROM rollups WHERE bucket_s = ? AND dimension = ?",
      DAY_S,
      "total",
    );
    return row === null || row.at === null ? null : Number(row.at);
  }

  prune(now: number): Promise<number> {
    return this.turns.take(() => this.#prune(now));
  }

  #prune(now: number): number {
    let deleted = 0;
    this.sql.batch(() => {
      for (const [bucketS, keptMs] of KEPT_MS) {
        for (const dimension of DIMENSIONS) {
          deleted += this.sql.run(
            `DELETE FROM rollups WHERE (bucket_s, dimension, at, value) IN
               (SELECT bucket_s, dimension, at, value FROM rollups WHERE bucket_s = ? AND dimension = ? AND at < ? LIMIT ?)`,
            bucketS,
            dimension,
            now - keptMs,
            ROWS_A_SLICE - deleted,
          );
          if (deleted >= ROWS_A_SLICE) return;
        }
      }
    });
    return deleted;
  }

  /** Sums up days that are long over (rollup-blocks.ts). */
  makeBlock(now: number): Promise<boolean> {
    return this.turns.take(async () => {
      const block = await this.reads.makeBlock(now);
      if (block !== null) this.#blocks.add(block);
      return block !== null;
    });
  }

  clear(): Promise<void> {
    return this.turns.take(() => {
      this.sql.write(() => {
        this.sql.run("DELETE FROM rollups");
        this.sql.run("DELETE FROM rollup_pending");
      });
      this.#pending = new Deltas();
      this.#blocks.clear();
      this.#models.forget();
    });
  }

  /** Blocks that are not made yet are made of their days. */
  #levelsOf(deltas: Deltas, dayOf: (ms: number) => number): [number, Deltas][] {
    const days = regrouped(deltas, dayOf);
    const madeBlockOf = (day: number) => (this.#blocks.has(blockOf(day)) ? blockOf(day) : null);
    return [
      [MINUTE_S, deltas],
      [HOUR_S, regrouped(deltas, (at) => Math.floor(at / HOUR_MS) * HOUR_MS)],
      [DAY_S, days],
      [BLOCK_S, regrouped(days, madeBlockOf)],
    ];
  }

  #upsert(bucketS: number, { at, dimension, value, counts: added, ttft, duration }: Delta): void {
    const place = [bucketS, dimension, at, value];
    const row = this.sql.get(READ_SKETCHES, ...place);
    const sketches = { ttft: new Sketch(), duration: new Sketch() };
    if (row !== null) mergeSketches(sketches, row);
    sketches.ttft.merge(ttft);
    sketches.duration.merge(duration);
    this.sql.run(WRITE, ...place, ...added, sketches.ttft.encode(), sketches.duration.encode());
  }
}

/** Within a transaction, where there are no statistics yet. */
export function insertStatistic(
  sql: Sql,
  { bucketS, dimension, at, value, ttft, duration, ...sums }: StatisticRow,
): void {
  const sketches = [Sketch.fromPairs(ttft).encode(), Sketch.fromPairs(duration).encode()];
  sql.run(WRITE, bucketS, dimension, at, value, ...counts.encode(sums), ...sketches);
}

function unpacked(packed: { ttft: Uint8Array; duration: Uint8Array }): { ttft: Sketch; duration: Sketch } {
  const sketches = { ttft: new Sketch(), duration: new Sketch() };
  mergeSketches(sketches, packed);
  return sketches;
}

function regrouped(deltas: Deltas, bucketOf: (at: number) => number | null): Deltas {
  const groups = new Deltas();
  for (const delta of deltas.all()) {
    const at = bucketOf(delta.at);
    if (at !== null) groups.merge({ ...delta, at });
  }
  return groups;
}

/** Counts in the order of their names, sketches as pairs of bin and count: small, and made by one call. */
type Encoded = [number, RollupDimension, string, number[], number[], number[]];

function encodeDeltas(deltas: Deltas): string {
  const encoded: Encoded[] = [];
  for (const { at, dimension, value, counts: sums, ttft, duration } of deltas.all()) {
    encoded.push([at / MINUTE_MS, dimension, value, sums, ttft.toPairs(), duration.toPairs()]);
  }
  return JSON.stringify(encoded);
}

function decodeDeltas(text: string): Delta[] {
  return (JSON.parse(text) as Encoded[]).map(([minute, dimension, value, sums, ttft, duration]) => ({
    at: minute * MINUTE_MS,
    dimension,
    value,
    counts: sums,
    ttft: Sketch.fromPairs(ttft),
    duration: Sketch.fromPairs(duration),
  }));
}
