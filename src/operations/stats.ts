import { Days } from "../record/days.ts";
import { Sketch } from "../storage/sketch.ts";
import type {
  RollupBucket,
  RollupCounts,
  RollupDimension,
  RollupGroup,
  RollupPoint,
} from "../storage/types.ts";
import { InputError } from "../types.ts";
import type { OperationsParts } from "./deps.ts";
import type { StatsOperations, StatsQuery, StatsSums } from "./types.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** As long as storage keeps them (`storage/rollups.ts`). */
const MINUTES_KEPT_MS = 48 * HOUR_MS;
const HOURS_KEPT_MS = 90 * DAY_MS;
/** So many points a series may have, and so many sketches are merged into its sums. */
const MAX_POINTS = 1_000;
const MAX_DAYS = 36_525;
const MAX_GROUPS = 200;
/** What is left waits for the next time. */
const MAX_PRUNE_SLICES = 200;

export const STATS_RANGES = ["1h", "6h", "24h", "7d", "30d", "90d", "1y", "all"] as const;
export const STATS_BUCKETS = ["minute", "hour", "day"] as const;
export const STATS_GROUPS = ["key", "model", "pool", "upstream", "outcome"] as const;
type BucketName = (typeof STATS_BUCKETS)[number];

const BUCKET_S: Record<BucketName, RollupBucket> = { minute: 60, hour: 3_600, day: 86_400 };
/** A named range ends with the bucket of now and goes back so many hours, or so many calendar days with today. */
const RANGES: Record<string, { hours: number } | { days: number }> = {
  "1h": { hours: 1 },
  "6h": { hours: 6 },
  "24h": { hours: 24 },
  "7d": { days: 7 },
  "30d": { days: 30 },
  "90d": { days: 90 },
  "1y": { days: 365 },
};
const MINUTES_FIT_MS = 6 * HOUR_MS;
const HOURS_FIT_MS = 8 * DAY_MS;

interface Span {
  from: number;
  to: number;
}

/**
 * Statistics from rollups. Buckets begin at whole minutes and hours of UTC, days at midnight in
 * `daily_reset_time_zone` (as it was when they were counted). Totals and groups cover the same buckets as the series.
 */
