import { isSource, UpstreamFailure, type UpstreamRequest } from "./types.ts";

/** Lines that only the client writes; two of them would let two readers see two requests. */
const OWN_HEADERS = new Set(["host", "content-length", "transfer-encoding", "connection"]);
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const NOT_IN_VALUE = /[^\t\x20-\x7e\x80-\xff]/;
/** Also `#`: a fragment is never sent. */
const NOT_IN_TARGET = /[^\x21\x22\x24-\x7e]/;
/** With these a missing length could be taken for an unfinished request. (RFC 9110, 8.6) */
const LENGTH_EXPECTED = new Set(["POST", "PUT", "PATCH"]);

/**
 * The head as Latin-1 text, up to and with the empty line. Throws UpstreamFailure "protocol_error", nothing
 * sent, where a part could not be sent as it is; the message never quotes a value.
 */
export function requestHead(request: UpstreamRequest, target: string, hostHeader: string): string {
  if (!TOKEN.test(request.method)) throw refusal("the method is not a token");
  if (NOT_IN_TARGET.test(target)) throw refusal("the path holds a character that must be escaped");
  let head = `${request.method} ${target} HTTP/1.1\r\nhost: ${hostHeader}\r\n`;
  for (const [name, value] of request.headers) {
    if (!TOKEN.test(name)) throw refusal("the name of a header is not a token");
    if (OWN_HEADERS.has(name)) throw refusal(`the header ${name} is written by the client itself`);
    if (NOT_IN_VALUE.test(value)) throw refusal(`the header ${name} holds a character that cannot be sent`);
    head += `${name}: ${value}\r\n`;
  }
  if (isSource(request.body) && request.body.length === null) head += "transfer-encoding: chunked\r\n";
  else if (request.body) head += `content-length: ${request.body.length}\r\n`;
  else if (LENGTH_EXPECTED.has(request.method)) head += "content-length: 0\r\n";
  return `${head}\r\n`;
}

/** Head and body as the pieces to write: one where the body is small, else two. */
export function requestPieces(head: string, body: Uint8Array | null, oneWriteBytes: number): Uint8Array[] {
  const together = body !== null && body.length <= oneWriteBytes;
  const first = Buffer.allocUnsafe(head.length + (together ? body.length : 0));
  first.write(head, "latin1");
  if (together) first.set(body, head.length);
  return body === null || together ? [first] : [first, body];
}

function refusal(message: string): UpstreamFailure {
  return new UpstreamFailure("protocol_error", `not sent: ${message}`, false);
}
