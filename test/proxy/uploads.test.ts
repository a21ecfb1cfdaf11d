import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import fc from "fast-check";
import OpenAI, { toFile } from "openai";
import { createAdminClient } from "../support/admin-client.ts";
import { respond, status } from "../support/answers.ts";
import { startApp } from "../support/app.ts";
import { reset } from "../support/broken-answers.ts";
import type { Script } from "../support/call.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { rateLimited } from "../support/openai-errors.ts";
import { startProgram } from "../support/process.ts";
import { figure, scale } from "../support/scale.ts";

const MIB = 1024 * 1024;
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const bytesOf = (length: number) => Buffer.alloc(length, "the bytes of a file, again and again. ");
const made: Script = status(200, { id: "file-1", object: "file" });
const send = (base: string, body: BodyInit, headers: Record<string, string> = {}) =>
  fetch(`${base}/files`, {
    method: "POST",
    body,
    headers: { "content-type": "application/octet-stream", ...headers },
  });
/** Pieces of a body that states no length. */
const inPieces = (body: Uint8Array, size: number) =>
  new ReadableStream<Uint8Array>({
    async start(controller) {
      for (let at = 0; at < body.length; at += size) controller.enqueue(body.subarray(at, at + size));
      controller.close();
    },
  });

test("any bytes arrive as they were sent, in both directions, with a stated length and without", async () => {
  using upstream = startFakeUpstream({ keys: ["key-a-123"] });
  await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123"] });
  const runs = scale(40, 1_000);
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 200_000, size: "max" }),
      fc.uint8Array({ minLength: 1, maxLength: 200_000, size: "max" }),
      fc.option(fc.integer({ min: 1_000, max: 50_000 })),
      async (sent, answered, pieceSize) => {
        upstream.calls.length = 0;
        const headers = { "content-type": "application/octet-stream" };
        upstream.script("key-a-123", respond({ headers, pieces: [answered], framing: "chunked" }));
        const body = pieceSize === null ? sent : inPieces(sent, pieceSize);
        const answer = await send(app.base, body as BodyInit);
        expect(sha256(await answer.bytes())).toBe(sha256(answered));
        expect(upstream.calls[0]!.body.sha256()).toBe(sha256(sent));
      },
    ),
    { numRuns: runs },
  );
  figure("random uploads and answers, identical by SHA-256", runs);
  expect(upstream.faults).toEqual([]);
}, 120_000);

test("the SDK's form goes through, and its model is found behind the file", async () => {
  using upstream = startFakeUpstream({ keys: { "key-a-123": status(200, { text: "hello" }) } });
  await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123"] });
  const client = new OpenAI({ apiKey: "unused", baseURL: app.base, maxRetries: 0 });
  const file = await toFile(
    Buffer.concat([bytesOf(2 * MIB), Buffer.from('name="model"\r\n\r\nno')]),
    "a.mp3",
  );
  expect((await client.audio.transcriptions.create({ file, model: "whisper-1" })).text).toBe("hello");
  expect(upstream.calls[0]?.header("content-type")).toStartWith("multipart/form-data; boundary=");
  expect((await app.logs())[0]).toMatchObject({ model: "whisper-1", endpoint: "/audio/transcriptions" });
});

describe("failover of an upload", () => {
  test("up to 8 MiB it is sent again with the next key, whole", async () => {
    using upstream = startFakeUpstream({
      keys: { "key-a-123": rateLimited({ retryAfter: 30 }), "key-b-123": made },
    });
    await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123", "key-b-123"] });
    const body = bytesOf(6 * MIB);
    for (const sent of [body, inPieces(body, 100_000)]) {
      const answer = await send(app.base, sent as BodyInit);
      expect(answer.status).toBe(200);
      await app.must("POST", "/keys/bulk", { action: "reset", ids: (await app.keys()).map(({ id }) => id) });
    }
    expect(upstream.callsOf("key-a-123").length).toBeGreaterThan(0);
    for (const call of upstream.callsOf("key-b-123")) expect(call.body.sha256()).toBe(sha256(body));
    expect(upstream.faults).toEqual([]);
  });

  test("a refusal before the body was sent costs nothing, however long the body is", async () => {
    const refusal = { ...rateLimitedEarly, early: true };
    using upstream = startFakeUpstream({ keys: { "key-a-123": respond(refusal), "key-b-123": made } });
    await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123", "key-b-123"] });
    const body = bytesOf(7 * MIB);
    for (let n = 0; n < 2; n += 1) expect((await send(app.base, body)).status).toBe(200);
    expect(upstream.callsOf("key-b-123").every((call) => call.body.sha256() === sha256(body))).toBe(true);
  });

  test("beyond 8 MiB it is not repeated: the client hears why", async () => {
    using upstream = startFakeUpstream({
      keys: { "key-a-123": rateLimited({ retryAfter: 30 }) },
      fallback: made,
    });
    await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123", "key-b-123"] });
    const answer = await send(app.base, bytesOf(20 * MIB));
    expect(answer.status).toBe(429);
    expect(upstream.calls).toHaveLength(1);
    expect((await send(app.base, bytesOf(20 * MIB))).status).toBe(200);
  });

  test("what creates is not sent again because a kept connection broke", async () => {
    const batch = status(200, { id: "batch-1", object: "batch" });
    using upstream = startFakeUpstream({ keys: { "key-a-123": [batch, reset("before_head"), batch] } });
    await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123"] });
    const create = () => fetch(`${app.base}/batches`, { method: "POST", body: "{}" });
    expect((await create()).status).toBe(200);
    const second = await create();
    expect([second.status, upstream.calls.length]).toEqual([502, 2]);
  });

  test("what creates is never repeated after a reset", async () => {
    using upstream = startFakeUpstream({ keys: { "key-a-123": reset("before_head"), "key-b-123": made } });
    await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123", "key-b-123"] });
    const statuses = [
      (await send(app.base, bytesOf(1_000))).status,
      (await send(app.base, bytesOf(1_000))).status,
    ];
    expect(statuses.sort()).toEqual([200, 502]);
    expect(upstream.calls).toHaveLength(2);
  });
});

