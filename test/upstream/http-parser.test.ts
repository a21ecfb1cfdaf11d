import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type AnswerHead, MalformedAnswer } from "../../src/upstream/answer-head.ts";
import { AnswerParser } from "../../src/upstream/http-parser.ts";
import { DEFAULT_LIMITS, type UpstreamLimits } from "../../src/upstream/limits.ts";
import { answerModels, cuts } from "./answer-models.ts";
import { cutAt } from "./raw-server.ts";

interface Outcome {
  status: number | null;
  headers: AnswerHead["headers"];
  body: string;
  done: boolean;
  reusable: boolean;
  fault: string | null;
}

function parse(pieces: Buffer[], method = "GET", limits: Partial<UpstreamLimits> = {}): Outcome {
  let head: AnswerHead | null = null;
  const body: Buffer[] = [];
  const events = {
    onHead: (came: AnswerHead) => {
      head = came;
    },
    onBody: (chunk: Buffer) => {
      expect(chunk.length).toBeGreaterThan(0);
      body.push(chunk);
    },
  };
  const parser = new AnswerParser(method === "HEAD", events, { ...DEFAULT_LIMITS, ...limits });
  let fault: string | null = null;
  try {
    for (const piece of pieces) parser.feed(piece);
  } catch (error) {
    if (!(error instanceof MalformedAnswer)) throw error;
    fault = error.message;
  }
  const came = head as AnswerHead | null;
  return {
    status: came?.status ?? null,
    headers: came?.headers ?? [],
    body: Buffer.concat(body).toString("latin1"),
    done: parser.done,
    reusable: parser.reusable,
    fault,
  };
}

const bytes = (text: string) => Buffer.from(text, "latin1");
const oneByOne = (all: Buffer) => cutAt(all, [...all.keys()]);
const ok = (rest: string) => `HTTP/1.1 200 OK\r\n${rest}`;

describe("valid answers", () => {
  test("are read the same whole, cut anywhere and byte by byte", () => {
    fc.assert(
      fc.property(answerModels, cuts, (model, places) => {
        for (const pieces of [[model.bytes], cutAt(model.bytes, places), oneByOne(model.bytes)]) {
          const read = parse(pieces, model.method);
          expect(read.fault).toBeNull();
          expect(read.status).toBe(model.status);
          expect(read.headers).toEqual(model.headers);
          expect(read.body === model.body.toString("latin1")).toBe(true);
          expect(read.done).toBe(!model.untilClose);
          expect(read.reusable).toBe(!model.untilClose);
        }
      }),
      { numRuns: 200 },
    );
  });

  test("never let bytes after the answer be taken for a part of it", () => {
    fc.assert(
      fc.property(answerModels, cuts, (model, places) => {
        fc.pre(!model.untilClose);
        const read = parse(cutAt(Buffer.concat([model.bytes, bytes("HTTP/1.1 200")]), places), model.method);
        expect(read.body === model.body.toString("latin1")).toBe(true);
        expect([read.done, read.reusable]).toEqual([true, false]);
      }),
      { numRuns: 100 },
    );
  });
});

test("blanks after a chunk's size and around its extensions are allowed (node:http refuses them)", () => {
  const read = parse(
    oneByOne(bytes(ok("transfer-encoding: chunked\r\n\r\n5  \r\nhello\r\n0 ; a=b\r\n\r\n"))),
  );
  expect([read.fault, read.body, read.reusable]).toEqual([null, "hello", true]);
});

test("random damage never gives another kind of error, and no other result for other cuts", () => {
  const damage = fc.array(
    fc.tuple(fc.nat(400), fc.constantFrom(..."\r\n\0:; \t0afZ-\x7f\xff".split("")), fc.boolean()),
    { minLength: 1, maxLength: 4 },
  );
  fc.assert(
    fc.property(answerModels, damage, cuts, (model, changes, places) => {
      let text = model.bytes.toString("latin1");
      for (const [at, char, insert] of changes)
        text = text.slice(0, at) + char + text.slice(insert ? at : at + 1);
      const whole = parse([bytes(text)], model.method);
      const { fault, ...cut } = parse(cutAt(bytes(text), places), model.method);
      expect(cut).toEqual({
        status: whole.status,
        headers: whole.headers,
        body: whole.body,
        done: whole.done,
        reusable: whole.reusable,
      });
      expect(fault === null).toBe(whole.fault === null);
    }),
    { numRuns: 500 },
  );
});

