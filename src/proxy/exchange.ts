import type { Clock } from "../clock.ts";
import type { Lease, Ending as PoolEnding } from "../pool/pool.ts";
import type { Waiting } from "../pool/queue.ts";
import type { Refusal } from "../pool/refusal.ts";
import type { Claim, Headroom } from "../pool/types.ts";
import type { CostOf } from "../record/cost.ts";
import { estimateUsage, OutputText } from "../record/estimate.ts";
import { usageIn } from "../record/usage.ts";
import type { AttemptRecord, RequestRecord, Usage, UsageSource, Verdict } from "../types.ts";
import type { SendOptions, UpstreamClient, UpstreamRequest } from "../upstream/types.ts";
import {
  Attempt,
  type AttemptFacts,
  type AttemptResult,
  type FlowingAnswer,
  type WholeAnswer,
} from "./attempt.ts";
import type { ClientWatch, Watched } from "./client-watch.ts";
import { errorBody, errorResponse, ProxyError } from "./errors.ts";
import { firstEvent } from "./first-event.ts";
import { answerHeaders, findHeader } from "./headers.ts";
import { refusalError, shownError } from "./last-failure.ts";
import { afterOutput, judgeFailure, judgeStreamEvent } from "./outcome.ts";
import { headroomIn } from "./rate-limit-headers.ts";
import { redact } from "./redact.ts";
import { type RelayEnd, relay } from "./relay.ts";
import type { ProxyRequest } from "./request.ts";
import { StreamObserver } from "./sse.ts";
import { verdictOf } from "./verdict.ts";

export interface ExchangeDeps {
  clock: Clock;
  client: UpstreamClient;
  pool: {
    answered(lease: Lease, ttftMs: number, headroom: Headroom | null): void;
    release(lease: Lease, ending: PoolEnding): void;
  };
  watch: ClientWatch;
  costOf: CostOf;
  /** Takes the one final record of each request. */
  ended(record: RequestRecord): void;
}

/** How a request ended, for its one record. */
interface Ending {
  status: number;
  outcome: string;
  error: string | null;
  usage: Usage | null;
  bytes: number;
}

/** One client request on its way: its attempts so far, its one answer, its one record. */
export class Exchange implements Watched {
  clientLeft = false;
  #attempts: AttemptRecord[] = [];
  #current: Attempt | null = null;
  /** Held by the attempt under way. */
  #lease: Lease | null = null;
  #last: { result: AttemptResult; secret: string } | null = null;
  #ttftMs: number | null = null;
  #lastEndedAt: number;
  #attemptBeganAt = 0;
  #wakePause: (() => void) | null = null;
  #recorded = false;
  /** Of the attempt that ended last. */
  #costUsd: number | null = null;
  #idleLimitLifted = false;

  constructor(
    private readonly request: ProxyRequest,
    private readonly deps: ExchangeDeps,
  ) {
    this.#lastEndedAt = request.startedAt;
    deps.watch.add(this);
  }

  get signal(): AbortSignal {
    return this.request.connection.signal;
  }

  onLongWait(): void {
    this.#liftIdleLimit();
  }

  #liftIdleLimit(): void {
    if (this.#idleLimitLifted) return;
    this.#idleLimitLifted = true;
    this.request.connection.liftIdleLimit();
  }

  onClientLeft(): void {
    // A body that flows already has its own way to tell.
    if (this.#ttftMs !== null) return;
    this.clientLeft = true;
    this.#current?.abort();
    this.#wakePause?.();
  }

  // --- attempts -----------------------------------------------------------------------------------------

  attempt(lease: Lease, request: UpstreamRequest, options: SendOptions): Promise<AttemptResult> {
    const { clock } = this.deps;
    const began = clock.monotonic();
    this.#attempts.push({
      keyId: lease.keyId,
      upstreamId: lease.upstreamId,
      startedAt: clock.now(),
      waitMs: Math.round(began - this.#lastEndedAt),
      durationMs: 0,
      status: null,
      outcome: "client_closed",
      chosenBecause: lease.chosenBecause,
      error: null,
    });
    this.#attemptBeganAt = began;
    this.#lease = lease;
    this.#current = new Attempt(this.deps.client, this.#judging(lease));
    return this.#current.run(request, options);
  }