describe("limits", () => {
  test("above max_upload_bytes: 413, with a stated length and without, and nobody is blamed", async () => {
    using upstream = startFakeUpstream({ keys: { "key-a-123": made } });
    await using app = await startApp({
      upstream: upstream.url,
      keys: ["key-a-123"],
      settings: { max_upload_bytes: 100_000 },
    });
    const tooLong = bytesOf(100_001);
    for (const body of [tooLong, inPieces(tooLong, 10_000)]) {
      const answer = await send(app.base, body as BodyInit);
      expect(answer.status).toBe(413);
      expect(await answer.text()).toContain("max_upload_bytes");
    }
    expect((await send(app.base, bytesOf(100_000))).status).toBe(200);
    expect((await app.keys())[0]).toMatchObject({ status: "available", strikes: 0 });
  });

  test("a client that leaves in the middle ends the upstream's call within a second; nobody is blamed", async () => {
    using upstream = startFakeUpstream({ keys: { "key-a-123": made } });
    await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123"] });
    const leave = new AbortController();
    const endless = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await Bun.sleep(5);
        controller.enqueue(bytesOf(10_000));
      },
    });
    const asked = fetch(`${app.base}/files`, { method: "POST", body: endless, signal: leave.signal }).then(
      () => null,
      (error: Error) => error.name,
    );
    await upstream.untilCalls(1);
    const left = performance.now();
    leave.abort();
    expect(await asked).toBe("AbortError");
    await upstream.calls[0]!.ended;
    expect(performance.now() - left).toBeLessThan(1_000);
    expect((await app.logs())[0]).toMatchObject({ outcome: "client_closed" });
    expect((await app.keys())[0]).toMatchObject({ status: "available", strikes: 0, in_flight: 0 });
  });

  test("`expect: 100-continue` is answered by the server, and the body comes", async () => {
    using upstream = startFakeUpstream({ keys: { "key-a-123": made } });
    await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123"] });
    let said = "";
    const { promise: answered, resolve } = Promise.withResolvers<void>();
    const socket = await Bun.connect({
      hostname: "127.0.0.1",
      port: Number(new URL(app.url).port),
      socket: {
        data(its, data) {
          const before = said;
          said += data.toString();
          if (before === "" && said.startsWith("HTTP/1.1 100")) its.write("0123456789");
          if (said.includes("file-1")) resolve();
        },
      },
    });
    socket.write(
      "POST /v1/files HTTP/1.1\r\nhost: x\r\ncontent-type: application/octet-stream\r\ncontent-length: 10\r\nexpect: 100-continue\r\n\r\n",
    );
    await answered;
    socket.end();
    expect(said).toStartWith("HTTP/1.1 100 Continue\r\n");
    expect(upstream.calls[0]?.body.text).toBe("0123456789");
    expect(upstream.calls[0]?.header("expect")).toBeNull();
  });
});

test("a large upload takes no memory with it", async () => {
  const bytes = scale(256 * MIB, 2_048 * MIB);
  using upstream = startFakeUpstream({ keys: { "key-a-123": made } });
  await using program = await startProgram({
    env: { ADMIN_API_TOKEN: "a-token-of-tests", ADMIN_PASSWORD: "a good password" },
  });
  const admin = createAdminClient(program.url, "a-token-of-tests");
  await admin.setUp(upstream.url, ["key-a-123"], { max_upload_bytes: 4_096 * MIB });
  // Once for what the first request of a kind loads.
  expect((await send(`${program.url}/v1`, bytesOf(MIB))).status).toBe(200);
  const before = program.peakRssBytes();
  const piece = bytesOf(MIB);
  const hash = createHash("sha256");
  let left = bytes;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (left === 0) return controller.close();
      const part = piece.subarray(0, Math.min(left, MIB));
      left -= part.length;
      hash.update(part);
      controller.enqueue(part);
    },
  });
  const began = performance.now();
  const answer = await send(`${program.url}/v1`, body as BodyInit);
  const seconds = (performance.now() - began) / 1_000;
  expect(answer.status).toBe(200);
  expect(upstream.calls[1]!.body.length).toBe(bytes);
  expect(upstream.calls[1]!.body.sha256()).toBe(hash.digest("hex"));
  const moreMb = (program.peakRssBytes() - before) / MIB;
  figure(
    "upload: MB, seconds, memory above the peak before it in MB",
    `${bytes / MIB}, ${seconds.toFixed(1)}, ${moreMb.toFixed(0)}`,
  );
  expect(moreMb).toBeLessThan(32);
}, 240_000);

const rateLimitedEarly = {
  status: 429,
  headers: { "content-type": "application/json", "retry-after": "30" },
  pieces: [JSON.stringify({ error: { message: "Rate limit reached", code: "rate_limit_exceeded" } })],
};
