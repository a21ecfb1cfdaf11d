import { statusSentence } from "../operations/key-sentence.ts";
import type { UpstreamPreset } from "../operations/types.ts";
import type { LiveFigures } from "../record/types.ts";
import type {
  KeyEvent,
  KeyView,
  Page,
  Pool,
  Prompt,
  RequestRecord,
  Upstream,
  UpstreamHealth,
} from "../types.ts";

/**
 * How the domain looks as JSON. Field by field rather than by renaming whatever is there: nothing becomes public
 * because somebody added it elsewhere.
 */

/** ISO 8601 in UTC. */
function iso(ms: number): string;
function iso(ms: number | null): string | null;
function iso(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

export function pageJson<Item, Json>(page: Page<Item>, present: (item: Item) => Json) {
  return { data: page.data.map(present), next_cursor: page.nextCursor };
}

export function keyJson(key: KeyView) {
  return {
    id: key.id,
    name: key.name,
    masked_secret: key.maskedSecret,
    pool_id: key.poolId,
    upstream_id: key.upstreamId,
    tags: key.tags,
    weight: key.weight,
    priority: key.priority,
    enabled: key.enabled,
    status: key.status,
    status_reason: statusSentence(key),
    cooldown_until: iso(key.cooldownUntil),
    cooldowns: key.cooldowns.map(({ model, until, reason }) => ({ model, until: iso(until), reason })),
    in_flight: key.inFlight,
    daily_limit: key.dailyLimit,
    daily_used: key.dailyUsed,
    rpm_limit: key.rpmLimit,
    tpm_limit: key.tpmLimit,
    max_concurrency: key.maxConcurrency,
    request_count: key.requestCount,
    success_count: key.successCount,
    failure_count: key.failureCount,
    input_tokens: key.inputTokens,
    output_tokens: key.outputTokens,
    cost_usd: key.costUsd,
    strikes: key.strikes,
    last_used_at: iso(key.lastUsedAt),
    created_at: iso(key.createdAt),
  };
}

export function poolJson(pool: Pool) {
  return {
    id: pool.id,
    name: pool.name,
    description: pool.description,
    color: pool.color,
    icon: pool.icon,
    strategy: pool.strategy,
    created_at: iso(pool.createdAt),
  };
}

export function promptJson(prompt: Prompt) {
  return {
    id: prompt.id,
    name: prompt.name,
    text: prompt.text,
    system: prompt.system,
    model: prompt.model,
    parameters: prompt.parameters,
    created_at: iso(prompt.createdAt),
    last_used_at: iso(prompt.lastUsedAt),
  };
}

export function upstreamJson(upstream: Upstream & { health: UpstreamHealth }) {
  const { health } = upstream;
  return {
    id: upstream.id,
    name: upstream.name,
    base_url: upstream.baseUrl,
    auth_style: upstream.authStyle,
    is_default: upstream.isDefault,
    created_at: iso(upstream.createdAt),
    health: {
      breaker: health.breaker,
      open_until: iso(health.openUntil),
      failures_in_a_row: health.failuresInARow,
      last_failure: health.lastFailure,
    },
  };
}

export function presetJson(preset: UpstreamPreset) {
  return {
    name: preset.name,
    base_url: preset.baseUrl,
    auth_style: preset.authStyle,
    keys_url: preset.keysUrl,
  };
}

export function requestJson(request: RequestRecord) {
  return {
    id: request.id,
    started_at: iso(request.startedAt),
    endpoint: request.endpoint,
    model: request.model,
    served_model: request.servedModel,
    stream: request.stream,
    pool_id: request.poolId,
    client_address: request.clientAddress,
    user_agent: request.userAgent,
    status: request.status,
    outcome: request.outcome,
    ttft_ms: request.ttftMs,
    duration_ms: request.durationMs,
    input_tokens: request.inputTokens,
    output_tokens: request.outputTokens,
    cached_tokens: request.cachedTokens,
    reasoning_tokens: request.reasoningTokens,
    usage_source: request.usageSource,
    cost_usd: request.costUsd,
    request_bytes: request.requestBytes,
    response_bytes: request.responseBytes,
    error: request.error,
    attempts: request.attempts.map((attempt) => ({
      key_id: attempt.keyId,
      upstream_id: attempt.upstreamId,
      started_at: iso(attempt.startedAt),
      wait_ms: attempt.waitMs,
      duration_ms: attempt.durationMs,
      status: attempt.status,
      outcome: attempt.outcome,
      chosen_because: attempt.chosenBecause,
      error: attempt.error,
    })),
  };
}

/** A single request, with what was kept of its headers and bodies. */
export function wholeRequestJson(request: RequestRecord) {
  const { bodies } = request;
  return {
    ...requestJson(request),
    request_body: bodies?.request?.text ?? null,
    request_body_is_cut: bodies?.request?.isCut ?? false,
    response_body: bodies?.response?.text ?? null,
    response_body_is_cut: bodies?.response?.isCut ?? false,
    request_headers: bodies?.requestHeaders ?? null,
    response_headers: bodies?.responseHeaders ?? null,
  };
}

export function keyEventJson(event: KeyEvent) {
  return {
    id: event.id,
    at: iso(event.at),
    event: event.event,
    key_id: event.keyId,
    key_name: event.keyName,
    detail: event.detail,
    actor: event.actor,
  };
}

export function figuresJson(figures: LiveFigures) {
  return {
    requests: {
      in_flight: figures.inFlight,
      last_minute: figures.requestsLastMinute,
      today: figures.requestsToday,
      errors_today: figures.errorsToday,
      failovers_today: figures.failoversToday,
    },
    tokens: { input_today: figures.inputTokensToday, output_today: figures.outputTokensToday },
    cost_usd_today: figures.costUsdToday,
    ttft_ms: { p50: figures.ttftP50Ms, p95: figures.ttftP95Ms },
    minutes: figures.minutes.map((minute) => ({
      at: iso(minute.at),
      requests: minute.requests,
      errors: minute.errors,
      failovers: minute.failovers,
      input_tokens: minute.inputTokens,
      output_tokens: minute.outputTokens,
    })),
    last_failures: figures.lastFailures.map((failure) => ({
      at: iso(failure.at),
      request_id: failure.requestId,
      key_id: failure.keyId,
      model: failure.model,
      status: failure.status,
      outcome: failure.outcome,
      reason: failure.reason,
      served_by_key_id: failure.servedByKeyId,
    })),
    recorder: {
      queued: figures.recorder.queued,
      dropped: figures.recorder.dropped,
      last_error: figures.recorder.lastError,
    },
  };
}
