import {
  type Attributes,
  type HrTime,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from "@opentelemetry/api";
import { JsonTraceSerializer } from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type ReadableSpan,
  type Sampler,
  SamplingDecision,
  type SpanExporter,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace";
import type { Clock } from "../clock.ts";
import type { Logger } from "../log.ts";
import type { AttemptRecord, RequestRecord, TraceContext } from "../types.ts";
import { version } from "../version.ts";

const TRACEPARENT = /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(?:-|$)/;
const NO_TRACE = "0".repeat(32);
const NO_SPAN = "0".repeat(16);
const SCOPE = { name: "load-balancer", version };

/** What an endpoint does, in the words of the semantic conventions for generative AI. */
const OPERATIONS: Readonly<Record<string, string>> = {
  "/chat/completions": "chat",
  "/messages": "chat",
  "/responses": "chat",
  "/completions": "text_completion",
  "/embeddings": "embeddings",
};

export interface TracesOptions {
  clock: Pick<Clock, "id">;
  log: Logger;
  serviceName: string;
  attributes: readonly (readonly [name: string, value: string])[];
  sampler: keyof typeof SAMPLERS;
  /** Of a sampler by ratio, 0 to 1. */
  ratio: number;
  /** Hands spans to the collector. @returns its status. */
  post(body: Uint8Array): Promise<number>;
}

const SAMPLERS = {
  always_on: () => new AlwaysOnSampler(),
  always_off: () => new AlwaysOffSampler(),
  traceidratio: (ratio) => new TraceIdRatioBasedSampler(ratio),
  parentbased_always_on: () => new ParentBasedSampler({ root: new AlwaysOnSampler() }),
  parentbased_always_off: () => new ParentBasedSampler({ root: new AlwaysOffSampler() }),
  parentbased_traceidratio: (ratio) => new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
} satisfies Record<string, (ratio: number) => Sampler>;

/**
 * One span a request and one for each of its attempts, made of the record once the request has ended: nothing of
 * OpenTelemetry runs on its way but the choice whether it is traced. Spans wait in a bounded queue (2,048) and go to
 * the collector every 5 s.
 */
export class Traces {
  readonly #processor: BatchSpanProcessor;
  readonly #sampler: Sampler;
  readonly #resource;

  constructor(private readonly options: TracesOptions) {
    const { attributes, serviceName, sampler, ratio } = options;
    this.#sampler = SAMPLERS[sampler](ratio);
    this.#resource = resourceFromAttributes({
      ...Object.fromEntries(attributes),
      "service.name": serviceName,
      "service.version": version,
    });
    this.#processor = new BatchSpanProcessor({ exporter: new Exporter(options) });
  }

  /** @param traceparent The client's header; null where it sent none. */
  begin(traceparent: string | null): TraceContext {
    const [, traceId = NO_TRACE, parentId = NO_SPAN, flags = "00"] =
      TRACEPARENT.exec(traceparent ?? "") ?? [];
    const isChild = traceId !== NO_TRACE && parentId !== NO_SPAN;
    const parent = {
      traceId: isChild ? traceId : this.options.clock.id().replaceAll("-", ""),
      spanId: parentId,
      traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED,
      isRemote: true,
    };
    const context = isChild ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT;
    const { decision } = this.#sampler.shouldSample(context, parent.traceId, "", SpanKind.SERVER, {}, []);
    return {
      traceId: parent.traceId,
      spanId: this.#newSpanId(),
      parentSpanId: isChild ? parentId : null,
      isSampled: decision === SamplingDecision.RECORD_AND_SAMPLED,
    };
  }

  ended(record: RequestRecord): void {
    const context = record.trace;
    if (context?.isSampled !== true) return;
    const { traceId, spanId, parentSpanId } = context;
    const span = (ids: { spanId: string; parentSpanId: string | null }, facts: SpanFacts) =>
      this.#processor.onEnd(this.#spanOf(traceId, ids, facts));
    for (const attempt of record.attempts) {
      span({ spanId: this.#newSpanId(), parentSpanId: spanId }, attemptFacts(record, attempt));
    }
    span({ spanId, parentSpanId }, requestFacts(record));
  }

  /** Sends what waits. */
  shutdown(): Promise<void> {
    return this.#processor.shutdown();
  }

  #newSpanId(): string {
    return this.options.clock.id().replaceAll("-", "").slice(-16);
  }

  #spanOf(
    traceId: string,
    { spanId, parentSpanId }: { spanId: string; parentSpanId: string | null },
    { name, kind, beganAt, durationMs, error, attributes }: SpanFacts,
  ): ReadableSpan {
    const contextOf = (id: string) => ({ traceId, spanId: id, traceFlags: TraceFlags.SAMPLED });
    return {
      name,
      kind,
      spanContext: () => contextOf(spanId),
      ...(parentSpanId === null ? {} : { parentSpanContext: contextOf(parentSpanId) }),
      startTime: hrTime(beganAt),
      endTime: hrTime(beganAt + durationMs),
      duration: hrTime(durationMs),
      ended: true,
      status:
        error === null ? { code: SpanStatusCode.UNSET } : { code: SpanStatusCode.ERROR, message: error },
      attributes: known(attributes),
      links: [],
      events: [],
      resource: this.#resource,
      instrumentationScope: SCOPE,
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0,
    };
  }
}

