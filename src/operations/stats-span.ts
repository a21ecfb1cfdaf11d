import type { Days } from "../record/days.ts";
import type { RollupBucket } from "../storage/types.ts";
import { InputError } from "../types.ts";
import type { StatsQuery } from "./types.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** As long as storage keeps them (`storage/rollups.ts`). */
const MINUTES_KEPT_MS = 48 * HOUR_MS;
const HOURS_KEPT_MS = 90 * DAY_MS;
/** So many points a series may have, and so many sketches are merged into its sums. */
const MAX_POINTS = 1_000;
const MAX_DAYS = 36_525;

export const STATS_RANGES = ["1h", "6h", "24h", "7d", "30d", "90d", "1y", "all"] as const;
export const STATS_BUCKETS = ["minute", "hour", "day"] as const;
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
/** Whole buckets one after the other. */
export interface Grid {
  bucketS: RollupBucket;
  /** Their beginnings, epoch ms. */
  starts: number[];
  /** The end of the last. */
  end: number;
}
export interface Grids {
  grid: Grid;
  /** As many buckets before it; null where that was not asked for, or there is no before. */
  before: Grid | null;
}

/**
 * Which buckets a question is about. Buckets begin at whole minutes and hours of UTC, days at midnight in the zone
 * of `days`.
 */
export class StatsSpans {
  constructor(
    private readonly days: Days,
    private readonly oldest: () => Promise<number | null>,
  ) {}

  /** @throws InputError for a range or bucket that cannot be had. */
  async gridsFor(query: StatsQuery, now: number): Promise<Grids> {
    const span = await this.#spanOf(query, now);
    const named = query.from === undefined && query.to === undefined ? (query.range ?? "24h") : null;
    const range = named === null ? undefined : RANGES[named];
    const isCompared = query.compare === true && named !== "all";
    // So far back lies what is compared: as many days where the range is of days, so that hours of the day agree.
    const back = range !== undefined && "days" in range ? range.days * DAY_MS : span.to - span.from;
    const bucket = bucketFor(span, query.bucket, now, isCompared ? back : 0);
    const isRolling = bucket !== "day" && range !== undefined && "hours" in range;
    const asked = isRolling ? { ...span, from: span.from + BUCKET_S[bucket] * 1_000 } : span;
    const grid = this.#grid(asked, bucket);
    return { grid, before: isCompared ? this.#before(grid, bucket, back) : null };
  }

  async #spanOf({ range = "24h", from, to }: StatsQuery, now: number): Promise<Span> {
    if (from !== undefined || to !== undefined) {
      const span = { from: from ?? (to as number) - DAY_MS, to: to ?? now };
      if (span.from < span.to) return span;
      throw new InputError("Check from and to.", { from: "give a time before to" });
    }
    if (range === "all") return { from: (await this.oldest()) ?? this.days.startOf(now), to: now };
    const named = RANGES[range];
    if (named === undefined) {
      throw new InputError("Check range.", { range: `give one of ${STATS_RANGES.join(", ")}` });
    }
    const start = "hours" in named ? now - named.hours * HOUR_MS : this.days.before(now, named.days - 1);
    return { from: start, to: now };
  }

  /** All buckets that touch the span. */
  #grid({ from, to }: Span, bucket: BucketName): Grid {
    const starts: number[] = [];
    let at = this.#startOf(from, bucket);
    const limit = bucket === "day" ? MAX_DAYS : MAX_POINTS + 2;
    while (at < to && starts.length < limit) {
      starts.push(at);
      at = bucket === "day" ? this.days.endOf(at) : at + BUCKET_S[bucket] * 1_000;
    }
    return { bucketS: BUCKET_S[bucket], starts, end: at };
  }

  #before(grid: Grid, bucket: BucketName, back: number): Grid {
    const [first = grid.end] = grid.starts;
    if (bucket === "day") {
      return this.#grid({ from: this.days.before(first, grid.starts.length), to: first }, bucket);
    }
    const length = BUCKET_S[bucket] * 1_000;
    const shift = Math.ceil(back / length) * length;
    return { ...grid, starts: grid.starts.map((at) => at - shift), end: grid.end - shift };
  }

  #startOf(ms: number, bucket: BucketName): number {
    if (bucket === "day") return this.days.startOf(ms);
    const length = BUCKET_S[bucket] * 1_000;
    return Math.floor(ms / length) * length;
  }
}

/** @param back so much longer ago must there be buckets too, ms. */
function bucketFor({ from, to }: Span, asked: BucketName | undefined, now: number, back: number): BucketName {
  const length = to - from;
  const hasMinutes = from - back >= now - MINUTES_KEPT_MS;
  const hasHours = from - back >= now - HOURS_KEPT_MS;
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
