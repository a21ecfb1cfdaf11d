import { brotliCompressSync } from "node:zlib";
import type { Answer, Call } from "./call.ts";
import type { Wire } from "./wire.ts";

export type Piece = string | Uint8Array;
export type Headers = Record<string, string | string[]>;
export type Ending = "fin" | "reset" | "stall";

/** How an answer goes over the wire; nearly every answer is made from one. */
export interface Plan {
  status?: number;
  headers?: Headers;
  /** The body; each piece is a write of its own. */
  pieces?: Piece[];
  /** `close`: no length is given, the end of the connection ends the body. */
  framing?: "length" | "chunked" | "close";
  /** Before each piece but the first. Default 0: the pieces come apart, but at once. */
  delayMs?: number;
  /** Cuts the body anew: the positions at which a new piece begins. */
  splitAt?: number[];
  /** The body is compressed as a whole (and split by `splitAt` afterwards). */
  encoding?: "gzip" | "br" | "zstd";
  /** After that many bytes of the body the connection ends, breaks off or says nothing more. */
  cut?: { atByte: number; by: Ending };
  /** Begin when the request's head has come, without waiting for its body. */
  early?: boolean;
}

/**
 * A RST throws away what its sender still holds and, in some clients, what their kernel holds unread: what came before
 * the break gets this long to arrive.
 */
const RESET_AFTER_MS = 25;

export function respond(plan: Plan): Answer {
  return { early: plan.early ?? false, play: (wire, call) => play(plan, wire, call) };
}

/** An object is sent as JSON; a string or bytes as they are, as text unless the headers say otherwise. */
export function status(code: number, body: object | Piece, headers: Headers = {}): Answer {
  const isPiece = typeof body === "string" || body instanceof Uint8Array;
  const type = isPiece ? "text/plain; charset=utf-8" : "application/json";
  return respond({
    status: code,
    headers: { "content-type": type, ...headers },
    pieces: [isPiece ? body : JSON.stringify(body)],
  });
}

/** A page, as proxies and CDNs in front of an API send it. */
export function html(code = 502, title = "Bad Gateway"): Answer {
  const page = `<!DOCTYPE html><html><head><title>${code} ${title}</title></head><body><h1>${title}</h1></body></html>\n`;
  return status(code, page, { "content-type": "text/html" });
}

export async function endBy(ending: Ending, wire: Wire): Promise<void> {
  if (ending === "stall") return wire.stall();
  if (ending === "fin") return wire.fin();
  if (wire.sentBytes > 0) await wire.sleep(RESET_AFTER_MS);
  wire.reset();
}

/** Status line and headers. `x-fake-call` tells a test which call an answer belongs to. */
export function head(
  code: number,
  headers: Headers,
  call: Call,
  length: number | "chunked" | "close",
): Buffer {
  const lines = [`HTTP/1.1 ${code} ${code < 300 ? "OK" : "Fake"}`];
  for (const [name, value] of Object.entries(headers)) {
    for (const one of [value].flat()) lines.push(`${name}: ${one}`);
  }
  lines.push(`x-request-id: req_fake_${call.index}`, `x-fake-call: ${call.index}`);
  if (length === "chunked") lines.push("transfer-encoding: chunked");
  else if (length === "close") lines.push("connection: close");
  else if (!isBodiless(code)) lines.push(`content-length: ${length}`);
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
}

/** One chunk of `Transfer-Encoding: chunked`; an empty piece makes the last one. */
export function chunk(piece: Piece, extension = ""): Buffer {
  const bytes = toBytes(piece);
  return Buffer.concat([
    Buffer.from(`${bytes.length.toString(16)}${extension}\r\n`),
    bytes,
    Buffer.from("\r\n"),
  ]);
}

export function toBytes(piece: Piece): Uint8Array {
  return typeof piece === "string" ? Buffer.from(piece) : piece;
}

function play(plan: Plan, wire: Wire, call: Call): Promise<void> | undefined {
  const { status: code = 200, headers = {}, framing = "length", encoding, cut } = plan;
  const pieces = bodyPieces(plan);
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const allHeaders = encoding === undefined ? headers : { ...headers, "content-encoding": encoding };
  const first = head(code, allHeaders, call, framing === "length" ? length : framing);
  call.status = code;
  if (call.method === "HEAD" || isBodiless(code)) return wire.write(first);
  if (framing === "length" && pieces.length <= 1 && cut === undefined) {
    // The usual case in one write: a fake that costs much would be measured instead of the proxy.
    const body = pieces[0] ?? new Uint8Array();
    call.sentBody.add(body);
    return wire.write(Buffer.concat([first, body]));
  }
  return playPieces(plan, first, cut === undefined ? pieces : piecesUntil(pieces, cut.atByte), wire, call);
}

async function playPieces(
  plan: Plan,
  first: Buffer,
  pieces: Uint8Array[],
  wire: Wire,
  call: Call,
): Promise<void> {
  const chunked = plan.framing === "chunked";
  await wire.write(first);
  for (const [index, piece] of pieces.entries()) {
    if (index > 0) await wire.sleep(plan.delayMs ?? 0);
    call.sentBody.add(piece);
    await wire.write(chunked ? chunk(piece) : piece);
  }
  if (plan.cut !== undefined) return endBy(plan.cut.by, wire);
  if (chunked) await wire.write(chunk(""));
  if (plan.framing === "close") wire.fin();
}

function isBodiless(code: number): boolean {
  return code === 204 || code === 304;
}

const COMPRESS = {
  gzip: Bun.gzipSync,
  br: brotliCompressSync,
  zstd: Bun.zstdCompressSync,
};

function bodyPieces({ pieces = [], encoding, splitAt }: Plan): Uint8Array[] {
  const parts = pieces.map(toBytes).filter((part) => part.length > 0);
  if (encoding === undefined && splitAt === undefined) return parts;
  const whole = Buffer.concat(parts);
  const bytes = encoding === undefined ? whole : COMPRESS[encoding](whole);
  const places = [0, ...(splitAt ?? []).toSorted((a, b) => a - b), bytes.length];
  return places.slice(1).flatMap((end, index) => {
    const part = bytes.subarray(places[index], end);
    return part.length > 0 ? [part] : [];
  });
}

function piecesUntil(pieces: Uint8Array[], atByte: number): Uint8Array[] {
  let left = atByte;
  return pieces.flatMap((piece) => {
    const part = piece.subarray(0, left);
    left -= part.length;
    return part.length > 0 ? [part] : [];
  });
}
