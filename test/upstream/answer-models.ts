import fc from "fast-check";
import type { HeaderList } from "../../src/upstream/types.ts";

/** An answer as bytes, and what a reader must make of them. */
export interface AnswerModel {
  bytes: Buffer;
  method: "GET" | "HEAD";
  status: number;
  headers: HeaderList;
  body: Buffer;
  /** The end of the connection ends the body. */
  untilClose: boolean;
}

const token = fc.stringMatching(/^[a-z][a-z0-9-]{0,11}$/).map((name) => `x-${name}`);
const value = fc.stringMatching(/^([!-~]([ -~]{0,20}[!-~])?)?$/);
const blanks = fc.constantFrom("", " ", "  ", "\t");
const extraHeader = fc.tuple(token, blanks, value, blanks);
const body = fc.uint8Array({ maxLength: 2_000 }).map((bytes) => Buffer.from(bytes));
const reason = fc.constantFrom(" OK", " ", "", " Very Well Indeed", " \xe9\xfc");
const interim = fc.constantFrom(
  "",
  "",
  "HTTP/1.1 100 Continue\r\n\r\n",
  "HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n",
  "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n",
);
const extension = fc.constantFrom("", "", ";a", ";a=b", ';name="quoted value"', ";a=1;b=2");
const trailer = fc.constantFrom("", "", "x-checksum: abc\r\n", "expires: 0\r\nx-t:\r\n");

function chunked(bytes: Buffer, places: number[], extensionText: string, trailerText: string): Buffer {
  const parts: Buffer[] = [];
  let pos = 0;
  for (const place of [...places.sort((a, b) => a - b), bytes.length]) {
    const end = Math.min(place, bytes.length);
    if (end <= pos) continue;
    const size = (end - pos).toString(16);
    parts.push(Buffer.from(`${parts.length % 2 ? size.toUpperCase() : `0${size}`}${extensionText}\r\n`));
    parts.push(bytes.subarray(pos, end), Buffer.from("\r\n"));
    pos = end;
  }
  return Buffer.concat([...parts, Buffer.from(`0${extensionText}\r\n${trailerText}\r\n`)]);
}

/** Valid answers of every framing. */
export const answerModels: fc.Arbitrary<AnswerModel> = fc
  .record({
    framing: fc.constantFrom("length", "chunked", "close", "none", "head"),
    status: fc.constantFrom(200, 201, 206, 302, 400, 404, 429, 500, 503, 529, 599),
    emptyStatus: fc.constantFrom(204, 304),
    extra: fc.array(extraHeader, { maxLength: 8 }),
    body,
    places: fc.array(fc.nat(2_000), { maxLength: 6 }),
    reason,
    interim,
    extension,
    trailer,
  })
  .map((given) => {
    const isEmpty = given.framing === "none" || given.framing === "head";
    const status = given.framing === "none" ? given.emptyStatus : given.status;
    const headers: HeaderList = given.extra.map(([name, , text]) => [name, text]);
    const lines = given.extra.map(([name, before, text, after]) => `${name}:${before}${text}${after}\r\n`);
    const add = (name: string, text: string) => {
      headers.push([name.toLowerCase(), text]);
      lines.push(`${name}: ${text}\r\n`);
    };
    if (given.framing === "length" || given.framing === "head") add("Content-Length", `${given.body.length}`);
    if (given.framing === "chunked") add("Transfer-Encoding", "chunked");
    if (given.framing === "close") add("Connection", "close");
    const head = `${given.interim}HTTP/1.1 ${status}${given.reason}\r\n${lines.join("")}\r\n`;
    const coded =
      given.framing === "chunked"
        ? chunked(given.body, given.places, given.extension, given.trailer)
        : isEmpty
          ? Buffer.alloc(0)
          : given.body;
    return {
      bytes: Buffer.concat([Buffer.from(head, "latin1"), coded]),
      method: given.framing === "head" ? "HEAD" : "GET",
      status,
      headers,
      body: isEmpty ? Buffer.alloc(0) : given.body,
      untilClose: given.framing === "close",
    };
  });

/** Where to cut: some anywhere, some one byte apart at a random spot. */
export const cuts = fc
  .tuple(fc.array(fc.nat(2_500), { maxLength: 12 }), fc.nat(2_000), fc.nat(40))
  .map(([places, start, length]) => [...places, ...Array.from({ length }, (_, index) => start + index)]);
