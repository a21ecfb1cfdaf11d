/** A name in a form is never longer; a value that goes on beyond it is not looked at. */
const LONGEST_PART_BYTES = 1_024;

/**
 * Looks for one field of a `multipart/form-data` body in its pieces as they come (RFC 7578). Keeps no more of them than
 * what two pieces may share.
 */
export class FormField {
  value: string | null = null;
  #tail: Buffer = Buffer.alloc(0);
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
      this.value = this.#valueAt(bytes, at, this.#boundary);
      if (this.value !== null) return true;
    }
    this.#tail = Buffer.from(bytes.subarray(-2 * LONGEST_PART_BYTES));
    return false;
  };

  /** Only in the head of a part: in a file the same words may stand anywhere. */
  #valueAt(bytes: Buffer, at: number, boundary: string): string | null {
    const part = bytes
      .subarray(Math.max(0, at - LONGEST_PART_BYTES), at + LONGEST_PART_BYTES)
      .toString("latin1");
    const start = part.lastIndexOf(`--${boundary}\r\n`, Math.min(at, LONGEST_PART_BYTES));
    if (start < 0) return null;
    const [head = "", value, ...rest] = part.slice(start + boundary.length + 4).split(/\r\n\r\n|\r\n--/);
    if (value === undefined || rest.length === 0 || !head.includes(this.#mark.toString())) return null;
    return Buffer.from(value, "latin1").toString("utf8");
  }
}
