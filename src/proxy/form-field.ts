/** A name in a form is never longer; a value that goes on beyond it is not looked at. */
const LONGEST_PART_BYTES = 1_024;

/**
 * Looks for one field of a `multipart/form-data` body in its pieces as they come (RFC 7578). Keeps no more of them than
 * what two pieces may share.
 */
export class FormField {
  value: string | null = null;
  /** Where the value stands in the body, in bytes; null until it is found. */
  place: { start: number; end: number } | null = null;
  #tail: Buffer = Buffer.alloc(0);
  /** Bytes of the body before the tail. */
  #passed = 0;
  readonly #boundary: string | null;
  readonly #mark: Buffer;

  constructor(contentType: string, name: string) {
    const found = /^multipart\/form-data\b.*?;\s{0,4}boundary=(?:"([^"]{1,200})"|([^\s;]{1,200}))/i.exec(
      contentType,
    );
    this.#boundary = found?.[1] ?? found?.[2] ?? null;
    this.#mark = Buffer.from(`name="${name}"`);
  }

  /** Whether there is nothing more to look for. */
  look = (piece: Uint8Array): boolean => {
    if (this.#boundary === null) return true;
    const bytes = this.#tail.length === 0 ? Buffer.from(piece) : Buffer.concat([this.#tail, piece]);
    for (let at = bytes.indexOf(this.#mark); at >= 0; at = bytes.indexOf(this.#mark, at + 1)) {
      if (this.#findValue(bytes, at, this.#boundary)) return true;
    }
    this.#tail = Buffer.from(bytes.subarray(-2 * LONGEST_PART_BYTES));
    this.#passed += bytes.byteLength - this.#tail.byteLength;
    return false;
  };

  /** Only in the head of a part: in a file the same words may stand anywhere. */
  #findValue(bytes: Buffer, at: number, boundary: string): boolean {
    const from = Math.max(0, at - LONGEST_PART_BYTES);
    const part = bytes.subarray(from, at + LONGEST_PART_BYTES).toString("latin1");
    const line = `--${boundary}\r\n`;
    const boundaryAt = part.lastIndexOf(line, at - from);
    const headEnd = part.indexOf("\r\n\r\n", boundaryAt + line.length);
    if (boundaryAt < 0 || headEnd < at - from) return false;
    const start = headEnd + 4;
    const end = part.indexOf("\r\n--", start);
    if (end < 0) return false;
    this.value = Buffer.from(part.slice(start, end), "latin1").toString("utf8");
    this.place = { start: this.#passed + from + start, end: this.#passed + from + end };
    return true;
  }
}
