import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { withUsageAsked } from "../../src/proxy/stream-usage.ts";
import { respond } from "../support/answers.ts";
import { startApp } from "../support/app.ts";
import type { Call } from "../support/call.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { openAiError } from "../support/openai-errors.ts";
import { chatStream, event, sse } from "../support/openai-streams.ts";
import { figure, scale } from "../support/scale.ts";

const asksUsage = (call: Call) => call.body.text.includes("include_usage");
const finish = event({ id: "c", choices: [{ index: 0, delta: {}, finish_reason: "stop" }] });
const delta = (content: string) => event({ id: "c", choices: [{ index: 0, delta: { content } }] });

describe("withUsageAsked adds the field and leaves every other byte", () => {
  const cases: [given: string, sent: string][] = [
    ['{"stream":true}', '{"stream_options":{"include_usage":true},"stream":true}'],
    [' {\n "stream" : true }\n', ' {"stream_options":{"include_usage":true},\n "stream" : true }\n'],
    ['{"stream_options":{},"stream":true}', '{"stream_options":{"include_usage":true},"stream":true}'],
    ['{"stream_options": { "a" : 1 } }', '{"stream_options": {"include_usage":true, "a" : 1 } }'],
    ['{"stream_options":null,"n":1.0}', '{"stream_options":{"include_usage":true},"n":1.0}'],
    [
      '{"messages":[{"content":"\\"stream_options\\":{}"}]}',
      '{"stream_options":{"include_usage":true},"messages":[{"content":"\\"stream_options\\":{}"}]}',
    ],
  ];
  for (const [given, sent] of cases) {
    test(given, () => {
      expect(Buffer.from(withUsageAsked(Buffer.from(given))).toString()).toBe(sent);
    });
  }
});

describe("a streamed chat request that does not ask for the usage", () => {
  test("asks for it, and the client sees the stream without the extra chunk", async () => {
    using upstream = startFakeUpstream({ keys: { "key-a-123": chatStream(5) } });
    await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123"] });
    const text = await (await app.chat({ stream: true })).text();
    const [call] = upstream.calls;
    expect(call?.json.stream_options).toEqual({ include_usage: true });
    const sent = call!.sentBody.text;
    const extra = sent.split(/(?<=\n\n)/).filter((one) => one.includes('"choices":[],'));
    expect(extra).toHaveLength(1);
    expect(text).toBe(sent.replace(extra[0] as string, ""));
    expect((await app.logs())[0]).toMatchObject({
      outcome: "ok",
      input_tokens: call?.usage?.inputTokens,
      output_tokens: call?.usage?.outputTokens,
    });
  });

  test("however the stream is cut: only the extra chunk is missing, to the byte", async () => {
    using upstream = startFakeUpstream({ keys: ["key-a-123"] });
    await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123"] });
    const runs = scale(100, 5_000);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: "binary", maxLength: 40 }), { minLength: 1, maxLength: 8 }),
        fc.constantFrom("\n", "\r\n", "\r"),
        fc.array(fc.integer({ min: 1, max: 2_500 }), { maxLength: 20 }),
        fc.boolean(),
        async (texts, eol, cuts, isLong) => {
          const lines = (events: string[]) => events.join("").replaceAll("\n", eol);
          const before = lines([
            ": hi\n\n",
            ...texts.map(delta),
            ...(isLong ? [delta("x".repeat(40_000))] : []),
            finish,
          ]);
          const usage = lines([
            event({ id: "c", choices: [], usage: { prompt_tokens: 11, completion_tokens: 22 } }),
          ]);
          const after = lines([event("[DONE]")]);
          const body = Buffer.from(before + usage + after);
          const splitAt = [...new Set(cuts.map((cut) => body.length - cut).filter((at) => at > 0))];
          const headers = { "content-type": "text/event-stream" };
          upstream.script("key-a-123", respond({ headers, framing: "chunked", pieces: [body], splitAt }));
          const received = await (await app.chat({ stream: true })).bytes();
          expect(Buffer.from(received).toString()).toBe(before + after);
        },
      ),
      { numRuns: runs },
    );
    figure("usage chunks taken out of randomly cut streams, all else to the byte", runs);
    const rows = await app.logs();
    expect(rows.every(({ outcome, output_tokens }) => outcome === "ok" && output_tokens === 22)).toBe(true);
  }, 240_000);

  test("an upstream that refuses the field is asked again on the same key, once, and remembered", async () => {
    using upstream = startFakeUpstream({
      keys: {
        "key-a-123": (call) =>
          asksUsage(call)
            ? openAiError(400, "Unknown parameter: 'stream_options'.", { code: "unknown_parameter" })
            : chatStream(3),
        "key-b-123": chatStream(3),
      },
    });
    upstream.script("key-b-123", (call) =>
      asksUsage(call) ? openAiError(400, "Unknown field") : chatStream(3),
    );
    await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123", "key-b-123"] });
    const first = await app.chat({ stream: true });
    expect(first.status).toBe(200);
    expect(await first.text()).toContain("[DONE]");
    expect(upstream.calls.map(({ secret }) => secret)).toEqual(["key-a-123", "key-a-123"]);
    for (let n = 0; n < 4; n += 1) expect((await app.chat({ stream: true })).status).toBe(200);
    expect(upstream.calls).toHaveLength(6);
    const keys = await app.keys();
    expect(keys.every(({ status, strikes }) => status === "available" && strikes === 0)).toBe(true);
  });

  test("a wrong request stays wrong, as the upstream says it", async () => {
    using upstream = startFakeUpstream({
      keys: { "key-a-123": openAiError(400, "This model's maximum context length is 10") },
    });
    await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123"] });
    const answer = await app.chat({ stream: true });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain("maximum context length");
    expect(upstream.calls).toHaveLength(1);
  });
});

