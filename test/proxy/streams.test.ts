import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import OpenAI from "openai";
import { respond } from "../support/answers.ts";
import { startApp } from "../support/app.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { ok } from "../support/openai-answers.ts";
import { chatStream, event, sse } from "../support/openai-streams.ts";
import { figure, scale } from "../support/scale.ts";

const STREAM_HEADERS = { "content-type": "text/event-stream" };
const delta = (content: string) => ({
  id: "c",
  choices: [{ index: 0, delta: { content }, finish_reason: null }],
});
const finish = { id: "c", choices: [{ index: 0, delta: {}, finish_reason: "stop" }] };

/** Reads until the end or the break; what came, and whether it ended regularly. */
async function readAll(answer: Response): Promise<{ text: string; broke: boolean }> {
  const reader = answer.body!.getReader();
  const chunks: Uint8Array[] = [];
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) chunks.push(part.value);
    return { text: Buffer.concat(chunks).toString(), broke: false };
  } catch {
    return { text: Buffer.concat(chunks).toString(), broke: true };
  }
}

describe("bytes out equal bytes in", () => {
  test("for any chunking of any events, multi-byte text and line ends of every kind included", async () => {
    using upstream = startFakeUpstream({ keys: ["key-a-123"] });
    await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123"] });
    const text = fc.string({ unit: "binary", maxLength: 30 });
    const runs = scale(150, 20_000);
    await fc.assert(
      fc.asyncProperty(
        fc.array(text, { minLength: 1, maxLength: 12 }),
        fc.constantFrom("\n", "\r\n", "\r"),
        fc.array(fc.integer({ min: 1, max: 3_000 }), { maxLength: 12 }),
        fc.record({ inputTokens: fc.nat(100_000), outputTokens: fc.nat(100_000) }),
        fc.boolean(),
        async (texts, eol, cuts, usage, comments) => {
          const events = [
            ...texts.map(delta),
            finish,
            {
              id: "c",
              choices: [],
              usage: { prompt_tokens: usage.inputTokens, completion_tokens: usage.outputTokens },
            },
          ].map((data) => `${comments ? `: x${eol}${eol}` : ""}data: ${JSON.stringify(data)}${eol}${eol}`);
          const body = Buffer.from(`${events.join("")}data: [DONE]${eol}${eol}`);
          const splitAt = [...new Set(cuts.filter((at) => at < body.length))].sort((a, b) => a - b);
          upstream.script(
            "key-a-123",
            respond({ headers: STREAM_HEADERS, framing: "chunked", pieces: [body], splitAt }),
          );
          const answer = await app.chat({ stream: true, stream_options: { include_usage: true } });
          const received = Buffer.from(await answer.bytes());
          expect(received.equals(body)).toBe(true);
          expect(answer.headers.get("x-lb-attempts")).toBe("1");
        },
      ),
      { numRuns: runs },
    );
    figure("random chunkings: streams, all byte-exact with exact usage", runs);
    const rows = await app.logs();
    expect(rows.every(({ outcome, input_tokens }) => outcome === "ok" && input_tokens !== null)).toBe(true);
    const [key] = await app.keys();
    const used = upstream.calls.map((call) => /"prompt_tokens":(\d+)/.exec(call.sentBody.text)?.[1]);
    expect(key?.input_tokens).toBe(used.reduce((sum, tokens) => sum + Number(tokens), 0));
  }, 580_000);

  test("for one event of 10 MB", async () => {
    using upstream = startFakeUpstream({
      keys: { "key-a-123": sse([event(delta("x".repeat(10_000_000))), event(finish), event("[DONE]")]) },
    });
    await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123"] });
    const received = Buffer.from(await (await app.chat({ stream: true })).bytes());
    const call = upstream.calls[0]!;
    expect(received.byteLength).toBe(call.sentBody.length);
    expect(new Bun.CryptoHasher("sha256").update(received).digest("hex")).toBe(call.sentBody.sha256());
  });
});

