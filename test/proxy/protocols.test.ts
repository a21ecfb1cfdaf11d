import { describe, expect, test } from "bun:test";
import { StreamObserver } from "../../src/proxy/sse.ts";
import { startApp } from "../support/app.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { rateLimited, unauthorized } from "../support/openai-errors.ts";
import { event, sse } from "../support/openai-streams.ts";

const named = (data: { type: string }) => `event: ${data.type}\n${event(data)}`;

/** A whole stream of each family, its end last, and the path that it answers. */
const FAMILIES = [
  {
    path: "/responses",
    begin: [
      named({
        type: "response.created",
        sequence_number: 0,
        response: { id: "resp_1", usage: null },
      } as never),
      named({ type: "response.output_text.delta", sequence_number: 1, delta: "hi" } as never),
    ],
    end: named({
      type: "response.completed",
      sequence_number: 2,
      response: { id: "resp_1", usage: { input_tokens: 5, output_tokens: 6 } },
    } as never),
    error:
      /event: error\ndata: (\{"type":"error","code":"upstream_error","message":".+","param":null,"sequence_number":2\})\n\n$/,
    usage: [5, 6],
  },
  {
    path: "/messages",
    begin: [
      named({
        type: "message_start",
        message: { id: "msg_1", usage: { input_tokens: 5, output_tokens: 1 } },
      } as never),
      named({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "hi" } } as never),
      named({
        type: "message_delta",
        delta: { stop_reason: "end_turn" },
        usage: { output_tokens: 6 },
      } as never),
    ],
    end: named({ type: "message_stop" }),
    error: /event: error\ndata: (\{"type":"error","error":\{"type":"api_error","message":".+"\}\})\n\n$/,
    usage: [5, 6],
  },
  {
    path: "/images/generations",
    begin: [named({ type: "image_generation.partial_image", b64_json: "AA==" } as never)],
    end: named({ type: "image_generation.completed", usage: { input_tokens: 5, output_tokens: 6 } } as never),
    error: /data: (\{"error":\{.+"code":"upstream_error".*\}\})\n\n$/,
    usage: [5, 6],
  },
  {
    path: "/audio/speech",
    begin: [event({ type: "speech.audio.delta", audio: "AA==" })],
    end: event({ type: "speech.audio.done", usage: { input_tokens: 5, output_tokens: 6 } }),
    error: /data: (\{"error":\{.+"code":"upstream_error".*\}\})\n\n$/,
    usage: [5, 6],
  },
];

describe("each protocol's streams", () => {
  for (const { path, begin, end, error, usage } of FAMILIES) {
    test(`${path}: whole with its own end; without it one error in its own form, and the break`, async () => {
      using upstream = startFakeUpstream({ keys: { "key-a-123": sse([...begin, end]) } });
      await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123"] });
      const ask = () =>
        fetch(`${app.base}${path}`, { method: "POST", body: JSON.stringify({ model: "m", stream: true }) });
      const whole = await ask();
      expect(await whole.text()).toBe([...begin, end].join(""));
      expect((await app.logs())[0]).toMatchObject({
        outcome: "ok",
        input_tokens: usage[0],
        output_tokens: usage[1],
      });
      upstream.script("key-a-123", sse(begin));
      const reader = (await ask()).body!.getReader();
      const chunks: Uint8Array[] = [];
      let broke = false;
      try {
        for (let part = await reader.read(); !part.done; part = await reader.read()) chunks.push(part.value);
      } catch {
        broke = true;
      }
      const text = Buffer.concat(chunks).toString();
      expect(broke).toBe(true);
      expect(text).toStartWith(begin.join(""));
      expect(() => JSON.parse(error.exec(text)?.[1] ?? "none")).not.toThrow();
      expect((await app.logs())[0]?.outcome).toBe("upstream_error");
    });
  }

  test("a response that failed is told as a failure, and is whole", async () => {
    const failed = named({
      type: "response.failed",
      sequence_number: 1,
      response: { id: "resp_1", status: "failed", error: { code: "server_error", message: "It broke" } },
    } as never);
    const begin = FAMILIES[0]!.begin[0] as string;
    using upstream = startFakeUpstream({ keys: { "key-a-123": sse([begin, failed]) } });
    await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123"] });
    const body = JSON.stringify({ model: "m", stream: true, input: "x" });
    const answer = await fetch(`${app.base}/responses`, { method: "POST", body });
    expect(await answer.text()).toBe(begin + failed);
    expect((await app.logs())[0]).toMatchObject({ outcome: "upstream_error" });
  });

  test("the marks are found wherever a chunk ends", () => {
    for (const { begin, end, path } of FAMILIES) {
      const protocol = {
        "/responses": "responses",
        "/messages": "anthropic",
        "/images/generations": "images",
      }[path];
      const bytes = Buffer.from([...begin, end].join(""));
      for (let at = 1; at < bytes.length; at += 1) {
        const observer = new StreamObserver((protocol ?? "audio") as "audio");
        observer.push(bytes.subarray(0, at));
        observer.push(bytes.subarray(at));
        expect(observer.whole).toBe(true);
        expect(observer.usage).toMatchObject({ inputTokens: 5, outputTokens: 6 });
      }
    }
  });
});

describe("our own errors on /messages have Anthropic's shape", () => {
  test("a wrong key, a limited pool, no usable key, a body that is no JSON", async () => {
    using upstream = startFakeUpstream({ keys: { "key-a-123": rateLimited({ retryAfter: 20 }) } });
    await using app = await startApp({
      upstream: upstream.url,
      keys: ["key-a-123"],
      env: { MASTER_API_KEY: "the-master-key-of-tests" },
    });
    const ask = async (key: string, body = '{"model":"m"}') => {
      const answer = await fetch(`${app.base}/messages`, {
        method: "POST",
        body,
        headers: { "x-api-key": key },
      });
      const json = (await answer.json()) as { type: string; error: { type: string; message: string } };
      expect(json.type).toBe("error");
      expect(json.error.message).not.toBe("");
      return [answer.status, json.error.type];
    };
    expect(await ask("wrong")).toEqual([401, "authentication_error"]);
    expect(await ask("the-master-key-of-tests", "{")).toEqual([400, "invalid_request_error"]);
    expect(await ask("the-master-key-of-tests")).toEqual([429, "rate_limit_error"]);
    upstream.script("key-a-123", unauthorized());
    await app.must("POST", "/keys/bulk", { action: "reset", ids: (await app.keys()).map(({ id }) => id) });
    expect(await ask("the-master-key-of-tests")).toEqual([503, "api_error"]);
  });
});
