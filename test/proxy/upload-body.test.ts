import { describe, expect, test } from "bun:test";
import { HeldBytes, UploadBody } from "../../src/proxy/upload-body.ts";

const MIB = 1024 * 1024;
const pieces = (count: number, size: number) =>
  Array.from({ length: count }, (_, index) => Buffer.alloc(size, index + 1));
const streamOf = (parts: Uint8Array[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const part of parts) controller.enqueue(part);
      controller.close();
    },
  });
const upload = (parts: Uint8Array[], held = new HeldBytes(), maxBytes = 100 * MIB) =>
  new UploadBody(streamOf(parts), null, maxBytes, held);

async function readAll(body: UploadBody, most = Number.POSITIVE_INFINITY): Promise<Buffer> {
  const source = body.open();
  const read: Uint8Array[] = [];
  while (read.length < most) {
    const piece = await source.read();
    if (piece === null) break;
    // A piece is its reader's only until the next one is asked for.
    read.push(Buffer.from(piece));
  }
  return Buffer.concat(read);
}

describe("an upload", () => {
  test("can be opened again from its start, however far it was read, while it is whole", async () => {
    const parts = pieces(7, MIB);
    const body = upload(parts);
    let seen = 0;
    await body.readAhead(() => ++seen === 2);
    expect(seen).toBe(2);
    expect((await readAll(body, 4)).byteLength).toBe(4 * MIB);
    expect(body.isWhole).toBe(true);
    expect((await readAll(body)).equals(Buffer.concat(parts))).toBe(true);
    expect((await readAll(body)).equals(Buffer.concat(parts))).toBe(true);
    expect(body.bytes).toBe(7 * MIB);
  });

  test("holds no more than 8 MiB, and arrives whole all the same", async () => {
    const parts = pieces(20, MIB);
    const whole = Buffer.concat(parts);
    const body = upload(parts);
    await body.readAhead(() => false);
    expect(body.bytes).toBe(8 * MIB);
    expect(body.isWhole).toBe(true);
    expect((await readAll(body)).equals(whole)).toBe(true);
    expect(body.isWhole).toBe(false);
  });

  test("a piece that was asked for by an attempt that is over goes to the next one", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const late = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await promise;
        controller.enqueue(Buffer.from("late"));
        controller.close();
      },
    });
    const body = new UploadBody(late, null, MIB, new HeldBytes());
    const first = body.open().read();
    const second = readAll(body);
    resolve();
    expect(Buffer.from((await first) ?? []).toString()).toBe("late");
    expect((await second).toString()).toBe("late");
  });

  test("what all of them hold is bounded: beyond it an upload flows without being held", async () => {
    const held = new HeldBytes(3 * MIB);
    const first = upload(pieces(3, MIB), held);
    await readAll(first);
    expect([held.isFull, first.isWhole]).toEqual([true, true]);
    const parts = pieces(4, MIB);
    const whole = Buffer.concat(parts);
    const second = upload(parts, held);
    expect((await readAll(second)).equals(whole)).toBe(true);
    expect(second.isWhole).toBe(false);
    first.cancel();
    second.cancel();
    expect(held.isFull).toBe(false);
    const third = upload(pieces(3, MIB), held);
    await readAll(third);
    expect(third.isWhole).toBe(true);
  });

  test("above its limit it fails with the reason that the client is told", async () => {
    const body = upload(pieces(3, 1_000), new HeldBytes(), 2_500);
    expect(await readAll(body).catch((error: Error) => error.message)).toContain("2500 bytes");
    expect(body.failure?.code).toBe("request_too_large");
  });
});
