import { exact, UNKNOWN } from "./format.ts";

interface Percentiles {
  p50: number | null;
  p95: number | null;
  p99: number | null;
}
/** What the page shows of a bucket, a group or a whole period. */
export interface StatsFigures {
  requests: number;
  successes: number;
  errors: number;
  clientErrors: number;
  failovers: number;
  inputTokens: number;
  outputTokens: number;
  unpricedRequests: number;
  costUsd: number | null;
  ttftMs: Percentiles;
  durationMs: Percentiles;
}
type Point = { at: number } & StatsFigures;
export type GroupFigures = { id: string; label: string; series: Point[] } & StatsFigures;
export interface PeriodFigures {
  from: number;
  to: number;
  bucketS: number;
  totals: StatsFigures;
  series: Point[];
  groups: GroupFigures[];
}
export type StatsReport = PeriodFigures & { before: PeriodFigures | null };

/** $0.0132, $2.47, $1,204: about three digits that say something. */
export function dollars(value: number | null): string {
  if (value === null) return UNKNOWN;
  if (value === 0) return "$0";
  if (value < 0.000_05) return "< $0.0001";
  if (value < 1) return `$${value.toFixed(value < 0.1 ? 4 : 3)}`;
  return value < 1_000 ? `$${value.toFixed(2)}` : `$${exact(Math.round(value))}`;
}

/** +6.2 %, −3.8 %, ±0 %; from nothing to something is no percentage. */
export function change(now: number | null, before: number | null | undefined): string {
  if (now === null || before === null || before === undefined) return UNKNOWN;
  if (before === 0) return now === 0 ? "±0 %" : "new";
  const value = (100 * (now - before)) / before;
  const size = Math.abs(value);
  if (size < 0.05) return "±0 %";
  const text = size < 99.95 ? size.toFixed(1) : exact(Math.round(size));
  return `${value < 0 ? "−" : "+"}${text} %`;
}

/** "6.2 % more than", "as many as": for sentences. */
export function comparison(now: number, before: number): string | null {
  if (before === 0) return null;
  const text = change(now, before);
  if (text.startsWith("±")) return "as many as";
  return `${text.slice(1)} ${text.startsWith("−") ? "fewer" : "more"} than`;
}
