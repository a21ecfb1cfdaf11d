import type { Clock } from "../clock.ts";
import type { Lease, Ending as PoolEnding } from "../pool/pool.ts";
import type { Waiting } from "../pool/queue.ts";
import type { Refusal } from "../pool/refusal.ts";
import type { Claim, Headroom } from "../pool/types.ts";
import type { CostOf } from "../record/cost.ts";
import { estimateUsage, OutputText } from "../record/estimate.ts";
import { usageIn } from "../record/usage.ts";
import type { RequestRecord, Usage, Verdict } from "../types.ts";
import type { SendOptions, UpstreamClient, UpstreamRequest } from "../upstream/types.ts";
import {
  Attempt,
  type AttemptFacts,
  type AttemptResult,
  type FlowingAnswer,
  type WholeAnswer,
} from "./attempt.ts";
import { AttemptLog } from "./attempt-log.ts";
import type { ClientWatch, Watched } from "./client-watch.ts";
import { encodingOf, unpackOnTheSide } from "./decode.ts";
import { errorResponse, errorText, ProxyError } from "./errors.ts";
import { answerHeaders, findHeader } from "./headers.ts";
import { BodyKeeper, type BodyLog } from "./kept-bodies.ts";
import { refusalError, shownError } from "./last-failure.ts";
import { rulesOf } from "./protocols.ts";
import { headroomIn } from "./rate-limit-headers.ts";
import { redact } from "./redact.ts";
import { type RelayEnd, relay } from "./relay.ts";
import type { ProxyRequest } from "./request.ts";
import { type RequestEnding, recordOf } from "./request-record.ts";
import { StreamObserver } from "./sse.ts";
import { learnOwner, type Owners } from "./sticky.ts";
import { judgeEnd } from "./stream-end.ts";
import { UsageChunkFilter } from "./stream-usage.ts";
import { CLIENT_CLOSED } from "./verdict.ts";

export interface ExchangeDeps {
  clock: Clock;
  client: UpstreamClient;
  pool: {
    answered(lease: Lease, ttftMs: number, headroom: Headroom | null): void;
    release(lease: Lease, ending: PoolEnding): void;
  };
  watch: ClientWatch;
  owners: Owners;
  costOf: CostOf;
  bodyLog: BodyLog;
  /** Takes the one final record of each request. */
  ended(record: RequestRecord): void;
}

/** One client request on its way: its attempts so far, its one answer, its one record. */
export class Exchange implements Watched {
  clientLeft = false;
  readonly #log: AttemptLog;
  #current: { abort(): void } | null = null;
  /** Held by the attempt under way. */
  #lease: Lease | null = null;
  #last: { result: AttemptResult; secret: string } | null = null;
  #ttftMs: number | null = null;
  #wakePause: (() => void) | null = null;
  #recorded = false;
  /** Of the attempt that ended last. */
  #costUsd: number | null = null;
  #idleLimitLifted = false;
  /** The client did not ask for the usage that a stream tells. */
  #usageWasAdded = false;
  /** The model that the upstream is asked for, where it is another than the client asked for. */
  #servedModel: string | null = null;
  /** Null where the log gets no bodies. */
  readonly #keeper: BodyKeeper | null;