  /** What an answer is judged by beside itself. */
  #judging(lease: Lease): AttemptFacts {
    const { method, stream } = this.request;
    return { now: this.deps.clock.now, stream, secret: lease.secret, isHead: method === "HEAD" };
  }

  /** Releases the key of an attempt that goes no further. */
  failed(lease: Lease, result: AttemptResult): void {
    this.#last = { result, secret: lease.secret };
    this.#release(lease, result.verdict, result.status, null);
  }

  #release(lease: Lease, verdict: Verdict, status: number | null, usage: Usage | null): void {
    const attempt = this.#attempts.at(-1) as AttemptRecord;
    const now = this.deps.clock.monotonic();
    attempt.durationMs = Math.round(now - this.#attemptBeganAt);
    attempt.status = status;
    attempt.outcome = verdict.outcome;
    attempt.error = verdict.reason === "" ? null : verdict.reason;
    this.#lastEndedAt = now;
    this.#lease = null;
    this.#costUsd = usage === null ? null : this.deps.costOf(this.request.model, lease.upstreamId, usage);
    this.deps.pool.release(lease, { verdict, usage, costUsd: this.#costUsd });
  }

  /** For an upstream that answered and told no usage. */
  #estimate(outputTokens: () => number): Usage | null {
    const { model, endpoint, body } = this.request;
    return model === null || endpoint.body !== "json" ? null : estimateUsage(body, outputTokens());
  }

  /** Waits between two attempts, in this request alone, until the client leaves at most. */
  pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wakePause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Waits for a key, until the client leaves at most. */
  async waitFor(waiting: Waiting): Promise<Claim> {
    this.#wakePause = () => waiting.leave();
    const claim = await waiting.claim;
    this.#wakePause = null;
    return claim;
  }

  // --- answers ------------------------------------------------------------------------------------------

  /** The answer that commits: from here on there is no other attempt. */
  answer(lease: Lease, result: AttemptResult): Response {
    this.deps.watch.delete(this);
    const now = this.deps.clock.monotonic();
    this.#ttftMs = Math.round(now - this.request.startedAt);
    const headroom = result.answer === null ? null : headroomIn(result.answer.headers, this.deps.clock.now());
    this.deps.pool.answered(lease, now - this.#attemptBeganAt, headroom);
    return result.answer?.kind === "flowing"
      ? this.#stream(lease, result, result.answer)
      : this.#whole(lease, result, result.answer as WholeAnswer);
  }

  #whole(lease: Lease, result: AttemptResult, answer: WholeAnswer): Response {
    const usage = usageIn(answer.text) ?? this.#estimate(() => OutputText.tokensIn(answer.text));
    const status = result.status as number;
    this.#release(lease, result.verdict, status, usage);
    this.#record({ status, outcome: "ok", error: null, usage, bytes: answer.body.byteLength });
    return new Response(bodyFor(status, answer.body), { status, headers: this.#headers(answer) });
  }

  #stream(lease: Lease, result: AttemptResult, answer: FlowingAnswer): Response {
    this.#liftIdleLimit();
    const observer = new StreamObserver();
    const status = result.status as number;
    const isEventStream = (findHeader(answer.headers, "content-type") ?? "").startsWith("text/event-stream");
    const onEnd = (end: RelayEnd, bytes: number): string | null => {
      const proven = observer.whole || !isEventStream || !this.request.endpoint.provesItsEnd;
      const verdict =
        result.verdict.outcome === "ok"
          ? judgeEnd(end, proven, observer.error, this.#judging(lease))
          : result.verdict;
      const isAnswer = result.verdict.outcome === "ok";
      const usage = observer.usage ?? (isAnswer ? this.#estimate(() => observer.output.tokens()) : null);
      this.#release(lease, verdict, status, usage);
      const error = verdict.reason === "" ? null : verdict.reason;
      this.#record({ status, outcome: verdict.outcome, error, usage, bytes });
      if (end.kind === "client_closed" || (end.kind === "ended" && (proven || observer.error !== null)))
        return null;
      return isEventStream ? `\n\ndata: ${errorBody("upstream_error", verdict.reason)}\n\n` : "";
    };
    const body = relay({
      answer: answer.source,
      held: answer.held,
      observe: (chunk) => observer.push(chunk),
      onEnd,
    });
    return new Response(body, { status, headers: this.#headers(answer) });
  }

  /** Nothing worked: the last failure in the form that the client may see, or why there was no key at all. */
  giveUp(refusal: Refusal | null): Response {
    const shown = this.#last === null ? null : shownError(this.#last.result, refusal);
    if (shown === "as_it_came" && this.#last !== null)
      return this.#asItCame(this.#last.result, this.#last.secret);
    const error = shown instanceof ProxyError ? shown : refusalError(refusal);
    return this.#refuse(error);
  }

  /** The upstream's own error, status and body untouched but for a key that it echoes. */
  #asItCame(result: AttemptResult, secret: string): Response {
    const answer = result.answer as WholeAnswer;
    const { verdict } = result;
    const status = verdict.clientStatus;
    const clean = redact(answer.text, [secret]);
    const leaks = clean !== answer.text && answer.text.includes(secret);
    const body = leaks ? new TextEncoder().encode(clean) : answer.body;
    const headers = this.#headers(answer).filter(([name]) => !leaks || name !== "content-encoding");
    this.#record({
      status,
      outcome: verdict.outcome,
      error: verdict.reason,
      usage: null,
      bytes: body.byteLength,
    });
    return new Response(bodyFor(status, body), { status, headers });
  }

  #refuse(error: ProxyError, outcome: string = this.#last?.result.verdict.outcome ?? error.code): Response {
    this.#record({ status: error.status, outcome, error: error.message, usage: null, bytes: 0 });
    return errorResponse(error, this.#ownHeaders());
  }

  /** Nobody reads this answer. A key that was claimed at the very last is given back unused. */
  clientGone(unused: Lease | null = null): Response {
    if (unused !== null)
      this.deps.pool.release(unused, { verdict: CLIENT_CLOSED, usage: null, costUsd: null });
    return this.#refuse(
      new ProxyError("client_closed", "The client closed the connection."),
      "client_closed",
    );
  }

  /** A fault of this program: the key is given back without blame, and the request still leaves its one record. */
  crashed(): void {
    if (this.#lease !== null) this.#release(this.#lease, CLIENT_CLOSED, null, null);
    if (this.#recorded) return;
    this.#record({
      status: 500,
      outcome: "internal_error",
      error: "an error inside this program",
      usage: null,
      bytes: 0,
    });
  }

  #headers(answer: WholeAnswer | FlowingAnswer): [string, string][] {
    const headers = answerHeaders(answer.headers);
    headers.push(...this.#ownHeaders());
    return headers;
  }

  #ownHeaders(): [string, string][] {
    return [
      ["x-request-id", this.request.id],
      ["x-lb-attempts", String(this.#attempts.length)],
    ];
  }

  // --- the record ---------------------------------------------------------------------------------------

  #record(ending: Ending): void {
    if (this.#recorded) throw new Error(`request ${this.request.id} was recorded twice`);
    this.#recorded = true;
    if (this.#idleLimitLifted) this.request.connection.restoreIdleLimit();
    this.deps.watch.delete(this);
    const { request } = this;
    const { usage } = ending;
    const record: RequestRecord = {
      id: request.id,
      startedAt: request.at,
      endpoint: request.path,
      model: request.model,
      servedModel: ending.outcome === "ok" ? request.model : null,
      stream: request.stream,
      poolId: request.poolId,
      clientAddress: request.clientAddress,
      userAgent: request.userAgent,
      status: ending.status,
      outcome: ending.outcome,
      ttftMs: this.#ttftMs,
      durationMs: Math.round(this.deps.clock.monotonic() - request.startedAt),
      inputTokens: usage?.inputTokens ?? null,
      outputTokens: usage?.outputTokens ?? null,
      cachedTokens: usage?.cachedTokens ?? null,
      reasoningTokens: usage?.reasoningTokens ?? null,
      usageSource: sourceOf(usage),
      costUsd: usage === null ? null : this.#costUsd,
      requestBytes: request.body?.byteLength ?? 0,
      responseBytes: ending.bytes,
      error: ending.error,
      attempts: this.#attempts,
    };
    this.deps.ended(record);
  }
}

/** Some statuses have no body, and a Response refuses one. */
function bodyFor(status: number, body: Uint8Array): Uint8Array<ArrayBuffer> | null {
  return status === 204 || status === 205 || status === 304 ? null : (body as Uint8Array<ArrayBuffer>);
}

/** How a relayed stream ended. What broke after output cannot be mended by another key. */
function judgeEnd(end: RelayEnd, proven: boolean, error: string | null, facts: AttemptFacts): Verdict {
  if (end.kind === "client_closed") return CLIENT_CLOSED;
  if (end.kind === "failed") {
    if (end.failure.kind === "aborted") return CLIENT_CLOSED;
    return afterOutput(judgeFailure(end.failure, facts));
  }
  if (error !== null) {
    const data = firstEvent(error)?.data ?? "";
    const verdict = judgeStreamEvent(data, facts.now(), [facts.secret]);
    return afterOutput(verdict ?? failure("The upstream reported an error in the stream"));
  }
  return proven ? OK : afterOutput(failure("The stream ended without [DONE] or a finish reason"));
}

function failure(reason: string): Verdict {
  return verdictOf({ outcome: "upstream_error", status: 502, reason });
}

const OK = verdictOf({ outcome: "ok", status: 200, reason: "" });
const CLIENT_CLOSED = verdictOf({
  outcome: "client_closed",
  status: 499,
  reason: "The client closed the connection",
});

function sourceOf(usage: Usage | null): UsageSource {
  if (usage === null) return "none";
  return usage.isEstimated === true ? "estimated" : "upstream";
}
