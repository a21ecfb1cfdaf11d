import type { BodySink, UpstreamAnswer, UpstreamFailure } from "../upstream/types.ts";
import type { HeldBody } from "./held-body.ts";

/** Bytes that may wait for a slow client before the upstream is held back. */
const HIGH_WATER_BYTES = 65_536;
/** A client that reads nothing gets its last word for this long, then the connection is cut. */
const LONGEST_BREAK_OFF_MS = 1_000;
/** Breaking off drops what the server has not written yet, so the last word gets this much of a start. */
const LAST_WORD_MS = 20;

export type RelayEnd =
  | { kind: "ended" }
  | { kind: "client_closed" }
  | { kind: "failed"; failure: UpstreamFailure };

export interface RelayOptions {
  answer: UpstreamAnswer;
  held: HeldBody;
  /** Sees each chunk as it passes. */
  observe(chunk: Uint8Array): void;
  /** Changes what the client sees; what it holds back comes at the end. Null: nothing is changed. */
  filter: { push(chunk: Uint8Array): Uint8Array[]; rest(): Uint8Array[] } | null;
  /** Resolves when all that was observed is known; null: it is known at once. */
  observed: (() => Promise<void>) | null;
  /**
   * Called exactly once when the body is over. A string is sent as the last, in-band word, and the connection is
   * broken off after it; null ends the stream regularly.
   */
  onEnd(end: RelayEnd, bytes: number): string | null;
}

/** The answer's body as a stream for the client: the upstream's bytes as they come, held back by a slow reader. */
export function relay(options: RelayOptions): ReadableStream<Uint8Array> {
  const body = new Relay(options);
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => body.start(controller),
      pull: () => body.pull(),
      cancel: () => body.cancel(),
    },
    { highWaterMark: HIGH_WATER_BYTES, size: (chunk) => chunk?.byteLength ?? 0 },
  );
}

type Controller = ReadableStreamDefaultController<Uint8Array>;

class Relay implements BodySink {
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  #bytes = 0;
  #over = false;
  /** `onEnd` was called. */
  #settled = false;
  /** The client is gone. */
  #left = false;
  #paused = false;
  #breakOff: (() => void) | null = null;

  constructor(private readonly options: RelayOptions) {}

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
    this.options.held.pour(this);
  }

  pull(): void {
    if (this.#breakOff !== null) {
      // An error drops what is queued, so it waits until the last word was taken.
      if (this.#controller?.desiredSize === HIGH_WATER_BYTES) this.#breakOff();
    } else if (this.#paused) {
      this.#paused = false;
      this.options.answer.resume();
    }
  }

  cancel(): void {
    this.#breakOff = null;
    if (this.#settled) return;
    this.#settled = true;
    this.#left = true;
    this.#over = true;
    this.options.answer.abort();
    this.options.onEnd({ kind: "client_closed" }, this.#bytes);
  }

  onData(chunk: Uint8Array): void {
    if (this.#over || this.#controller === null) return;
    this.#bytes += chunk.byteLength;
    this.options.observe(chunk);
    if (this.options.filter === null) this.#controller.enqueue(chunk);
    else for (const part of this.options.filter.push(chunk)) this.#controller.enqueue(part);
    if (!this.#paused && (this.#controller.desiredSize ?? 0) <= 0) {
      this.#paused = true;
      this.options.answer.pause();
    }
  }

  onEnd(): void {
    this.#end({ kind: "ended" });
  }

  onError(failure: UpstreamFailure): void {
    this.#end({ kind: "failed", failure });
  }

  #end(end: RelayEnd): void {
    if (this.#over || this.#controller === null) return;
    this.#over = true;
    const { filter, observed } = this.options;
    for (const part of filter?.rest() ?? []) this.#controller.enqueue(part);
    if (observed === null) this.#settle(end, this.#controller);
    else this.#settleLater(end, this.#controller, observed());
  }

  #settleLater(end: RelayEnd, controller: Controller, observed: Promise<void>): void {
    const isLate = Promise.withResolvers<void>();
    const timer = setTimeout(isLate.resolve, LONGEST_BREAK_OFF_MS);
    void Promise.race([observed, isLate.promise]).then(() => {
      clearTimeout(timer);
      if (!this.#left) this.#settle(end, controller);
    });
  }

  #settle(end: RelayEnd, controller: Controller): void {
    this.#settled = true;
    const lastWord = this.options.onEnd(end, this.#bytes);
    if (lastWord === null && end.kind === "ended") {
      controller.close();
      return;
    }
    if (lastWord !== null) controller.enqueue(new TextEncoder().encode(lastWord));
    const cut = () => {
      clearTimeout(timer);
      controller.error(new Error("the upstream broke off"));
    };
    const timer = setTimeout(cut, LONGEST_BREAK_OFF_MS);
    this.#breakOff = () => {
      this.#breakOff = null;
      setTimeout(cut, LAST_WORD_MS);
    };
  }
}
