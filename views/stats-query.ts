import { href } from "./links.ts";

/** The ranges to choose from: what operations call them, and how sentences do. */
export const STATS_SPANS = {
  hour: { label: "Hour", range: "1h", now: "in the last hour", before: "the hour before" },
  day: { label: "Day", range: "24h", now: "in the last 24 hours", before: "the day before" },
  week: { label: "Week", range: "7d", now: "in the last 7 days", before: "the week before" },
  month: { label: "Month", range: "30d", now: "in the last 30 days", before: "the month before" },
  year: { label: "Year", range: "1y", now: "in the last year", before: "the year before" },
  /** Since the first request; there is nothing before it. */
  all: { label: "All", range: "all", now: "since the first", before: "" },
  own: { label: "Own", range: null, now: "in this time", before: "the time before" },
} as const;
export type StatsSpan = keyof typeof STATS_SPANS;

export const GROUP_NAMES = {
  key: "Key",
  model: "Model",
  pool: "Pool",
  upstream: "Upstream",
  outcome: "Outcome",
} as const;
export type StatsGroupName = keyof typeof GROUP_NAMES;

/** The address holds the state. */
export interface StatsPageQuery {
  range: StatsSpan;
  group: StatsGroupName;
  compare: boolean;
  /** Of the range `own`: times as ISO 8601; empty: the last day. */
  from: string;
  to: string;
}

export function statsHref(
  query: StatsPageQuery,
  change: Partial<StatsPageQuery> = {},
  path = "/stats",
): string {
  const { range, group, compare, from, to } = { ...query, ...change };
  const own = range === "own" ? { from, to } : {};
  return href(path, {
    range: range === "day" ? "" : range,
    ...own,
    group: group === "key" ? "" : group,
    compare: compare ? "" : "off",
  });
}