describe("a stream that breaks after it began", () => {
  for (const by of ["fin", "reset", "stall"] as const) {
    test(`by ${by}: one in-band error, no [DONE], the connection broken off, one record that failed`, async () => {
      using upstream = startFakeUpstream({
        keys: { "key-a-123": chatStream(10, { cut: { atByte: 700, by } }), "key-b-123": ok() },
      });
      await using app = await startApp({
        upstream: upstream.url,
        keys: ["key-a-123", "key-b-123"],
        settings: { idle_stream_timeout_ms: 1_000 },
      });
      const { text, broke } = await readAll(await app.chat({ stream: true }));
      expect(broke).toBe(true);
      expect(text.startsWith(upstream.calls[0]!.sentBody.text)).toBe(true);
      const added = text.slice(upstream.calls[0]!.sentBody.length);
      const error = JSON.parse(added.trim().replace(/^data: /, "")) as {
        error: { code: string; type: string };
      };
      expect(error.error.code).toBe("upstream_error");
      expect(text).not.toContain("[DONE]");
      expect(upstream.calls).toHaveLength(1);
      const [row] = await app.logs();
      expect(row?.outcome).toBe(by === "stall" ? "upstream_timeout" : "upstream_error");
      expect(row?.status).toBe(200);
    });
  }

  test("the SDK throws, and does not throw where only [DONE] is missing", async () => {
    using upstream = startFakeUpstream({
      keys: { "key-a-123": chatStream(5, { cut: { atByte: 600, by: "fin" } }) },
    });
    await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123"] });
    const client = new OpenAI({ apiKey: "unused", baseURL: app.base, maxRetries: 0 });
    const read = async () => {
      const stream = await client.chat.completions.create({ model: "m", messages: [], stream: true });
      let pieces = 0;
      for await (const _ of stream) pieces += 1;
      return pieces;
    };
    expect(
      await read().then(
        () => null,
        (error) => error,
      ),
    ).toBeInstanceOf(Error);
    upstream.script("key-a-123", chatStream(5, { done: false }));
    expect(await read()).toBeGreaterThan(5);
  });

  test("an error event in the middle passes as it came, and is told in the log", async () => {
    const error = event({
      error: { message: "Rate limit reached for key sk-secret-of-ours-1", code: "rate_limit_exceeded" },
    });
    using upstream = startFakeUpstream({
      keys: { "key-a-123": sse([event(delta("a")), error, event("[DONE]")]) },
    });
    await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123"] });
    const { text } = await readAll(await app.chat({ stream: true }));
    expect(text).toBe(upstream.calls[0]!.sentBody.text);
    const [row] = await app.logs();
    expect(row?.outcome).toBe("upstream_error");
    expect(row?.error).toContain("Rate limit reached");
    expect(row?.error).not.toContain("sk-secret");
  });

  test("a regular end without any sign of being whole is an error", async () => {
    using upstream = startFakeUpstream({
      keys: { "key-a-123": sse([event(delta("a")), event(delta("b"))]) },
    });
    await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123"] });
    const { text, broke } = await readAll(await app.chat({ stream: true }));
    expect(broke).toBe(true);
    expect(text).toContain("without [DONE] or a finish reason");
  });
});

describe("a client that leaves", () => {
  test("in the middle of a stream closes the upstream within a second; nobody is blamed", async () => {
    using upstream = startFakeUpstream({ keys: { "key-a-123": chatStream(1_000, { delayMs: 20 }) } });
    await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123"] });
    const leave = new AbortController();
    const answer = await app.chat({ stream: true }, { signal: leave.signal });
    await answer.body!.getReader().read();
    const left = performance.now();
    leave.abort();
    await upstream.calls[0]!.ended;
    expect(performance.now() - left).toBeLessThan(1_000);
    expect(upstream.calls[0]!.aborted).toBe(true);
    const [row] = await app.logs();
    expect(row?.outcome).toBe("client_closed");
    const [key] = await app.keys();
    expect(key).toMatchObject({ status: "available", strikes: 0, failure_count: 0, in_flight: 0 });
  });

  test("in the middle of its own request leaves nothing behind", async () => {
    using upstream = startFakeUpstream();
    await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123"] });
    const port = Number(new URL(app.url).port);
    const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } });
    socket.write('POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 5000\r\n\r\n{"model":');
    await Bun.sleep(100);
    socket.terminate();
    await Bun.sleep(200);
    expect(upstream.calls).toHaveLength(0);
    expect(app.log).toEqual([]);
    expect(await app.must("GET", "/monitoring")).toMatchObject({ requests: { in_flight: 0 } });
  });

  test("before the answer has begun does the same", async () => {
    using upstream = startFakeUpstream({
      keys: { "key-a-123": chatStream(5, { delayMs: 5_000 }), "key-b-123": ok() },
    });
    upstream.script("key-a-123", { play: (wire) => wire.stall() });
    await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123", "key-b-123"] });
    const leave = new AbortController();
    const asked = app.chat({}, { signal: leave.signal }).then(
      () => null,
      (error: Error) => error.name,
    );
    await upstream.untilCalls(1);
    const left = performance.now();
    leave.abort();
    expect(await asked).toBe("AbortError");
    await upstream.calls[0]!.ended;
    expect(performance.now() - left).toBeLessThan(1_000);
    const [row] = await app.logs();
    expect(row).toMatchObject({ outcome: "client_closed", status: 499 });
    expect(upstream.calls).toHaveLength(1);
  });
});

test("a slow reader holds the upstream back, in bounded memory", async () => {
  const piece = "x".repeat(100_000);
  const pieces = Array.from({ length: 300 }, () => event(delta(piece)));
  using upstream = startFakeUpstream({ keys: { "key-a-123": sse([...pieces, event("[DONE]")]) } });
  await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123"] });
  // A raw connection that does not read: fetch would read ahead by itself.
  let received = 0;
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port: Number(new URL(app.url).port),
    socket: {
      data(_, data) {
        received += data.byteLength;
      },
    },
  });
  const body = JSON.stringify({ model: "m", messages: [], stream: true });
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\ncontent-type: application/json\r\n\r\n${body}`,
  );
  socket.pause();
  await upstream.untilCalls(1);
  await Bun.sleep(1_500);
  const sent = upstream.calls[0]!.sentBody.length;
  await Bun.sleep(500);
  expect(upstream.calls[0]!.sentBody.length).toBe(sent);
  expect(sent).toBeLessThan(20_000_000);
  socket.resume();
  await upstream.calls[0]!.ended;
  const deadline = performance.now() + 20_000;
  while (received < 30_000_000 && performance.now() < deadline) await Bun.sleep(20);
  expect(received).toBeGreaterThan(30_000_000);
  socket.end();
}, 40_000);
