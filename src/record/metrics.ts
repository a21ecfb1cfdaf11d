import type { RequestRecord } from "../types.ts";

/** Names of models that a label may have; further ones count as `other`. */
const MAX_MODELS = 100;
const OTHER_MODEL = "other";
/** Upper bounds, in ms. */
const TTFT_BOUNDS = [
  50, 100, 200, 350, 500, 750, 1_000, 1_500, 2_500, 5_000, 10_000, 20_000, 60_000, 120_000,
];
const DURATION_BOUNDS = [
  50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 320_000, 600_000,
];

/** Counted times: how many lie at or below each bound but above the one before; beyond the last, only in `count`. */
export class Times {
  readonly counts: number[];
  sumMs = 0;
  count = 0;

  constructor(readonly boundsMs: readonly number[]) {
    this.counts = boundsMs.map(() => 0);
  }

  add(ms: number): void {
    this.sumMs += ms;
    this.count += 1;
    const place = this.boundsMs.findIndex((bound) => ms <= bound);
    if (place >= 0) this.counts[place] = (this.counts[place] as number) + 1;
  }
}

/** Numbers by label, made of plain additions: filling a metrics library's objects for each request would cost more. */
export class RequestCounts {
  /** By outcome, then by model. */
  readonly requests = new Map<string, Map<string, number>>();
  readonly attempts = new Map<string, number>();
  failovers = 0;
  inputTokens = 0;
  outputTokens = 0;
  cachedTokens = 0;
  reasoningTokens = 0;
  estimated = 0;
  costUsd = 0;
  readonly ttft = new Times(TTFT_BOUNDS);
  readonly duration = new Times(DURATION_BOUNDS);
  readonly #models = new Set<string>();

  ended(record: RequestRecord): void {
    const { outcome, attempts } = record;
    let models = this.requests.get(outcome);
    if (models === undefined) {
      models = new Map();
      this.requests.set(outcome, models);
    }
    increase(models, this.#nameOf(record));
    for (const attempt of attempts) increase(this.attempts, attempt.outcome);
    if (outcome === "ok" && attempts.length > 1) this.failovers += 1;
    this.inputTokens += record.inputTokens ?? 0;
    this.outputTokens += record.outputTokens ?? 0;
    this.cachedTokens += record.cachedTokens ?? 0;
    this.reasoningTokens += record.reasoningTokens ?? 0;
    if (record.usageSource === "estimated") this.estimated += 1;
    this.costUsd += record.costUsd ?? 0;
    if (record.ttftMs !== null) this.ttft.add(record.ttftMs);
    this.duration.add(record.durationMs);
  }

  /** Only a model that answered gets a name of its own: clients may ask for anything. */
  #nameOf({ model, outcome }: RequestRecord): string {
    if (model === null) return "";
    if (this.#models.has(model)) return model;
    if (outcome !== "ok" || this.#models.size >= MAX_MODELS) return OTHER_MODEL;
    this.#models.add(model);
    return model;
  }
}

function increase(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
