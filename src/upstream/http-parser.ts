import { type AnswerHead, MalformedAnswer, parseHead } from "./answer-head.ts";
import { ChunkedBody } from "./chunked-body.ts";
import type { UpstreamLimits } from "./limits.ts";

export interface ParserEvents {
  /** The head of the final answer; 1xx heads are skipped. */
  onHead(head: AnswerHead): void;
  /** A part of the body; shares memory with the bytes that were fed. */
  onBody(chunk: Buffer): void;
}

const HEAD_END = "\r\n\r\n";
const BEGINNING = "HTTP/1.";
const CR = 13;
const LF = 10;
const SWITCHING_PROTOCOLS = 101;
/** A head that comes in pieces is gathered here first; most are shorter. */
const GATHERING_BYTES = 2_048;

/** Reads one answer from pieces of any size. Fed bytes are kept by reference and must not change. */
export class AnswerParser {
  /** The answer is whole. */
  done = false;
  /** Whole, no bytes after it, and the host keeps the connection open. */
  reusable = false;
  head: AnswerHead | null = null;
  #left = 0;
  #chunked: ChunkedBody | null = null;
  #gathered: Buffer | null = null;
  #gatheredLength = 0;
  #interimHeads = 0;
  #stopped = false;
  readonly #emit = (data: Buffer): boolean => {
    this.events.onBody(data);
    return !this.#stopped;
  };

  constructor(
    /** The request was HEAD: the answer has no body whatever its head says. */
    private readonly forHead: boolean,
    private readonly events: ParserEvents,
    private readonly limits: UpstreamLimits,
  ) {}

  /** No event comes any more; allowed from within one. */
  stop(): void {
    this.#stopped = true;
  }

  /** Throws MalformedAnswer; the parser is of no use afterwards. */
  feed(bytes: Buffer): void {
    let pos = 0;
    while (!this.head) {
      pos = this.#gathered ? this.#gather(bytes, pos) : this.#findHead(bytes, pos);
      if (pos < 0) return;
    }
    if (!this.#stopped) this.#readBody(bytes, pos);
  }

  /** The host ended the connection: true if the answer is whole by that. */
  finish(): boolean {
    if (this.head?.framing === "close") this.done = true;
    return this.done;
  }

  /** Takes a head that lies whole in `bytes`; returns the position after it, or -1: more must come. */
  #findHead(bytes: Buffer, from: number): number {
    const end = bytes.indexOf(HEAD_END, from);
    if (end >= 0) {
      this.#takeHead(bytes, from, end);
      return end + HEAD_END.length;
    }
    if (from === bytes.length) return -1;
    this.#gathered = Buffer.allocUnsafe(GATHERING_BYTES);
    this.#gatheredLength = 0;
    return this.#gather(bytes, from);
  }

  #gather(bytes: Buffer, from: number): number {
    const before = this.#gatheredLength;
    const taken = Math.min(bytes.length - from, this.limits.headBytes + HEAD_END.length - before);
    const length = before + taken;
    if (length > this.#gathered!.length) {
      const doubled = Buffer.allocUnsafe(length * 2);
      this.#gathered!.copy(doubled, 0, 0, before);
      this.#gathered = doubled;
    }
    const gathered = this.#gathered!;
    bytes.copy(gathered, before, from, from + taken);
    this.#gatheredLength = length;
    const end = gathered.subarray(0, length).indexOf(HEAD_END, Math.max(0, before - HEAD_END.length + 1));
    if (end < 0) {
      this.#refuseEarly(gathered.subarray(0, length), before);
      return -1;
    }
    this.#gathered = null;
    this.#takeHead(gathered, 0, end);
    return from + end + HEAD_END.length - before;
  }

  /** Says that something is not HTTP without waiting for an end of the head that may never come. */
  #refuseEarly(gathered: Buffer, before: number): void {
    const known = Math.min(gathered.length, BEGINNING.length);
    let isHttp = gathered.toString("latin1", 0, known) === BEGINNING.slice(0, known);
    for (let at = gathered.indexOf(LF, before); at >= 0; at = gathered.indexOf(LF, at + 1))
      isHttp = isHttp && gathered[at - 1] === CR;
    if (!isHttp) throw new MalformedAnswer("the answer does not begin with a head of HTTP/1.1");
    if (gathered.length > this.limits.headBytes) throw this.#headTooLong();
  }

  #headTooLong(): MalformedAnswer {
    return new MalformedAnswer(`the answer's head is longer than ${this.limits.headBytes} bytes`);
  }

  #takeHead(bytes: Buffer, start: number, end: number): void {
    if (end - start > this.limits.headBytes) throw this.#headTooLong();
    const head = parseHead(bytes.toString("latin1", start, end + 2), this.forHead, this.limits);
    if (head.status < 200) {
      if (head.status === SWITCHING_PROTOCOLS)
        throw new MalformedAnswer("the answer switches protocols, which nobody asked for");
      if (++this.#interimHeads > this.limits.interimHeads)
        throw new MalformedAnswer(`more than ${this.limits.interimHeads} interim answers (1xx) came`);
      return;
    }
    this.head = head;
    this.#left = head.contentLength ?? Number.POSITIVE_INFINITY;
    if (head.framing === "chunked") this.#chunked = new ChunkedBody(this.limits);
    this.events.onHead(head);
  }

  #readBody(bytes: Buffer, from: number): void {
    let pos = from;
    if (this.done) {
      this.reusable = this.reusable && pos === bytes.length;
      return;
    }
    if (this.#chunked) {
      pos = this.#chunked.read(bytes, from, this.#emit);
      this.done = this.#chunked.done;
    } else {
      pos = Math.min(bytes.length, from + this.#left);
      this.#left -= pos - from;
      if (pos > from) this.#emit(pos - from === bytes.length ? bytes : bytes.subarray(from, pos));
      this.done = this.#left === 0;
    }
    if (this.done) this.reusable = this.head!.persistent && pos === bytes.length;
  }
}
