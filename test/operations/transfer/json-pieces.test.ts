import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type JsonPiece, JsonPieces } from "../../../src/operations/transfer/json-pieces.ts";
import { InputError } from "../../../src/types.ts";

const SHAPE = { objects: new Set(["data"]), lists: new Set(["", "rows", "data.rows"]) };

function read(bytes: Uint8Array, cuts: number[] = []): JsonPiece[] {
  const reader = new JsonPieces(SHAPE);
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  const pieces: JsonPiece[] = [];
  for (let index = 1; index < places.length; index += 1)
    pieces.push(...reader.push(bytes.slice(places[index - 1], places[index])));
  reader.end();
  return pieces;
}
const readText = (text: string) => read(new TextEncoder().encode(text));
const json = (value: unknown) => JSON.parse(JSON.stringify(value)) as unknown;

test("whatever is in it and however it is cut, the pieces are the document", () => {
  const row = fc.jsonValue({ maxDepth: 3 });
  const document = fc.record({
    before: row,
    rows: fc.array(row, { maxLength: 5 }),
    data: fc.record({ rows: fc.array(row, { maxLength: 5 }), other: row }),
  });
  fc.assert(
    fc.property(
      document,
      fc.constantFrom(0, 2),
      fc.array(fc.nat(10_000), { maxLength: 20 }),
      (value, indent, cuts) => {
        const pieces = read(new TextEncoder().encode(JSON.stringify(value, null, indent)), cuts);
        const of = (path: string) =>
          pieces.filter((piece) => piece.path === path).map((piece) => piece.value);
        expect(of("before")).toEqual([json(value.before)]);
        expect(of("rows")).toEqual(value.rows.map(json));
        expect(of("data.rows")).toEqual(value.data.rows.map(json));
        expect(of("data.other")).toEqual([json(value.data.other)]);
      },
    ),
    { numRuns: 300 },
  );
});

test("rows count from 1; a document may be a list", () => {
  expect(readText(' [ 1 , "a\\"]" ,{"b":[]}] ')).toEqual([
    { path: "", row: 1, value: 1 },
    { path: "", row: 2, value: 'a"]' },
    { path: "", row: 3, value: { b: [] } },
  ]);
  expect(readText('{"rows":[],"x":null}')).toEqual([{ path: "x", row: null, value: null }]);
});

describe("what is no JSON is refused with its place", () => {
  const wrong: [string, string, RegExp][] = [
    ["nothing", "", /ends in the middle \(byte 0\)/],
    ["text", "hello", /neither \{ nor \[ \(byte 0\)/],
    ["cut", '{"rows":[{"a":1},{"a"', /ends in the middle \(rows, row 2\)/],
    ["two documents", "{} {}", /something follows the end/],
    ["no comma", '{"rows":[1 2]}', /comma or an end is missing \(rows, row 2\)/],
    ["no colon", '{"a" 1}', /colon is missing \(behind "a"\)/],
    ["no value", '{"rows":[1,]}', /value is missing|neither|no JSON/],
    ["a wrong word", '{"a":nul}', /no JSON \(behind "a"\)/],
    ["a wrong escape", '{"rows":["\\x"]}', /no JSON \(rows, row 1\)/],
    ["a name twice", '{"a":1,"a":2}', /"a" occurs twice/],
    ["a name without quotes", "{a:1}", /name in quotes is missing/],
    ["a list closed as an object", '{"rows":[1}', /comma or an end is missing/],
  ];
  for (const [name, text, message] of wrong) {
    test(name, () => {
      expect(() => readText(text)).toThrow(InputError);
      expect(() => readText(text)).toThrow(message);
    });
  }

  test("bytes that are no UTF-8", () => {
    const bytes = new Uint8Array([...new TextEncoder().encode('{"a":"'), 0xff, 0x22, 0x7d]);
    expect(() => read(bytes)).toThrow(/not UTF-8/);
  });

  test("a value larger than memory should hold", () => {
    const reader = new JsonPieces(SHAPE);
    const chunk = new Uint8Array(1024 * 1024).fill(0x61);
    const push = (bytes: Uint8Array) => [...reader.push(bytes)];
    push(new TextEncoder().encode('{"rows":["'));
    expect(() => {
      for (let count = 0; count < 20; count += 1) push(chunk);
    }).toThrow(/more than 16777216 bytes/);
  });
});
