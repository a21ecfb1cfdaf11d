/** What the reader tells about one request, in this order: head, body (any number), end. */
export interface RequestSink {
  onHead(head: RequestHead): void;
  onBody(chunk: Uint8Array): void;
  onEnd(): void;
}

export interface RequestHead {
  method: string;
  /** As it stood on the wire, with its query. */
  target: string;
  /** As they stood on the wire: case, order and repetitions kept. */
  headers: [name: string, value: string][];
}

const MAX_HEAD_BYTES = 256 * 1024;
const MAX_CHUNK_LINE_BYTES = 1024;
const HEAD_END = Buffer.from("\r\n\r\n");
const LINE_END = Buffer.from("\r\n");

type State = "head" | "body" | "chunk_size" | "chunk_data" | "chunk_end" | "trailers" | "waiting";

/**
 * Reads HTTP/1.1 requests from the bytes of one connection, however they are cut. Strict, because what it reads was
 * written by the program under test: anything unclear (both lengths, a bare LF, a wrong chunk size) is an error.
 */
export class RequestReader {
  #state: State = "head";
  #held: Buffer = Buffer.alloc(0);
  #left = 0;

  constructor(private readonly sink: RequestSink) {}

  /** Throws on bytes that are no clean HTTP/1.1. */
  push(data: Buffer): void {
    this.#held = this.#held.length === 0 ? data : Buffer.concat([this.#held, data]);
    while (this.#step()) {}
  }

  /** After the answer: the next request of this connection may be read. */
  next(): void {
    this.#state = "head";
    while (this.#step()) {}
  }

  get betweenRequests(): boolean {
    return this.#state === "head" && this.#held.length === 0;
  }

  /** One step forward; false where more bytes are needed. */
  #step(): boolean {
    switch (this.#state) {
      case "head":
        return this.#readHead();
      case "body":
      case "chunk_data":
        return this.#readBody();
      case "chunk_size":
        return this.#readChunkSize();
      case "chunk_end":
        if (this.#takeLine(2) === null) return false;
        this.#state = "chunk_size";
        return true;
      case "trailers":
        return this.#readTrailer();
      case "waiting":
        return false;
    }
  }

  #readHead(): boolean {
    const end = this.#held.indexOf(HEAD_END);
    if (end < 0) {
      if (this.#held.length > MAX_HEAD_BYTES) throw new Error("the head is too long");
      return false;
    }
    const head = parseHead(this.#held.toString("latin1", 0, end));
    this.#held = this.#held.subarray(end + HEAD_END.length);
    const framing = bodyFraming(head);
    this.#left = framing === "chunked" ? 0 : framing;
    this.#state = framing === "chunked" ? "chunk_size" : "body";
    this.sink.onHead(head);
    return true;
  }

  #readBody(): boolean {
    const part = this.#held.subarray(0, this.#left);
    if (part.length > 0) {
      this.#left -= part.length;
      this.#held = this.#held.subarray(part.length);
      this.sink.onBody(part);
    }
    if (this.#left > 0) return false;
    if (this.#state === "chunk_data") this.#state = "chunk_end";
    else this.#finish();
    return true;
  }

  #readChunkSize(): boolean {
    const line = this.#takeLine(MAX_CHUNK_LINE_BYTES);
    if (line === null) return false;
    const size = line.split(";", 1)[0]!.trim();
    if (!/^[0-9a-f]{1,8}$/i.test(size)) throw new Error(`no chunk size: ${JSON.stringify(line)}`);
    this.#left = Number.parseInt(size, 16);
    this.#state = this.#left === 0 ? "trailers" : "chunk_data";
    return true;
  }

  #readTrailer(): boolean {
    const line = this.#takeLine(MAX_HEAD_BYTES);
    if (line === null) return false;
    if (line === "") this.#finish();
    return true;
  }

  #finish(): void {
    this.#state = "waiting";
    this.sink.onEnd();
  }

  #takeLine(maxBytes: number): string | null {
    const end = this.#held.indexOf(LINE_END);
    if (end > maxBytes || (end < 0 && this.#held.length > maxBytes)) throw new Error("a line is too long");
    if (end < 0) return null;
    const line = this.#held.toString("latin1", 0, end);
    if (this.#state === "chunk_end" && line !== "") throw new Error("bytes after a chunk");
    this.#held = this.#held.subarray(end + LINE_END.length);
    return line;
  }
}

function parseHead(text: string): RequestHead {
  const [requestLine = "", ...lines] = text.split("\r\n");
  const match = /^([A-Z]+) (\S+) HTTP\/1\.1$/.exec(requestLine);
  if (match === null) throw new Error(`no request line: ${JSON.stringify(requestLine)}`);
  const headers = lines.map((line): [string, string] => {
    const header = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(line);
    if (header === null || line.includes("\n") || line.includes("\r")) {
      throw new Error(`no header: ${JSON.stringify(line)}`);
    }
    return [header[1]!, header[2]!];
  });
  return { method: match[1]!, target: match[2]!, headers };
}

/** RFC 9112 section 6.3, without its leniencies. */
function bodyFraming(head: RequestHead): number | "chunked" {
  const values = (wanted: string) =>
    head.headers.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);
  const lengths = values("content-length");
  const codings = values("transfer-encoding");
  if (lengths.length + codings.length > 1) throw new Error("more than one body length");
  if (codings.length === 1) {
    if (codings[0] !== "chunked") throw new Error(`unknown transfer-encoding: ${codings[0]}`);
    return "chunked";
  }
  const length = lengths[0] ?? "0";
  if (!/^\d{1,15}$/.test(length)) throw new Error(`no content-length: ${length}`);
  return Number(length);
}
