import type { Stats, StatsGroup, StatsPoint, StatsQuery, StatsSums } from "../../src/operations/types.ts";
import type { KeyView } from "../../src/types.ts";

const HOUR = 3_600_000;
const BUCKETS: Record<string, [bucketS: number, points: number]> = {
  "1h": [60, 60],
  "24h": [3_600, 24],
  "7d": [3_600, 168],
  "30d": [86_400, 30],
  "1y": [86_400, 365],
};

/** Statistics of the invented installation: a day's rise and fall, and one hour in which nothing came. */
export function fakeStats(query: StatsQuery, now: number, keys: KeyView[], groups: StatsNames): Stats {
  const [bucketS, points] = BUCKETS[query.range ?? "24h"] ?? [3_600, 24];
  const step = bucketS * 1_000;
  const last = Math.floor(now / step) * step;
  const starts = Array.from({ length: points }, (_, at) => last - (points - 1 - at) * step);
  const shares: [id: string, label: string, share: number][] =
    query.groupBy === "key"
      ? keys.map((key) => [key.id, key.name, key.requestCount])
      : named(query.groupBy, groups).map(([id, label], at) => [id, label, 1_000 / (at + 1) ** 2]);
  const sum = shares.reduce((total, [, , share]) => total + share, 0) || 1;
  const period = (shift: number, scale: number) => {
    const series = starts.map((at) => pointOf(at - shift, 400 * scale));
    const grouped: StatsGroup[] = shares.map(([id, label, share], place) => {
      const points = series.map(({ at, requests }) => pointAt(at, Math.round((requests * share) / sum)));
      return { id, label, ...sumOf(points), series: place < (query.groupSeries ?? 0) ? points : [] };
    });
    const from = (starts[0] ?? now) - shift;
    return { from, to: last + step - shift, bucketS, totals: sumOf(series), series, groups: grouped };
  };
  return { ...period(0, 1), before: query.compare ? period(points * step, 0.94) : null };
}

export interface StatsNames {
  pools: { id: string; name: string }[];
  upstreams: { id: string; name: string }[];
  requests: { model: string | null; outcome: string }[];
}

function named(by: StatsQuery["groupBy"], names: StatsNames): [id: string, label: string][] {
  if (by === "pool") return names.pools.map(({ id, name }) => [id, name]);
  if (by === "upstream") return names.upstreams.map(({ id, name }) => [id, name]);
  if (by === undefined) return [];
  const found = new Set(
    names.requests.map(({ model, outcome }) => (by === "model" ? (model ?? "") : outcome)),
  );
  return [...found].map((name) => [name, name || "None"]);
}

function pointOf(at: number, height: number): StatsPoint {
  const hour = at / HOUR;
  if (Math.floor(hour) % 24 === 3) return pointAt(at, 0);
  return pointAt(at, Math.round(height * (1 + 0.5 * Math.sin(hour / 3.8) + 0.1 * Math.sin(hour * 1.7))));
}

function pointAt(at: number, requests: number): StatsPoint {
  const errors = Math.round(requests * 0.004);
  const clientErrors = Math.round(requests * 0.01);
  const slow = requests === 0 ? null : 300 + 40 * Math.sin(at / 9e6);
  const times = (factor: number) => ({
    p50: slow && slow * factor,
    p95: slow && slow * factor * 4.4,
    p99: slow && slow * factor * 7,
  });
  return {
    at,
    requests,
    successes: requests - errors - clientErrors,
    errors,
    clientErrors,
    attempts: requests + errors,
    failovers: Math.round(requests * 0.012),
    inputTokens: requests * 3_460,
    outputTokens: requests * 233,
    cachedTokens: 0,
    reasoningTokens: 0,
    estimatedRequests: 0,
    unpricedRequests: 0,
    costUsd: requests * 0.00196,
    ttftMs: times(1),
    durationMs: times(4),
  };
}

function sumOf(points: StatsPoint[]): StatsSums {
  const sum = pointAt(0, 0);
  for (const point of points) {
    for (const name of Object.keys(sum) as (keyof StatsSums)[]) {
      const value = point[name];
      if (typeof value === "number") (sum[name] as number) += value;
    }
  }
  const { at: _, ...sums } = sum;
  const { ttftMs, durationMs } = points.find(({ requests }) => requests > 0) ?? sum;
  return { ...sums, ttftMs, durationMs };
}