interface SpanFacts {
  name: string;
  kind: SpanKind;
  /** Epoch ms. */
  beganAt: number;
  durationMs: number;
  /** Null where all went well, or the client alone was wrong. */
  error: string | null;
  /** Null: not known. */
  attributes: Record<string, string | number | boolean | null>;
}

function requestFacts(record: RequestRecord): SpanFacts {
  const isFault = record.status >= 500 || record.outcome === "internal_error";
  return {
    name: `/v1${record.endpoint}`,
    kind: SpanKind.SERVER,
    beganAt: record.startedAt,
    durationMs: record.durationMs,
    error: isFault ? (record.error ?? record.outcome) : null,
    attributes: {
      ...genAi(record),
      "http.response.status_code": record.status,
      "error.type": record.outcome === "ok" ? null : record.outcome,
      "client.address": record.clientAddress,
      "user_agent.original": record.userAgent,
      "lb.request_id": record.id,
      "lb.attempts": record.attempts.length,
      "lb.pool_id": record.poolId,
      "lb.ttft_ms": record.ttftMs,
      "lb.cost_usd": record.costUsd,
    },
  };
}

function attemptFacts(record: RequestRecord, attempt: AttemptRecord): SpanFacts {
  const isLast = attempt === record.attempts.at(-1);
  return {
    name: [OPERATIONS[record.endpoint] ?? record.endpoint, record.model]
      .filter((word) => word !== null)
      .join(" "),
    kind: SpanKind.CLIENT,
    beganAt: attempt.startedAt,
    durationMs: attempt.durationMs,
    error: attempt.outcome === "ok" ? null : (attempt.error ?? attempt.outcome),
    attributes: {
      ...(isLast ? genAi(record) : { ...genAi(record), ...NO_USAGE }),
      "http.response.status_code": attempt.status,
      "error.type": attempt.outcome === "ok" ? null : attempt.outcome,
      "lb.key_id": attempt.keyId,
      "lb.upstream_id": attempt.upstreamId,
      "lb.outcome": attempt.outcome,
      "lb.chosen_because": attempt.chosenBecause,
      "lb.wait_ms": attempt.waitMs,
    },
  };
}

const NO_USAGE = { "gen_ai.usage.input_tokens": null, "gen_ai.usage.output_tokens": null };

/** OpenTelemetry semantic conventions for generative AI clients. */
function genAi(record: RequestRecord): SpanFacts["attributes"] {
  return {
    "gen_ai.operation.name": OPERATIONS[record.endpoint] ?? null,
    "gen_ai.request.model": record.model,
    "gen_ai.response.model": record.servedModel,
    "gen_ai.usage.input_tokens": record.inputTokens,
    "gen_ai.usage.output_tokens": record.outputTokens,
  };
}

function known(attributes: SpanFacts["attributes"]): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== null)) as Attributes;
}

function hrTime(ms: number): HrTime {
  const whole = Math.floor(ms / 1_000);
  return [whole, Math.round((ms - whole * 1_000) * 1e6)];
}

/** Says once that the collector does not take spans, and once that it does again. */
class Exporter implements SpanExporter {
  #isFailing = false;

  constructor(private readonly options: Pick<TracesOptions, "post" | "log">) {}

  export(spans: ReadableSpan[], done: (result: { code: number }) => void): void {
    const body = JsonTraceSerializer.serializeRequest(spans) ?? new Uint8Array();
    this.options.post(body).then(
      (status) => this.#told(status < 300 ? null : `the collector answered ${status}`, done),
      (error) => this.#told(error instanceof Error ? error.message : String(error), done),
    );
  }

  async shutdown(): Promise<void> {}

  #told(problem: string | null, done: (result: { code: number }) => void): void {
    const { log } = this.options;
    if (problem !== null && !this.#isFailing) log.warn("traces cannot be handed over", { problem });
    if (problem === null && this.#isFailing) log.info("traces are taken again");
    this.#isFailing = problem !== null;
    // What could not be handed over is dropped: told above, so no second report of it.
    done({ code: 0 });
  }
}
