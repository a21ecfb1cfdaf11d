import type { BodySink, UpstreamAnswer, UpstreamFailure } from "../upstream/types.ts";

/** Why the waiting ended: all came, enough came, too much came, or it took too long. */
export type Held = "ended" | "enough" | "limit" | "timeout" | UpstreamFailure;

/**
 * The beginning of an answer's body, held back until it is known whether it may go to the client. Afterwards it is
 * either taken whole, or poured into a sink with all that follows.
 */
export class HeldBody implements BodySink {
  readonly chunks: Uint8Array[] = [];
  bytes = 0;
  #state: Held | null = null;
  #settle: ((held: Held) => void) | null = null;
  #sink: BodySink | null = null;

  constructor(
    private readonly answer: UpstreamAnswer,
    private readonly limitBytes: number,
    /** Asked after each chunk whether what is held suffices. */
    private readonly isEnough: (held: HeldBody) => boolean,
  ) {}

  /**
   * Starts reading; settles as soon as one of the reasons applies. Called once. Without `timeoutMs` the upstream's
   * own idle limit is the only bound in time; with `evenIfEmpty` false so it is until a first byte came.
   */
  fill(timeoutMs: number | null, evenIfEmpty = true): Promise<Held> {
    return new Promise((resolve) => {
      const onTimer = () => {
        if (evenIfEmpty || this.bytes > 0) this.#stop("timeout");
      };
      const timer = timeoutMs === null ? null : setInterval(onTimer, timeoutMs);
      this.#settle = (held) => {
        if (timer !== null) clearInterval(timer);
        resolve(held);
      };
      this.answer.read(this);
    });
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
    if (this.isEnough(this)) this.#stop("enough");
    else if (this.bytes >= this.limitBytes) this.#stop("limit");
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
    // The end may come after the waiting was stopped, if it was under way already.
    this.#state = state;
    this.#settle?.(state);
    this.#settle = null;
  }
}