  constructor(
    private readonly request: ProxyRequest,
    private readonly deps: ExchangeDeps,
  ) {
    this.#log = new AttemptLog(deps.clock, request.startedAt);
    this.#keeper = deps.bodyLog.isOn() ? new BodyKeeper(deps.bodyLog.secrets) : null;
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
    const attempt = new Attempt(this.deps.client, this.#judging(lease));
    this.began(lease, attempt);
    return attempt.run(request, options);
  }

  /** Notes an attempt that begins now. */
  began(lease: Lease, attempt: { abort(): void }): void {
    this.#log.began(lease, this.request.pickedKeyId !== null);
    this.#keeper?.tried(lease.secret);
    this.#lease = lease;
    this.#current = attempt;
  }

  /** From the next attempt on, this model is asked for. */
  serving(model: string | null): void {
    this.#servedModel = model === this.request.model ? null : model;
  }

  /** Whether the next attempt asks for the usage though the client did not. */
  asksForUsage(isAdded: boolean): void {
    this.#usageWasAdded = isAdded;
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

  /** Ends an attempt whose key is asked once more at once. */
  repeats(result: AttemptResult): void {
    this.#log.ended(result.verdict, result.status);
  }

  #release(lease: Lease, verdict: Verdict, status: number | null, usage: Usage | null): void {
    this.#log.ended(verdict, status);
    this.#lease = null;
    const model = this.#servedModel ?? this.request.model;
    this.#costUsd = usage === null ? null : this.deps.costOf(model, lease.upstreamId, usage);
    this.deps.pool.release(lease, { verdict, usage, costUsd: this.#costUsd });
  }

  /** For an upstream that answered and told no usage. */
  #estimate(outputTokens: () => number): Usage | null {
    const { model, endpoint, body } = this.request;
    return model === null || !endpoint.usage || body === null ? null : estimateUsage(body, outputTokens());
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

  /** What the answer shows to be in this key's account is remembered. */
  learnt(answer: WholeAnswer | FlowingAnswer, keyId: string): void {
    learnOwner(this.request, answer, keyId, this.deps.owners);
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
    this.deps.pool.answered(lease, now - this.#log.beganAt, headroom);
    if (result.answer !== null && (result.status ?? 500) < 300) this.learnt(result.answer, lease.keyId);
    return result.answer?.kind === "flowing"
      ? this.#stream(lease, result, result.answer)
      : this.#whole(lease, result, result.answer as WholeAnswer);
  }

  #whole(lease: Lease, result: AttemptResult, answer: WholeAnswer): Response {
    const usage = usageIn(answer.text) ?? this.#estimate(() => OutputText.tokensIn(answer.text));
    const status = result.status as number;
    this.#release(lease, result.verdict, status, usage);
    const headers = this.#headers(answer);
    this.#keeper?.answered(bytesToRead(answer));
    this.#record({ status, outcome: "ok", error: null, usage, bytes: answer.body.byteLength });
    return new Response(bodyFor(status, answer.body), { status, headers });
  }

  #stream(lease: Lease, result: AttemptResult, answer: FlowingAnswer): Response {
    this.#liftIdleLimit();
    const status = result.status as number;
    const isEventStream = (findHeader(answer.headers, "content-type") ?? "").startsWith("text/event-stream");
    const { protocol } = this.request.endpoint;
    const observer = new StreamObserver(isEventStream ? protocol : "none");
    const encoding = encodingOf(answer.headers);
    const keeper = this.#keeper;
    const look =
      keeper === null
        ? (bytes: Uint8Array) => observer.push(bytes)
        : (bytes: Uint8Array) => {
            observer.push(bytes);
            keeper.answered(bytes);
          };
    const side = encoding === null ? null : unpackOnTheSide(encoding, look);
    const isReadable = encoding === null || side !== null;
    const onEnd = (end: RelayEnd, bytes: number): string | null => {
      const proven = observer.whole || !isReadable || side?.failed === true;
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
      if (!isEventStream) return "";
      return `\n\n${rulesOf(protocol).error("upstream_error", verdict.reason, observer.nextSequence)}`;
    };
    const body = relay({
      answer: answer.source,
      held: answer.held,
      observe: side === null ? (isReadable ? look : () => {}) : side.push,
      observed: side === null ? null : side.end,
      filter: this.#usageWasAdded && isEventStream && encoding === null ? new UsageChunkFilter() : null,
      onEnd,
    });
    return new Response(body, { status, headers: this.#headers(answer) });
  }

  /** The connection becomes a session; what this answers is to be called at its end. */
  switched(lease: Lease): (verdict: Verdict, usage: Usage | null, bytes: number) => void {
    this.deps.watch.delete(this);
    const now = this.deps.clock.monotonic();
    this.#ttftMs = Math.round(now - this.request.startedAt);
    this.deps.pool.answered(lease, now - this.#log.beganAt, null);
    return (verdict, usage, bytes) => {
      this.#release(lease, verdict, 101, usage);
      const error = verdict.reason === "" ? null : verdict.reason;
      this.#record({ status: 101, outcome: verdict.outcome, error, usage, bytes });
    };
  }

  sessionHeaders(): [string, string][] {
    return this.#servedModel === null
      ? this.#ownHeaders()
      : [...this.#ownHeaders(), ["x-lb-model", headerText(this.#servedModel)]];
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
    this.#keeper?.answered(bytesToRead(answer));
    this.#record({
      status,
      outcome: verdict.outcome,
      error: verdict.reason,
      usage: null,
      bytes: body.byteLength,
    });
    return new Response(bodyFor(status, body), { status, headers });
  }

  /** An error of our own that has nothing to do with the last attempt. */
  refuse(error: ProxyError): Response {
    return this.#refuse(error, error.code);
  }

  /** An answer that was put together from several. */
  merged(body: object, headers: [string, string][]): Response {
    this.deps.watch.delete(this);
    const text = JSON.stringify(body);
    const bytes = Buffer.byteLength(text);
    const all: [string, string][] = [...this.#ownHeaders(), ["content-type", "application/json"], ...headers];
    this.#keeper?.answeredWith(all);
    this.#keeper?.answered(Buffer.from(text));
    this.#record({ status: 200, outcome: "ok", error: null, usage: null, bytes });
    return new Response(text, { status: 200, headers: all });
  }

  #refuse(error: ProxyError, outcome: string = this.#last?.result.verdict.outcome ?? error.code): Response {
    const form = this.request.endpoint.protocol === "anthropic" ? "anthropic" : "openai";
    const response = errorResponse(error, this.#ownHeaders(), form);
    this.#keeper?.answeredWith([...response.headers]);
    this.#keeper?.answered(Buffer.from(errorText(error, form)));
    this.#record({ status: error.status, outcome, error: error.message, usage: null, bytes: 0 });
    return response;
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
    if (this.#servedModel !== null) headers.push(["x-lb-model", headerText(this.#servedModel)]);
    this.#keeper?.answeredWith(headers);
    return headers;
  }

  #ownHeaders(): [string, string][] {
    return [
      ["x-request-id", this.request.id],
      ["x-lb-attempts", String(this.#log.attempts.length)],
    ];
  }

  // --- the record ---------------------------------------------------------------------------------------

  #record(ending: RequestEnding): void {
    const { request } = this;
    if (this.#recorded) throw new Error(`request ${request.id} was recorded twice`);
    this.#recorded = true;
    if (this.#idleLimitLifted) request.connection.restoreIdleLimit();
    request.upload?.cancel();
    this.deps.watch.delete(this);
    const facts = {
      servedModel: this.#servedModel ?? request.model,
      ttftMs: this.#ttftMs,
      durationMs: this.deps.clock.monotonic() - request.startedAt,
      costUsd: this.#costUsd,
      attempts: this.#log.attempts,
      ...(this.#keeper === null ? {} : { bodies: this.#keeper.kept(request.body, request.headers) }),
    };
    this.deps.ended(recordOf(request, ending, facts));
  }
}

/** The body as it can be read: unpacked where it came packed. */
function bytesToRead({ headers, body, text }: WholeAnswer): Uint8Array {
  return encodingOf(headers) === null ? body : Buffer.from(text);
}

/** A header takes visible ASCII only. */
function headerText(text: string): string {
  return /^[\x20-\x7e]*$/.test(text) ? text : encodeURIComponent(text);
}

/** Some statuses have no body, and a Response refuses one. */
function bodyFor(status: number, body: Uint8Array): Uint8Array<ArrayBuffer> | null {
  return status === 204 || status === 205 || status === 304 ? null : (body as Uint8Array<ArrayBuffer>);
}
