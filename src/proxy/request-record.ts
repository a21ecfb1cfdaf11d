import type { AttemptRecord, KeptBodies, RequestRecord, Usage, UsageSource } from "../types.ts";
import type { ProxyRequest } from "./request.ts";

/** How a request ended, for its one record. */
export interface RequestEnding {
  status: number;
  outcome: string;
  error: string | null;
  usage: Usage | null;
  /** Of the body that went to the client. */
  bytes: number;
}

/** What is known of a request's way beside its end. */
export interface RequestFacts {
  /** The model that the upstream was asked for. */
  servedModel: string | null;
  ttftMs: number | null;
  durationMs: number;
  costUsd: number | null;
  attempts: AttemptRecord[];
  /** Only where the log gets them. */
  bodies?: KeptBodies;
}

/** The one row that a request leaves. */
export function recordOf(request: ProxyRequest, ending: RequestEnding, facts: RequestFacts): RequestRecord {
  const { usage } = ending;
  return {
    id: request.id,
    startedAt: request.at,
    endpoint: request.path,
    model: request.model,
    servedModel: ending.outcome === "ok" ? facts.servedModel : null,
    stream: request.stream,
    poolId: request.poolId,
    clientAddress: request.clientAddress,
    userAgent: request.userAgent,
    status: ending.status,
    outcome: ending.outcome,
    ttftMs: facts.ttftMs,
    durationMs: Math.round(facts.durationMs),
    inputTokens: usage?.inputTokens ?? null,
    outputTokens: usage?.outputTokens ?? null,
    cachedTokens: usage?.cachedTokens ?? null,
    reasoningTokens: usage?.reasoningTokens ?? null,
    usageSource: sourceOf(usage),
    costUsd: usage === null ? null : facts.costUsd,
    requestBytes: request.body?.byteLength ?? request.upload?.bytes ?? 0,
    responseBytes: ending.bytes,
    error: ending.error,
    attempts: facts.attempts,
    ...(request.trace === null ? {} : { trace: request.trace }),
    ...(facts.bodies === undefined ? {} : { bodies: facts.bodies }),
  };
}

function sourceOf(usage: Usage | null): UsageSource {
  if (usage === null) return "none";
  return usage.isEstimated === true ? "estimated" : "upstream";
}
