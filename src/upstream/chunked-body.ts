import { MalformedAnswer } from "./answer-head.ts";
import type { UpstreamLimits } from "./limits.ts";

enum At {
  Size,
  Padding,
  Extension,
  SizeLf,
  Data,
  DataCr,
  DataLf,
  LineStart,
  Line,
  LineLf,
  EndLf,
  Done,
}

const CR = 13;
const LF = 10;
const SEMICOLON = 59;
const SPACE = 32;
const TAB = 9;
/** 12 digits are 256 TiB, still exact in a number. */
const MAX_SIZE_DIGITS = 12;

/** -1 where the byte is no hex digit. */
const HEX = new Int8Array(256).fill(-1);
for (let value = 0; value < 16; value++) {
  const digit = value.toString(16);
  HEX[digit.charCodeAt(0)] = value;
  HEX[digit.toUpperCase().charCodeAt(0)] = value;
}

/** A control character or DEL; a tab is none. */
function isControl(byte: number): boolean {
  return (byte < SPACE && byte !== TAB) || byte === 127;
}

/** Takes the chunked coding off; extensions and trailers are read and dropped. (RFC 9112, 7.1) */
export class ChunkedBody {
  #at: At = At.Size;
  #size = 0;
  #digits = 0;
  /** Bytes of the size line, or of all trailer lines, so far. */
  #line = 0;

  constructor(private readonly limits: UpstreamLimits) {}

  get done(): boolean {
    return this.#at === At.Done;
  }

  /**
   * Reads from `pos` on and hands data on as parts of `bytes`, which is not copied; `emit` answers false to
   * stop. Returns the position after the last byte that belonged to the body. Throws MalformedAnswer.
   */
  read(bytes: Buffer, from: number, emit: (data: Buffer) => boolean): number {
    let pos = from;
    while (pos < bytes.length && this.#at !== At.Done) {
      if (this.#at !== At.Data) {
        this.#step(bytes[pos++]!);
        continue;
      }
      const end = Math.min(bytes.length, pos + this.#size);
      this.#size -= end - pos;
      if (this.#size === 0) this.#at = At.DataCr;
      const go = emit(bytes.subarray(pos, end));
      pos = end;
      if (!go) break;
    }
    return pos;
  }

  #step(byte: number): void {
    switch (this.#at) {
      case At.Size:
        this.#sizeByte(byte);
        return;
      case At.Padding:
        this.#count(this.limits.chunkLineBytes, "a chunk's size line");
        this.#afterSize(byte);
        return;
      case At.Extension:
        this.#count(this.limits.chunkLineBytes, "a chunk's size line");
        if (byte === CR) this.#at = At.SizeLf;
        else if (isControl(byte)) throw new MalformedAnswer("a chunk extension holds a control character");
        return;
      case At.SizeLf:
        expectByte(byte, LF);
        this.#line = 0;
        this.#at = this.#size === 0 ? At.LineStart : At.Data;
        return;
      case At.DataCr:
        expectByte(byte, CR);
        this.#at = At.DataLf;
        return;
      case At.DataLf:
        expectByte(byte, LF);
        this.#digits = 0;
        this.#at = At.Size;
        return;
      case At.LineStart:
      case At.Line:
        this.#count(this.limits.trailerBytes, "the trailer");
        if (byte === CR) this.#at = this.#at === At.LineStart ? At.EndLf : At.LineLf;
        else if (isControl(byte)) throw new MalformedAnswer("the trailer holds a control character");
        else this.#at = At.Line;
        return;
      case At.LineLf:
        expectByte(byte, LF);
        this.#at = At.LineStart;
        return;
      case At.EndLf:
        expectByte(byte, LF);
        this.#at = At.Done;
    }
  }

  #sizeByte(byte: number): void {
    const digit = HEX[byte]!;
    if (digit >= 0) {
      if (++this.#digits > MAX_SIZE_DIGITS) throw new MalformedAnswer("a chunk's size is too large");
      this.#size = this.#size * 16 + digit;
      return;
    }
    if (this.#digits === 0) throw new MalformedAnswer("a chunk has no size");
    this.#afterSize(byte);
  }

  /** Blanks may stand before an extension, and some old servers pad every size with them. */
  #afterSize(byte: number): void {
    if (byte === CR) this.#at = At.SizeLf;
    else if (byte === SEMICOLON) this.#at = At.Extension;
    else if (byte === SPACE || byte === TAB) this.#at = At.Padding;
    else throw new MalformedAnswer("a chunk's size is not a hexadecimal number");
  }

  #count(limit: number, what: string): void {
    if (++this.#line > limit) throw new MalformedAnswer(`${what} is longer than ${limit} bytes`);
  }
}

function expectByte(byte: number, expected: number): void {
  if (byte !== expected) throw new MalformedAnswer("a chunk or trailer line does not end with CR LF");
}
