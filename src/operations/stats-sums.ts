import { Sketch } from "../storage/sketch.ts";
import type { RollupCounts, RollupGroup, RollupPoint } from "../storage/types.ts";
import type { StatsPoint, StatsSums } from "./types.ts";

type Sums = Pick<RollupPoint, "counts" | "ttft" | "duration">;

/** One point for each bucket; a day that was counted in another time zone goes to the one that it began in. */
export function spread(rows: RollupPoint[], starts: number[]): StatsPoint[] {
  const points = starts.map((at) => ({ at, ...empty() }));
  let place = 0;
  for (const row of rows) {
    while (place + 1 < points.length && (starts[place + 1] as number) <= row.at) place += 1;
    const point = points[place];
    if (point !== undefined) add(point, row);
  }
  return points.map((point) => ({ at: point.at, ...toSums(point) }));
}

export function mergeAll(rows: RollupPoint[]): StatsSums {
  const sum = empty();
  for (const row of rows) add(sum, row);
  return toSums(sum);
}

function add(into: Sums, more: Sums): void {
  for (const name of Object.keys(into.counts) as (keyof RollupCounts)[])
    into.counts[name] += more.counts[name];
  into.ttft.merge(more.ttft);
  into.duration.merge(more.duration);
}

function empty(): Sums {
  return {
    counts: {
      requests: 0,
      successes: 0,
      errors: 0,
      clientErrors: 0,
      attempts: 0,
      failovers: 0,
      inputTokens: 0,
      outputTokens: 0,
      cachedTokens: 0,
      reasoningTokens: 0,
      estimatedRequests: 0,
      pricedRequests: 0,
      unpricedRequests: 0,
      costUsd: 0,
    },
    ttft: new Sketch(),
    duration: new Sketch(),
  };
}

export function toSums({ counts, ttft, duration }: Sums | RollupGroup): StatsSums {
  const { pricedRequests, costUsd, ...sums } = counts;
  const isUnknown = pricedRequests === 0 && sums.unpricedRequests > 0;
  return {
    ...sums,
    costUsd: isUnknown ? null : costUsd,
    ttftMs: toPercentiles(ttft),
    durationMs: toPercentiles(duration),
  };
}

function toPercentiles(sketch: Sketch): StatsSums["ttftMs"] {
  const [p50 = null, p95 = null, p99 = null] = sketch.quantiles([0.5, 0.95, 0.99]).map(rounded);
  return { p50, p95, p99 };
}

/** To a tenth of a ms. */
function rounded(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms * 10) / 10;
}