const BROKEN: [name: string, answer: string, fault: RegExp][] = [
  ["another protocol", "SSH-2.0-OpenSSH_9.2\r\n", /HTTP\/1\.1/],
  ["a TLS alert", "\x15\x03\x01\x00\x02\x02\x46", /HTTP\/1\.1/],
  ["HTTP/2", "HTTP/2 200 OK\r\n\r\n", /HTTP\/1\.1/],
  ["HTTP/1.2", "HTTP/1.2 200 OK\r\n\r\n", /status line/],
  ["HTTP/0.9", "<html>", /HTTP\/1\.1/],
  ["an empty line first", `\r\n${ok("\r\n")}`, /HTTP\/1\.1/],
  ["two blanks before the status", "HTTP/1.1  200 OK\r\n\r\n", /status line/],
  ["a status of two digits", "HTTP/1.1 20 OK\r\n\r\n", /status line/],
  ["a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n", /status line/],
  ["status 000", "HTTP/1.1 000 No\r\n\r\n", /status line/],
  ["status 999", "HTTP/1.1 999 No\r\n\r\n", /status line/],
  ["NUL in the reason", "HTTP/1.1 200 O\0K\r\n\r\n", /status line/],
  ["bare LF after the status line", "HTTP/1.1 200 OK\nx: 1\r\n\r\n", /HTTP\/1\.1/],
  ["only bare LF", "HTTP/1.1 200 OK\ncontent-length: 0\n\n", /HTTP\/1\.1/],
  ["bare LF in a value", ok("a: b\nc: d\r\n\r\n"), /forbidden character|HTTP\/1\.1/],
  ["bare CR in a value", ok("a: b\rc\r\n\r\n"), /forbidden character/],
  ["NUL in a value", ok("a: b\0c\r\n\r\n"), /forbidden character/],
  ["DEL in a value", ok("a: b\x7fc\r\n\r\n"), /forbidden character/],
  ["a folded line", ok("a: b\r\n c\r\n\r\n"), /folded/],
  ["a folded first line", ok(" a: b\r\n\r\n"), /folded/],
  ["a blank before the colon", ok("a : b\r\n\r\n"), /blank between/],
  ["no colon", ok("abc\r\n\r\n"), /valid name/],
  ["no name", ok(": b\r\n\r\n"), /valid name/],
  ["a name that is no token", ok("a(b): c\r\n\r\n"), /valid name/],
  ["a name beyond ASCII", ok("\xe9: c\r\n\r\n"), /valid name/],
  ["content-length twice, different", ok("content-length: 1\r\ncontent-length: 2\r\n\r\n"), /more than one/],
  ["content-length twice, equal", ok("content-length: 1\r\ncontent-length: 1\r\n\r\n"), /more than one/],
  ["a list of content-lengths", ok("content-length: 1, 1\r\n\r\n"), /not a number/],
  ["a negative content-length", ok("content-length: -1\r\n\r\n"), /not a number/],
  ["a signed content-length", ok("content-length: +1\r\n\r\n"), /not a number/],
  ["a hexadecimal content-length", ok("content-length: 0x1\r\n\r\n"), /not a number/],
  ["an empty content-length", ok("content-length:\r\n\r\n"), /not a number/],
  ["a content-length beyond numbers", ok(`content-length: ${"9".repeat(16)}\r\n\r\n`), /not a number/],
  ["length and chunked", ok("content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n"), /both/],
  ["chunked and length", ok("transfer-encoding: chunked\r\ncontent-length: 1\r\n\r\n"), /both/],
  [
    "chunked twice",
    ok("transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n"),
    /other than chunked/,
  ],
  ["gzip, chunked", ok("transfer-encoding: gzip, chunked\r\n\r\n"), /other than chunked/],
  ["identity", ok("transfer-encoding: identity\r\n\r\n"), /other than chunked/],
  ["an upgrade nobody asked for", "HTTP/1.1 101 Switching Protocols\r\n\r\n", /switches protocols/],
  ["a chunk without size", ok("transfer-encoding: chunked\r\n\r\n\r\n"), /no size/],
  ["an extension without size", ok("transfer-encoding: chunked\r\n\r\n;a\r\n"), /no size/],
  ["a size that is no number", ok("transfer-encoding: chunked\r\n\r\nxyz\r\n"), /no size/],
  ["a size with 0x", ok("transfer-encoding: chunked\r\n\r\n0x5\r\nhello\r\n"), /hexadecimal/],
  ["two sizes", ok("transfer-encoding: chunked\r\n\r\n0 5\r\nhello\r\n"), /hexadecimal/],
  ["a negative size", ok("transfer-encoding: chunked\r\n\r\n-5\r\nhello\r\n"), /no size/],
  ["a size beyond numbers", ok(`transfer-encoding: chunked\r\n\r\n${"f".repeat(13)}\r\n`), /too large/],
  ["bare LF after a size", ok("transfer-encoding: chunked\r\n\r\n5\nhello\r\n"), /hexadecimal/],
  ["bare CR after a size", ok("transfer-encoding: chunked\r\n\r\n5\rhello\r\n"), /CR LF/],
  ["LF in an extension", ok("transfer-encoding: chunked\r\n\r\n5;a\nhello\r\n"), /control character/],
  ["data longer than its size", ok("transfer-encoding: chunked\r\n\r\n5\r\nhello!\r\n"), /CR LF/],
  ["bare LF in the trailer", ok("transfer-encoding: chunked\r\n\r\n0\r\na: b\n\r\n"), /control character/],
  ["NUL in the trailer", ok("transfer-encoding: chunked\r\n\r\n0\r\na: \0\r\n\r\n"), /control character/],
];

