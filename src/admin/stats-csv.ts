import type { Stats, StatsPeriod, StatsSums } from "../operations/types.ts";
import { csvLine } from "./csv.ts";

/** Columns as the API names them. */
const COLUMNS: Record<string, (sums: StatsSums) => number | null> = {
  requests: (sums) => sums.requests,
  successes: (sums) => sums.successes,
  errors: (sums) => sums.errors,
  client_errors: (sums) => sums.clientErrors,
  attempts: (sums) => sums.attempts,
  failovers: (sums) => sums.failovers,
  input_tokens: (sums) => sums.inputTokens,
  output_tokens: (sums) => sums.outputTokens,
  cached_tokens: (sums) => sums.cachedTokens,
  cost_usd: (sums) => sums.costUsd,
  ttft_p50_ms: (sums) => sums.ttftMs.p50,
  ttft_p95_ms: (sums) => sums.ttftMs.p95,
  ttft_p99_ms: (sums) => sums.ttftMs.p99,
  duration_p50_ms: (sums) => sums.durationMs.p50,
  duration_p95_ms: (sums) => sums.durationMs.p95,
  duration_p99_ms: (sums) => sums.durationMs.p99,
};
const NAMES = Object.keys(COLUMNS);
const numbers = (sums: StatsSums) => Object.values(COLUMNS).map((pick) => pick(sums));

/**
 * A line for each bucket: its sums, the requests of each drawn group, and, where compared, the sums of the same
 * bucket before.
 */
export function timesCsv(stats: Stats): string {
  const drawn = stats.groups.filter(({ series }) => series.length > 0);
  const before = stats.before;
  const surplus = before === null ? 0 : before.series.length - stats.series.length;
  const head = csvLine([
    "at",
    ...NAMES,
    ...drawn.map(({ label }) => `requests of ${label}`),
    ...(before === null ? [] : ["before_at", ...NAMES.map((name) => `before_${name}`)]),
  ]);
  const lines = stats.series.map((point, place) => {
    const earlier = before?.series[place + surplus];
    return csvLine([
      iso(point.at),
      ...numbers(point),
      ...drawn.map(({ series }) => series[place]?.requests),
      ...(earlier === undefined ? [] : [iso(earlier.at), ...numbers(earlier)]),
    ]);
  });
  return head + lines.join("");
}

/** A line for each group, and, where compared, its sums before. */
export function groupsCsv({ groups, before }: StatsPeriod & Pick<Stats, "before">): string {
  const earlier = new Map(before?.groups.map((group) => [group.id, group]));
  const head = csvLine([
    "id",
    "label",
    ...NAMES,
    ...(before === null ? [] : NAMES.map((name) => `before_${name}`)),
  ]);
  const lines = groups.map((group) => {
    const then = earlier.get(group.id);
    return csvLine([group.id, group.label, ...numbers(group), ...(then === undefined ? [] : numbers(then))]);
  });
  return head + lines.join("");
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