export function createStatsOperations(parts: OperationsParts): StatsOperations {
  const { clock, settings, inventory, pool } = parts;
  const { rollups } = parts.storage;
  const days = new Days(() => settings.current.dailyResetTimeZone);
  const fold = () => rollups.fold(days.startOf);
  const names: Partial<Record<RollupDimension, (id: string) => string | undefined>> = {
    key: (id) => pool.view(id)?.name,
    pool: (id) => inventory.pools.get(id)?.name,
    upstream: (id) => inventory.upstreams.get(id)?.name,
  };

  async function spanOf({ range = "24h", from, to }: StatsQuery, now: number): Promise<Span> {
    if (from !== undefined || to !== undefined) {
      const span = { from: from ?? (to as number) - DAY_MS, to: to ?? now };
      if (span.from < span.to) return span;
      throw new InputError("Check from and to.", { from: "give a time before to" });
    }
    if (range === "all") return { from: (await rollups.oldest()) ?? days.startOf(now), to: now };
    const named = RANGES[range];
    if (named === undefined) {
      throw new InputError("Check range.", { range: `give one of ${STATS_RANGES.join(", ")}` });
    }
    const start = "hours" in named ? now - named.hours * HOUR_MS : days.before(now, named.days - 1);
    return { from: start, to: now };
  }

  function bucketFor({ from, to }: Span, asked: BucketName | undefined, now: number): BucketName {
    const length = to - from;
    const hasMinutes = from >= now - MINUTES_KEPT_MS;
    const hasHours = from >= now - HOURS_KEPT_MS;
    const fitting =
      length <= MINUTES_FIT_MS && hasMinutes ? "minute" : length <= HOURS_FIT_MS && hasHours ? "hour" : "day";
    if (asked === undefined) return fitting;
    const problems: Record<BucketName, string | null> = {
      minute:
        hasMinutes && length <= MAX_POINTS * MINUTE_MS
          ? null
          : "of the last 48 hours at most 16 hours have minutes",
      hour:
        hasHours && length <= MAX_POINTS * HOUR_MS ? null : "of the last 90 days at most 41 days have hours",
      day: null,
    };
    const problem = problems[asked];
    if (problem !== null) throw new InputError("Check bucket.", { bucket: `give another: ${problem}` });
    return asked;
  }

  /** The beginnings of all buckets that touch the span, and the end of the last. */
  function grid({ from, to }: Span, bucket: BucketName): { starts: number[]; end: number } {
    const starts: number[] = [];
    let at = startOf(from, bucket);
    const limit = bucket === "day" ? MAX_DAYS : MAX_POINTS + 2;
    while (at < to && starts.length < limit) {
      starts.push(at);
      at = bucket === "day" ? days.endOf(at) : at + BUCKET_S[bucket] * 1_000;
    }
    return { starts, end: at };
  }

  function startOf(ms: number, bucket: BucketName): number {
    if (bucket === "day") return days.startOf(ms);
    const length = BUCKET_S[bucket] * 1_000;
    return Math.floor(ms / length) * length;
  }

  return {
    async read(query) {
      await fold();
      const now = clock.now();
      const span = await spanOf(query, now);
      const bucket = bucketFor(span, query.bucket, now);
      const isRolling = query.from === undefined && query.to === undefined && bucket !== "day";
      const asked =
        isRolling && !isDays(query.range) ? { ...span, from: span.from + BUCKET_S[bucket] * 1_000 } : span;
      const { starts, end } = grid(asked, bucket);
      const from = starts[0] ?? asked.from;
      const bucketS = BUCKET_S[bucket];
      const rows = await rollups.series({ bucketS, dimension: "total", value: "", from, to: end });
      const series = spread(rows, starts);
      return {
        from,
        to: end,
        bucketS,
        totals: toSums(mergeAll(rows)),
        series: series.map((point) => ({ at: point.at, ...toSums(point) })),
        groups: query.groupBy === undefined ? [] : await readGroups(query.groupBy, bucketS, from, end),
      };
    },
    async reset() {
      await rollups.clear();
      parts.forgetLive();
    },
    fold,
    async prune() {
      for (let slice = 0; slice < MAX_PRUNE_SLICES; slice += 1) {
        if ((await rollups.prune(clock.now())) === 0) return;
        await Bun.sleep(0);
      }
    },
  };

  async function readGroups(dimension: RollupDimension, bucketS: RollupBucket, from: number, to: number) {
    // Whole days are read from days, whatever the series shows: a week of hours has a hundred times the rows.
    const isWhole = days.startOf(from) === from && (days.startOf(to) === to || to >= clock.now());
    const query = { bucketS: isWhole ? 86_400 : bucketS, dimension, from, to, limit: MAX_GROUPS } as const;
    const groups = await rollups.groups(query);
    return groups.map((group) => ({
      id: group.value,
      label: labelOf(dimension, group.value),
      ...toSums(group),
    }));
  }

  function labelOf(dimension: RollupDimension, id: string): string {
    if (id === "") return dimension === "pool" ? "No pool" : "None";
    if (dimension === "model" || dimension === "outcome") return id;
    return names[dimension]?.(id) ?? `${id.slice(0, 8)}… (deleted)`;
  }
}

function isDays(range = "24h"): boolean {
  const named = RANGES[range];
  return named === undefined || "days" in named;
}

/** One point for each bucket; a day that was counted in another time zone goes to the one that it began in. */
function spread(rows: RollupPoint[], starts: number[]): RollupPoint[] {
  const points = starts.map((at) => emptyPoint(at));
  let place = 0;
  for (const row of rows) {
    while (place + 1 < points.length && (starts[place + 1] as number) <= row.at) place += 1;
    const point = points[place];
    if (point !== undefined) addPoint(point, row);
  }
  return points;
}

function mergeAll(rows: RollupPoint[]): RollupPoint {
  const sum = emptyPoint(0);
  for (const row of rows) addPoint(sum, row);
  return sum;
}

function addPoint(into: RollupPoint, more: RollupPoint): void {
  for (const name of Object.keys(into.counts) as (keyof RollupCounts)[])
    into.counts[name] += more.counts[name];
  into.ttft.merge(more.ttft);
  into.duration.merge(more.duration);
}

function emptyPoint(at: number): RollupPoint {
  return {
    at,
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

function toSums({ counts, ttft, duration }: RollupPoint | RollupGroup): StatsSums {
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
