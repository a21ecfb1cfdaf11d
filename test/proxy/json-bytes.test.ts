import { expect, test } from "bun:test";
import fc from "fast-check";
import { membersOf, withValue } from "../../src/proxy/json-bytes.ts";
import { scale } from "../support/scale.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

test("the members of any JSON object are found where they stand, however it is laid out", () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ unit: "binary", maxLength: 12 }), fc.jsonValue({ maxDepth: 4 })),
      fc.constantFrom(undefined, 0, 1, 2, "\t", "  \n"),
      (object, indent) => {
        const json = encode(JSON.stringify(object, null, indent));
        const read = membersOf(json).map(({ name, start, end }) => [
          name,
          JSON.parse(decode(json.subarray(start, end))),
        ]);
        expect(read).toEqual(Object.entries(JSON.parse(decode(json))));
      },
    ),
    { numRuns: scale(500, 20_000) },
  );
});

test("only the value is replaced, each time that its name stands there, and no byte beside it", () => {
  const text =
    '\r\n{ "a":{"model":"x"} , "model" : "old\\"\\\\" ,"n":1.50, "mod\\u0065l":\t"older", "é":["]}"] }\n';
  const json = encode(text);
  const models = membersOf(json).filter(({ name }) => name === "model");
  expect(decode(withValue(json, models, '"new"'))).toBe(
    '\r\n{ "a":{"model":"x"} , "model" : "new" ,"n":1.50, "mod\\u0065l":\t"new", "é":["]}"] }\n',
  );
});
