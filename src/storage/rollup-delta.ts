import { CLIENT_OUTCOMES, type RequestRecord } from "../types.ts";
import { binOf, Sketch } from "./sketch.ts";
import type { RollupCounts, RollupDimension } from "./types.ts";

export const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Names of models that a day may have; later ones count as `OTHER_MODEL`. Names come from clients. */
const MAX_MODELS_A_DAY = 200;
/** From here on only models that answered get a name: what somebody made up must not push the real ones out. */
const MODELS_WITHOUT_PROOF = 100;
const OTHER_MODEL = "other";
/** A request may have run for days when its record comes. */
const KEPT_DAYS = 3;

/** What one bucket of one dimension's value came to, or what is added to it. */
export interface Delta {
  at: number;
  dimension: RollupDimension;
  value: string;
  /** In the order of `COUNT_NAMES`. */
  counts: number[];
  ttft: Sketch;
  duration: Sketch;
}

/** Deltas by bucket and value. */
export class Deltas {
  readonly #byAt = new Map<number, Map<RollupDimension, Map<string, Delta>>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  *all(): Generator<Delta> {
    for (const dimensions of this.#byAt.values()) {
      for (const values of dimensions.values()) yield* values.values();
    }
  }

  at(at: number, dimension: RollupDimension, value: string): Delta {
    const values = this.#valuesOf(at, dimension);
    let delta = values.get(value);
    if (delta === undefined) {
      const counts = COUNT_NAMES.map(() => 0);
      delta = { at, dimension, value, counts, ttft: new Sketch(), duration: new Sketch() };
      values.set(value, delta);
      this.#size += 1;
    }
    return delta;
  }

  merge({ at, dimension, value, counts, ttft, duration }: Delta): void {
    const into = this.at(at, dimension, value);
    addCounts(into.counts, counts);
    into.ttft.merge(ttft);
    into.duration.merge(duration);
  }

  has({ at, dimension, value }: Delta): boolean {
    return this.#byAt.get(at)?.get(dimension)?.has(value) === true;
  }

  put(delta: Delta): void {
    const values = this.#valuesOf(delta.at, delta.dimension);
    if (!values.has(delta.value)) this.#size += 1;
    values.set(delta.value, delta);
  }

  /** Those of the first values, with all their buckets. */
  some(values: number): Deltas {
    const chosen = new Set<string>();
    const some = new Deltas();
    for (const delta of this.all()) {
      const whose = `${delta.dimension} ${delta.value}`;
      if (chosen.size < values) chosen.add(whose);
      if (chosen.has(whose)) some.put(delta);
    }
    return some;
  }

  #valuesOf(at: number, dimension: RollupDimension): Map<string, Delta> {
    let dimensions = this.#byAt.get(at);
    if (dimensions === undefined) {
      dimensions = new Map();
      this.#byAt.set(at, dimensions);
    }
    let values = dimensions.get(dimension);
    if (values === undefined) {
      values = new Map();
      dimensions.set(dimension, values);
    }
    return values;
  }
}

/**
 * Counts a request in the minute in which it began: as a whole in total, model, pool, outcome, and in the key and
 * upstream that it ended with; each attempt in its own key and upstream.
 */
export function addRequest(deltas: Deltas, record: RequestRecord, models: ModelNames): void {
  const at = Math.floor(record.startedAt / MINUTE_MS) * MINUTE_MS;
  const counts = countsOf(record);
  const ttftBin = record.ttftMs === null ? null : binOf(record.ttftMs);
  const durationBin = binOf(record.durationMs);
  const add = (dimension: RollupDimension, value: string) => {
    const delta = deltas.at(at, dimension, value);
    addCounts(delta.counts, counts);
    if (ttftBin !== null) delta.ttft.addBin(ttftBin);
    delta.duration.addBin(durationBin);
  };
  add("total", "");
  add("model", models.nameFor(record));
  add("pool", record.poolId ?? "");
  add("outcome", record.outcome);
  const last = record.attempts.at(-1);
  if (last === undefined) return;
  counts[ATTEMPTS] = 1;
  add("key", last.keyId);
  add("upstream", last.upstreamId);
  for (const { keyId, upstreamId } of record.attempts.slice(0, -1)) {
    addAttempt(deltas.at(at, "key", keyId));
    addAttempt(deltas.at(at, "upstream", upstreamId));
  }
}

function addAttempt({ counts }: Delta): void {
  counts[ATTEMPTS] = (counts[ATTEMPTS] as number) + 1;
}

/** Bounds the names of models, by UTC day. */
export class ModelNames {
  readonly #byDay = new Map<number, Set<string>>();

  /** @param known the names that a day has had, asked for once a day: a restart must not forget them. */
  constructor(private readonly known: (from: number, to: number) => string[]) {}

  nameFor({ model, startedAt, outcome }: Pick<RequestRecord, "model" | "startedAt" | "outcome">): string {
    if (model === null) return "";
    const names = this.#of(Math.floor(startedAt / DAY_MS) * DAY_MS);
    if (names.has(model)) return model;
    if (names.size >= (outcome === "ok" ? MAX_MODELS_A_DAY : MODELS_WITHOUT_PROOF)) return OTHER_MODEL;
    names.add(model);
    return model;
  }

  forget(): void {
    this.#byDay.clear();
  }

  #of(day: number): Set<string> {
    let names = this.#byDay.get(day);
    if (names === undefined) {
      names = new Set(this.known(day, day + DAY_MS));
      this.#byDay.set(day, names);
      if (this.#byDay.size > KEPT_DAYS) this.#byDay.delete(this.#byDay.keys().next().value as number);
    }
    return names;
  }
}

/** The order of counts where they are a list. */
export const COUNT_NAMES = [
  "requests",
  "successes",
  "errors",
  "clientErrors",
  "attempts",
  "failovers",
  "inputTokens",
  "outputTokens",
  "cachedTokens",
  "reasoningTokens",
  "estimatedRequests",
  "pricedRequests",
  "unpricedRequests",
  "costUsd",
] as const satisfies readonly (keyof RollupCounts)[];
const ATTEMPTS = COUNT_NAMES.indexOf("attempts");

function addCounts(into: number[], more: readonly number[]): void {
  for (let place = 0; place < more.length; place += 1) {
    into[place] = (into[place] as number) + (more[place] as number);
  }
}

function countsOf(record: RequestRecord): number[] {
  const { outcome, costUsd, usageSource, attempts } = record;
  const isOk = outcome === "ok";
  const isClientError = CLIENT_OUTCOMES.has(outcome);
  const usesModel = usageSource !== "none" || (isOk && record.model !== null);
  return [
    1,
    isOk ? 1 : 0,
    isOk || isClientError ? 0 : 1,
    isClientError ? 1 : 0,
    attempts.length,
    isOk && attempts.length > 1 ? 1 : 0,
    record.inputTokens ?? 0,
    record.outputTokens ?? 0,
    record.cachedTokens ?? 0,
    record.reasoningTokens ?? 0,
    usageSource === "estimated" ? 1 : 0,
    costUsd === null ? 0 : 1,
    costUsd === null && usesModel ? 1 : 0,
    costUsd ?? 0,
  ];
}
