import { Answer, type AnswerFlow } from "./answer.ts";
import { type AnswerHead, MalformedAnswer } from "./answer-head.ts";
import type { Connection, ConnectionUser } from "./connection.ts";
import { Dial, type Dialer, type DialGround } from "./dial.ts";
import { AnswerParser, type ParserEvents } from "./http-parser.ts";
import type { Origin } from "./origin.ts";
import { OutgoingBody } from "./outgoing-body.ts";
import { requestHead, requestPieces } from "./request-head.ts";
import type { Watched } from "./ticker.ts";
import {
  type FailureKind,
  isSource,
  type PendingAnswer,
  type SendOptions,
  type UpstreamAnswer,
  UpstreamFailure,
  type UpstreamRequest,
} from "./types.ts";

const REFUSALS_BEGIN = 300;
const NOTHING: Uint8Array[] = [];

/** One request and its answer: takes or opens a connection, sends, reads, gives the connection back. */
export class Exchange implements PendingAnswer, ConnectionUser, Dialer, ParserEvents, AnswerFlow, Watched {
  due = Number.POSITIVE_INFINITY;
  readonly answer: Promise<UpstreamAnswer>;
  readonly #resolve: (answer: UpstreamAnswer) => void;
  readonly #reject: (failure: UpstreamFailure) => void;
  readonly #parser: AnswerParser;
  #dial: Dial | null = null;
  #connection: Connection | null = null;
  #body: Answer | null = null;
  /** The request as it goes out; kept until a repeat is out of question. */
  #pieces = NOTHING;
  /** What still follows of a streamed body. */
  #outgoing: OutgoingBody | null = null;
  /** It was given a streamed body: the connection is its own, and nothing is repeated. */
  #isStreamed = false;
  #sent = false;
  #sentAt = 0;
  #answered = false;
  /** The answer began before the request was whole. */
  #early = false;
  #isReading = true;
  #over = false;

  constructor(
    private readonly ground: DialGround,
    private readonly origin: Origin,
    private readonly options: SendOptions,
    isHead: boolean,
  ) {
    const { promise, resolve, reject } = Promise.withResolvers<UpstreamAnswer>();
    this.answer = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#parser = new AnswerParser(isHead, this, ground.limits);
  }

  start(request: UpstreamRequest, target: string): void {
    const head = requestHead(request, target, this.origin.hostHeader);
    const { body } = request;
    if (isSource(body)) {
      this.#outgoing = new OutgoingBody(body);
      this.#isStreamed = true;
    }
    this.#pieces = requestPieces(head, isSource(body) ? null : body, this.ground.limits.oneWriteBytes);
    const idle = this.options.once || this.#isStreamed ? null : this.origin.take();
    if (idle) this.#sendOn(idle);
    else this.#openOne();
  }