test("a client that asks for the usage, or says that it wants none, is left alone", async () => {
  using upstream = startFakeUpstream({ keys: { "key-a-123": chatStream(3, { usage: "always" }) } });
  await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123"] });
  for (const include_usage of [true, false]) {
    const text = await (await app.chat({ stream: true, stream_options: { include_usage } })).text();
    const call = upstream.calls.at(-1);
    expect(call?.json.stream_options).toEqual({ include_usage });
    expect(text).toBe(call!.sentBody.text);
  }
});

describe("a packed stream", () => {
  for (const encoding of ["gzip", "br", "zstd"] as const) {
    test(`${encoding} passes as it is; usage, wholeness and first error are read on the side`, async () => {
      using upstream = startFakeUpstream({
        keys: { "key-a-123": chatStream(30, { encoding, splitAt: [1, 20, 90] }), "key-b-123": chatStream(2) },
      });
      await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123"] });
      const ask = () =>
        app.chat({ stream: true, stream_options: { include_usage: true } }, {
          decompress: false,
        } as RequestInit);
      const answer = await ask();
      expect(answer.headers.get("content-encoding")).toBe(encoding);
      const received = Buffer.from(await answer.bytes());
      expect(received.equals(Buffer.from(upstream.calls[0]!.sentBody.bytes))).toBe(true);
      expect((await app.logs())[0]).toMatchObject({
        outcome: "ok",
        output_tokens: upstream.calls[0]?.usage?.outputTokens,
      });
      // Whole to the decoder, but without any sign of the model's end.
      upstream.script("key-a-123", sse([delta("a"), delta("b")], { encoding }));
      const cut = await ask();
      expect(
        await cut.bytes().then(
          () => "whole",
          () => "broken",
        ),
      ).toBe("broken");
      expect((await app.logs())[0]?.outcome).toBe("upstream_error");
    });

    test(`${encoding}: an error as its first event goes to the next key`, async () => {
      const error = event({ error: { message: "Rate limit reached", code: "rate_limit_exceeded" } });
      using upstream = startFakeUpstream({
        keys: { "key-a-123": sse([error], { encoding }), "key-b-123": chatStream(3) },
      });
      await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123", "key-b-123"] });
      for (let n = 0; n < 3; n += 1)
        expect(await (await app.chat({ stream: true })).text()).toContain("[DONE]");
      expect(upstream.callsOf("key-a-123")).toHaveLength(1);
    });
  }
});
