import { expect, test } from "bun:test";
import fc from "fast-check";
import { closePayload, FrameReader, frameOf, OPCODES } from "../../src/upstream/frames.ts";
import { scale } from "../support/scale.ts";

type Event = ["message", string | number[]] | ["ping", number[]] | ["pong"] | ["close", number, string];

/** What is read of bytes that come in pieces of the given sizes. */
function read(bytes: Buffer, sizes: number[], maxMessageBytes = 1_048_576): Event[] {
  const events: Event[] = [];
  const reader = new FrameReader(
    {
      onMessage: (data) => events.push(["message", typeof data === "string" ? data : [...data]]),
      onPing: (data) => events.push(["ping", [...data]]),
      onPong: () => events.push(["pong"]),
      onClose: (code, reason) => events.push(["close", code, reason]),
    },
    maxMessageBytes,
  );
  let at = 0;
  for (let n = 0; at < bytes.length; n += 1) {
    const size = sizes.length === 0 ? bytes.length : (sizes[n % sizes.length] as number);
    reader.feed(bytes.subarray(at, at + size));
    at += size;
  }
  return events;
}

/** A frame as a server sends it. */
function served(opcode: number, payload: Uint8Array, isFinal = true): Buffer {
  const { length } = payload;
  const extra = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const head = Buffer.alloc(2 + extra);
  head[0] = (isFinal ? 0x80 : 0) | opcode;
  head[1] = extra === 0 ? length : extra === 2 ? 126 : 127;
  if (extra === 2) head.writeUInt16BE(length, 2);
  if (extra === 8) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, payload]);
}

const bytes = (text: string) => new TextEncoder().encode(text);

test("whatever the pieces, the same messages come, put together from their fragments", () => {
  const message = fc.record({
    isText: fc.boolean(),
    text: fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 300 }),
      fc.constantFrom(
        "",
        "\ufeffé",
        "a".repeat(125),
        "a".repeat(126),
        "a".repeat(65_535),
        "a".repeat(65_536),
      ),
    ),
    cuts: fc.array(fc.nat(300), { maxLength: 3 }),
    ping: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 70_000 }), { maxLength: 5 }),
      (messages, sizes) => {
        const parts: Buffer[] = [];
        const expected: Event[] = [];
        for (const { isText, text, cuts, ping } of messages) {
          const payload = bytes(text);
          const opcode = isText ? OPCODES.text : OPCODES.binary;
          const places = [...new Set(cuts.filter((at) => at < payload.length))].toSorted((a, b) => a - b);
          let from = 0;
          for (const [index, end] of [...places, payload.length].entries()) {
            const piece = payload.subarray(from, end);
            parts.push(served(index === 0 ? opcode : OPCODES.continuation, piece, index === places.length));
            from = end;
            if (!ping || index > 0) continue;
            // A control frame may stand between the fragments of a message.
            parts.push(served(OPCODES.ping, bytes("p")));
            if (places.length > 0) expected.push(["ping", [112]]);
          }
          expected.push(["message", isText ? text : [...payload]]);
          if (ping && places.length === 0) expected.push(["ping", [112]]);
        }
        parts.push(served(OPCODES.close, Buffer.from([0x0f, 0xa0, ...bytes("bye")])));
        expected.push(["close", 4000, "bye"]);
        expect(read(Buffer.concat(parts), sizes)).toEqual(expected);
      },
    ),
    { numRuns: scale(150, 5_000) },
  );
}, 60_000);

test("what is written masked is read again after unmasking", () => {
  for (const length of [0, 1, 125, 126, 65_535, 65_536, 100_001]) {
    const payload = Buffer.alloc(length, "ab");
    const frame = frameOf(OPCODES.binary, payload, 0xdead_beef);
    const head = length < 126 ? 2 : length < 65_536 ? 4 : 10;
    const mask = frame.subarray(head, head + 4);
    const plain = frame.subarray(head + 4).map((byte, at) => byte ^ (mask[at & 3] as number));
    expect(Buffer.from(plain).equals(payload)).toBe(true);
    expect((frame[1] as number) & 0x80).toBe(0x80);
  }
});

test("what breaks the protocol is refused by its code", () => {
  const cases: [Buffer, number][] = [
    [served(0x40 | OPCODES.text, bytes("x")), 1002],
    [Buffer.from([0x81, 0x81, 0, 0, 0, 0, 1]), 1002],
    [served(3, bytes("x")), 1002],
    [served(OPCODES.continuation, bytes("x")), 1002],
    [Buffer.concat([served(OPCODES.text, bytes("x"), false), served(OPCODES.text, bytes("y"))]), 1002],
    [served(OPCODES.ping, bytes("x"), false), 1002],
    [served(OPCODES.ping, Buffer.alloc(126)), 1002],
    [served(OPCODES.close, bytes("x")), 1002],
    [served(OPCODES.text, Buffer.from([0xc3, 0x28])), 1007],
    [served(OPCODES.binary, Buffer.alloc(101)), 1009],
    [
      Buffer.concat([
        served(OPCODES.text, Buffer.alloc(60), false),
        served(OPCODES.continuation, Buffer.alloc(60)),
      ]),
      1009,
    ],
    [Buffer.from([0x82, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), 1009],
  ];
  for (const [wire, code] of cases)
    expect(() => read(wire, [], 100)).toThrow(expect.objectContaining({ code }));
});

test("a goodbye never carries a code that stands for none, and its reason is cut between characters", () => {
  expect(closePayload(1005, "x")).toHaveLength(0);
  expect(closePayload(1006, "x")).toHaveLength(0);
  const payload = closePayload(1000, "é".repeat(100));
  expect(payload.length).toBeLessThanOrEqual(125);
  expect(new TextDecoder("utf-8", { fatal: true }).decode(payload.subarray(2))).toBe("é".repeat(61));
});
