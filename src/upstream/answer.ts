import type { AnswerHead } from "./answer-head.ts";
import { type BodySink, type HeaderList, type UpstreamAnswer, UpstreamFailure } from "./types.ts";

/** What an answer does to the connection that it comes on; harmless once the body is whole. */
export interface AnswerFlow {
  stopReading(): void;
  readOn(): void;
  breakOff(): void;
}

/** The valve between the parser and the reader: holds what nobody takes yet and stops the socket in time. */
export class Answer implements UpstreamAnswer {
  readonly status: number;
  readonly headers: HeaderList;
  readonly contentLength: number | null;
  #sink: BodySink | null = null;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #paused = false;
  #flushing = false;
  /** The body's end has come from the connection. */
  #ended = false;
  #failure: UpstreamFailure | null = null;
  /** The sink has had its last call. */
  #over = false;

  constructor(
    head: AnswerHead,
    private readonly flow: AnswerFlow,
    private readonly heldLimit: number,
  ) {
    this.status = head.status;
    this.headers = head.headers;
    this.contentLength = head.contentLength;
  }

  push(chunk: Uint8Array): void {
    if (this.#sink && !this.#paused && !this.#flushing) {
      this.#sink.onData(chunk);
      return;
    }
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    if (this.#heldBytes > this.heldLimit) this.flow.stopReading();
  }

  end(): void {
    this.#ended = true;
    this.#settle();
  }

  fail(failure: UpstreamFailure): void {
    this.#failure = failure;
    this.#settle();
  }

  read(sink: BodySink): void {
    if (this.#sink) throw new Error("an answer can be read only once");
    this.#sink = sink;
    this.#handOn();
  }

  pause(): void {
    if (this.#over) return;
    this.#paused = true;
    this.flow.stopReading();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#sink) this.#handOn();
  }

  abort(): void {
    if (this.#over) return;
    this.#held = [];
    this.#heldBytes = 0;
    this.#paused = false;
    if (!this.#failure) {
      this.flow.breakOff();
      this.#failure = new UpstreamFailure("aborted", "aborted while the answer's body came", true);
    }
    this.#settle();
  }

  /** Hands on what was held, as far as the sink takes it, then lets the socket go on. */
  #handOn(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    let taken = 0;
    try {
      // The sink may pause or abort at any chunk; what comes while it is called is held behind the rest.
      while (taken < this.#held.length && !this.#paused) {
        const chunk = this.#held[taken++]!;
        this.#heldBytes -= chunk.length;
        this.#sink!.onData(chunk);
      }
    } finally {
      this.#held = this.#held.slice(taken);
      this.#flushing = false;
    }
    if (this.#paused) return;
    if (!this.#ended && !this.#failure) this.flow.readOn();
    this.#settle();
  }

  #settle(): void {
    if (this.#over || !this.#sink || this.#paused || this.#flushing || this.#held.length > 0) return;
    if (!this.#ended && !this.#failure) return;
    this.#over = true;
    if (this.#failure) this.#sink.onError(this.#failure);
    else this.#sink.onEnd();
  }
}
