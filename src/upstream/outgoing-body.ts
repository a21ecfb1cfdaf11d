import type { BodySource } from "./types.ts";

/** What `next` gives: a piece as it goes over the wire, or the end of the body. */
export type Outgoing = { pieces: Uint8Array[]; isLast: boolean };

const LINE_END = Buffer.from("\r\n");
const LAST_CHUNK = Buffer.from("0\r\n\r\n");

/** A streamed request body on its way out: framed, and held to the length that its head has stated. */
export class OutgoingBody {
  #sentBytes = 0;

  constructor(private readonly source: BodySource) {}

  /** Rejects where the source fails or gives another number of bytes than it stated. */
  async next(): Promise<Outgoing> {
    const { length } = this.source;
    const piece = await this.source.read();
    if (piece === null) {
      if (length !== null && this.#sentBytes < length) throw new Error("the body ended before its length");
      return { pieces: length === null ? [LAST_CHUNK] : [], isLast: true };
    }
    this.#sentBytes += piece.length;
    if (length !== null && this.#sentBytes > length) throw new Error("the body is longer than its length");
    const isLast = length !== null && this.#sentBytes === length;
    // Nothing is written of an empty one: a socket takes 0 bytes of it for ever, and as a chunk it would end the body.
    if (piece.length === 0) return { pieces: [], isLast };
    return { pieces: length === null ? chunk(piece) : [piece], isLast };
  }
}

/** RFC 9112, 7.1 */
function chunk(piece: Uint8Array): Uint8Array[] {
  return [Buffer.from(`${piece.length.toString(16)}\r\n`), piece, LINE_END];
}
