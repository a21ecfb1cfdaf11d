import type { BodySink, UpstreamAnswer, UpstreamFailure } from "../upstream/types.ts";

/** Why the waiting ended: all came, enough came, too much came, or it took too long. */
export type Held = "ended" | "enough" | "limit" | "timeout" | UpstreamFailure;

export interface HoldLimits {
  bytes: number;
  /** How long, in ms; null: the upstream's own idle limit is the only bound in time. */
  ms: number | null;
  /** Asked after each chunk whether what is held suffices; null: only the end does. */
  isEnough: ((held: HeldBody) => boolean) | null;
  /** Whether `ms` also ends the waiting for a first byte. */
  evenIfEmpty?: boolean;
}

/**
 * The beginning of an answer's body, held back until it is known whether it may go to the client. Afterwards it is
 * either taken whole, or poured into a sink with all that follows.
 */
export class HeldBody implements BodySink {
  readonly chunks: Uint8Array[] = [];
  bytes = 0;
  #state: Held | null = null;
  #timer: Timer | null = null;
  #sink: BodySink | null = null;

  constructor(
    private readonly answer: UpstreamAnswer,
    private readonly limits: HoldLimits,
    /** Called once, as soon as one of the reasons applies. */
    private readonly settle: (why: Held) => void,
  ) {}

  /** Starts reading. */
  fill(): void {
    const { ms } = this.limits;
    if (ms !== null) {
      this.#timer = setInterval(() => {
        if (this.bytes > 0 || this.limits.evenIfEmpty === true) this.#stop("timeout");
      }, ms);
    }
    this.answer.read(this);
  }

  /** All bytes held, as one piece. */
  whole(): Uint8Array {
    return this.chunks.length === 1 ? (this.chunks[0] as Uint8Array) : Buffer.concat(this.chunks, this.bytes);
  }

  /** Hands everything on, what is held first; nothing is kept. */
  pour(sink: BodySink): void {
    for (const chunk of this.chunks.splice(0)) sink.onData(chunk);
    if (this.#state === "ended") sink.onEnd();
    else if (typeof this.#state === "object" && this.#state !== null) sink.onError(this.#state);
    else {
      this.#sink = sink;
      this.answer.resume();
    }
  }

  onData(chunk: Uint8Array): void {
    if (this.#sink !== null) {
      this.#sink.onData(chunk);
      return;
    }
    this.chunks.push(chunk);
    this.bytes += chunk.byteLength;
    if (this.#state !== null) return;
    if (this.limits.isEnough?.(this) === true) this.#stop("enough");
    else if (this.bytes >= this.limits.bytes) this.#stop("limit");
  }

  onEnd(): void {
    if (this.#sink !== null) this.#sink.onEnd();
    else this.#finish("ended");
  }

  onError(failure: UpstreamFailure): void {
    if (this.#sink !== null) this.#sink.onError(failure);
    else this.#finish(failure);
  }

  #stop(reason: Held): void {
    if (this.#state !== null) return;
    this.answer.pause();
    this.#finish(reason);
  }

  #finish(state: Held): void {
    // The end may still come after the waiting was stopped, if it was under way already.
    const first = this.#state === null;
    this.#state = state;
    if (!first) return;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.settle(state);
  }
}
