import { expect, test } from "bun:test";
import fc from "fast-check";
import { FormField } from "../../src/proxy/form-field.ts";

const TYPE = "multipart/form-data; boundary=----abc123";
const part = (head: string, body: string) => `------abc123\r\n${head}\r\n\r\n${body}\r\n`;
const FILE = part(
  'Content-Disposition: form-data; name="file"; filename="a.mp3"\r\nContent-Type: audio/mpeg',
  `${"\u0000x".repeat(2_000)}name="model"\r\n\r\nnot-this\r\n--${"x".repeat(3_000)}`,
);
const MODEL = part('Content-Disposition: form-data; name="model"', "whisper-1");
const END = "------abc123--\r\n";

function find(body: string, cuts: number[], type = TYPE): string | null {
  const bytes = Buffer.from(body, "latin1");
  const field = new FormField(type, "model");
  const places = [0, ...cuts.filter((at) => at < bytes.length).sort((a, b) => a - b), bytes.length];
  for (const [index, from] of places.slice(0, -1).entries()) {
    if (field.look(bytes.subarray(from, places[index + 1]))) break;
  }
  const { value, place } = field;
  if (value !== null) expect(bytes.toString("utf8", place?.start, place?.end)).toBe(value);
  return value;
}

test("the field is found before or behind a file, wherever the pieces end, and never inside it", () => {
  const cuts = fc.array(fc.nat(8_000), { maxLength: 30 });
  fc.assert(
    fc.property(cuts, fc.boolean(), (places, isFirst) => {
      expect(find((isFirst ? MODEL + FILE : FILE + MODEL) + END, places)).toBe("whisper-1");
      expect(find(FILE + END, places)).toBeNull();
    }),
    { numRuns: 300 },
  );
});

test("a boundary in quotes, another kind of body, and a form without the field", () => {
  expect(find(MODEL + END, [], 'multipart/form-data; boundary="----abc123"')).toBe("whisper-1");
  expect(find(MODEL + END, [], "application/octet-stream")).toBeNull();
  expect(find(part('Content-Disposition: form-data; name="purpose"', "batch") + END, [])).toBeNull();
});
