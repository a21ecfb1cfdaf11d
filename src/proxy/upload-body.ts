import type { BodySource } from "../upstream/types.ts";
import { ProxyError } from "./errors.ts";

/** The beginning of an upload that is kept, so that it can be sent again with another key. */
const HELD_BYTES = 8 * 1024 * 1024;
/** What all uploads together may hold; beyond it a new piece is the last that is held of its upload. */
const HELD_IN_ALL_BYTES = 256 * 1024 * 1024;
/** A client that sends nothing for so long while its body is wanted is given up. */
const LONGEST_PAUSE_MS = 30_000;

/** Counts what is held of all uploads. */
export class HeldBytes {
  #bytes = 0;

  constructor(private readonly most: number = HELD_IN_ALL_BYTES) {}

  get isFull(): boolean {
    return this.#bytes >= this.most;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
  }
}

/**
 * A body that is sent on as it comes, at the pace of the upstream. Its beginning is held, and as long as that is all
 * that was taken of it, it can be sent once more from the start.
 */
export class UploadBody {
  /** Why it cannot be read to its end, as the client is told; null while all is well. */
  failure: ProxyError | null = null;
  /** Bytes that came so far. */
  bytes = 0;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  /** More came than may be held: with the next piece nothing is held any more. */
  #isBeyond = false;
  #dropped = false;
  #ended = false;
  #pulling: Promise<Uint8Array | null> | null = null;

  constructor(
    stream: ReadableStream<Uint8Array>,
    /** As its header states; null where it comes in chunks. */
    private length: number | null,
    private readonly maxBytes: number,
    private readonly heldInAll: HeldBytes,
  ) {
    this.#reader = stream.getReader();
  }

  /** Whether `open` still gives the body from its first byte on. */
  get isWhole(): boolean {
    return !this.#dropped;
  }

  /** Reads ahead, within what may be held, until `look` has seen enough. Called with each piece once, in order. */
  async readAhead(look: (piece: Uint8Array) => boolean): Promise<void> {
    while (this.#mayHoldMore) {
      const piece = await this.#pull();
      if (piece === null || look(piece)) return;
    }
  }

  /** Puts other bytes in the place of some that are held: to be called before `open`, while the body is whole. */
  replace(place: { start: number; end: number }, value: Uint8Array): void {
    const held = Buffer.concat(this.#held);
    const { start, end } = place;
    if (end > held.byteLength) throw new Error("what is not held cannot be replaced");
    this.#held = [held.subarray(0, start), value, held.subarray(end)];
    const added = value.byteLength - (end - start);
    this.#heldBytes += added;
    this.heldInAll.add(added);
    if (this.length !== null) this.length += added;
  }

  /** The body from its start. What was opened before must not be read any more. */
  open(): BodySource {
    let next = 0;
    let passed: Uint8Array | null = null;
    const read = async (): Promise<Uint8Array | null> => {
      for (;;) {
        const held = this.#held[next];
        if (!this.#dropped && held !== undefined) {
          next += 1;
          return held;
        }
        if (!this.#dropped && this.#isBeyond) this.#drop();
        if (passed !== null) free(passed);
        passed = null;
        const piece = await this.#pull();
        if (!this.#dropped && piece !== null) continue;
        passed = piece;
        return piece;
      }
    };
    return { length: this.length, read };
  }

  /** Nothing more of it is wanted. */
  cancel(): void {
    this.#drop();
    if (!this.#ended) this.#reader.cancel().catch(() => {});
    this.#ended = true;
  }

  get #mayHoldMore(): boolean {
    return this.#heldBytes < HELD_BYTES && !this.heldInAll.isFull;
  }

  #hold(piece: Uint8Array): void {
    if (!this.#mayHoldMore) this.#isBeyond = true;
    this.#held.push(piece);
    this.#heldBytes += piece.byteLength;
    this.heldInAll.add(piece.byteLength);
  }

  #drop(): void {
    this.#dropped = true;
    this.#held = [];
    this.heldInAll.add(-this.#heldBytes);
    this.#heldBytes = 0;
  }

  /** The next piece; whoever asks while one is under way gets the same. */
  #pull(): Promise<Uint8Array | null> {
    this.#pulling ??= this.#next().finally(() => {
      this.#pulling = null;
    });
    return this.#pulling;
  }

  async #next(): Promise<Uint8Array | null> {
    if (this.failure !== null) throw this.failure;
    if (this.#ended) return null;
    const { promise: tooLong, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(this.#fail(STOPPED)), LONGEST_PAUSE_MS);
    try {
      const { done, value } = await Promise.race([this.#reader.read(), tooLong]);
      if (done) {
        this.#ended = true;
        return null;
      }
      this.bytes += value.byteLength;
      if (this.bytes > this.maxBytes) throw this.#fail(uploadTooLarge(this.maxBytes));
      if (!this.#dropped) this.#hold(value);
      return value;
    } finally {
      clearTimeout(timer);
    }
  }

  #fail(failure: ProxyError): ProxyError {
    this.failure = failure;
    return failure;
  }
}

/**
 * Gives a piece's memory back at once: left to the collector, a fast upload would have tens of megabytes of pieces lying
 * about that were sent long ago.
 */
function free({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}

export function uploadTooLarge(maxBytes: number): ProxyError {
  return new ProxyError(
    "request_too_large",
    `The body is larger than ${maxBytes} bytes, the setting max_upload_bytes.`,
    { headers: { connection: "close" } },
  );
}

const STOPPED = new ProxyError(
  "invalid_request",
  `No byte of the body came for ${LONGEST_PAUSE_MS / 1_000} s.`,
  { status: 408, headers: { connection: "close" } },
);
