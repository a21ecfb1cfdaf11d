/** Beyond this only length and SHA-256 are kept, so that a test can move gigabytes. */
const KEEP_BYTES = 1 << 20;

/** Bytes as they passed by: kept whole up to `KEEP_BYTES`, hashed beyond. */
export class ByteRecord {
  #chunks: Uint8Array[] = [];
  #whole: Buffer<ArrayBuffer> | null = null;
  #hasher: Bun.CryptoHasher | null = null;
  length = 0;

  add(chunk: Uint8Array): void {
    this.length += chunk.length;
    this.#whole = null;
    if (this.#hasher === null && this.length > KEEP_BYTES) {
      this.#hasher = new Bun.CryptoHasher("sha256");
      for (const earlier of this.#chunks) this.#hasher.update(earlier);
      this.#chunks = [];
    }
    if (this.#hasher === null) this.#chunks.push(chunk);
    else this.#hasher.update(chunk);
  }

  /** Throws above 1 MiB: compare `sha256()` there. */
  get bytes(): Buffer<ArrayBuffer> {
    if (this.#hasher !== null) throw new Error(`${this.length} bytes were hashed, not kept`);
    this.#whole ??= Buffer.concat(this.#chunks);
    return this.#whole;
  }

  get text(): string {
    return this.bytes.toString();
  }

  /** Hex. May be asked at any time, also while bytes still come. */
  sha256(): string {
    if (this.#hasher !== null) return this.#hasher.copy().digest("hex");
    return new Bun.CryptoHasher("sha256").update(this.bytes).digest("hex");
  }

  /** Undefined where the bytes are no JSON or were too many to keep. */
  json(): unknown {
    if (this.#hasher !== null) return undefined;
    try {
      return JSON.parse(this.text);
    } catch {
      return undefined;
    }
  }
}
