import type { UpstreamLimits } from "./limits.ts";
import type { HeaderList } from "./types.ts";

/** What came is no valid HTTP/1.1 answer; the message names the fault and never quotes what came. */
export class MalformedAnswer extends Error {
  override readonly name = "MalformedAnswer";
}

/** How the end of a body is known. (RFC 9112, 6.3) */
export type Framing = "none" | "length" | "chunked" | "close";

export interface AnswerHead {
  status: number;
  headers: HeaderList;
  framing: Framing;
  /** Bytes of body to come; null for `chunked` and `close`. */
  contentLength: number | null;
  /** The connection may serve a further request after this answer. */
  persistent: boolean;
  /** From `keep-alive: timeout=N`: the host closes the connection when it was idle for so long. */
  keepAliveMs: number | null;
}

const TOKEN = 1;
const VALUE = 2;
/** What each byte may be part of. (RFC 9110, 5.5 and 5.6.2) */
const BYTE_KINDS = new Uint8Array(256);
for (let byte = 0x20; byte <= 0xff; byte++) if (byte !== 0x7f) BYTE_KINDS[byte] = VALUE;
BYTE_KINDS[0x09] = VALUE;
for (const char of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
  BYTE_KINDS[char.charCodeAt(0)] = TOKEN | VALUE;

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const CONTENT_LENGTH = /^\d{1,15}$/;
const COLON = 58;
const SPACE = 32;
const TAB = 9;
const CR = 13;
const LF = 10;

/** `text`: the bytes of a head as Latin-1, from the status line to the last header line's CR LF. */
export function parseHead(text: string, forHead: boolean, limits: UpstreamLimits): AnswerHead {
  const statusEnd = text.indexOf("\r\n");
  const line = STATUS_LINE.exec(text.slice(0, statusEnd));
  if (!line) throw new MalformedAnswer("the answer does not begin with a status line of HTTP/1.1");
  const headers: HeaderList = [];
  let pos = statusEnd + 2;
  while (pos < text.length) {
    if (headers.length >= limits.headerLines)
      throw new MalformedAnswer(`the answer has more than ${limits.headerLines} header lines`);
    let end = pos;
    while (BYTE_KINDS[text.charCodeAt(end)]! & TOKEN) end++;
    if (end === pos || text.charCodeAt(end) !== COLON) throw nameFault(text, pos, end);
    const name = text.slice(pos, end).toLowerCase();
    pos = end + 1;
    while (isBlank(text.charCodeAt(pos))) pos++;
    end = pos;
    while (BYTE_KINDS[text.charCodeAt(end)]! & VALUE) end++;
    const lineEnd = end;
    if (text.charCodeAt(lineEnd) !== CR || text.charCodeAt(lineEnd + 1) !== LF)
      throw new MalformedAnswer(`the answer's header ${name} holds a forbidden character`);
    while (end > pos && isBlank(text.charCodeAt(end - 1))) end--;
    headers.push([name, text.slice(pos, end)]);
    pos = lineEnd + 2;
  }
  return frame(Number(line[2]), line[1] === "1", headers, forHead);
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

function nameFault(text: string, start: number, end: number): MalformedAnswer {
  if (isBlank(text.charCodeAt(start))) return new MalformedAnswer("the answer has a folded header line");
  if (isBlank(text.charCodeAt(end)))
    return new MalformedAnswer("the answer has a blank between a header's name and its colon");
  return new MalformedAnswer("the answer has a header line without a valid name");
}

/** Decides how the body ends. Everything that two readers could understand differently is refused. */
function frame(status: number, isHttp11: boolean, headers: HeaderList, forHead: boolean): AnswerHead {
  let length: string | null = null;
  let coding: string | null = null;
  let persistent = isHttp11;
  let keepAliveMs: number | null = null;
  for (const [name, value] of headers) {
    if (name === "content-length") {
      if (length !== null) throw new MalformedAnswer("the answer has more than one content-length");
      if (!CONTENT_LENGTH.test(value))
        throw new MalformedAnswer("the answer's content-length is not a number");
      length = value;
    } else if (name === "transfer-encoding") {
      if (coding !== null || value.toLowerCase() !== "chunked")
        throw new MalformedAnswer("the answer has a transfer-encoding other than chunked");
      coding = value;
    } else if (name === "connection") {
      if (/(^|,)[ \t]*close[ \t]*(,|$)/i.test(value)) persistent = false;
    } else if (name === "keep-alive") {
      const seconds = /(?:^|[, \t])timeout=(\d{1,6})/i.exec(value);
      if (seconds) keepAliveMs = Number(seconds[1]) * 1_000;
    }
  }
  if (length !== null && coding !== null)
    throw new MalformedAnswer("the answer has both content-length and transfer-encoding");
  const head = { status, headers, persistent, keepAliveMs };
  if (forHead || status < 200 || status === 204 || status === 304)
    return { ...head, framing: "none", contentLength: 0 };
  if (coding !== null) return { ...head, framing: "chunked", contentLength: null };
  if (length !== null) return { ...head, framing: "length", contentLength: Number(length) };
  return { ...head, framing: "close", contentLength: null, persistent: false };
}