describe("broken answers are refused, cut or not", () => {
  test.each(BROKEN)("%s", (_name, answer, fault) => {
    expect(parse([bytes(answer)]).fault).toMatch(fault);
    expect(parse(oneByOne(bytes(answer))).fault).toMatch(fault);
  });
});

describe("limits", () => {
  const limits = { headBytes: 200, headerLines: 3, interimHeads: 2, chunkLineBytes: 10, trailerBytes: 20 };
  const chunks = "transfer-encoding: chunked\r\n\r\n";
  const cases: [name: string, within: string, beyond: string][] = [
    ["the head", ok(`a: ${"x".repeat(170)}\r\n\r\n`), ok(`a: ${"x".repeat(190)}\r\n\r\n`)],
    ["a head that does not end", ok(`a: ${"x".repeat(180)}`), ok(`a: ${"x".repeat(190)}`)],
    ["header lines", ok("a: 1\r\nb: 2\r\nc: 3\r\n\r\n"), ok("a: 1\r\nb: 2\r\nc: 3\r\nd: 4\r\n\r\n")],
    ["1xx heads", "HTTP/1.1 100 C\r\n\r\n".repeat(2), "HTTP/1.1 100 C\r\n\r\n".repeat(3)],
    ["a chunk's line", ok(`${chunks}1;${"e".repeat(9)}\r\n`), ok(`${chunks}1;${"e".repeat(10)}\r\n`)],
    [
      "the trailer",
      ok(`${chunks}0\r\na: ${"t".repeat(15)}\r\n`),
      ok(`${chunks}0\r\na: 1\r\nb: ${"t".repeat(15)}\r\n`),
    ],
  ];
  test.each(cases)("%s", (_name, within, beyond) => {
    for (const cut of [(all: Buffer) => [all], oneByOne]) {
      expect(parse(cut(bytes(within)), "GET", limits).fault).toBeNull();
      expect(parse(cut(bytes(beyond)), "GET", limits).fault).toMatch(/longer than|more than/);
    }
  });

  test("hold over all extensions of one chunk, not over the chunks together", () => {
    const many = `5;${"e".repeat(8)}\r\nhello\r\n`.repeat(50);
    const read = parse([bytes(ok(`${chunks}${many}0\r\n\r\n`))], "GET", limits);
    expect([read.fault, read.body.length]).toEqual([null, 250]);
  });
});

describe("whether the connection may serve again", () => {
  const cases: [name: string, answer: string, reusable: boolean][] = [
    ["HTTP/1.1", ok("content-length: 0\r\n\r\n"), true],
    ["connection: close", ok("content-length: 0\r\nconnection: close\r\n\r\n"), false],
    ["a list with Close", ok("content-length: 0\r\nConnection: foo, Close\r\n\r\n"), false],
    ["connection: keep-alive", ok("content-length: 0\r\nconnection: keep-alive\r\n\r\n"), true],
    ["HTTP/1.0", "HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n", false],
    ["bytes after the answer", ok("content-length: 1\r\n\r\nab"), false],
    ["a name that merely contains close", ok("content-length: 0\r\nconnection: x-close-not\r\n\r\n"), true],
  ];
  test.each(cases)("%s", (_name, answer, reusable) => {
    const read = parse([bytes(answer)]);
    expect([read.done, read.reusable]).toEqual([true, reusable]);
  });
});

test("a head in 60,000 single bytes takes no quadratic time", () => {
  const start = performance.now();
  const read = parse(oneByOne(bytes(ok(`a: ${"x".repeat(60_000)}\r\ncontent-length: 0\r\n\r\n`))));
  expect(read.done).toBe(true);
  expect(performance.now() - start).toBeLessThan(2_000);
});