  abort(): void {
    if (this.#body) this.#body.abort();
    else this.#fail("aborted", "aborted before an answer came");
  }

  onDialed(connection: Connection): void {
    this.#dial = null;
    this.#sendOn(connection);
  }

  onDialFailed(failure: UpstreamFailure): void {
    this.#dial = null;
    this.#fail(failure.kind, failure.message);
  }

  onWritten(whole: boolean): void {
    this.#sent = true;
    if (!this.#body) this.due = this.ground.ticker.after(this.options.firstByteTimeoutMs);
    if (whole && this.#outgoing) void this.#sendMore(this.#outgoing);
  }

  onBytes(bytes: Buffer): void {
    this.#answered = true;
    this.#pieces = NOTHING;
    // Before the bytes are read: whoever takes them may pause, which suspends the deadline.
    if (this.#body && this.#isReading) this.due = this.ground.ticker.after(this.options.idleTimeoutMs);
    try {
      this.#parser.feed(bytes);
    } catch (error) {
      if (error instanceof MalformedAnswer) this.#fail("protocol_error", this.#says(error.message));
      else {
        this.#fail("aborted", "the answer's reader failed");
        throw error;
      }
    }
    if (this.#parser.done && !this.#over) this.#complete();
  }

  onHead(head: AnswerHead): void {
    const connection = this.#connection!;
    this.#early = connection.writing || this.#outgoing !== null;
    // A host that refuses early reads no further. One that answers 2xx may still want the rest.
    if (this.#early && head.status >= REFUSALS_BEGIN) {
      connection.stopWriting();
      this.#outgoing = null;
    }
    this.#body = new Answer(head, this, this.ground.limits.heldBytes);
    this.due = this.ground.ticker.after(this.options.idleTimeoutMs);
    this.#resolve(this.#body);
  }

  onBody(chunk: Buffer): void {
    this.#body!.push(chunk);
  }

  onGone(error: Error | null, connection: Connection): void {
    this.#connection = null;
    if (error === null && this.#parser.finish()) {
      this.#complete();
    } else if (this.#wasDeadBefore(connection)) {
      this.#openOne();
    } else {
      const when = this.#body ? "in the middle of its answer" : "before it answered";
      this.#fail("connection_lost", this.#says(`the connection ${error ? "broke" : "was closed"} ${when}`));
    }
  }

  expire(): void {
    const { firstByteTimeoutMs, idleTimeoutMs } = this.options;
    if (this.#body) this.#fail("idle_timeout", this.#says(`no byte of the answer for ${idleTimeoutMs} ms`));
    else if (this.#connection?.writing)
      this.#fail(
        "first_byte_timeout",
        this.#says(`the request was not taken within ${firstByteTimeoutMs} ms`),
      );
    else this.#fail("first_byte_timeout", this.#says(`no answer within ${firstByteTimeoutMs} ms`));
  }

  stopReading(): void {
    this.#isReading = false;
    this.due = Number.POSITIVE_INFINITY;
    this.#connection?.pause();
  }

  readOn(): void {
    if (this.#over || this.#isReading) return;
    this.#isReading = true;
    this.due = this.ground.ticker.after(this.options.idleTimeoutMs);
    this.#connection?.resume();
  }

  breakOff(): void {
    this.#over = true;
    this.due = Number.POSITIVE_INFINITY;
    this.ground.ticker.unwatch(this);
    this.#parser.stop();
    this.#pieces = NOTHING;
    this.#outgoing = null;
    this.#dial?.cancel();
    this.#connection?.destroy();
    this.#connection = null;
  }

  #openOne(): void {
    this.due = Number.POSITIVE_INFINITY;
    this.#dial = new Dial(this.ground, this.origin, this.options.connectTimeoutMs, this);
    this.#dial.start();
  }

  #sendOn(connection: Connection): void {
    const { ticker } = this.ground;
    this.#connection = connection;
    connection.user = this;
    ticker.watch(this);
    this.#sentAt = ticker.now;
    this.due = ticker.after(this.options.firstByteTimeoutMs);
    connection.write(this.#pieces);
  }

  /** Sends the next piece of a streamed body; until it is there, the host has nothing to answer for. */
  async #sendMore(outgoing: OutgoingBody): Promise<void> {
    if (!this.#body) this.due = Number.POSITIVE_INFINITY;
    try {
      const { pieces, isLast } = await outgoing.next();
      if (this.#outgoing !== outgoing) return;
      if (isLast) this.#outgoing = null;
      if (!this.#body) this.due = this.ground.ticker.after(this.options.firstByteTimeoutMs);
      if (pieces.length > 0) this.#connection?.write(pieces);
      else if (!isLast) await this.#sendMore(outgoing);
    } catch (error) {
      if (this.#outgoing !== outgoing) return;
      this.#fail("aborted", `the request's body broke off: ${(error as Error).message}`);
    }
  }

  /** A kept connection that the host had closed in the meantime, as we just noticed. (FAULTS 30) */
  #wasDeadBefore(connection: Connection): boolean {
    const { ticker, limits } = this.ground;
    const isSoon = ticker.now - this.#sentAt <= limits.reuseDeathMs;
    return connection.reused && isSoon && !this.#answered;
  }

  #complete(): void {
    const connection = this.#connection;
    this.#connection = null;
    this.#over = true;
    this.#outgoing = null;
    this.due = Number.POSITIVE_INFINITY;
    this.ground.ticker.unwatch(this);
    if (connection && this.#early) connection.destroy();
    else if (connection && (this.options.once || this.#isStreamed || !this.#parser.reusable))
      connection.end();
    else if (connection) {
      connection.resume();
      this.origin.put(connection, this.#parser.head!.keepAliveMs);
    }
    this.#body!.end();
  }

  #fail(kind: FailureKind, message: string): void {
    if (this.#over) return;
    this.breakOff();
    const failure = new UpstreamFailure(kind, message, this.#sent);
    if (this.#body) {
      this.#body.fail(failure);
      return;
    }
    // Whoever gave up may not look at the promise any more; that must not end the process.
    this.answer.catch(() => {});
    this.#reject(failure);
  }

  #says(what: string): string {
    return `${this.origin.hostPort}: ${what}`;
  }
}
