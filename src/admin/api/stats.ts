import { t } from "elysia";
import { STATS_GROUPS } from "../../operations/stats.ts";
import { STATS_BUCKETS, STATS_RANGES } from "../../operations/stats-span.ts";
import type { StatsOperations, StatsSums } from "../../operations/types.ts";
import { statsAnswer } from "./answers.ts";
import { readTimes } from "./log-filters.ts";
import { type Route, route } from "./route.ts";
import { oneOf } from "./schemas.ts";

export function statsRoutes(stats: StatsOperations): Route[] {
  return [
    route({
      method: "GET",
      path: "/stats",
      summary: "Sums and percentiles of requests over a range, by time and by group",
      detail:
        "Read from sums that are kept by minute, hour and day, so that a year costs no more than a day.",
      query: t.Object({
        range: t.Optional(oneOf(STATS_RANGES)),
        from: t.Optional(t.String({ description: "a time as ISO 8601, inclusive; instead of range" })),
        to: t.Optional(t.String({ description: "a time as ISO 8601, exclusive" })),
        bucket: t.Optional(oneOf(STATS_BUCKETS)),
        group_by: t.Optional(oneOf(STATS_GROUPS)),
      }),
      answer: statsAnswer,
      async handle({ query: { from, to, group_by, range, bucket } }) {
        const read = await stats.read({
          range,
          bucket,
          groupBy: group_by,
          ...readTimes({ from, to }),
        });
        return {
          from: iso(read.from),
          to: iso(read.to),
          bucket_s: read.bucketS,
          totals: sumsJson(read.totals),
          series: read.series.map((point) => ({ at: iso(point.at), ...sumsJson(point) })),
          groups: read.groups.map((group) => ({ id: group.id, label: group.label, ...sumsJson(group) })),
        };
      },
    }),
    route({
      method: "POST",
      path: "/stats/reset",
      summary: "Forgets all statistics; keys, settings and logs stay",
      detail: "They cannot be brought back; `GET /data/export` or `POST /backup` before it keeps them.",
      status: 204,
      handle: () => stats.reset(),
    }),
  ];
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

function sumsJson(sums: StatsSums) {
  return {
    requests: sums.requests,
    successes: sums.successes,
    errors: sums.errors,
    client_errors: sums.clientErrors,
    attempts: sums.attempts,
    failovers: sums.failovers,
    input_tokens: sums.inputTokens,
    output_tokens: sums.outputTokens,
    cached_tokens: sums.cachedTokens,
    reasoning_tokens: sums.reasoningTokens,
    estimated_requests: sums.estimatedRequests,
    unpriced_requests: sums.unpricedRequests,
    cost_usd: sums.costUsd,
    ttft_ms: sums.ttftMs,
    duration_ms: sums.durationMs,
  };
}
